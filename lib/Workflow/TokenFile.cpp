//===- TokenFile.cpp - Files of tokens ------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/TokenFile.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace llvm;

namespace quench::workflow {

template <typename T> static __int128 loadAs(const char *place) {
  T value;
  std::memcpy(&value, place, sizeof(T));
  return value;
}

/// The value of one stored token, in a type that holds all of them.
static __int128 loadToken(const char *place, const TokenLayout &layout) {
  switch (layout.width) {
  case 1:
    return layout.isSigned ? loadAs<int8_t>(place) : loadAs<uint8_t>(place);
  case 2:
    return layout.isSigned ? loadAs<int16_t>(place) : loadAs<uint16_t>(place);
  case 4:
    return layout.isSigned ? loadAs<int32_t>(place) : loadAs<uint32_t>(place);
  default:
    return layout.isSigned ? loadAs<int64_t>(place) : loadAs<uint64_t>(place);
  }
}

static std::string toText(__int128 value) {
  // Every stored token fits in 64 bits with or without sign.
  return value < 0 ? std::to_string(static_cast<int64_t>(value))
                   : std::to_string(static_cast<uint64_t>(value));
}

Expected<TokenFile> TokenFile::open(StringRef path) {
  StringRef extension = sys::path::extension(path);
  if (extension != ".bin" && extension != ".u16" && extension != ".npy") {
    return createStringError(path + ": expected a file of tokens (.bin, .u16 or .npy), found '" +
                             extension + "'");
  }
  if (sys::fs::is_directory(path)) {
    return createStringError(path + ": expected a file of tokens, found a folder");
  }
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer =
      MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer) {
    return createStringError(path + ": cannot read: " + buffer.getError().message());
  }
  TokenFile file;
  file.filePath = path.str();
  file.buffer = std::move(*buffer);
  StringRef bytes = file.buffer->getBuffer();
  if (extension == ".npy") {
    Expected<TokenLayout> layout = parseNpyHeader(bytes, path);
    if (!layout) {
      return layout.takeError();
    }
    file.layout = *layout;
  } else {
    file.layout.width = extension == ".u16" ? 2 : 1;
    if (bytes.size() % file.layout.width != 0) {
      return createStringError(path + ": expected two bytes a token, found " + Twine(bytes.size()) +
                               " bytes");
    }
    file.layout.count = bytes.size() / file.layout.width;
  }
  return file;
}

Expected<std::vector<int32_t>> TokenFile::read(uint64_t first, uint64_t count,
                                               int64_t vocabSize) const {
  if (first > size() || count > size() - first) {
    return createStringError(filePath + ": expected " + Twine(count) + " tokens from token " +
                             Twine(first) + ", found " + Twine(size()) + " in the file");
  }
  std::vector<int32_t> tokens(count);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t offset = layout.begin + (first + i) * layout.width;
    __int128 value = loadToken(buffer->getBufferStart() + offset, layout);
    if (value < 0 || value >= vocabSize || value > INT32_MAX) {
      return createStringError(filePath + ": token " + Twine(first + i) + " (byte " +
                               Twine(offset) + "): expected an id from 0 to " +
                               Twine(vocabSize - 1) + ", found " + toText(value));
    }
    tokens[i] = static_cast<int32_t>(value);
  }
  return tokens;
}

Expected<std::vector<int32_t>> parseTokenList(StringRef text, int64_t vocabSize) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  std::vector<int32_t> tokens;
  for (StringRef part : parts) {
    int32_t token;
    if (part.trim().getAsInteger(10, token) || token < 0 || token >= vocabSize) {
      return createStringError("token " + Twine(tokens.size()) + ": expected an id from 0 to " +
                               Twine(vocabSize - 1) + ", found '" + part + "'");
    }
    tokens.push_back(token);
  }
  return tokens;
}

} // namespace quench::workflow
