//===- RecipePasses.h - The passes that a recipe names ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_RECIPEPASSES_H
#define QUENCH_TRANSFORMS_RECIPEPASSES_H

#include "quench/Transforms/Passes.h"

#include "llvm/Support/Error.h"

#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace quench {

/// What passes of a recipe need to know beyond the IR.
struct RecipeInputs {
  QuantizeInputs quantize;
  /// The calibration archive; may be empty for recipes that need none.
  std::string archive;
  /// The weight store that the archive has to belong to, as a path; not checked when empty.
  std::string archiveWeights;
};

/// Adds the passes of `inputs.quantize.recipe`, in order, to a pass manager for modules. Passes of
/// Quench that the recipe gives no options get their inputs; all others have to be registered.
/// Errors read "FILE:LINE:COLUMN: …" with the place in the recipe: a pass that does not exist,
/// malformed options, calibration that is needed and not there.
llvm::Error addRecipePasses(mlir::OpPassManager &manager, const RecipeInputs &inputs);

} // namespace quench

#endif // QUENCH_TRANSFORMS_RECIPEPASSES_H
