//===- ScaleStorage.h - From ideal to stored scales -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Whoever searches for the scale of a block has to know what becomes of a candidate when it is
// stored. For a plain format that is a rounding. For nested scales it depends on the other blocks:
// the scales of the scales follow from the largest of them. Here they are fixed once, from a first
// set of ideal scales, and candidates are then stored below them, block by block:
//
//   plain    s = round(ideal) to the format, at least its smallest positive value
//   MX       s = 2^e, e by the rule of the scheme from the absolute maximum of the range
//   nested   s = decode(encode(ideal / t)) * t, t the scale of the block of scales, fixed
//
// An all-zero block (ideal scale 0) has the scale 1, nested: the code of 1; a scale that would be
// stored as 0 is raised to the smallest positive code.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_SCALESTORAGE_H
#define QUENCH_NUMERICS_SCALESTORAGE_H

#include "quench/Numerics/QuantizeTensor.h"
#include "quench/Numerics/Scheme.h"

#include <vector>

namespace quench::numerics {

/// What a block asks for: the range that it represents, from which zero points and MX exponents
/// follow, and its scale before it is stored, 0 for an all-zero block.
struct BlockFit {
  ValueRange range;
  float scale = 0.0f;
};

class ScaleStorage {
public:
  /// For the blocks of a tensor of `shape`. `fits` has one entry for each block. It fixes what
  /// blocks of scales share when scales are nested and is not used otherwise. `scheme` has to
  /// outlive the result.
  static llvm::Expected<ScaleStorage> create(llvm::ArrayRef<BlockFit> fits,
                                             llvm::ArrayRef<int64_t> shape, const Scheme &scheme);

  const Scheme &scheme() const { return *owner; }

  /// The scale of a block as it is stored, decoded: finite and positive. Fails when it does not
  /// fit the format.
  llvm::Expected<float> store(size_t block, const BlockFit &fit) const;

  /// All blocks, with their zero points.
  llvm::Expected<BlockScales> storeAll(llvm::ArrayRef<BlockFit> fits) const;

private:
  int32_t nestedCode(size_t block, float ideal) const;

  const Scheme *owner = nullptr;
  llvm::SmallVector<int64_t> scaleShape;
  /// Of nested scales: what their blocks share, and the block of each scale.
  BlockScales outer;
  std::vector<int64_t> outerBlock;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_SCALESTORAGE_H
