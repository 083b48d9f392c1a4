//===- BuildingBlocks.h - What many operators are made of -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_ONNX_BUILDINGBLOCKS_H
#define QUENCH_LIB_ONNX_BUILDINGBLOCKS_H

#include "Node.h"

namespace quench::onnximport {

using BodyFunction =
    llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// The sizes of a value, as numbers where they are known.
Sizes sizesOf(mlir::OpBuilder &b, mlir::Value value);
/// Numbers as sizes.
Sizes toSizes(mlir::OpBuilder &b, llvm::ArrayRef<int64_t> numbers);
/// The shape of a type with these sizes.
llvm::SmallVector<int64_t> shapeOf(llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// Fails for a shape whose known sizes make more than `maxElements`.
bool checkSize(Node &node, llvm::ArrayRef<int64_t> shape);
/// An op on single elements of inputs that are broadcast against each other as NumPy does.
mlir::Value elementwise(Node &node, mlir::ValueRange inputs, mlir::Type element, BodyFunction body);
/// The same elements in row-major order in another shape. At most one size is open on each side.
mlir::Value reshape(Node &node, mlir::Value input, llvm::ArrayRef<mlir::OpFoldResult> sizes);
/// Moves axis `permutation[i]` to place `i`.
mlir::Value transpose(mlir::ImplicitLocOpBuilder &b, mlir::Value input,
                      llvm::ArrayRef<int64_t> permutation);
/// Combines all elements along some axes; they stay as axes of size 1 with `keep`.
mlir::Value reduce(Node &node, mlir::Value input, llvm::ArrayRef<int64_t> axes, bool keep,
                   float start, BodyFunction body);
/// How many elements a reduction over `axes` combines, as a tensor of rank 0 of f32.
mlir::Value countAlong(Node &node, mlir::Value input, llvm::ArrayRef<int64_t> axes);
/// `exp(x - max) / sum(exp(x - max))` along some axes together.
mlir::Value softmax(Node &node, mlir::Value input, llvm::ArrayRef<int64_t> axes);
/// A tensor whose elements are all `value`.
mlir::Value filled(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                   float value);
/// A constant of one element and rank 0.
mlir::Value constantScalar(mlir::ImplicitLocOpBuilder &b, float value);
mlir::Value constantFloat(mlir::ImplicitLocOpBuilder &b, float value);

} // namespace quench::onnximport

#endif // QUENCH_LIB_ONNX_BUILDINGBLOCKS_H
