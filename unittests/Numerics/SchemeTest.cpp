//===- SchemeTest.cpp -------------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Shapes, sizes, and everything a scheme may not be.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Scheme.h"

#include "gtest/gtest.h"

using namespace quench::numerics;

namespace {

const Encoding i4 = Encoding::integer(4);
const Encoding i8 = Encoding::integer(8);
const Encoding e2m1 = Encoding::floating(FloatFormat::F4E2M1FN);
const Encoding e4m3 = Encoding::floating(FloatFormat::F8E4M3FN);

Scheme nvfp4() { return Scheme{e2m1, {1, 16}, Scheme{e4m3, {kWhole, kWhole}, FloatFormat::F32}}; }

using Shape = llvm::SmallVector<int64_t>;

std::string messageOf(const Scheme &scheme) { return llvm::toString(scheme.verify()); }
std::string messageOf(const Scheme &scheme, llvm::ArrayRef<int64_t> shape) {
  return llvm::toString(scheme.verify(shape));
}

TEST(Scheme, scale_shapes_round_up) {
  Scheme groups{i4, {1, 32}, FloatFormat::F16};
  EXPECT_EQ(groups.scaleShape({4, 64}), (Shape{4, 2}));
  EXPECT_EQ(groups.scaleShape({4, 65}), (Shape{4, 3}));
  EXPECT_EQ(groups.scaleShape({4, 1}), (Shape{4, 1}));
  EXPECT_EQ(groups.scaleShape({0, 65}), (Shape{0, 3}));
  Scheme channel{i8, {1, kWhole}, FloatFormat::F32};
  EXPECT_EQ(channel.scaleShape({4, 65}), (Shape{4, 1}));
  EXPECT_EQ(channel.scaleShape({4, 0}), (Shape{4, 0}));
  Scheme tiles{i8, {128, 128, 2}, FloatFormat::F32};
  EXPECT_EQ(tiles.scaleShape({200, 256, 7}), (Shape{2, 2, 4}));
  EXPECT_EQ(tiles.numBlocks({200, 256, 7}), 16);
  Scheme scalar{i8, {}, FloatFormat::F32};
  EXPECT_EQ(scalar.scaleShape({}), Shape{});
  EXPECT_EQ(scalar.numBlocks({}), 1);
  EXPECT_EQ(scalar.blockIndex({}, {}), 0);
}

TEST(Scheme, block_indices_are_row_major) {
  Scheme tiles{i8, {2, kWhole, 3}, FloatFormat::F32};
  // Scales are 3x1x3.
  EXPECT_EQ(tiles.blockIndex({5, 4, 7}, {0, 0, 0}), 0);
  EXPECT_EQ(tiles.blockIndex({5, 4, 7}, {1, 3, 2}), 0);
  EXPECT_EQ(tiles.blockIndex({5, 4, 7}, {1, 3, 3}), 1);
  EXPECT_EQ(tiles.blockIndex({5, 4, 7}, {2, 0, 6}), 5);
  EXPECT_EQ(tiles.blockIndex({5, 4, 7}, {4, 3, 6}), 8);
}

TEST(Scheme, bits_per_weight_count_scales_as_stored) {
  Scheme groups{i4, {1, 32}, FloatFormat::F16};
  EXPECT_EQ(groups.bitsPerWeight({8, 64}), 4.5);
  groups.zeroPoint = true;
  EXPECT_EQ(groups.bitsPerWeight({8, 64}), 4.625);
  EXPECT_EQ((Scheme{e2m1, {1, 32}, FloatFormat::F8E8M0FNU}.bitsPerWeight({8, 64})), 4.25);
  // 8-bit block scales and one f32.
  EXPECT_EQ(nvfp4().storageBits({8, 64}), 8u * 64 * 4 + 8 * 4 * 8 + 32);
  // A ragged block costs a whole scale.
  EXPECT_EQ((Scheme{i4, {1, 32}, FloatFormat::F16}.storageBits({1, 33})), 33u * 4 + 2 * 16);
  EXPECT_EQ(groups.bitsPerWeight({0, 64}), 0.0);
}

TEST(Scheme, valid_schemes_pass) {
  EXPECT_EQ(messageOf(nvfp4(), {3, 17}), "");
  EXPECT_EQ(messageOf(Scheme{i4, {}, FloatFormat::F32}, {}), "");
  EXPECT_EQ(messageOf(Scheme{i4, {1, 32}, FloatFormat::F16, true}, {0, 5}), "");
  EXPECT_EQ(messageOf(Scheme{Encoding::nf4(), {64}, FloatFormat::F8E8M0FNU}, {100}), "");
}

TEST(Scheme, invalid_schemes_are_refused_with_a_reason) {
  EXPECT_EQ(messageOf(Scheme{Encoding::integer(9), {1}, FloatFormat::F32}),
            "expected an integer encoding of 1 to 8 or of 16 bits, found 9 bits");
  EXPECT_EQ(messageOf(Scheme{i4, {1, 0}, FloatFormat::F32}),
            "expected a positive block size or the whole axis, found 0 for axis 1");
  EXPECT_EQ(messageOf(Scheme{i4, {-2}, FloatFormat::F32}),
            "expected a positive block size or the whole axis, found -2 for axis 0");
  EXPECT_EQ(messageOf(Scheme{e2m1, {32}, FloatFormat::F32, true}),
            "a zero point needs an integer element, found f4E2M1FN");
  EXPECT_EQ(messageOf(Scheme{i4, {32}, FloatFormat::F8E8M0FNU, true}),
            "a zero point needs scales that are not powers of two, found f8E8M0FNU");
  EXPECT_EQ(messageOf(Scheme{Encoding::integer(4, true, 2, 7), {32}, FloatFormat::F32}),
            "without a zero point the codes have to include 0, found i4<2:7>");
  EXPECT_EQ(messageOf(Scheme{Encoding::nf4(), {32}, {FloatFormat::F8E8M0FNU, MxScaleRule::Even}}),
            "the scale rule 'even' needs an integer or float element, found codebook<NF4>");
}

TEST(Scheme, invalid_scales_are_refused_with_a_reason) {
  EXPECT_EQ(messageOf(Scheme{i4, {1, 32}, Scheme{e4m3, {1}, FloatFormat::F32}}),
            "scheme of the scales: expected 2 block dimensions, as many as the outer scheme has, "
            "found 1");
  EXPECT_EQ(messageOf(Scheme{i4, {32}, Scheme{e4m3, {0}, FloatFormat::F32}}),
            "scheme of the scales: expected a positive block size or the whole axis, found 0 for "
            "axis 0");
  EXPECT_EQ(messageOf(Scheme{i4, {32}, Scheme{Encoding::integer(1), {kWhole}, FloatFormat::F32}}),
            "scheme of the scales: i1 has no code for a positive scale");
}

const Scheme six{Encoding::integer(6, false), {1, 8}, FloatFormat::F16};

/// Q4_K of llama.cpp.
Scheme superBlocks() {
  return Scheme{Encoding::integer(4, false), {1, 32}, six, false, ScaleSpec(six)};
}

TEST(Scheme, real_zero_points_are_stored_like_scales) {
  EXPECT_EQ(messageOf(superBlocks(), {3, 257}), "");
  EXPECT_EQ(superBlocks().bitsPerWeight({1, 256}), 4.5);
  Scheme plain{
      Encoding::integer(4, false), {1, 64}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F32)};
  EXPECT_EQ(plain.storageBits({2, 64}), 2u * 64 * 4 + 2 * 16 + 2 * 32);
  EXPECT_EQ(plain.str(), "<ui4, block = [1, 64], scale = f16, zero_point = f32>");
  EXPECT_EQ(superBlocks().str(),
            "<ui4, block = [1, 32], scale = <ui6, block = [1, 8], scale = f16>, zero_point = <ui6, "
            "block = [1, 8], scale = f16>>");
  EXPECT_EQ(superBlocks(), superBlocks());
  EXPECT_NE(superBlocks(), (Scheme{Encoding::integer(4, false), {1, 32}, six}));
}

TEST(Scheme, invalid_real_zero_points_are_refused_with_a_reason) {
  Scheme scheme = superBlocks();
  scheme.zeroPoint = true;
  EXPECT_EQ(messageOf(scheme), "a zero point is an integer or real, found both");
  scheme = Scheme{e2m1, {1, 32}, FloatFormat::F32, false, ScaleSpec(FloatFormat::F32)};
  EXPECT_EQ(messageOf(scheme), "a zero point needs an integer element, found f4E2M1FN");
  scheme = Scheme{i4, {1, 32}, FloatFormat::F32, false, ScaleSpec(FloatFormat::F8E8M0FNU)};
  EXPECT_EQ(messageOf(scheme),
            "a real zero point needs a format with a sign and a zero, found f8E8M0FNU");
  scheme = Scheme{i4, {1, 32}, FloatFormat::F32, false, ScaleSpec(six)};
  EXPECT_EQ(messageOf(scheme), "scheme of the zero points: ui6 has no negative codes, which zero "
                               "points of i4 need");
  scheme =
      Scheme{i4, {1, 32}, FloatFormat::F32, false, ScaleSpec(Scheme{i8, {1}, FloatFormat::F32})};
  EXPECT_EQ(messageOf(scheme), "scheme of the zero points: expected 2 block dimensions, as many as "
                               "the outer scheme has, found 1");
  scheme = Scheme{i4, {1, 32}, superBlocks()};
  EXPECT_EQ(messageOf(scheme), "scheme of the scales: expected an integer zero point or none");
}

TEST(Scheme, shapes_have_to_fit) {
  Scheme groups{i4, {1, 32}, FloatFormat::F16};
  EXPECT_EQ(messageOf(groups, {64}),
            "expected a tensor of rank 2 for a scheme with block [1, 32], found shape [64]");
  EXPECT_EQ(messageOf(groups, {4, -3}), "expected a static shape, found [4, -3]");
  EXPECT_EQ(messageOf(groups, {int64_t(1) << 40, int64_t(1) << 40}),
            "expected at most 2^56 elements, found shape [1099511627776, 1099511627776]");
  EXPECT_NE(messageOf(groups, {0, INT64_MAX}), "");
}

TEST(Scheme, equality_and_spelling) {
  EXPECT_EQ(nvfp4(), nvfp4());
  EXPECT_NE(nvfp4(), (Scheme{e2m1, {1, 16}, FloatFormat::F32}));
  EXPECT_NE(nvfp4(), (Scheme{e2m1, {1, 16}, Scheme{e4m3, {kWhole, kWhole}, FloatFormat::F16}}));
  EXPECT_EQ((ScaleSpec{FloatFormat::F16, MxScaleRule::Ceil}), (ScaleSpec{FloatFormat::F16}));
  EXPECT_NE((ScaleSpec{FloatFormat::F8E8M0FNU, MxScaleRule::Ceil}),
            (ScaleSpec{FloatFormat::F8E8M0FNU}));
  EXPECT_EQ(nvfp4().str(), "<f4E2M1FN, block = [1, 16], scale = <f8E4M3FN, block = [*, *], scale "
                           "= f32>>");
  EXPECT_EQ((Scheme{i4, {1, 32}, FloatFormat::F16, true}.str()),
            "<i4, block = [1, 32], scale = f16, zero_point>");
  EXPECT_EQ((Scheme{e2m1, {32}, {FloatFormat::F8E8M0FNU, MxScaleRule::RoundCeil}}.str()),
            "<f4E2M1FN, block = [32], scale = f8E8M0FNU, rule = rceil>");
}

} // namespace
