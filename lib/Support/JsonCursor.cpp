//===- JsonCursor.cpp - Reading JSON without building a tree --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The grammar of RFC 8259, one function for each production. Nesting is kept in
// an explicit stack by `skipValue` and by the caller everywhere else.
//
//===----------------------------------------------------------------------===//

#include "quench/Support/JsonCursor.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/ConvertUTF.h"
#include "llvm/Support/JSON.h"

#include <vector>

using namespace llvm;

namespace quench {

Error JsonCursor::errorAt(size_t offset, const Twine &message) const {
  StringRef before = text.take_front(offset);
  size_t line = before.count('\n') + 1;
  size_t lastBreak = before.rfind('\n');
  size_t column = lastBreak == StringRef::npos ? offset + 1 : offset - lastBreak;
  return createStringError(Twine(place) + ": line " + Twine(line) + ", column " + Twine(column) +
                           ": " + message);
}

std::string JsonCursor::found() const {
  if (atEnd()) {
    return "the end";
  }
  unsigned char c = text[position];
  if (c < 0x20 || c == 0x7f) {
    return "byte 0x" + utohexstr(c, /*LowerCase=*/true, /*Width=*/2);
  }
  if (c == '"') {
    return "a string";
  }
  size_t length = 1;
  while (c >= 0x80 && position + length < text.size() &&
         (static_cast<unsigned char>(text[position + length]) & 0xc0) == 0x80) {
    ++length;
  }
  return ("'" + text.substr(position, length) + "'").str();
}

Error JsonCursor::checkUtf8() {
  size_t offset = 0;
  if (json::isUTF8(text, &offset)) {
    return Error::success();
  }
  return errorAt(offset, "expected UTF-8, found byte 0x" +
                             utohexstr(static_cast<unsigned char>(text[offset]), true, 2));
}

void JsonCursor::skipSpace() {
  position = std::min(text.find_first_not_of(" \t\r\n", position), text.size());
}

Error JsonCursor::expect(char symbol) {
  skipSpace();
  if (atEnd() || text[position] != symbol) {
    return error("expected '" + Twine(symbol) + "', found " + found());
  }
  ++position;
  return Error::success();
}

Error JsonCursor::beginObject() {
  fresh = true;
  return expect('{');
}

Error JsonCursor::beginArray() {
  fresh = true;
  return expect('[');
}

Expected<bool> JsonCursor::nextMember(char close) {
  skipSpace();
  bool first = fresh;
  fresh = false;
  if (!atEnd() && text[position] == close) {
    ++position;
    return false;
  }
  if (first) {
    return true;
  }
  if (atEnd() || text[position] != ',') {
    return error("expected ',' or '" + Twine(close) + "', found " + found());
  }
  ++position;
  return true;
}

Expected<bool> JsonCursor::nextElement() { return nextMember(']'); }

Expected<bool> JsonCursor::nextKey(std::string &key) {
  Expected<bool> more = nextMember('}');
  if (!more || !*more) {
    return more;
  }
  Expected<std::string> name = readString();
  if (!name) {
    return name.takeError();
  }
  key = std::move(*name);
  if (Error failure = expect(':')) {
    return std::move(failure);
  }
  return true;
}

Expected<unsigned> JsonCursor::readHex4() {
  unsigned value;
  StringRef digits = text.substr(position, 4);
  if (digits.size() != 4 || !all_of(digits, isHexDigit) || digits.getAsInteger(16, value)) {
    return error("expected four hexadecimal digits after \\u");
  }
  position += 4;
  return value;
}

/// Reads what follows a backslash.
Error JsonCursor::readEscape(std::string &value) {
  static constexpr StringRef symbols = "\"\\/bfnrt";
  static constexpr StringRef meanings = "\"\\/\b\f\n\r\t";
  char symbol = atEnd() ? '\0' : text[position];
  if (size_t index = symbols.find(symbol); index != StringRef::npos) {
    value += meanings[index];
    ++position;
    return Error::success();
  }
  if (symbol != 'u') {
    return error("expected an escape sequence, found " + found());
  }
  size_t start = position++ - 1;
  Expected<unsigned> code = readHex4();
  if (!code) {
    return code.takeError();
  }
  unsigned point = *code;
  if (point >= 0xd800 && point < 0xdc00 && text.substr(position).consume_front("\\u")) {
    position += 2;
    Expected<unsigned> low = readHex4();
    if (!low) {
      return low.takeError();
    }
    if (*low >= 0xdc00 && *low < 0xe000) {
      point = 0x10000 + ((point - 0xd800) << 10) + (*low - 0xdc00);
    }
  }
  char utf8[4];
  char *end = utf8;
  if (!ConvertCodePointToUTF8(point, end)) {
    return errorAt(start, "expected a Unicode character, found half of a surrogate pair");
  }
  value.append(utf8, end);
  return Error::success();
}

Expected<std::string> JsonCursor::readString() {
  fresh = false;
  skipSpace();
  if (atEnd() || text[position] != '"') {
    return error("expected a string, found " + found());
  }
  ++position;
  std::string value;
  while (true) {
    size_t start = position;
    while (!atEnd() && text[position] != '"' && text[position] != '\\' &&
           static_cast<unsigned char>(text[position]) >= 0x20) {
      ++position;
    }
    value += text.slice(start, position);
    if (atEnd() || static_cast<unsigned char>(text[position]) < 0x20) {
      return error("expected '\"' at the end of a string, found " + found());
    }
    if (text[position++] == '"') {
      return value;
    }
    if (Error failure = readEscape(value)) {
      return std::move(failure);
    }
  }
}

/// Passes over -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][+-]?[0-9]+)?
Error JsonCursor::skipNumber() {
  auto accept = [&](StringRef symbols) {
    bool accepted = !atEnd() && symbols.contains(text[position]);
    position += accepted;
    return accepted;
  };
  auto digits = [&]() -> Error {
    if (atEnd() || !isDigit(text[position])) {
      return error("expected a digit, found " + found());
    }
    position = std::min(text.find_first_not_of("0123456789", position), text.size());
    return Error::success();
  };
  accept("-");
  if (!accept("0")) {
    if (Error failure = digits()) {
      return failure;
    }
  }
  if (accept(".")) {
    if (Error failure = digits()) {
      return failure;
    }
  }
  if (accept("eE")) {
    accept("+-");
    return digits();
  }
  return Error::success();
}

Expected<int64_t> JsonCursor::readInteger() {
  fresh = false;
  skipSpace();
  size_t start = position;
  if (atEnd() || (text[position] != '-' && !isDigit(text[position]))) {
    return error("expected an integer, found " + found());
  }
  if (Error failure = skipNumber()) {
    return std::move(failure);
  }
  StringRef number = text.slice(start, position);
  int64_t value;
  if (number.find_first_of(".eE") != StringRef::npos || number.getAsInteger(10, value)) {
    return errorAt(start, "expected an integer of 64 bits, found " + number.take_front(64));
  }
  return value;
}

Error JsonCursor::skipScalar() {
  skipSpace();
  if (!atEnd() && text[position] == '"') {
    return readString().takeError();
  }
  for (StringRef word : {"true", "false", "null"}) {
    if (text.substr(position).starts_with(word)) {
      position += word.size();
      return Error::success();
    }
  }
  if (!atEnd() && (text[position] == '-' || isDigit(text[position]))) {
    return skipNumber();
  }
  return error("expected a value, found " + found());
}

Error JsonCursor::skipValue() {
  struct Level {
    bool object;
    StringSet<> keys;
  };
  std::vector<Level> levels;
  do {
    // Here a value begins.
    fresh = false;
    skipSpace();
    char symbol = atEnd() ? '\0' : text[position];
    if (symbol == '{' || symbol == '[') {
      if (levels.size() == maxJsonDepth) {
        return error("expected at most " + Twine(maxJsonDepth) + " levels of nesting");
      }
      ++position;
      levels.push_back({symbol == '{', {}});
      fresh = true;
    } else if (Error failure = skipScalar()) {
      return failure;
    }
    // Close what ends here, up to where the next value begins.
    while (!levels.empty()) {
      std::string key;
      bool object = levels.back().object;
      skipSpace();
      Expected<bool> more = object ? nextKey(key) : nextElement();
      if (!more) {
        return more.takeError();
      }
      if (*more) {
        if (object && !levels.back().keys.insert(key).second) {
          return error("expected each key once, found '" + key + "' again");
        }
        break;
      }
      levels.pop_back();
    }
  } while (!levels.empty());
  return Error::success();
}

Error JsonCursor::finish() {
  skipSpace();
  return atEnd() ? Error::success() : error("expected the end, found " + found());
}

} // namespace quench
