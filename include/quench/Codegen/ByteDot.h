//===- ByteDot.h - Sums of products of bytes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_BYTEDOT_H
#define QUENCH_CODEGEN_BYTEDOT_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// The four signed activation codes at `indices` of an i8 buffer, in every lane.
mlir::Value loadActivationWord(KernelBuilder &builder, mlir::Value buffer,
                               mlir::ValueRange indices);

/// What the target wants to have been subtracted from unsigned byte codes: 128 where it multiplies
/// signed bytes only, otherwise 0.
int32_t byteDotBias(const Target &target);

/// `accumulator[lane] + sum over the 4 bytes of a lane of (weights - bias) * activations`, exact.
/// `accumulator` holds i32 lanes; `weights` four unsigned bytes for each of them. When `isBiased`,
/// they are what the target multiplies already, as all bytes below 128 are: then the bias is 0.
mlir::Value byteDot(KernelBuilder &builder, mlir::Value accumulator, mlir::Value weights,
                    mlir::Value activations, bool isBiased);

/// The intrinsic of one instruction `sums = sums + products` on operands of four bytes or two
/// 16-bit integers a lane, or "" if the code generator knows no such intrinsic for it.
std::string productIntrinsic(const NativeProduct &product);

} // namespace quench

#endif // QUENCH_CODEGEN_BYTEDOT_H
