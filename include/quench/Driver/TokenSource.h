//===- TokenSource.h - Tokens given on the command line -*- C++ -* -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_TOKENSOURCE_H
#define QUENCH_DRIVER_TOKENSOURCE_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench::driver {

/// The tokens that a sequence starts with, given in one of three ways; the others are empty.
struct TokenSource {
  /// Text for a model over bytes, one token each.
  std::string text;
  /// "1,2,3".
  std::string list;
  /// A file of tokens; see TokenFile.h.
  std::string file;

  /// The tokens, at least one and at most `maxTokens`. `textOption` and so on name the options in
  /// messages; an empty name means that there is no such option.
  struct Names {
    llvm::StringRef text, list, file;
  };
  llvm::Expected<std::vector<int32_t>> read(int64_t vocabSize, int64_t maxTokens,
                                            Names names) const;
};

/// The vocabulary of models over bytes.
inline constexpr int64_t byteVocabSize = 256;

} // namespace quench::driver

#endif // QUENCH_DRIVER_TOKENSOURCE_H
