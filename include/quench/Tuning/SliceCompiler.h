//===- SliceCompiler.h - Slices of a model as code --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_SLICECOMPILER_H
#define QUENCH_TUNING_SLICECOMPILER_H

#include "quench/Runtime/FunctionSession.h"
#include "quench/Tuning/ModelSlice.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <vector>

namespace quench {

/// The float values of a model weight (see isModelWeight) as it is now, row-major: a stored tensor
/// or constant, extended to f32, or what codes stand for. `weights` may be null for models without
/// stored weights. Errors name the tensor, or the op that makes it something else.
llvm::Expected<std::vector<float>> readModelWeight(mlir::Value value, const WeightStore *weights);

/// Called with the index of a tap in its request, and the values in row-major order.
using TapFunction = llvm::function_ref<void(size_t tap, llvm::ArrayRef<float> values,
                                            llvm::ArrayRef<int64_t> shape)>;

/// A tensor of f32 with the shape that it has in this run.
struct SliceTensor {
  std::vector<float> values;
  llvm::SmallVector<int64_t, 3> shape;
};

/// A slice, compiled, with the weights of its place in the model.
class SliceCode {
public:
  /// Runs the code with other values for one of its weights from now on. `weight` is a value of the
  /// model; nothing happens when the slice does not read it.
  llvm::Error setWeight(mlir::Value weight, llvm::ArrayRef<float> values);

  /// Whether the slice reads this weight.
  bool reads(mlir::Value weight) const { return slots.count(weight) != 0; }

  /// Runs the slice for the sequence `tokens`. The sizes of `outputs` that are not static must be
  /// the number of tokens; the tensors are made to fit.
  llvm::Error run(llvm::ArrayRef<int32_t> tokens, llvm::ArrayRef<const SliceTensor *> inputs,
                  llvm::MutableArrayRef<SliceTensor> outputs);
  llvm::Error run(llvm::ArrayRef<int32_t> tokens, llvm::ArrayRef<const SliceTensor *> inputs,
                  llvm::MutableArrayRef<SliceTensor> outputs, TapFunction observe);

private:
  friend class SliceCompiler;
  llvm::Error run(llvm::ArrayRef<int32_t> tokens, llvm::ArrayRef<const SliceTensor *> inputs,
                  llvm::MutableArrayRef<SliceTensor> outputs, const ObserveFunction &observe);

  std::shared_ptr<FunctionSession> session;
  /// The number of each weight. Only looked up.
  llvm::DenseMap<mlir::Value, size_t> slots;
  /// Types of the outputs.
  llvm::SmallVector<mlir::RankedTensorType> outputTypes;
};

struct SliceCompilerOptions {
  Target target = Target::host();
  /// Threads of the compiled code; 0 takes one for each core.
  unsigned threads = 0;
};

/// Compiles slices and keeps the code of those that may come again: a slice with the text of one
/// whose code is no longer held costs no more than its weights.
class SliceCompiler {
public:
  /// `weights` outlive the compiler; null for models whose weights are constants.
  explicit SliceCompiler(const WeightStore *weights, SliceCompilerOptions options = {});

  /// Compiles the slice, or finds it, and gives it the weights of the model. Errors are those of
  /// `ModelSlice::extract`, of the compiler and of `readModelWeight`.
  llvm::Expected<SliceCode> compile(const SliceRequest &request);

  /// Forgets code that nobody holds: use it when other slices come next.
  void releaseIdle();

  /// How many slices were compiled, not counting those that were found.
  size_t compilations() const { return numCompiled; }

private:
  struct Entry {
    std::string text;
    std::shared_ptr<FunctionSession> session;
  };

  llvm::Expected<std::shared_ptr<FunctionSession>> sessionFor(const ModelSlice &slice,
                                                              bool observers);

  const WeightStore *weights;
  SliceCompilerOptions options;
  /// Of its own, so that compiling neither reports to nor disturbs the model's.
  std::unique_ptr<mlir::MLIRContext> context;
  std::vector<Entry> entries;
  size_t numCompiled = 0;
};

} // namespace quench

#endif // QUENCH_TUNING_SLICECOMPILER_H
