//===- JsonFile.cpp - Reading JSON files that may be hostile --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/JsonFile.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;

namespace quench {

Expected<json::Value> parseJson(StringRef text, StringRef file) {
  JsonCursor cursor(text, file.str());
  if (Error failure = cursor.checkUtf8()) {
    return std::move(failure);
  }
  if (Error failure = cursor.skipValue()) {
    return std::move(failure);
  }
  if (Error failure = cursor.finish()) {
    return std::move(failure);
  }
  Expected<json::Value> value = json::parse(text);
  if (!value) {
    return createStringError(file + ": " + toString(value.takeError()));
  }
  return value;
}

Expected<json::Value> readJsonFile(StringRef path, uint64_t maxBytes) {
  sys::fs::file_status status;
  if (std::error_code code = sys::fs::status(path, status)) {
    return createStringError(path + ": cannot open: " + code.message());
  }
  if (status.type() != sys::fs::file_type::regular_file) {
    return createStringError(path + ": expected a file, found " +
                             (sys::fs::is_directory(status) ? "a folder" : "a device"));
  }
  if (status.getSize() > maxBytes) {
    return createStringError(path + ": expected at most " + Twine(maxBytes) + " bytes, found " +
                             Twine(status.getSize()));
  }
  ErrorOr<std::unique_ptr<MemoryBuffer>> buffer = MemoryBuffer::getFile(path);
  if (std::error_code code = buffer.getError()) {
    return createStringError(path + ": cannot read: " + code.message());
  }
  return parseJson((*buffer)->getBuffer(), path);
}

std::optional<int64_t> integerOf(const json::Value &value) {
  std::optional<double> number = value.getAsNumber();
  return number && *number < 0x1p63 ? value.getAsInteger() : std::nullopt;
}

} // namespace quench
