//===- ShortFloatKernel.h - Rows of floats in 16 bits -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_SHORTFLOATKERNEL_H
#define QUENCH_CODEGEN_SHORTFLOATKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"

#include <string>

namespace quench {

/// Rounds the rows of a float matrix to bf16, to nearest with ties to even, for products of such
/// floats. Groups begin where `GroupLayout` says. Of each four elements the second and the third
/// change places: that is how the 16-bit halves of a word of codes follow each other. Rows that lie
/// together in twos keep the order.
///
/// Parameters: the rows `?xK` in f32, their bf16 in a buffer of `codeShape` with two bytes for
/// each, and the sums of the rounded elements of each group `?xG` in f32.
struct ShortFloatKernel {
  static constexpr int64_t kBytes = 2;

  GroupLayout groups;

  std::string name() const;
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_SHORTFLOATKERNEL_H
