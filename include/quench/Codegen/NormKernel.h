//===- NormKernel.h - Kernels of normalizations -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_NORMKERNEL_H
#define QUENCH_CODEGEN_NORMKERNEL_H

#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// What an RMS norm of a row is made of beside its width.
struct RowNorm {
  float epsilon;
  bool gain;
};

/// A name that tells norms apart: "rms_norm_2048_gain_3727c5ac".
std::string rmsNormName(int64_t width, const RowNorm &norm);

/// `1 / sqrt(mean(x^2) + epsilon)` of a row of `input`, in all lanes.
mlir::Value emitRMSFactor(KernelBuilder &builder, const RowNorm &norm, mlir::Value input,
                          mlir::Value row);

/// The normalized elements at `offset`, of which `live` exist; `gain` may be null.
mlir::Value emitRMSNorm(KernelBuilder &builder, mlir::Value x, mlir::Value factor, mlir::Value gain,
                        mlir::Value offset, int64_t live);

/// RMS norm of rows of `width`. Parameters: input `?xW`, perhaps a gain `W`, the result `?xW`, f32.
mlir::func::FuncOp getOrCreateRMSNormKernel(mlir::ModuleOp module, const Target &target,
                                            int64_t width, const RowNorm &norm);

} // namespace quench

#endif // QUENCH_CODEGEN_NORMKERNEL_H
