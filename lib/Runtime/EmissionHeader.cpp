//===- EmissionHeader.cpp - C headers of compiled models -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Emission.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace quench;

/// A header of declarations, which begin with the version of what they are.
static std::string headerOf(StringRef name, StringRef what, StringRef declarations) {
  return formatv(R"(/* {0}: a {1} compiled by Quench. */
#ifndef {2}
#define {2}

#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* The version of what is declared here: 1. */
extern const int64_t {0}_interface_version;
{3}
#ifdef __cplusplus
}
#endif

#endif
)",
                 name, what, name.upper() + "_H", declarations)
      .str();
}

/// The declaration that says on which processors the code runs.
static std::string requiredFeatures(StringRef name) {
  return formatv(R"(
/* What the processor must have, names in the manner of LLVM with spaces between them. */
extern const char {0}_required_features[];
)",
                 name)
      .str();
}

std::string quench::headerFor(const CompiledModel &model, StringRef name) {
  std::string declarations =
      formatv(R"(/* Tokens are in [0, {0}_vocab_size): {2}. */
extern const int64_t {0}_vocab_size;
/* Tokens that a sequence can have: {3}. */
extern const int64_t {0}_max_positions;
/* Size of the state of a sequence: {4}. Align it to 64 bytes; its contents need no initialization. */
extern const int64_t {0}_state_bytes;
{1}
/* Continues a sequence of `position` tokens, whose keys and values are in `state`, by `count` tokens, and writes the
   logits of the tokens with index `first` and later, (count - first) * {0}_vocab_size floats.
   Returns 0, or without having written anything 1: a token is outside the vocabulary, 2: the sequence becomes longer
   than {0}_max_positions, 3: `first` is greater than `count`, 4: the processor lacks one of {0}_required_features. */
int32_t {0}_run(const int32_t *tokens, int64_t count, int64_t position, int64_t first, void *state, float *logits);
)",
              name, requiredFeatures(name), model.vocabulary, model.capacity, model.stateBytes);
  return headerOf(name, "language model", declarations);
}

namespace {
/// The parts of `NAME_run` that come from one tensor.
struct WrapperParts {
  std::vector<std::string> parameters, words, comments;

  void add(const FunctionParameter &parameter, StringRef kind, size_t index);
};
} // namespace

void WrapperParts::add(const FunctionParameter &parameter, StringRef kind, size_t index) {
  std::string name = (kind + Twine(index)).str();
  StringRef element = parameter.kind == FunctionParameter::Kind::F32 ? "float" : "int32_t";
  parameters.push_back(((kind == "result" ? "" : "const ") + element + " *" + name).str());
  words.push_back("(int64_t)(intptr_t)" + name);
  comments.push_back(name + ": " + parameter.str());
  for (auto [axis, size] : enumerate(parameter.shape)) {
    if (mlir::ShapedType::isDynamic(size)) {
      std::string open = name + "_size" + std::to_string(axis);
      parameters.push_back("int64_t " + open);
      words.push_back(open);
    } else {
      words.push_back(std::to_string(size));
    }
  }
}

std::string quench::headerFor(const FunctionInterface &interface, StringRef name) {
  WrapperParts parts;
  for (auto [index, parameter] : enumerate(interface.arguments)) {
    parts.add(parameter, "argument", index);
  }
  for (auto [index, parameter] : enumerate(interface.results)) {
    parts.add(parameter, "result", index);
  }
  std::string declarations = formatv(R"({1}
/* Computes the results of the arguments. The words are those of the tensors in order, the address and all sizes of
   each. Returns 0, or N + 1 when result N does not have the open sizes that are given for it, or -1 when the processor
   lacks one of {0}_required_features; nothing is written then. */
int32_t {0}_call(const int64_t *words);

/* The same for tensors, row-major, of the shapes
   {2}
   with a parameter for each open size. */
static inline int32_t {0}_run({3}) {{
  const int64_t words[] = {{{4}};
  return {0}_call(words);
}
)",
                                     name, requiredFeatures(name), join(parts.comments, "\n   "),
                                     join(parts.parameters, ", "), join(parts.words, ", "));
  return headerOf(name, "function", declarations);
}
