//===- PackedRows.cpp - Rows of codes as rows of bytes --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/PackedRows.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench;

std::optional<PackedRows> PackedRows::get(SchemeAttr scheme, int64_t elements, int64_t lanes) {
  if (!scheme.isInteger() || scheme.getCodeMax() - scheme.getCodeMin() >= 256 ||
      !scheme.hasPlainParameters() || !scheme.getScaleType().isF32() || scheme.getBlock().empty() ||
      llvm::any_of(scheme.getBlock().drop_back(), [](int64_t size) { return size != 1; })) {
    return std::nullopt;
  }
  SmallVector<int64_t> rows(scheme.getBlock().size(), 1);
  rows.back() = elements;
  PackedRows result{elements, scheme.getBlockShape(rows).back(), scheme.getCodeMin(), 0, {}};
  result.bits = llvm::Log2_64_Ceil(scheme.getCodeMax() - scheme.getCodeMin() + 1);
  int64_t offset = 4 * result.numGroups();
  int64_t rest = result.bits;
  for (int64_t width : {8, 4, 2, 1}) {
    if (rest < width) {
      continue;
    }
    rest -= width;
    // A vector of codes is in consecutive bytes, or all of the plane is, several times.
    int64_t bytes = llvm::divideCeil(elements * width, 8);
    if (elements % lanes != 0 || lanes % bytes != 0) {
      bytes = llvm::alignTo(bytes, lanes);
    }
    result.planes.push_back({width, rest, offset, bytes});
    offset += bytes;
  }
  if (scheme.hasZeroPoints()) {
    result.zeroPoints = offset;
    offset += result.numGroups();
  }
  result.bytes = llvm::alignTo(offset, 4);
  return result;
}

std::string PackedRows::name() const {
  std::string text;
  llvm::raw_string_ostream(text) << "b" << bits << "_g" << group
                                 << (zeroPoints != 0 ? "_z"
                                     : codeMin < 0   ? "_m"
                                                     : "_")
                                 << (zeroPoints != 0 ? 0 : std::abs(codeMin));
  return text;
}
