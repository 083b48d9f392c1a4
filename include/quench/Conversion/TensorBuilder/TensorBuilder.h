//===- TensorBuilder.h - Structured ops with few words -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A builder for lowerings to linalg on tensors. A computation is written as its loops, what each
// operand reads in them, and the scalar body:
//
//   // result[m, n] += lhs[m, k] * rhs[n, k]
//   b.generic("ppr", {{lhs, {0, 2}}, {rhs, {1, 2}}}, {init, {0, 1}}, [&](auto &b, ValueRange v) {
//     return multiplyAdd(b, v[0], v[1], v[2]);
//   });
//
// Indexing maps select loops and never divide them, so that what is built can be tiled with any
// sizes; elements at computed places are read by tensor.extract.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CONVERSION_TENSORBUILDER_TENSORBUILDER_H
#define QUENCH_CONVERSION_TENSORBUILDER_TENSORBUILDER_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace quench {

/// A tensor and the loop that walks each of its axes; `first` stands for index 0.
struct LoopOperand {
  static constexpr int64_t first = -1;

  mlir::Value tensor;
  llvm::SmallVector<int64_t> loops;
};

class TensorBuilder : public mlir::ImplicitLocOpBuilder {
public:
  using ImplicitLocOpBuilder::ImplicitLocOpBuilder;

  /// Yields the next value of each init from the elements of the operands.
  using Body =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(TensorBuilder &, mlir::ValueRange)>;

  /// A linalg.generic. `iterators` has a letter for each loop: `p` parallel, `r` reduction.
  llvm::SmallVector<mlir::Value> generic(llvm::StringRef iterators,
                                         llvm::ArrayRef<LoopOperand> inputs,
                                         llvm::ArrayRef<LoopOperand> inits, Body body);
  /// With one init.
  mlir::Value generic(llvm::StringRef iterators, llvm::ArrayRef<LoopOperand> inputs,
                      LoopOperand init,
                      llvm::function_ref<mlir::Value(TensorBuilder &, mlir::ValueRange)> body);

  /// `lhs * rhs^T + bias` as M x K, N x K and N (or null), with products and sums in f32, in
  /// ascending order of K from 0, and the bias last.
  mlir::Value linear(mlir::Value lhs, mlir::Value rhs, mlir::Value bias,
                     mlir::RankedTensorType resultType);

  /// The windows of images as rows, with the numbers of `nn.unfold`.
  mlir::Value unfold(mlir::Value images, llvm::ArrayRef<int64_t> kernel,
                     llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                     mlir::RankedTensorType resultType);

  /// The windows of each channel by a filter `(KH KW) x C` of its own, as rows, with the numbers of
  /// `nn.depthwise_conv`. Sums begin with zero, in the type of the elements.
  mlir::Value depthwise(mlir::Value images, mlir::Value filter, llvm::ArrayRef<int64_t> kernel,
                        llvm::ArrayRef<int64_t> strides, llvm::ArrayRef<int64_t> dilations,
                        mlir::RankedTensorType resultType);

  /// An uninitialized tensor; `sizes` are asked for the dynamic dimensions of the type.
  mlir::Value empty(mlir::RankedTensorType type, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// A tensor of one value.
  mlir::Value filled(mlir::RankedTensorType type, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     mlir::Value value);

  /// The sizes of a tensor: attributes where the type is static, values where it is dynamic.
  llvm::SmallVector<mlir::OpFoldResult> sizes(mlir::Value tensor);
  mlir::OpFoldResult size(mlir::Value tensor, int64_t axis);
  /// The slice of these sizes that begins at `offsets`, with stride 1.
  mlir::Value slice(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> offsets,
                    llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// `tensor` as `type`, which differs at most in what is known of the shape.
  mlir::Value castTo(mlir::RankedTensorType type, mlir::Value tensor);

  mlir::Value f32(float value);
  mlir::Value integer(mlir::Type integerOrIndex, int64_t value);
  mlir::Value i32(int64_t value) { return integer(getI32Type(), value); }
  mlir::Value index(int64_t value) { return integer(getIndexType(), value); }
  /// The value of a float as f32.
  mlir::Value toF32(mlir::Value value);
  mlir::Value toIndex(mlir::OpFoldResult size);
  /// The current index of a loop, inside of a body.
  mlir::Value loopIndex(int64_t loop);
};

/// "pp...p".
std::string parallelLoops(int64_t rank);
/// {0, 1, ..., rank - 1}.
llvm::SmallVector<int64_t> allLoops(int64_t rank);

} // namespace quench

#endif // QUENCH_CONVERSION_TENSORBUILDER_TENSORBUILDER_H
