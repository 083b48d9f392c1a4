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
// stored as 0 is raised to the smallest positive code. Zero points follow from the scale as it is
// stored. Real ones are then stored likewise, plainly or below a fixed outer level.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_SCALESTORAGE_H
#define QUENCH_NUMERICS_SCALESTORAGE_H

#include "quench/Numerics/QuantizeTensor.h"
#include "quench/Numerics/Scheme.h"

#include <optional>
#include <vector>

namespace quench::numerics {

/// What a block asks for: the range that it represents, from which zero points and MX exponents
/// follow, and its scale before it is stored, 0 for an all-zero block.
struct BlockFit {
  ValueRange range;
  float scale = 0.0f;
  /// The real zero point before it is stored, when it is not to follow from the range.
  std::optional<float> realZeroPoint = std::nullopt;
};

class ScaleStorage {
public:
  /// For the blocks of a tensor of `shape`. `fits` has one entry for each block. It fixes what
  /// blocks of scales and of real zero points share when these are nested. `scheme` has to outlive
  /// the result.
  static llvm::Expected<ScaleStorage> create(llvm::ArrayRef<BlockFit> fits,
                                             llvm::ArrayRef<int64_t> shape, const Scheme &scheme);

  const Scheme &scheme() const { return *owner; }

  /// What a block is coded with when it asks for `fit`, as it is stored. The scale is finite and
  /// positive. Fails when scale or zero point do not fit their formats.
  llvm::Expected<BlockCoding> store(size_t block, const BlockFit &fit) const;

  /// All blocks.
  llvm::Expected<BlockScales> storeAll(llvm::ArrayRef<BlockFit> fits) const;

private:
  /// What the blocks of nested parameters share, and the block of each parameter.
  struct Outer {
    BlockScales scales;
    std::vector<int64_t> blockOf;

    BlockCoding coding(size_t block) const { return blockCoding(scales, blockOf[block]); }
  };

  static llvm::Expected<Outer> createOuter(llvm::ArrayRef<float> parameters,
                                           llvm::ArrayRef<int64_t> shape, const Scheme &nested);
  static std::shared_ptr<const QuantizedTensor> parameterTensor(const Outer &outer,
                                                                llvm::ArrayRef<int64_t> shape,
                                                                const Scheme &nested,
                                                                llvm::ArrayRef<int32_t> codes);
  int32_t scaleCode(size_t block, float ideal) const;
  llvm::Expected<float> storeScale(size_t block, const BlockFit &fit) const;
  int32_t zeroPointCode(size_t block, float ideal) const;
  llvm::Expected<float> storeRealZeroPoint(size_t block, float ideal) const;
  float idealZeroPoint(const BlockFit &fit, float scale) const;

  const Scheme *owner = nullptr;
  llvm::SmallVector<int64_t> scaleShape;
  Outer outerScales, outerZeroPoints;
};

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_SCALESTORAGE_H
