//===- FloatProducts.h - Products that no recipe quantizes ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_TRANSFORMS_FLOATPRODUCTS_H
#define QUENCH_LIB_TRANSFORMS_FLOATPRODUCTS_H

#include "mlir/IR/BuiltinOps.h"

namespace quench {

/// A `missed` remark of `pass` for each product of floats that is no layer, so that nobody has to
/// wonder why it stays: attention, and contractions and convolutions of linalg and tosa in other
/// forms than those that implement QuantizableOpInterface.
void remarkFloatProducts(mlir::ModuleOp module, llvm::StringRef pass);

} // namespace quench

#endif // QUENCH_LIB_TRANSFORMS_FLOATPRODUCTS_H
