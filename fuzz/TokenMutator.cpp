//===- TokenMutator.cpp - Mutations of text -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TokenMutator.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringRef.h"

#include <cstring>
#include <random>
#include <string>
#include <vector>

using namespace llvm;

using Parts = std::vector<std::string>;

/// Words with what belongs to names, single other characters, and spaces together.
static Parts splitTokens(StringRef text) {
  Parts tokens;
  while (!text.empty()) {
    auto isWord = [](char c) { return isAlnum(c) || c == '_' || c == '.' || c == '-'; };
    StringRef token = isWord(text[0])    ? text.take_while(isWord)
                      : isSpace(text[0]) ? text.take_while([](char c) { return isSpace(c); })
                                         : text.take_front(1);
    tokens.push_back(token.str());
    text = text.drop_front(token.size());
  }
  return tokens;
}

static Parts splitLines(StringRef text) {
  Parts lines;
  while (!text.empty()) {
    StringRef line = text.take_front(std::min(text.size(), text.find('\n') + 1));
    line = line.empty() ? text : line;
    lines.push_back(line.str());
    text = text.drop_front(line.size());
  }
  return lines;
}

namespace {
/// One random change of a list of tokens or of lines.
class PartMutator {
public:
  PartMutator(Parts &parts, std::minstd_rand &random) : parts(parts), random(random) {}

  void mutate(bool isTokens) {
    switch (random() % (isTokens ? 5 : 4)) {
    case 0:
      return erase();
    case 1:
      return copy();
    case 2:
      return std::swap(parts[pick()], parts[pick()]);
    case 3:
      parts[pick()] = parts[pick()];
      return;
    default:
      return changeNumber();
    }
  }

private:
  size_t pick() { return random() % parts.size(); }
  /// The end of a short run from `begin`.
  size_t endOfRun(size_t begin) { return std::min<size_t>(parts.size(), begin + 1 + random() % 8); }

  void erase() {
    size_t begin = pick();
    parts.erase(parts.begin() + begin, parts.begin() + endOfRun(begin));
  }

  void copy() {
    size_t begin = pick();
    Parts run(parts.begin() + begin, parts.begin() + endOfRun(begin));
    parts.insert(parts.begin() + pick(), run.begin(), run.end());
  }

  void changeNumber() {
    static constexpr const char *kNumbers[] = {"0",
                                               "1",
                                               "-1",
                                               "2",
                                               "3",
                                               "7",
                                               "8",
                                               "16",
                                               "31",
                                               "32",
                                               "64",
                                               "127",
                                               "-128",
                                               "255",
                                               "256",
                                               "65535",
                                               "2147483647",
                                               "4294967296",
                                               "9223372036854775807",
                                               "-9223372036854775808",
                                               "1e400",
                                               "0.0",
                                               "-0.0",
                                               "0x7FC00000",
                                               "0x7F800000",
                                               "1.0e-45",
                                               "?",
                                               "true",
                                               "false"};
    std::vector<size_t> numbers;
    for (size_t i = 0; i < parts.size(); ++i) {
      if (isDigit(parts[i].back())) {
        numbers.push_back(i);
      }
    }
    if (!numbers.empty()) {
      parts[numbers[random() % numbers.size()]] = kNumbers[random() % std::size(kNumbers)];
    }
  }

  Parts &parts;
  std::minstd_rand &random;
};
} // namespace

size_t quench::fuzz::mutateTokens(uint8_t *data, size_t size, size_t maxSize, unsigned seed) {
  std::minstd_rand random(seed);
  unsigned kind = random() % 4;
  StringRef text(reinterpret_cast<const char *>(data), size);
  if (kind == 0 || text.empty()) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  Parts parts = kind == 1 ? splitLines(text) : splitTokens(text);
  for (unsigned change = 0, count = 1 + random() % 3; change < count && !parts.empty(); ++change) {
    PartMutator(parts, random).mutate(/*isTokens=*/kind != 1);
  }
  std::string result;
  for (const std::string &part : parts) {
    result += part;
  }
  if (result.empty() || result.size() > maxSize || result == text) {
    return LLVMFuzzerMutate(data, size, maxSize);
  }
  std::memcpy(data, result.data(), result.size());
  return result.size();
}
