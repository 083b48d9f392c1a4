//===- CodeSumsKernel.h - Kernels that add up the codes of activations -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Products of unsigned weights are corrected by the sums of the activations' codes. Where the
// kernel of a product stores codes, each of its tiles has a part of a row; so the sums are those of
// a kernel that reads the rows, a byte for each element, afterwards.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_CODESUMSKERNEL_H
#define QUENCH_CODEGEN_CODESUMSKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"

namespace quench {

/// Parameters: codes `?xRowBytes` i8 in the layout of `groups`; sums of the codes of each group
/// `?xG` i32.
mlir::func::FuncOp getOrCreateCodeSumsKernel(mlir::ModuleOp module, const Target &target,
                                             const GroupLayout &groups);

} // namespace quench

#endif // QUENCH_CODEGEN_CODESUMSKERNEL_H
