//===- SafetensorsFile.h - Reading safetensors ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A safetensors file is a 64-bit little-endian header size, a JSON header
//   {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …,
//    "__metadata__": {"key": "value", …}}
// and the data. Offsets count from the end of the header and cover the data
// without gap or overlap. The file is mapped, not read; everything is checked
// before anybody sees a tensor.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_SAFETENSORSFILE_H
#define QUENCH_WEIGHTSTORE_SAFETENSORSFILE_H

#include "quench/WeightStore/TensorView.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/FileSystem.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace quench {

/// An open, validated safetensors file.
class SafetensorsFile {
public:
  /// Largest header that is accepted, in bytes, as in the format's reference implementation.
  static constexpr uint64_t maxHeaderBytes = 100'000'000;

  /// Maps and validates a file. Errors read "FILE: expected …, found …" or, about one tensor,
  /// "FILE: tensor 'NAME': expected …, found …". The file must not be truncated by somebody else
  /// while it is open; our own writers replace files instead of changing them.
  static llvm::Expected<std::unique_ptr<SafetensorsFile>> open(llvm::StringRef path);

  SafetensorsFile(const SafetensorsFile &) = delete;
  SafetensorsFile &operator=(const SafetensorsFile &) = delete;

  /// The tensor called `name`, or null.
  const TensorView *lookup(llvm::StringRef name) const;

  /// All tensors in the order of the header.
  llvm::ArrayRef<TensorView> tensors() const { return views; }

  /// The texts of "__metadata__".
  const std::map<std::string, std::string> &metadata() const { return texts; }

  /// The file as the caller named it.
  llvm::StringRef path() const { return filePath; }

private:
  SafetensorsFile() = default;

  std::string filePath;
  llvm::sys::fs::mapped_file_region region;
  std::vector<TensorView> views;
  llvm::StringMap<size_t> indexOf;
  std::map<std::string, std::string> texts;
};

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_SAFETENSORSFILE_H
