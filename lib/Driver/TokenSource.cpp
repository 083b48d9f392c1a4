//===- TokenSource.cpp - Tokens given on the command line ------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/TokenSource.h"

#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/TokenFile.h"

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

Expected<std::vector<int32_t>> TokenSource::read(int64_t vocabSize, int64_t maxTokens,
                                                 Names names) const {
  unsigned given = !text.empty() + !list.empty() + !file.empty();
  if (given != 1) {
    std::string choices = names.text.empty() ? "" : "'" + names.text.str() + "', ";
    return createStringError("expected one of the options " + choices + "'" + names.list +
                             "' and '" + names.file + "', found " +
                             (given ? Twine(given) : Twine("none")));
  }
  std::vector<int32_t> tokens;
  if (!text.empty()) {
    if (vocabSize != byteVocabSize) {
      return createStringError("option '" + names.text + "': expected a model over bytes, found " +
                               Twine(vocabSize) + " tokens in the vocabulary; give ids by '" +
                               names.list + "' or '" + names.file + "'");
    }
    for (unsigned char byte : text) {
      tokens.push_back(byte);
    }
  } else if (!list.empty()) {
    Expected<std::vector<int32_t>> parsed = parseTokenList(list, vocabSize);
    if (!parsed) {
      return inContext("option '" + names.list + "'", parsed.takeError());
    }
    tokens = std::move(*parsed);
  } else {
    Expected<TokenFile> opened = TokenFile::open(file);
    if (!opened) {
      return opened.takeError();
    }
    // One more than allowed is enough to know that there are too many.
    uint64_t count = std::min<uint64_t>(opened->size(), maxTokens + 1);
    Expected<std::vector<int32_t>> contents = opened->read(0, count, vocabSize);
    if (!contents) {
      return contents.takeError();
    }
    if (contents->empty()) {
      return createStringError(file + ": expected at least one token, found none");
    }
    tokens = std::move(*contents);
  }
  if (tokens.size() > static_cast<uint64_t>(maxTokens)) {
    return createStringError("expected at most " + Twine(maxTokens) +
                             " tokens, which is what the model has positions for, found " +
                             (file.empty() ? Twine(tokens.size()) : Twine("more in ") + file));
  }
  return tokens;
}

} // namespace quench::driver
