//===- KernelBuilder.h - Emission of kernels in vector and scf ops -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel is a function on buffers, written with these few words: loops, vectors with a static or
// dynamic number of live lanes, and arithmetic. Emission order is execution order.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_KERNELBUILDER_H
#define QUENCH_CODEGEN_KERNELBUILDER_H

#include "quench/Codegen/ArithmeticBuilder.h"
#include "quench/Target/Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <functional>

namespace quench {

class KernelBuilder : public ArithmeticBuilder {
public:
  /// Announcing a loop to other threads and waiting for their last part takes some hundred cycles;
  /// less work than this is not worth it.
  static constexpr int64_t kForkCycles = 2500;

  KernelBuilder(mlir::Location loc, mlir::MLIRContext *context, const Target &target)
      : ArithmeticBuilder(loc, context), target(target) {}

  const Target &getTarget() const { return target; }
  int64_t lanes() const { return target.lanes(); }

  mlir::VectorType vectorType(mlir::Type element, int64_t lanes = 0);
  mlir::VectorType floats(int64_t lanes = 0) { return vectorType(getF32Type(), lanes); }

  mlir::Value splat(mlir::Value scalar, int64_t lanes = 0);
  mlir::Value splat(float value, int64_t lanes = 0) { return splat(f32(value), lanes); }
  mlir::Value splat(int32_t value, int64_t lanes = 0) { return splat(i32(value), lanes); }
  /// The size of an axis of a buffer.
  mlir::Value size(mlir::Value buffer, int64_t axis);

  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value ceilDiv(mlir::Value lhs, int64_t rhs);

  /// Loads `count` elements of the last axis (a vector register of 32-bit lanes when 0); with
  /// `live` lanes fewer than that the others read `padding`, zero by default.
  mlir::Value load(mlir::Value buffer, mlir::ValueRange indices, int64_t count = 0,
                   int64_t live = -1);
  void store(mlir::Value vector, mlir::Value buffer, mlir::ValueRange indices, int64_t live = -1);
  /// The same with a number of live lanes known at run time.
  mlir::Value loadMasked(mlir::Value buffer, mlir::ValueRange indices, int64_t count,
                         mlir::Value live);
  mlir::Value loadScalar(mlir::Value buffer, mlir::ValueRange indices);
  void storeScalar(mlir::Value scalar, mlir::Value buffer, mlir::ValueRange indices);

  /// Sums the lanes of a float vector in a fixed order, or of an integer vector exactly.
  mlir::Value sumLanes(mlir::Value vector);
  /// The largest lane of a vector without NaN.
  mlir::Value maxLanes(mlir::Value vector);
  /// The sums of the lanes of as many vectors as a vector has lanes, in one vector: a transposition
  /// that adds on the way, cheaper than as many calls of `sumLanes`. `vectors(i)` makes vector i,
  /// of several families at once; what it makes is added before much more is made, which takes few
  /// registers.
  using VectorsAt = std::function<mlir::SmallVector<mlir::Value>(int64_t)>;
  mlir::SmallVector<mlir::Value> sumLanesOfEach(const VectorsAt &vectors) {
    return sumLanesOfEach(0, lanes(), vectors);
  }

  using ArithmeticBuilder::loop;
  void loop(mlir::Value begin, mlir::Value end, int64_t step, const LoopBody &body);
  mlir::SmallVector<mlir::Value> loop(mlir::Value begin, mlir::Value end, int64_t step,
                                      mlir::ValueRange initial, const CarryingLoopBody &body);
  /// Iterations may run at the same time, each on one thread. `cycles` estimates the work of all of
  /// them: small loops stay on the calling thread.
  void parallelLoop(mlir::Value count, mlir::Value cycles, const LoopBody &body);
  /// The same with an estimate for one iteration.
  void parallelLoop(mlir::Value count, int64_t cycles, const LoopBody &body);

  /// Calls `body(offset, live)` for vectors that cover `size` elements: a loop over full vectors,
  /// then the rest with its number of live lanes (-1 for full vectors).
  void forVectors(int64_t size, const std::function<void(mlir::Value offset, int64_t live)> &body);
  /// The same, carrying values.
  mlir::SmallVector<mlir::Value> forVectors(
      int64_t size, mlir::ValueRange initial,
      const std::function<mlir::SmallVector<mlir::Value>(mlir::Value, int64_t, mlir::ValueRange)>
          &body);

private:
  /// Combines the two halves of a vector, the halves of that and so on.
  mlir::Value foldLanes(mlir::Value vector,
                        mlir::Value (KernelBuilder::*combine)(mlir::Value, mlir::Value));
  /// The sums of vectors `first` to `first + owners - 1`, as lanes / owners partial sums for each.
  mlir::SmallVector<mlir::Value> sumLanesOfEach(int64_t first, int64_t owners,
                                                const VectorsAt &vectors);

  const Target &target;
};

/// Makes the function `name` at the end of `module` if it does not exist, with `parameters` as
/// buffers or scalars, and lets `body` fill it.
mlir::func::FuncOp
getOrCreateKernel(mlir::ModuleOp module, llvm::StringRef name, const Target &target,
                  llvm::function_ref<mlir::SmallVector<mlir::Type>(KernelBuilder &)> parameters,
                  llvm::function_ref<void(KernelBuilder &, mlir::ValueRange)> body);

} // namespace quench

#endif // QUENCH_CODEGEN_KERNELBUILDER_H
