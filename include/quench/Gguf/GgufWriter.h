//===- GgufWriter.h - Writing GGUF ------------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GGUF_GGUFWRITER_H
#define QUENCH_GGUF_GGUFWRITER_H

#include "quench/Gguf/GgufFormat.h"
#include "quench/Support/AtomicFile.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>
#include <vector>

namespace quench {

/// A GGUF file of version 3 being written: metadata, then declarations, then the data of all
/// tensors in the order of their declaration. Nothing appears under its name before `commit`. Same
/// calls, same bytes.
class GgufWriter {
public:
  /// Starts a file; see `AtomicFile::create` for what can go wrong.
  static llvm::Expected<std::unique_ptr<GgufWriter>> create(llvm::StringRef path);

  /// Pairs of the metadata, in the order of the calls; each key once.
  void setInteger(llvm::StringRef key, uint32_t value);
  void setNumber(llvm::StringRef key, float value);
  void setSwitch(llvm::StringRef key, bool value);
  void setText(llvm::StringRef key, llvm::StringRef value);
  void setTexts(llvm::StringRef key, llvm::ArrayRef<std::string> values);
  void setNumbers(llvm::StringRef key, llvm::ArrayRef<float> values);
  void setIntegers(llvm::StringRef key, llvm::ArrayRef<int32_t> values);

  /// Declares a tensor, shape outermost first. Errors: a name of more than 63 bytes, which
  /// llama.cpp refuses; a shape that the type does not have; more than four axes.
  llvm::Error declare(llvm::StringRef name, GgufType type, llvm::ArrayRef<int64_t> shape);

  /// The data of the next tensor, all at once. Errors: other than the declared size; disk full.
  llvm::Error write(llvm::ArrayRef<uint8_t> bytes);

  /// Checks that the data of all tensors was written and makes the file appear.
  llvm::Error commit();

private:
  struct Entry {
    std::string name;
    uint64_t bytes;
  };

  explicit GgufWriter(std::unique_ptr<AtomicFile> file) : file(std::move(file)) {}

  void startPair(llvm::StringRef key, uint32_t type);
  llvm::Error writeHeader();

  std::unique_ptr<AtomicFile> file;
  /// Encoded pairs and declarations.
  std::string pairs, declarations;
  uint64_t numPairs = 0, dataBytes = 0;
  std::vector<Entry> entries;
  size_t next = 0;
  bool started = false;
};

} // namespace quench

#endif // QUENCH_GGUF_GGUFWRITER_H
