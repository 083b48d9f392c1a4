//===- WeightedAxis.h - Which axis an op weighs and sums --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A linear layer of `nn` says which operands are activations and weights. Ops of other dialects are
// layers when they answer like one for a change of basis: weights could take it in, and nothing
// else changed.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_WEIGHTEDAXIS_H
#define QUENCH_LIB_BASIS_WEIGHTEDAXIS_H

#include "mlir/IR/Operation.h"

#include <optional>

namespace quench {

/// The last static axis of an operand along which constants of its op take scales in: the inner
/// axis of a matrix product, the channels of a convolution. Nothing when the operand is constant
/// itself, or the op is elementwise.
std::optional<int64_t> weightedAxis(mlir::OpOperand &operand);

/// Whether an operand that holds constants is part of a layer's weights: neither a bias nor one
/// factor for each channel of an elementwise op. `axis` is the one of the channels.
bool holdsWeights(mlir::OpOperand &operand, int64_t axis);

} // namespace quench

#endif // QUENCH_LIB_BASIS_WEIGHTEDAXIS_H
