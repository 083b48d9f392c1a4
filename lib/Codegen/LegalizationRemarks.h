//===- LegalizationRemarks.h - What legalization chose, in words -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_LEGALIZATIONREMARKS_H
#define QUENCH_LIB_CODEGEN_LEGALIZATIONREMARKS_H

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/IR/Remarks.h"

namespace quench {

mlir::remark::RemarkOpts legalizationRemark();

/// Says what was chosen for a linear layer, at which predicted time, and why not the others.
/// `isOfCodes` says that it was the codes of the weight that proved block sums to fit.
void remarkOnChoice(nn::LinearOp op, bool isQuantized, bool isOfCodes,
                    llvm::ArrayRef<ContractionChoice> choices);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_LEGALIZATIONREMARKS_H
