//===- PackedRows.h - Rows of codes as rows of bytes ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What `quench.pack_rows` describes, as arithmetic: where in the bytes of a row its scales, codes
// and zero points are. The op, the pass that uses it and the kernels must agree on it.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DIALECT_QUENCH_IR_PACKEDROWS_H
#define QUENCH_DIALECT_QUENCH_IR_PACKEDROWS_H

#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include <optional>
#include <string>

namespace quench {

struct PackedRows {
  /// Some bits of every code: `(code >> shift) & (2^width - 1)`. Element e has them in byte
  /// `e % bytes` of the plane, from bit `e / bytes * width` on.
  struct Plane {
    int64_t width, shift;
    /// Of the first byte in the row, and how many there are.
    int64_t offset, bytes;

    int64_t slots(int64_t elements) const { return llvm::divideCeil(elements, bytes); }
  };

  /// Elements of a row, and how many of them share a scale; the last group may be shorter.
  int64_t elements, group;
  /// What codes are stored relative to.
  int64_t codeMin;
  /// Bits of a code.
  int64_t bits;
  llvm::SmallVector<Plane> planes;
  /// Where the zero points begin, one byte for each group; 0 if there are none.
  int64_t zeroPoints = 0;
  int64_t bytes = 0;

  /// The layout for kernels with vectors of `lanes`. Nothing if no layout is known: for codes that
  /// are not integers of at most eight bits, scales that are not f32, real zero points, and blocks
  /// of several rows.
  static std::optional<PackedRows> get(SchemeAttr scheme, int64_t elements, int64_t lanes);

  int64_t numGroups() const { return llvm::divideCeil(elements, group); }
  /// For the names of kernels: different layouts for the same lanes have different names.
  std::string name() const;
};

} // namespace quench

#endif // QUENCH_DIALECT_QUENCH_IR_PACKEDROWS_H
