//===- Passes.h - Passes from QDQ models to kernels of devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_PASSES_H
#define QUENCH_GPU_PASSES_H

#include "mlir/Pass/Pass.h"

namespace quench {

#define GEN_PASS_DECL
#include "quench/Gpu/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "quench/Gpu/Passes.h.inc"

} // namespace quench

#endif // QUENCH_GPU_PASSES_H
