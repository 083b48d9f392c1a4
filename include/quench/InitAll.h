//===- InitAll.h - Registration of everything, for tools -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes declare the dialects that they use themselves; this header is for tools, which parse IR
// and pipelines.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INITALL_H
#define QUENCH_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quench {

/// Adds the dialects of Quench and the external models by which upstream dialects join its passes.
/// For compilers that choose their upstream dialects themselves.
void registerQuenchDialects(mlir::DialectRegistry &registry);

/// Registers the passes and pipelines of Quench alone, for whatever parses pass pipelines.
void registerQuenchPasses();

/// Adds all upstream dialects and extensions too.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers all upstream passes too.
void registerAllPasses();

} // namespace quench

#endif // QUENCH_INITALL_H
