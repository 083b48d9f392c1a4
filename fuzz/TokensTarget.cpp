//===- TokensTarget.cpp - Files of tokens -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The first byte chooses among the formats.
//
//===----------------------------------------------------------------------===//

#include "FuzzTarget.h"
#include "InputFile.h"

#include "quench/Workflow/TokenFile.h"

#include <algorithm>

using namespace llvm;
using namespace quench;
using namespace quench::workflow;

void fuzz::fuzzTokens(StringRef bytes) {
  static constexpr int64_t kVocabulary = 1000;
  static constexpr StringLiteral kExtensions[] = {"npy", "bin", "u16"};
  if (bytes.empty()) {
    return;
  }
  consumeError(parseTokenList(bytes, kVocabulary).takeError());
  InputFile input(bytes.drop_front(),
                  kExtensions[static_cast<uint8_t>(bytes[0]) % std::size(kExtensions)]);
  Expected<TokenFile> file = TokenFile::open(input.path());
  if (!file) {
    consumeError(file.takeError());
    return;
  }
  // One more than there is must be refused as well.
  uint64_t size = file->size();
  for (uint64_t count : {size, size + 1}) {
    Expected<std::vector<int32_t>> tokens = file->read(0, count, kVocabulary);
    if (!tokens) {
      consumeError(tokens.takeError());
    } else if (count > size ||
               any_of(*tokens, [](int32_t token) { return token < 0 || token >= kVocabulary; })) {
      finding("a file has tokens that it cannot have", Twine(size).str());
    }
  }
}
