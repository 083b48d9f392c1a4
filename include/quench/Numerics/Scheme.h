//===- Scheme.h - How a tensor is stored ------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A scheme says how a tensor is stored: the encoding of its elements, the block of elements that
// share a scale, how the scale is stored, and what is subtracted: nothing, an integer zero point,
// or a real one. Scales and real zero points are tensors of the same rank, and may themselves have
// a scheme. That one recursion covers the two-level formats:
//
//   int4 groups of 32     {i4, [1, 32], f16}
//   per channel           {i8, [1, *], f32}                       * is kWhole
//   MXFP4                 {f4E2M1FN, [1, 32], f8E8M0FNU}
//   NVFP4                 {f4E2M1FN, [1, 16], {f8E4M3FN, [*, *], f32}}
//   NF4, double quantized {codebook<NF4>, [1, 64], {ui8, [1, 256], f32}}
//   Q4_K of llama.cpp     {ui4, [1, 32], {ui6, [1, 8], f16}, zero point {ui6, [1, 8], f16}}
//   HQQ                   {ui4, [1, 64], f16, zero point f16}
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_SCHEME_H
#define QUENCH_NUMERICS_SCHEME_H

#include "quench/Numerics/Encoding.h"
#include "quench/Numerics/ScaleMath.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>

namespace quench::numerics {

struct Scheme;

/// A block dimension that spans its whole axis.
inline constexpr int64_t kWhole = -1;

/// How the scales or the real zero points are stored: plainly in `format`, or quantized by the
/// scheme `nested`.
struct ScaleSpec {
  FloatFormat format = FloatFormat::F32;
  /// Rules out `format` when set.
  std::shared_ptr<const Scheme> nested;
  /// Used only when `format` is f8E8M0FNU.
  MxScaleRule rule = MxScaleRule::Floor;

  ScaleSpec() = default;
  ScaleSpec(FloatFormat format, MxScaleRule rule = MxScaleRule::Floor)
      : format(format), rule(rule) {}
  ScaleSpec(Scheme scheme);

  bool isNested() const { return nested != nullptr; }
  /// Whether scales are powers of two chosen by `rule`.
  bool isPowerOfTwo() const { return !nested && format == FloatFormat::F8E8M0FNU; }

  bool operator==(const ScaleSpec &other) const;
  bool operator!=(const ScaleSpec &other) const { return !(*this == other); }
};

struct Scheme {
  Encoding element;
  /// One entry for each axis: the number of elements that share a scale along it, or kWhole. The
  /// last block of an axis may be ragged.
  llvm::SmallVector<int64_t> block;
  ScaleSpec scale;
  /// Whether every block has an integer zero point z in the code range: (c - z) * s.
  bool zeroPoint = false;
  /// How the real zero point of every block is stored: c * s - z. Real zero points are values, not
  /// codes, and go with integer elements. Rules out `zeroPoint` when set.
  std::optional<ScaleSpec> realZeroPoint = std::nullopt;

  bool isAsymmetric() const { return zeroPoint || realZeroPoint; }

  /// Checks all that does not depend on a shape, nested schemes included.
  llvm::Error verify() const;
  /// Checks the scheme against a shape: static, of the right rank, at most 2^56 elements.
  llvm::Error verify(llvm::ArrayRef<int64_t> shape) const;

  /// The shape of the tensor of scales: per axis the quotient of size and block, rounded up.
  llvm::SmallVector<int64_t> scaleShape(llvm::ArrayRef<int64_t> shape) const;
  /// The number of blocks: the product of `scaleShape`.
  int64_t numBlocks(llvm::ArrayRef<int64_t> shape) const;
  /// The row-major index, in the tensor of scales, of the block of the element at `index`.
  int64_t blockIndex(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index) const;

  /// Bits of codes, scales as stored, nested ones included, and zero points (as wide as an
  /// element, or as stored when they are real). No padding between them.
  uint64_t storageBits(llvm::ArrayRef<int64_t> shape) const;
  /// `storageBits` divided by the number of elements; 0 for an empty tensor.
  double bitsPerWeight(llvm::ArrayRef<int64_t> shape) const;

  /// "<i4, block = [1, 32], scale = f16, zero_point>", for messages.
  std::string str() const;

  bool operator==(const Scheme &other) const;
  bool operator!=(const Scheme &other) const { return !(*this == other); }
};

/// The number of elements of a static shape; 1 for rank 0.
int64_t elementCount(llvm::ArrayRef<int64_t> shape);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_SCHEME_H
