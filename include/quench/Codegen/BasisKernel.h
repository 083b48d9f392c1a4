//===- BasisKernel.h - Kernels of online changes of basis -------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_BASISKERNEL_H
#define QUENCH_CODEGEN_BASISKERNEL_H

#include "quench/Codegen/BasisPlan.h"
#include "quench/Codegen/KernelBuilder.h"

namespace quench {

/// Applies a plan to every row of an f32 buffer and writes the rows to another one:
/// (input, result), both of `shape`. The first axis counts rows; with `single` there is one row,
/// and it is all of the buffer. The axes of a row are static.
struct BasisKernel {
  BasisPlan plan;
  llvm::SmallVector<int64_t> shape;
  bool single = false;

  /// "hadamard_12x64_768", or "change_basis_4x64_0123456789abcdef" for what has no simple name.
  std::string name() const;
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_BASISKERNEL_H
