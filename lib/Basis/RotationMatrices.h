//===- RotationMatrices.h - Which matrices quench-rotate uses ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_BASIS_ROTATIONMATRICES_H
#define QUENCH_LIB_BASIS_ROTATIONMATRICES_H

#include "quench/Interfaces/BasisUse.h"
#include "quench/Numerics/HadamardMatrix.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>

namespace quench {

/// The options of the pass as they were written.
struct RotationOptions {
  std::string kind;
  uint64_t seed;
  std::string matrices;
  std::string fallback;
};

class RotationMatrices {
public:
  /// Errors name the option, or the file with learned matrices.
  static llvm::Expected<RotationMatrices> create(mlir::MLIRContext *context,
                                                 RotationOptions options);

  /// The width of the residual stream. Random signs for the values come behind those for it.
  void setResidualSize(int64_t size) { residualSize = size; }

  /// Of the residual stream. Errors: no Hadamard matrix of the size is known; the file has no
  /// matrix, or one of another size, or one that is not orthogonal.
  llvm::Expected<MapUse> residual();

  /// Of the values of attention number `layer`, in order.
  llvm::Expected<MapUse> values(int64_t layer, int64_t headSize);

  /// A Hadamard matrix without signs, or what stands in for it.
  llvm::Expected<MapUse> plain(int64_t size) const;

private:
  enum class Kind { Hadamard, RandomHadamard, Random, File };

  RotationMatrices(mlir::MLIRContext *context, RotationOptions options)
      : context(context), options(std::move(options)) {}

  /// `offset` counts random draws.
  llvm::Expected<MapUse> make(int64_t size, int64_t offset, llvm::ArrayRef<std::string> names);
  llvm::Expected<MapUse> read(int64_t size, llvm::ArrayRef<std::string> names) const;

  mlir::MLIRContext *context;
  RotationOptions options;
  Kind kind = Kind::Hadamard;
  numerics::HadamardFallback fallback = numerics::HadamardFallback::None;
  std::unique_ptr<WeightStore> file;
  int64_t residualSize = 0;
  /// Draws of the layers before.
  int64_t drawn = 0;
};

} // namespace quench

#endif // QUENCH_LIB_BASIS_ROTATIONMATRICES_H
