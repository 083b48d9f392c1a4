//===- JsonFile.h - Reading JSON files that may be hostile ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `llvm::json::parse` recurses without a limit, so a file of a million brackets
// ends the process, and keeps one of two equal keys without a word. Files that
// come from outside are checked for both before it sees them.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_JSONFILE_H
#define QUENCH_SUPPORT_JSONFILE_H

#include "quench/Support/JsonCursor.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <optional>

namespace quench {

/// Parses `text`. Errors are prefixed with `file`, the name the user knows the text by: not UTF-8,
/// not JSON (with line and column), nested deeper than `maxJsonDepth`, or a key that occurs twice
/// in one object.
llvm::Expected<llvm::json::Value> parseJson(llvm::StringRef text, llvm::StringRef file);

/// Reads and parses a JSON file of at most `maxBytes` bytes.
llvm::Expected<llvm::json::Value> readJsonFile(llvm::StringRef path,
                                               uint64_t maxBytes = uint64_t(100) << 20);

/// The integer that a number of at most 2^63 - 1024 is. `llvm::json::Value::getAsInteger` of LLVM
/// 22 also converts the float 2^63, which no `int64_t` is.
std::optional<int64_t> integerOf(const llvm::json::Value &value);

} // namespace quench

#endif // QUENCH_SUPPORT_JSONFILE_H
