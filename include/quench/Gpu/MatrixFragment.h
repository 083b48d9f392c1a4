//===- MatrixFragment.h - Instructions that multiply matrices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An instruction multiplies a tile of 16 rows of a weight by one of `n` rows of activations, both
// in bytes or both in floats of 16 bits, and adds the products to a tile of sums in i32, or in f32
// if they are floats. All
// lanes of a wave have parts of the three tiles in registers. Which part is all that differs
// between machines:
//
//   lane   = group * FragmentOrder::rowStride + part * kStride
//   weight and activation: rows and words along K as `FragmentOrder` says, an activation's row
//   being
//            the group of the lane
//   sum r  : row and column are linear in group and part, plus what belongs to the register
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GPU_MATRIXFRAGMENT_H
#define QUENCH_GPU_MATRIXFRAGMENT_H

#include "quench/Codegen/PanelLayout.h"

#include "llvm/ADT/StringRef.h"

#include <vector>

namespace quench {

/// What both operands of an instruction are.
enum class MatrixElement { Byte, ByteFloat, BF16, F16 };

struct MatrixFragment {
  /// A coordinate of a sum.
  struct Coordinate {
    int64_t ofGroup;
    int64_t ofPart;
    std::vector<int64_t> ofRegister;

    int64_t at(int64_t group, int64_t part, int64_t sum) const {
      return group * ofGroup + part * ofPart + ofRegister[sum];
    }
  };

  /// As targets call it.
  llvm::StringRef instruction;
  llvm::StringRef intrinsic;
  /// Lanes of a wave.
  int64_t lanes;
  /// Rows of activations.
  int64_t n;
  FragmentOrder order;
  /// Of the weight's rows, and of the activations'.
  Coordinate row, column;
  MatrixElement element;
  /// Whether bytes of weights may be unsigned beside signed activations; else 128 is taken off.
  bool mixesSigns;
  /// Whether memory is copied to that of a group without passing through registers, and an
  /// instruction loads matrices from there.
  bool copiesAsynchronously;
  /// For a warpgroup, four waves that multiply four panels by 64 rows of activations, which its
  /// instruction reads from memory of the group: that instruction's shape and types. Registers of
  /// each wave are those of `intrinsic`, which multiplies few rows.
  llvm::StringRef warpgroup = {};

  bool hasWarpgroup() const { return !warpgroup.empty(); }
  /// Whether sums are floats.
  bool multipliesFloats() const { return element != MatrixElement::Byte; }
  /// Whether operands have 16 bits.
  bool isShort() const { return element == MatrixElement::BF16 || element == MatrixElement::F16; }
  /// Elements of activations in a word.
  int64_t elementsOfWord() const { return isShort() ? 2 : 4; }
  /// Whether unsigned bytes have to become signed ones.
  bool needsSigned() const { return !mixesSigns && element == MatrixElement::Byte; }
  int64_t numSums() const { return static_cast<int64_t>(row.ofRegister.size()); }
  int64_t groupOf(int64_t lane) const { return lane / order.rowStride() % order.rowLanes(); }
  /// Lanes beyond those with different operands have parts of their own.
  int64_t partOf(int64_t lane) const {
    return order.kStride == 1 ? lane % order.kLanes : lane / order.kStride;
  }

  /// Null if there is none of this name.
  static const MatrixFragment *find(llvm::StringRef instruction);
  static const std::vector<MatrixFragment> &all();

  /// Words of a row of activations that lie in memory of a group at a time, at most.
  static constexpr int64_t kWordsOfChunk = 64;
  /// Codes along K that lie in memory of a group at a time.
  int64_t codesOfChunk(const PanelLayout &layout) const;
  /// Whether there is a kernel for this weight: groups begin and end with steps, and a chunk has
  /// whole groups.
  bool fits(const PanelLayout &layout) const;
};

} // namespace quench

#endif // QUENCH_GPU_MATRIXFRAGMENT_H
