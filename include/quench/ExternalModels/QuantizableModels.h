//===- QuantizableModels.h - Contractions of upstream dialects as layers -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// With these models, passes that observe and quantize layers work on IR that never saw `nn`.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXTERNALMODELS_QUANTIZABLEMODELS_H
#define QUENCH_EXTERNALMODELS_QUANTIZABLEMODELS_H

#include "mlir/IR/DialectRegistry.h"

namespace quench {

/// `linalg.matmul`, `linalg.batch_matmul` and convolutions of two axes, `tosa.matmul` and
/// `tosa.conv2d`: the first operand is the activation, the second the weight. A product of two
/// activations is one, too; what quantizes weights finds none there.
void registerQuantizableModels(mlir::DialectRegistry &registry);

} // namespace quench

#endif // QUENCH_EXTERNALMODELS_QUANTIZABLEMODELS_H
