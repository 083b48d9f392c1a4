//===- FunctionData.h - Samples for functions on tensors --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A `.npy` file for a function of one argument, or `.safetensors` with a tensor for each argument,
// which has the argument's name (the name of its location) or number. A tensor of the argument's
// rank is cut along its first axis, which is open or of fixed size in the argument: a sample is one
// row of it, or as many as the size. A tensor with one axis more has samples along that.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_FUNCTIONDATA_H
#define QUENCH_WORKFLOW_FUNCTIONDATA_H

#include "quench/Runtime/FunctionSession.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <vector>

namespace quench::workflow {

/// Numbers of one type in row-major order: either floats or integers.
struct NumberTensor {
  llvm::SmallVector<int64_t> shape;
  std::vector<float> floats;
  std::vector<int32_t> integers;
  bool isFloat = true;

  size_t size() const { return isFloat ? floats.size() : integers.size(); }
};

/// Reads a `.npy` file as f32 or as i32. Floats are rounded to f32 and have to be finite; integers
/// become f32 too, and have to be in range of i32. Errors name the file and the element.
llvm::Expected<NumberTensor> readNpy(llvm::StringRef path, bool asFloat);

/// Writes a tensor as NumPy does: format version 1, data at a multiple of 64 bytes.
llvm::Error writeNpy(llvm::StringRef path, const NumberTensor &tensor);

/// What a function is called with, again and again.
class FunctionData {
public:
  /// Reads the arguments of all samples. Errors name the file, and the argument whose tensor does
  /// not fit.
  static llvm::Expected<FunctionData> read(llvm::StringRef path, mlir::func::FuncOp function);

  uint64_t size() const { return numSamples; }
  /// Forgets all samples but the first `count`.
  void truncate(uint64_t count) { numSamples = std::min(numSamples, count); }
  /// Whether samples are rows of the first axis, so that those of results are, too.
  bool hasRows() const { return cutsRows; }
  /// SHA-256 of the samples and their shapes.
  std::string digest() const;
  /// The arguments of a sample.
  llvm::SmallVector<FunctionArgument> operator[](uint64_t sample) const;

private:
  struct Argument {
    NumberTensor values;
    /// Of one sample.
    llvm::SmallVector<int64_t> shape;
    size_t elements = 1;
  };

  static llvm::Expected<Argument> cut(NumberTensor values, mlir::RankedTensorType type,
                                      const llvm::Twine &name, uint64_t &count, bool &rows);

  std::vector<Argument> arguments;
  uint64_t numSamples = 0;
  bool cutsRows = true;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_FUNCTIONDATA_H
