//===- TextTable.h - Aligned tables for people ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_TEXTTABLE_H
#define QUENCH_DRIVER_TEXTTABLE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench::driver {

/// Rows of cells in columns as wide as their widest cell (in bytes), two spaces apart. Cells that
/// read as numbers, and everything above them, stand on the right.
class TextTable {
public:
  /// Starts with a row of titles; none makes a table without titles.
  explicit TextTable(llvm::ArrayRef<llvm::StringRef> titles = {});

  void addRow(std::vector<std::string> cells);
  void print(llvm::raw_ostream &stream) const;

private:
  std::vector<std::vector<std::string>> rows;
  bool hasTitles;
};

/// A number with as many digits after the point.
std::string fixed(double value, unsigned digits);

/// A number with six significant digits and no trailing zeros: "448", "1.70141e+38".
std::string shortest(double value);

/// A number of bytes as people say it: "512 bytes", "13.1 MB" (powers of 1000).
std::string byteCount(uint64_t bytes);

} // namespace quench::driver

#endif // QUENCH_DRIVER_TEXTTABLE_H
