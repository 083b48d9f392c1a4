//===- SafetensorsWriter.h - Writing safetensors ----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Declare all tensors, then hand over their data piece by piece: a model passes
// through without ever being in memory. Same calls, same bytes: the header lists
// metadata in the order of its keys and tensors in the order of declaration, and
// is padded with spaces so that data starts at a multiple of 8.
//
// The format allows no gaps between tensors, so the data is laid out by natural
// alignment, widest first, and by declaration among equals: every tensor starts
// at a multiple of its element size, whatever was declared in between.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_SAFETENSORSWRITER_H
#define QUENCH_WEIGHTSTORE_SAFETENSORSWRITER_H

#include "quench/Support/AtomicFile.h"
#include "quench/WeightStore/TensorView.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// A safetensors file being written. Nothing appears under its name before `commit`, and nothing is
/// left behind when it is destroyed without. Errors read as those of `SafetensorsFile`.
class SafetensorsWriter {
public:
  /// Starts a file; see `AtomicFile::create` for what can go wrong.
  static llvm::Expected<std::unique_ptr<SafetensorsWriter>> create(llvm::StringRef path);

  /// Declares a tensor. Errors: a name that is declared already, is "__metadata__" or not UTF-8; a
  /// shape whose size overflows or does not fill whole bytes; data was written already.
  llvm::Error declare(llvm::StringRef name, ElementKind kind, llvm::ArrayRef<int64_t> shape);

  /// Sets a text of "__metadata__". Errors: not UTF-8; data was written already.
  llvm::Error setMetadata(llvm::StringRef key, llvm::StringRef value);

  /// Appends `bytes` to the data of `name`, in pieces of any size. Tensors may be written in any
  /// order. Errors: unknown name; more bytes than declared; disk full.
  llvm::Error write(llvm::StringRef name, llvm::ArrayRef<uint8_t> bytes);

  /// `write` for elements in memory; the machine is little endian.
  template <typename T> llvm::Error writeElements(llvm::StringRef name, llvm::ArrayRef<T> values) {
    static_assert(std::is_trivially_copyable_v<T>);
    return write(name, llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(values.data()),
                                               values.size() * sizeof(T)));
  }

  /// Checks that every declared byte was written and makes the file appear.
  llvm::Error commit();

private:
  struct Entry {
    std::string name;
    ElementKind kind;
    llvm::SmallVector<int64_t> shape;
    uint64_t bytes;
    /// From the start of the data; set by `layOut`.
    uint64_t begin = 0;
    uint64_t written = 0;
  };

  explicit SafetensorsWriter(std::unique_ptr<AtomicFile> file);

  llvm::Error tensorError(llvm::StringRef name, const llvm::Twine &message) const;

  /// Fixes offsets and writes the header; the first `write` or `commit` calls it.
  llvm::Error layOut();

  std::unique_ptr<AtomicFile> file;
  std::vector<Entry> entries;
  llvm::StringMap<size_t> indexOf;
  std::map<std::string, std::string> metadata;
  /// Where the data starts in the file; 0 until `layOut`.
  uint64_t dataStart = 0;
};

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_SAFETENSORSWRITER_H
