//===- FunctionSession.h - A compiled function, ready to run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiles any function on ranked tensors, in memory, and runs it on buffers of the caller. Its
// float weights can be replaced without compiling again, so that one compiled part of a model
// serves for all layers of the same shape and for all candidates of a search.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RUNTIME_FUNCTIONSESSION_H
#define QUENCH_RUNTIME_FUNCTIONSESSION_H

#include "quench/Runtime/Session.h"

#include "llvm/ADT/SmallVector.h"

namespace quench {

/// What a function is called with: a tensor, row-major in memory of the caller, or a scalar.
class FunctionArgument {
public:
  static FunctionArgument tensor(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape);
  static FunctionArgument tensor(llvm::ArrayRef<int32_t> values, llvm::ArrayRef<int64_t> shape);
  static FunctionArgument index(int64_t value);
  static FunctionArgument i32(int32_t value);
  static FunctionArgument f32(float value);

private:
  friend class FunctionSession;
  enum class Kind { Index, F32, I32 };
  FunctionArgument(Kind kind, bool isTensor) : kind(kind), isTensor(isTensor) {}

  /// What a tensor is in memory.
  void *data() const { return reinterpret_cast<void *>(static_cast<uintptr_t>(word)); }
  size_t bytes() const { return 4 * count; }

  Kind kind;
  bool isTensor;
  /// The value of a scalar, an f32 by its bits; the address of a tensor.
  int64_t word = 0;
  /// Elements of a tensor.
  size_t count = 0;
  llvm::SmallVector<int64_t, 3> shape;
};

/// Where a result is written. Buffers of results may not overlap arguments or each other.
class FunctionResult {
public:
  static FunctionResult tensor(llvm::MutableArrayRef<float> values, llvm::ArrayRef<int64_t> shape);
  static FunctionResult tensor(llvm::MutableArrayRef<int32_t> values,
                               llvm::ArrayRef<int64_t> shape);

private:
  friend class FunctionSession;
  explicit FunctionResult(FunctionArgument buffer) : buffer(std::move(buffer)) {}
  FunctionArgument buffer;
};

struct FunctionSessionOptions {
  /// What to compile for; it must be able to run here.
  Target target = Target::host();
  /// For a target that is a device.
  DeviceOptions device;
  /// Threads of the compiled code; 0 takes one for each core.
  unsigned threads = 0;
  /// Compile observers; otherwise runs observe nothing.
  bool observers = false;
};

class FunctionSession {
public:
  /// Compiles the function `name` of `module`. With `weights`, those of the function are read from
  /// there; without, all of them have to be floats and to be set before the first run. Arguments
  /// are index, i32, f32 and ranked tensors of i32 and f32, results such tensors. The module and
  /// the weights may go away afterwards.
  static llvm::Expected<std::unique_ptr<FunctionSession>>
  create(mlir::ModuleOp module, llvm::StringRef name, const WeightStore *weights,
         FunctionSessionOptions options = {});
  ~FunctionSession();

  /// Replaces the values of a float weight, row-major. Fails without a change when the function has
  /// no such weight, when it is compiled as codes, or when it has another number of elements.
  llvm::Error setWeight(llvm::StringRef key, llvm::ArrayRef<float> values);

  /// Runs the function. `results` give the shapes that the caller expects: static sizes are those
  /// of the function's type, dynamic ones are compared with what was computed. Errors: a number or
  /// type of arguments or results that is not the function's, a weight that was not set, a result
  /// of another shape; then no result is written.
  llvm::Error run(llvm::ArrayRef<FunctionArgument> arguments,
                  llvm::ArrayRef<FunctionResult> results, const ObserveFunction &observe = {});

  /// What kernels run on; null for a target that is a processor.
  Device *device() const;

private:
  struct Implementation;
  explicit FunctionSession(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace quench

#endif // QUENCH_RUNTIME_FUNCTIONSESSION_H
