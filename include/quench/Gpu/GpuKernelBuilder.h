//===- GpuKernelBuilder.h - Emission of kernels for devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A kernel for a device is two functions: a `gpu.func` that one thread runs, on flat buffers of f32
// and i32 and on sizes, written with these few words; and a function of the host that takes buffers
// as CPU kernels do and launches it. Everything else of the compiler sees the second one only.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_GPUKERNELBUILDER_H
#define QUENCH_GPU_GPUKERNELBUILDER_H

#include "quench/Codegen/ArithmeticBuilder.h"
#include "quench/Numerics/FloatFormat.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <array>
#include <functional>

namespace quench {

/// Where all kernels of a module are.
inline constexpr llvm::StringLiteral kGpuModule = "quench_kernels";
/// On functions of the host that do nothing but launch kernels.
inline constexpr llvm::StringLiteral kLaunches = "quench.launches";

class GpuKernelBuilder : public ArithmeticBuilder {
public:
  using ArithmeticBuilder::ArithmeticBuilder;
  using ArithmeticBuilder::div;
  using ArithmeticBuilder::mul;

  mlir::Value rem(mlir::Value lhs, mlir::Value rhs);
  mlir::Value mul(mlir::Value lhs, int64_t rhs) { return mul(lhs, index(rhs)); }
  mlir::Value div(mlir::Value lhs, int64_t rhs) { return div(lhs, index(rhs)); }
  mlir::Value rem(mlir::Value lhs, int64_t rhs) { return rem(lhs, index(rhs)); }
  mlir::Value ceilDiv(mlir::Value lhs, int64_t rhs) { return div(add(lhs, index(rhs - 1)), rhs); }
  mlir::Value fma(mlir::Value a, mlir::Value b, mlir::Value c);
  mlir::Value lessThan(mlir::Value lhs, mlir::Value rhs);
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no);
  mlir::Value bitAnd(mlir::Value lhs, uint32_t rhs);
  mlir::Value bitOr(mlir::Value lhs, mlir::Value rhs);
  mlir::Value shiftLeft(mlir::Value lhs, int32_t rhs);
  mlir::Value shiftRight(mlir::Value lhs, int32_t rhs);
  mlir::Value toIndex(mlir::Value i32);
  mlir::Value toI32(mlir::Value index);
  /// A signed integer, or an index, as f32.
  mlir::Value toF32(mlir::Value integer);
  /// The code in i32 of an f32, as `numerics::encode` has it, or as `halvedFloatCode` makes it.
  mlir::Value encodeByteFloat(mlir::Value value, numerics::FloatFormat format, bool isHalved);
  /// exp(x), of at most 88 and at least -87, by the same operations on every device.
  mlir::Value exp(mlir::Value x);

  /// Element `at` of a flat buffer, and its change.
  mlir::Value load(mlir::Value buffer, mlir::Value at);
  void store(mlir::Value value, mlir::Value buffer, mlir::Value at);

  /// `count` neighbouring elements of i32 from one whose number is a multiple of it.
  mlir::Value loadVector(mlir::Value buffer, mlir::Value at, int64_t count);
  void storeVector(mlir::Value vector, mlir::Value buffer, mlir::Value at);
  mlir::Value zeroVector(int64_t count);
  mlir::Value element(mlir::Value vector, int64_t number);
  /// Starts to copy `count` words from a buffer to memory of the group; the first `real` of them if
  /// that is given, and zeros for the rest.
  void copyAsync(mlir::Value buffer, mlir::Value from, mlir::Value shared, mlir::Value to,
                 int64_t count, mlir::Value real);
  /// Four matrices of eight rows of four words. Lane l of a wave names the place of row l mod 8 of
  /// matrix l / 8 in memory of the group, a multiple of four words, and is given word l mod 4 of
  /// row l / 4 of each.
  llvm::SmallVector<mlir::Value> loadMatrices(mlir::Value shared, mlir::Value at);
  /// The bits of the f16 or bf16 nearest to an f32, ties to even, in the lower half of an i32.
  mlir::Value roundToShort(mlir::Value value, bool isHalf);
  /// What was started since the last call is a set of copies; waits for all but the last `number`.
  void commitCopies();
  void waitForCopies(int64_t number);

  void ifThen(mlir::Value condition, const std::function<void()> &body);

  /// This thread in its group, and the group in the grid along axis 0, 1 or 2.
  mlir::Value threadId();
  mlir::Value groupId(unsigned axis);
  /// The first index of this thread along axis 0 of the grid: groups times threads plus thread.
  mlir::Value globalId() { return add(mul(groupId(0), threads), threadId()); }

  /// Memory of the group, and a wait for all its threads, which orders accesses to it.
  mlir::Value sharedBuffer(int64_t count, mlir::Type element);
  void barrier();
  /// All values of the threads of the group combined in a fixed order, given to all of them.
  /// `shared` has one element for each thread; the call ends with a barrier.
  using Combine = std::function<mlir::Value(mlir::Value, mlir::Value)>;
  mlir::Value reduce(mlir::Value value, mlir::Value shared, const Combine &combine);

  /// The sum of products of four signed bytes with four unsigned ones, both packed in i32.
  mlir::Value dotSignedUnsigned(mlir::Value signedBytes, mlir::Value unsignedBytes);

  /// Threads of a group.
  int64_t threads = 64;
};

/// How often the host launches a kernel, and with what beside buffers.
struct GpuLaunch {
  std::array<mlir::Value, 3> groups;
  /// Sizes and positions, given to the kernel as 32-bit integers.
  mlir::SmallVector<mlir::Value> sizes;
};

/// A kernel: its name, the parameters of the function of the host (buffers of f32 or i32 with any
/// offset, and indices), and what the host and a thread do.
struct GpuKernel {
  std::string name;
  mlir::SmallVector<mlir::Type> parameters;
  int64_t threads = 64;
  /// Given the parameters.
  std::function<GpuLaunch(GpuKernelBuilder &host, mlir::ValueRange parameters)> launch;
  /// Given the buffers among the parameters, flat, and the sizes of the launch as indices.
  std::function<void(GpuKernelBuilder &device, mlir::ValueRange buffers, mlir::ValueRange sizes)>
      body;

  /// The function of the host, made in `module` together with the kernel if it does not exist.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module) const;
};

} // namespace quench

#endif // QUENCH_GPU_GPUKERNELBUILDER_H
