//===- GgufFile.h - Reading GGUF --------------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A GGUF file (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md) is, little endian:
//
//   "GGUF", u32 version, u64 number of tensors, u64 number of pairs
//   pairs: string key, u32 type, value      strings: u64 length, bytes
//   tensors: string name, u32 rank, u64 sizes (innermost first), u32 type, u64 offset
//   padding to a multiple of `general.alignment` (32), data
//
// Offsets count from the start of the data and are multiples of the alignment. The file is mapped,
// not read; everything is checked before anybody sees a tensor.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GGUF_GGUFFILE_H
#define QUENCH_GGUF_GGUFFILE_H

#include "quench/Gguf/GgufFormat.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// A value of the metadata.
struct GgufValue {
  enum class Kind : uint8_t { Integer, Number, Boolean, String, Array };

  Kind kind = Kind::Integer;
  /// Of integers: the value, and whether it is above the largest int64_t, which no use here has.
  int64_t integer = 0;
  bool isHuge = false;
  double number = 0;
  bool boolean = false;
  std::string text;
  /// Of arrays: how many elements; they are checked and not kept.
  uint64_t count = 0;

  /// As messages show it: "32", "\"llama\"", "an array of 3".
  std::string str() const;
};

/// A tensor whose bytes belong to an open file.
struct GgufTensor {
  std::string name;
  GgufType type = GgufType::F32;
  /// Outermost first, as everywhere in Quench: the file has them the other way round.
  llvm::SmallVector<int64_t> shape;
  /// Exactly `ggufBytes(type, shape)` bytes.
  llvm::ArrayRef<uint8_t> bytes;
};

/// An open, validated GGUF file.
class GgufFile {
public:
  /// Maps and validates a file of version 2 or 3. Errors read "FILE: expected …, found …", with
  /// "key 'KEY': " or "tensor 'NAME': " before what they are about. The file must not be truncated
  /// by somebody else while it is open.
  static llvm::Expected<std::unique_ptr<GgufFile>> open(llvm::StringRef path);

  GgufFile(const GgufFile &) = delete;
  GgufFile &operator=(const GgufFile &) = delete;

  /// The tensor called `name`, or null.
  const GgufTensor *lookup(llvm::StringRef name) const;
  /// All tensors in the order of the file.
  llvm::ArrayRef<GgufTensor> tensors() const { return views; }

  const std::map<std::string, GgufValue> &metadata() const { return values; }
  /// The value of a key, or null.
  const GgufValue *find(llvm::StringRef key) const;

  /// The file as the caller named it.
  llvm::StringRef path() const { return filePath; }

private:
  friend class GgufParser;
  GgufFile() = default;

  std::string filePath;
  llvm::sys::fs::mapped_file_region region;
  std::vector<GgufTensor> views;
  llvm::StringMap<size_t> indexOf;
  std::map<std::string, GgufValue> values;
};

} // namespace quench

#endif // QUENCH_GGUF_GGUFFILE_H
