//===- RecipePasses.h - The passes that a recipe names ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_RECIPEPASSES_H
#define QUENCH_TRANSFORMS_RECIPEPASSES_H

#include "llvm/Support/Error.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace quench {

class Workspace;

/// Adds the passes of the workspace's recipe, in order, to a pass manager for modules and attaches
/// the workspace to those that use one. All passes have to be registered. Errors read
/// "FILE:LINE:COLUMN: …" with the place in the recipe: a pass that does not exist, options that it
/// does not have.
llvm::Error addRecipePasses(mlir::OpPassManager &manager, Workspace &workspace);

} // namespace quench

#endif // QUENCH_TRANSFORMS_RECIPEPASSES_H
