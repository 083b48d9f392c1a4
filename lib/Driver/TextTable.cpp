//===- TextTable.cpp - Aligned tables for people --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/TextTable.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"

using namespace llvm;

namespace quench::driver {

TextTable::TextTable(ArrayRef<StringRef> titles) : hasTitles(!titles.empty()) {
  if (hasTitles) {
    addRow(std::vector<std::string>(titles.begin(), titles.end()));
  }
}

void TextTable::addRow(std::vector<std::string> cells) { rows.push_back(std::move(cells)); }

static bool isNumber(StringRef cell) {
  double value;
  return cell == "-" || !cell.getAsDouble(value);
}

void TextTable::print(raw_ostream &stream) const {
  std::vector<size_t> widths;
  std::vector<bool> right;
  for (const auto &[index, row] : llvm::enumerate(rows)) {
    for (const auto &[column, cell] : llvm::enumerate(row)) {
      if (column == widths.size()) {
        widths.push_back(0);
        right.push_back(true);
      }
      widths[column] = std::max(widths[column], cell.size());
      right[column] = right[column] && ((index == 0 && hasTitles) || isNumber(cell));
    }
  }
  for (const std::vector<std::string> &row : rows) {
    std::string line;
    for (const auto &[column, cell] : llvm::enumerate(row)) {
      std::string padding(widths[column] - cell.size(), ' ');
      line += (column ? "  " : "") + (right[column] ? padding + cell : cell + padding);
    }
    stream << StringRef(line).rtrim(' ') << '\n';
  }
}

std::string fixed(double value, unsigned digits) {
  std::string text;
  raw_string_ostream(text) << format("%.*f", digits, value);
  return text;
}

std::string shortest(double value) {
  std::string text;
  raw_string_ostream(text) << format("%g", value);
  return text;
}

std::string byteCount(uint64_t bytes) {
  if (bytes < 1000) {
    return std::to_string(bytes) + " bytes";
  }
  double value = bytes;
  const char *unit = "";
  for (const char *next : {"kB", "MB", "GB", "TB"}) {
    if (value < 999.95) {
      break;
    }
    value /= 1000;
    unit = next;
  }
  return fixed(value, 1) + " " + unit;
}

} // namespace quench::driver
