//===- ProductForm.h - Sums of products with weights ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_PRODUCTFORM_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_PRODUCTFORM_H

#include "IntegerPlan.h"
#include "WeightIntegers.h"

namespace quench {

/// What a product reads: codes of 8 bits.
llvm::Expected<IntegerForm> formOfCodes(mlir::Value input, const IntegerPlan &plan);

/// The sums of products of codes with a block, whose proof is in the integers of the weight.
llvm::Expected<IntegerForm> formOfProducts(const WeightBlock &block, const IntegerForm &codes);

/// The integers of a bias in the scales of sums, which then hold it, too.
llvm::Expected<llvm::SmallVector<int64_t>> addBias(IntegerForm &sums, mlir::Value bias,
                                                   const WeightStore *store);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_PRODUCTFORM_H
