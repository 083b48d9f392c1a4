//===- InitAll.h - Registration of everything, for tools -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Libraries register what they use themselves; only tools include this header.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INITALL_H
#define QUENCH_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace quench {

/// Adds the dialects of Quench, the upstream dialects that its pipelines meet, and the external
/// models that connect them.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers the passes and pipelines of Quench, and the upstream passes that appear in pipelines
/// between them.
void registerAllPasses();

} // namespace quench

#endif // QUENCH_INITALL_H
