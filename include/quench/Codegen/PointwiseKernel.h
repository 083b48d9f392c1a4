//===- PointwiseKernel.h - Kernels of elementwise functions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_POINTWISEKERNEL_H
#define QUENCH_CODEGEN_POINTWISEKERNEL_H

#include "quench/Codegen/KernelBuilder.h"

#include <optional>
#include <string>

namespace quench {

/// The bits of the bf16 nearest to each lane of f32, ties to even, in the upper half of an i32; NaN
/// stays NaN.
mlir::Value roundToBF16(KernelBuilder &builder, mlir::Value floats);

enum class Pointwise {
  /// silu(x)
  SiLU,
  /// silu(x) * y
  SiLUMul,
  /// x + y
  Add,
  /// x rounded to bf16 (f16), in f32
  RoundToBF16,
  RoundToF16,
};

/// What it is called in names of kernels: "silu_mul".
llvm::StringRef nameOf(Pointwise function);

/// Whether it takes a second value.
inline bool takesTwo(Pointwise function) {
  return function == Pointwise::SiLUMul || function == Pointwise::Add;
}

/// The function of vectors; `y` is null for a function of one.
mlir::Value emitPointwise(KernelBuilder &builder, Pointwise function, mlir::Value x, mlir::Value y);

/// minimum(maximum(x, low), high), NaN for NaN: ReLU, ReLU6 and their like. Infinities are no
/// bounds.
struct Clamp {
  float low, high;
};

/// What becomes of an element of a product before it is stored.
struct Epilogue {
  /// The element is the only argument, or the last one of two.
  std::optional<Pointwise> function;
  /// Behind the function.
  std::optional<Clamp> clamp;

  bool takesTwo() const { return function && quench::takesTwo(*function); }
  /// "_add_relu", or nothing.
  std::string name() const;
  mlir::Value emit(KernelBuilder &builder, mlir::Value value, mlir::Value other) const;
};

/// Rows of `width`. Parameters: one or two inputs `?xW` and the result `?xW`, f32.
mlir::func::FuncOp getOrCreatePointwiseKernel(mlir::ModuleOp module, const Target &target,
                                              Pointwise function, int64_t width);

} // namespace quench

#endif // QUENCH_CODEGEN_POINTWISEKERNEL_H
