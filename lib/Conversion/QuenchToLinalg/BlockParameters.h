//===- BlockParameters.h - Scales and zero points, read by element -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOLINALG_BLOCKPARAMETERS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOLINALG_BLOCKPARAMETERS_H

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"

namespace quench {

/// Whether all elements along an axis share a block: the extent is `*` or covers a static axis.
bool isWholeAxis(SchemeAttr scheme, llvm::ArrayRef<int64_t> shape, int64_t axis);

/// Tensors with one element for each block of a quantized tensor, as operands of a generic whose
/// loops are the axes of that tensor. Where every block is one index or a whole axis they are plain
/// operands; in groups they are read by `tensor.extract`, so that tiles may begin anywhere.
class BlockParameters {
public:
  BlockParameters(SchemeAttr scheme, llvm::ArrayRef<int64_t> shape);

  /// Adds a tensor of parameters; null is allowed and reads as null.
  void add(llvm::SmallVectorImpl<LoopOperand> &operands, mlir::Value parameters);
  /// The element of the `i`-th added tensor for the current element, in the body.
  mlir::Value read(TensorBuilder &b, mlir::ValueRange elements, unsigned i) const;

private:
  struct Parameter {
    mlir::Value tensor;
    /// Its number among the elements of the body; -1 when it is read by extraction.
    int64_t operand = -1;
  };

  SchemeAttr scheme;
  llvm::SmallVector<int64_t> shape;
  bool grouped = false;
  llvm::SmallVector<Parameter> parameters;
};

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOLINALG_BLOCKPARAMETERS_H
