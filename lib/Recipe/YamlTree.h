//===- YamlTree.h - A small YAML document with places -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM's YAML parser gives a stream of nodes that can be read once, in order. Recipes are small,
// and their messages should say where something is and what would be allowed there, so the stream
// is turned into a tree first.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_RECIPE_YAMLTREE_H
#define QUENCH_LIB_RECIPE_YAMLTREE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace quench::recipe {

struct YamlTree {
  enum class Kind { Null, Scalar, Sequence, Mapping };

  Kind kind = Kind::Null;
  /// "FILE:LINE:COLUMN", columns counted from 1.
  std::string place;
  /// Of a scalar.
  std::string text;
  /// Of a sequence.
  std::vector<YamlTree> elements;
  /// Of a mapping, in the order of the file. Keys are scalars.
  std::vector<std::pair<YamlTree, YamlTree>> members;

  /// "PLACE: message".
  llvm::Error error(const llvm::Twine &message) const;

  /// "PLACE: expected WHAT, found …".
  llvm::Error expected(const llvm::Twine &what) const;

  /// The value of `key` in a mapping, or null.
  const YamlTree *lookup(llvm::StringRef key) const;

  /// Fails unless this is a mapping with no other than these keys.
  llvm::Error checkMapping(llvm::StringRef what, llvm::ArrayRef<llvm::StringRef> keys) const;
};

/// Parses one document. Errors: not UTF-8, not YAML, several documents, aliases, keys that are not
/// scalars or occur twice, nesting deeper than 16.
llvm::Expected<YamlTree> parseYaml(llvm::StringRef text, llvm::StringRef file);

} // namespace quench::recipe

#endif // QUENCH_LIB_RECIPE_YAMLTREE_H
