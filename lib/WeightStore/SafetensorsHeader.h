//===- SafetensorsHeader.h - The header of a safetensors file ---*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From JSON text to entries that are known to fit the data. Private to the
// library.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_WEIGHTSTORE_SAFETENSORSHEADER_H
#define QUENCH_LIB_WEIGHTSTORE_SAFETENSORSHEADER_H

#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <string>
#include <vector>

namespace quench {

struct SafetensorsHeader {
  struct Entry {
    std::string name;
    ElementKind kind;
    llvm::SmallVector<int64_t> shape;
    /// Bytes [begin, end) of the data.
    int64_t begin;
    int64_t end;
  };

  /// In the order of the text.
  std::vector<Entry> entries;
  std::map<std::string, std::string> metadata;
};

/// Parses the JSON text of a header and checks that every entry has as many bytes as its shape says
/// and that entries cover `dataBytes` bytes of data without gap or overlap. Errors begin with
/// `file`.
llvm::Expected<SafetensorsHeader> parseSafetensorsHeader(llvm::StringRef text, llvm::StringRef file,
                                                         int64_t dataBytes);

} // namespace quench

#endif // QUENCH_LIB_WEIGHTSTORE_SAFETENSORSHEADER_H
