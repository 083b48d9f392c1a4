//===- VectorMath.h - Elementary functions on vectors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_VECTORMATH_H
#define QUENCH_CODEGEN_VECTORMATH_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// exp(x) of f32 lanes, within 2 units in the last place, by the same operations on every target:
/// no library call, no contraction left to the compiler. Inputs below -87.3 give about 1.2e-38,
/// above 88.73 infinity.
mlir::Value vectorExp(KernelBuilder &builder, mlir::Value x);

/// x / (1 + exp(-x)).
mlir::Value vectorSiLU(KernelBuilder &builder, mlir::Value x);

} // namespace quench

#endif // QUENCH_CODEGEN_VECTORMATH_H
