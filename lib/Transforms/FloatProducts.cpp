//===- FloatProducts.cpp - Products that no recipe quantizes --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FloatProducts.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Workspace/RemarkParts.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace quench;

/// Why an op that multiplies floats is left alone; empty for all others.
static StringRef reasonOf(Operation *op) {
  if (isa<nn::AttentionOp>(op)) {
    return "both sides of its products are activations; its keys and values can be quantized in "
           "their cache";
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  bool isProduct = (structured && (linalg::isaContractionOpInterface(structured) ||
                                   linalg::isaConvolutionOpInterface(structured))) ||
                   isa<tosa::DepthwiseConv2DOp, tosa::TransposeConv2DOp, tosa::Conv3DOp>(op);
  bool isFloat =
      op->getNumResults() == 1 && isa<FloatType>(getElementTypeOrSelf(op->getResult(0).getType()));
  return isProduct && isFloat ? "products and convolutions of this form are not quantized" : "";
}

void quench::remarkFloatProducts(ModuleOp module, StringRef pass) {
  module.walk([&](Operation *op) {
    StringRef reason = isa<QuantizableOpInterface>(op) ? "" : reasonOf(op);
    if (reason.empty()) {
      return;
    }
    remark::missed(op->getLoc(), remarkOptions(pass, "ProductLeftInFloat", op))
        << remark::metric("Op", op->getName().getStringRef()) << remark::metric("Reason", reason);
  });
}
