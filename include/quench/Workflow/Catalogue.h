//===- Catalogue.h - What there is to choose from ---------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Recipes, targets and formats, as the command line and the C API list them. The keys of objects
// are those of docs/command-line.md.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_CATALOGUE_H
#define QUENCH_WORKFLOW_CATALOGUE_H

#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <string>
#include <vector>

namespace quench::workflow {

/// An encoding of elements or scales.
struct FormatEntry {
  std::string name;
  unsigned bits;
  double smallest;
  double largest;
  std::string summary;
};

/// Integers, floats, codebooks.
std::vector<FormatEntry> allFormats();

llvm::json::Array listFormats();
/// The built-in targets, in the order of Target::all().
llvm::json::Array listTargets();
/// The built-in recipes by name. Fails when one of them is wrong.
llvm::Expected<llvm::json::Array> listRecipes();

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_CATALOGUE_H
