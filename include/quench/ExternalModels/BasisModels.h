//===- BasisModels.h - Upstream ops under a change of basis -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// BasisOpInterface for ops of upstream dialects. Models are attached when their dialect is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXTERNALMODELS_BASISMODELS_H
#define QUENCH_EXTERNALMODELS_BASISMODELS_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quench {

/// Sums, products, extensions and maxima with 0 of `arith`.
void registerArithBasisModels(mlir::DialectRegistry &registry);

/// All structured ops of `linalg`: what their indexing maps and bodies allow.
void registerLinalgBasisModels(mlir::DialectRegistry &registry);

/// Reshapes and slices of `tensor`, where the axes of a map stay whole.
void registerTensorBasisModels(mlir::DialectRegistry &registry);

/// Matrix products, convolutions, pooling, elementwise ops and reshapes of `tosa`, in floats.
void registerTosaBasisModels(mlir::DialectRegistry &registry);

/// All of the above.
void registerBasisModels(mlir::DialectRegistry &registry);

} // namespace quench

#endif // QUENCH_EXTERNALMODELS_BASISMODELS_H
