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

/// `accumulator[lane] + sum over the 4 bytes of a lane of weights * activations`, exact.
/// `accumulator` holds i32 lanes; `weights` four bytes for each of them, signed where the target
/// multiplies signed bytes only, otherwise unsigned; bytes below 128 are both.
mlir::Value byteDot(KernelBuilder &builder, mlir::Value accumulator, mlir::Value weights,
                    mlir::Value activations);

/// `accumulator` plus two rows of eight bytes of `weights` times two of `activations` in each four
/// lanes (`quench.byte_matmul`); bytes are signed as in `byteDot`.
mlir::Value byteMatmul(KernelBuilder &builder, mlir::Value accumulator, mlir::Value weights,
                       mlir::Value activations);

/// The intrinsic of one instruction `sums = sums + products` on operands of four bytes or two
/// 16-bit numbers a lane, or on matrices in registers, or "" if the code generator knows no such
/// intrinsic for it.
std::string productIntrinsic(const NativeProduct &product);

} // namespace quench

#endif // QUENCH_CODEGEN_BYTEDOT_H
