//===- FormatParser.h - Formats of weights, activations and caches -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The parts of a recipe that say how numbers are stored. All errors begin with the place in the
// recipe; what a scheme itself refuses is reported at its mapping.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RECIPE_FORMATPARSER_H
#define QUENCH_LIB_RECIPE_FORMATPARSER_H

#include "YamlTree.h"

#include "quench/Recipe/Recipe.h"

#include <optional>

namespace quench::recipe {

/// A member that has to be there; `what` is what has it.
llvm::Expected<const YamlTree *> requireMember(const YamlTree &mapping, llvm::StringRef key,
                                               llvm::StringRef what);

/// `none`, or a mapping; `none` empties `format`.
llvm::Error parseWeights(const YamlTree &tree, std::optional<WeightFormat> &format);
llvm::Error parseActivations(const YamlTree &tree, std::optional<ActivationFormat> &format);
llvm::Error parseCache(const YamlTree &tree, std::optional<CacheFormat> &format);

} // namespace quench::recipe

#endif // QUENCH_LIB_RECIPE_FORMATPARSER_H
