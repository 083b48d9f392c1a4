//===- HqqTest.cpp - ---------------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Half-quadratic quantization against its definition in doubles, and against plain rounding.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Hqq.h"

#include "RandomMatrix.h"

#include "gtest/gtest.h"

#include <cmath>
#include <limits>

using namespace quench::numerics;

namespace {

template <typename T> T valueOf(llvm::Expected<T> result) {
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return T();
  }
  return std::move(*result);
}

const Encoding ui3 = Encoding::integer(3, /*isSigned=*/false);
const Encoding ui6 = Encoding::integer(6, /*isSigned=*/false);
const Scheme groups{ui3, {1, 16}, FloatFormat::F32, false, ScaleSpec(FloatFormat::F32)};

double meanError(llvm::ArrayRef<float> values, const QuantizedTensor &tensor, const Scheme &scheme,
                 double power) {
  std::vector<float> back = valueOf(dequantizeTensor(tensor, scheme));
  double sum = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    sum += std::pow(std::fabs(static_cast<double>(values[i]) - back[i]), power);
  }
  return sum / static_cast<double>(values.size());
}

/// The definition, in units of codes as the paper has it: value = (code - zero) * scale.
double zeroByDefinition(llvm::ArrayRef<float> values, double scale, double zero, int32_t maxCode) {
  double best = zero;
  double least = std::numeric_limits<double>::infinity();
  double beta = 10.0;
  for (int round = 0; round <= 20; ++round) {
    double distance = 0.0;
    double sum = 0.0;
    for (float value : values) {
      double code = std::nearbyint(value / scale + zero);
      code = std::min(std::max(code, 0.0), static_cast<double>(maxCode));
      double d = value - (code - zero) * scale;
      double e = std::max(std::fabs(d) - std::pow(std::fabs(d), -0.3) / beta, 0.0);
      e = d == 0.0 ? 0.0 : std::copysign(e, d);
      distance += std::fabs(d);
      sum += code - (value - e) / scale;
    }
    if (!(distance < least * (1 - 1e-9))) {
      break;
    }
    least = distance;
    best = zero;
    zero = sum / static_cast<double>(values.size());
    beta *= 1.01;
  }
  return best;
}

TEST(Hqq, zero_points_are_those_of_the_definition) {
  // Large values, so that some errors are outliers: |d| > |d|^-0.3 / 10 from 0.17 on.
  std::vector<float> values = randomVector(20 * 64, 1);
  for (float &value : values) {
    value = value * value * value;
  }
  QuantizedTensor tensor = valueOf(quantizeHalfQuadratic(values, {20, 64}, groups));
  ASSERT_EQ(tensor.realZeroPoints.size(), 80u);
  int moved = 0;
  for (int64_t block = 0; block < 80; ++block) {
    llvm::ArrayRef<float> part(values.data() + block * 16, 16);
    const float low = *std::min_element(part.begin(), part.end());
    const float high = *std::max_element(part.begin(), part.end());
    const float scale = (high - low) / 7.0f;
    EXPECT_EQ(tensor.scales[block], scale);
    const double zero = zeroByDefinition(part, scale, -static_cast<double>(low) / scale, 7);
    EXPECT_NEAR(tensor.realZeroPoints[block], zero * scale, 1e-5 * scale) << block;
    moved += std::fabs(zero * scale + low) > 1e-3 * scale;
  }
  EXPECT_GT(moved, 40);
}

TEST(Hqq, most_weights_are_met_better_than_by_the_range_alone) {
  const std::vector<float> values = randomVector(64 * 128, 2);
  for (const Scheme &scheme :
       {Scheme{ui3, {1, 64}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
        Scheme{Encoding::integer(4),
               {1, kWhole},
               FloatFormat::F32,
               false,
               ScaleSpec(FloatFormat::BF16)},
        Scheme{ui3,
               {1, 16},
               Scheme{ui6, {1, 8}, FloatFormat::F16},
               false,
               ScaleSpec(Scheme{ui6, {1, 8}, FloatFormat::F16})}}) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor plain = valueOf(quantizeTensor(values, {64, 128}, scheme));
    QuantizedTensor tensor = valueOf(quantizeHalfQuadratic(values, {64, 128}, scheme));
    EXPECT_LT(meanError(values, tensor, scheme, 1.0), meanError(values, plain, scheme, 1.0));
    EXPECT_LT(meanError(values, tensor, scheme, 0.7), meanError(values, plain, scheme, 0.7));
  }
}

TEST(Hqq, constant_blocks_are_exact) {
  const std::vector<float> values = {5.25f, 5.25f, 5.25f, 5.25f, 0.0f, 0.0f, 0.0f, 0.0f};
  const Scheme scheme{ui3, {1, 4}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)};
  QuantizedTensor tensor = valueOf(quantizeHalfQuadratic(values, {1, 8}, scheme));
  EXPECT_EQ(valueOf(dequantizeTensor(tensor, scheme)), values);
  EXPECT_EQ(valueOf(quantizeHalfQuadratic({}, {0, 8}, scheme)).codes.size(), 0u);
}

TEST(Hqq, ranges_need_not_contain_zero) {
  std::vector<float> values = randomVector(16, 3);
  for (float &value : values) {
    value = 100.0f + value;
  }
  QuantizedTensor tensor = valueOf(quantizeHalfQuadratic(values, {1, 16}, groups));
  EXPECT_LT(tensor.scales[0], 1.0f);
  EXPECT_LT(meanError(values, tensor, groups, 1.0), 0.3);
}

TEST(Hqq, threads_change_nothing) {
  const std::vector<float> values = randomVector(400 * 1000, 4);
  QuantizedTensor one = valueOf(quantizeHalfQuadratic(values, {400, 1000}, groups, 1));
  QuantizedTensor four = valueOf(quantizeHalfQuadratic(values, {400, 1000}, groups, 4));
  EXPECT_EQ(one.codes, four.codes);
  EXPECT_EQ(one.realZeroPoints, four.realZeroPoints);
}

TEST(Hqq, what_does_not_fit_is_refused) {
  auto message = [](llvm::ArrayRef<float> values, const Scheme &scheme) {
    return llvm::toString(quantizeHalfQuadratic(values, {1, 2}, scheme).takeError());
  };
  EXPECT_EQ(message({1, 2}, Scheme{ui3, {1, 2}, FloatFormat::F32, true}),
            "half-quadratic quantization needs real zero points, found <ui3, block = [1, 2], scale "
            "= f32, zero_point>");
  EXPECT_EQ(message({1, std::numeric_limits<float>::infinity()}, groups),
            "expected finite values, found inf at index 1");
  EXPECT_EQ(message({3e38f, -3e38f},
                    Scheme{ui3, {1, 2}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)}),
            "block 0: the scale 8.57143e+37 is above the largest f16, 65504");
}

} // namespace
