//===- WeightRangeTest.cpp --------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Range rules against their definitions, and searches against trying everything.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/WeightRange.h"

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

const Encoding i4 = Encoding::integer(4);
const Encoding ui4 = Encoding::integer(4, /*isSigned=*/false);
const Encoding ui6 = Encoding::integer(6, /*isSigned=*/false);
const Encoding e2m1 = Encoding::floating(FloatFormat::F4E2M1FN);
const Encoding e4m3 = Encoding::floating(FloatFormat::F8E4M3FN);
const Encoding ternary = Encoding::integer(2, /*isSigned=*/true, -1, 1);
const Encoding binary = Encoding::codebook("binary", {-1.0f, 1.0f});

/// One scheme of each kind, for tensors of shape [12, 50]: groups are ragged.
const std::vector<Scheme> schemes = {
    {i4, {1, 16}, FloatFormat::F32},
    {i4, {1, kWhole}, FloatFormat::F16},
    {ui4, {1, 16}, FloatFormat::F32, true},
    {Encoding::integer(3), {5, 7}, FloatFormat::BF16, true},
    {Encoding::integer(8), {kWhole, kWhole}, FloatFormat::F32},
    {Encoding::nf4(), {1, 16}, FloatFormat::F32},
    {e2m1, {1, 16}, FloatFormat::F16},
    {e2m1, {1, 32}, ScaleSpec(FloatFormat::F8E8M0FNU, MxScaleRule::Ceil)},
    {e4m3, {1, 32}, FloatFormat::F8E8M0FNU},
    {e2m1, {1, 16}, Scheme{e4m3, {kWhole, kWhole}, FloatFormat::F32}},
    {Encoding::nf4(),
     {1, 8},
     Scheme{Encoding::integer(8, /*isSigned=*/false), {1, 4}, FloatFormat::F32}},
    {ui4, {1, 8}, Scheme{Encoding::integer(6, false), {1, 4}, FloatFormat::F16, true}, true},
    {ui4, {1, 16}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
    {ui4,
     {1, 8},
     Scheme{ui6, {1, 4}, FloatFormat::F16},
     false,
     ScaleSpec(Scheme{ui6, {1, 4}, FloatFormat::F16})},
};

/// What a block is coded with as the definition has it, for schemes that are not nested.
BlockCoding codingFor(float low, float high, const Scheme &scheme) {
  ScaleAndZeroPoint chosen = valueOf(chooseScale({low, high}, scheme.element, scheme.scale.format,
                                                 scheme.isAsymmetric(), scheme.scale.rule));
  if (!scheme.realZeroPoint) {
    return {chosen.scale, chosen.zeroPoint};
  }
  return {chosen.scale, 0,
          roundTo(scheme.realZeroPoint->format,
                  realZeroPointFor({low, high}, chosen.scale, scheme.element))};
}

double errorOf(llvm::ArrayRef<float> values, llvm::ArrayRef<float> importance,
               const BlockCoding &coding, const Encoding &element) {
  double sum = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    int32_t code = quantizeElement(values[i], coding, element);
    double error = values[i] - dequantizeElement(code, coding, element);
    sum += error * error * (importance.empty() ? 1.0 : importance[i]);
  }
  return sum;
}

TEST(WeightRange, rules_have_names) {
  for (RangeRule rule : {RangeRule::Absmax, RangeRule::MeanSquaredError, RangeRule::HalfStep,
                         RangeRule::AbsoluteMean}) {
    EXPECT_EQ(parseRangeRule(name(rule)), rule);
  }
  EXPECT_EQ(parseRangeRule("minmax"), std::nullopt);
}

TEST(WeightRange, absmax_is_plain_rounding_to_nearest) {
  std::vector<float> values = randomVector(12 * 50, 1);
  values[3] = 0.0f;
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor expected = valueOf(quantizeTensor(values, {12, 50}, scheme));
    // Excluding a zero changes nothing but the path that is taken.
    const std::vector<int64_t> zero = {3};
    for (llvm::ArrayRef<int64_t> excluded : {llvm::ArrayRef<int64_t>(), llvm::ArrayRef(zero)}) {
      RangeOptions options;
      options.excluded = excluded;
      QuantizedTensor tensor = valueOf(quantizeTensor(values, {12, 50}, scheme, options));
      EXPECT_EQ(tensor.scales, expected.scales);
      EXPECT_EQ(tensor.zeroPoints, expected.zeroPoints);
      EXPECT_EQ(tensor.realZeroPoints, expected.realZeroPoints);
      EXPECT_EQ(tensor.codes, expected.codes);
    }
  }
}

TEST(WeightRange, mse_takes_the_best_of_all_candidates) {
  const std::vector<float> values = randomVector(12 * 50, 2);
  const std::vector<float> importance = randomImportance(50, 3);
  int clipped = 0;
  for (const Scheme &scheme : schemes) {
    if (scheme.scale.isNested() || scheme.block[0] != 1) {
      continue;
    }
    SCOPED_TRACE(scheme.str());
    for (bool weighted : {false, true}) {
      RangeOptions options;
      options.rule = RangeRule::MeanSquaredError;
      options.importance = weighted ? llvm::ArrayRef<float>(importance) : llvm::ArrayRef<float>();
      BlockScales scales = valueOf(chooseScales(values, {12, 50}, scheme, options));
      const int64_t group = scheme.block[1] == kWhole ? 50 : scheme.block[1];
      for (int64_t row = 0; row < 12; ++row) {
        for (int64_t begin = 0; begin < 50; begin += group) {
          const int64_t length = std::min<int64_t>(group, 50 - begin);
          llvm::ArrayRef<float> block(values.data() + row * 50 + begin, length);
          llvm::ArrayRef<float> weights(importance.data() + begin, weighted ? length : 0);
          float low = *std::min_element(block.begin(), block.end());
          float high = *std::max_element(block.begin(), block.end());
          double least = std::numeric_limits<double>::infinity();
          BlockCoding best;
          for (int percent = 100; percent >= 40; --percent) {
            float p = static_cast<float>(percent * 0.01);
            BlockCoding coding = codingFor(p * low, p * high, scheme);
            double error = errorOf(block, weights, coding, scheme.element);
            if (error < least * (1 - 1e-12)) {
              least = error;
              best = coding;
            }
          }
          size_t index = scheme.blockIndex({12, 50}, {row, begin});
          const BlockCoding chosen = blockCoding(scales, index);
          EXPECT_EQ(chosen.scale, best.scale);
          EXPECT_EQ(chosen.zeroPoint, best.zeroPoint);
          EXPECT_EQ(chosen.realZeroPoint, best.realZeroPoint);
          clipped += best.scale != codingFor(low, high, scheme).scale;
        }
      }
    }
  }
  EXPECT_GT(clipped, 50);
}

TEST(WeightRange, mse_is_never_worse_than_absmax) {
  std::vector<float> values = randomVector(12 * 50, 4);
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    auto error = [&](RangeRule rule) {
      RangeOptions options;
      options.rule = rule;
      QuantizedTensor tensor = valueOf(quantizeTensor(values, {12, 50}, scheme, options));
      std::vector<float> back = valueOf(dequantizeTensor(tensor, scheme));
      double sum = 0.0;
      for (size_t i = 0; i < values.size(); ++i) {
        sum += (static_cast<double>(values[i]) - back[i]) * (values[i] - back[i]);
      }
      return sum;
    };
    double absmax = error(RangeRule::Absmax);
    double clipped = error(RangeRule::MeanSquaredError);
    EXPECT_LE(clipped, absmax);
    if (scheme.element.bitWidth() <= 4) {
      EXPECT_LT(clipped, absmax);
    }
  }
}

TEST(WeightRange, mse_judges_nested_scales_as_they_are_stored) {
  // The first group fixes the scale of the scales to 1, so that they can be 1, 2 or 3.
  const Encoding u2 = Encoding::integer(2, /*isSigned=*/false);
  Scheme scheme{i4, {1, 4}, Scheme{u2, {kWhole, kWhole}, FloatFormat::F32}};
  auto scalesWith = [&](float a, float b, float c, float importanceOfA) {
    const std::vector<float> values = {21.0f, 0.0f, 0.0f, 0.0f, a, b, c, 0.0f};
    const std::vector<float> importance = {1, 1, 1, 1, importanceOfA, 1, 1, 1};
    RangeOptions options;
    options.rule = RangeRule::MeanSquaredError;
    options.importance = importance;
    BlockScales scales = valueOf(chooseScales(values, {1, 8}, scheme, options));
    EXPECT_EQ(scales.scaleTensor->codes[0], 3);
    EXPECT_EQ(scales.scaleTensor->scales, std::vector<float>{1.0f});
    EXPECT_EQ(scales.scales[1], static_cast<float>(scales.scaleTensor->codes[1]));
    return scales.scales[1];
  };
  // Absmax asks for 1.5, stored as 2 with errors 0.5^2 + 2 * 1; 1 has the error 3.5^2.
  EXPECT_EQ(scalesWith(10.5f, 3.0f, 7.0f, 1.0f), 2.0f);
  // As 2: 0.1^2 + 2 * 1, as 1: 0.9^2.
  EXPECT_EQ(scalesWith(7.9f, 7.0f, 3.0f, 1.0f), 1.0f);
  // As 2: 0.5^2 + 2 * 1, as 1: a * 3.5^2.
  EXPECT_EQ(scalesWith(10.5f, 3.0f, 7.0f, 0.1f), 1.0f);
}

TEST(WeightRange, the_largest_candidate_wins_a_tie) {
  Scheme scheme{i4, {1, 4}, FloatFormat::F32};
  const std::vector<float> importance(4, 0.0f);
  RangeOptions options;
  options.rule = RangeRule::MeanSquaredError;
  options.importance = importance;
  BlockScales scales = valueOf(chooseScales({7.0f, -3.3f, 2.2f, 1.0f}, {1, 4}, scheme, options));
  EXPECT_EQ(scales.scales, std::vector<float>{1.0f});
}

TEST(WeightRange, candidates_go_down_to_two_fifths) {
  // Only the scale 4 = 0.40 * 70 / 7 is exact for the values that count.
  const std::vector<float> importance = {0.0f, 1.0f, 1.0f, 1.0f};
  RangeOptions options;
  options.rule = RangeRule::MeanSquaredError;
  options.importance = importance;
  Scheme scheme{i4, {1, 4}, FloatFormat::F32};
  EXPECT_EQ(valueOf(chooseScales({70.0f, 28.0f, -12.0f, 4.0f}, {1, 4}, scheme, options)).scales,
            std::vector<float>{4.0f});
}

TEST(WeightRange, half_step_lets_the_maximum_saturate) {
  Scheme scheme{i4, {1, 4}, FloatFormat::F32};
  RangeOptions options;
  options.rule = RangeRule::HalfStep;
  QuantizedTensor tensor = valueOf(quantizeTensor(
      {15.0f, -15.0f, 2.0f, -3.0f, 0.0f, 0.0f, 0.0f, 0.0f}, {2, 4}, scheme, options));
  EXPECT_EQ(tensor.scales, (std::vector<float>{2.0f, 1.0f}));
  EXPECT_EQ(tensor.codes[0], 7);
  EXPECT_EQ(tensor.codes[1], -8);
}

TEST(WeightRange, absmean_is_the_mean_magnitude) {
  RangeOptions options;
  options.rule = RangeRule::AbsoluteMean;
  const std::vector<float> values = {0.2f, -0.4f, 1.0f, 0.0f, 0.0f, 0.0f};
  Scheme perTensor{ternary, {kWhole, kWhole}, FloatFormat::F32};
  QuantizedTensor tensor = valueOf(quantizeTensor(values, {2, 3}, perTensor, options));
  const float mean =
      static_cast<float>((static_cast<double>(0.2f) + static_cast<double>(0.4f) + 1.0) / 6.0);
  EXPECT_EQ(tensor.scales, std::vector<float>{mean});
  std::vector<int32_t> codes;
  for (size_t i = 0; i < 6; ++i) {
    codes.push_back(tensor.codes[i]);
  }
  EXPECT_EQ(codes, (std::vector<int32_t>{1, -1, 1, 0, 0, 0}));
  // All zeros: the mean is at least 1e-5.
  Scheme perChannel{binary, {1, kWhole}, FloatFormat::F32};
  tensor = valueOf(quantizeTensor(values, {2, 3}, perChannel, options));
  EXPECT_EQ(tensor.scales[1], 1e-5f);
  EXPECT_EQ(tensor.codes[1], 0);
  EXPECT_EQ(tensor.codes[2], 1);
}

TEST(WeightRange, excluded_elements_do_not_count) {
  const std::vector<float> values = {100.0f, 7.0f, -3.0f, 1.0f, 2.0f, -50.0f, 0.5f, 14.0f};
  const std::vector<int64_t> excluded = {0, 5};
  for (RangeRule rule : {RangeRule::Absmax, RangeRule::MeanSquaredError, RangeRule::HalfStep}) {
    RangeOptions options;
    options.rule = rule;
    options.excluded = excluded;
    std::vector<float> without = values;
    without[0] = without[5] = 0.0f;
    RangeOptions all = options;
    all.excluded = {};
    Scheme scheme{i4, {1, 4}, FloatFormat::F32};
    EXPECT_EQ(valueOf(chooseScales(values, {2, 4}, scheme, options)).scales,
              valueOf(chooseScales(without, {2, 4}, scheme, all)).scales);
  }
  // A mean has fewer terms; a block without any is like one of zeros.
  RangeOptions options;
  options.excluded = excluded;
  options.rule = RangeRule::AbsoluteMean;
  Scheme groups{ternary, {1, 2}, FloatFormat::F32};
  BlockScales scales = valueOf(chooseScales(values, {4, 2}, groups, options));
  EXPECT_EQ(scales.scales, (std::vector<float>{7.0f, 2.0f, 2.0f, 7.25f}));
  options.rule = RangeRule::Absmax;
  Scheme single{i4, {1, 1}, FloatFormat::F32};
  scales = valueOf(chooseScales(values, {4, 2}, single, options));
  EXPECT_EQ(scales.scales[0], 1.0f);
  EXPECT_EQ(scales.scales[1], 1.0f);
}

TEST(WeightRange, threads_change_nothing) {
  const std::vector<float> values = randomVector(int64_t(700) * 1000, 5);
  Scheme scheme{i4, {1, 30}, FloatFormat::F16};
  RangeOptions options;
  options.rule = RangeRule::MeanSquaredError;
  BlockScales one = valueOf(chooseScales(values, {700, 1000}, scheme, options));
  options.threads = 5;
  EXPECT_EQ(valueOf(chooseScales(values, {700, 1000}, scheme, options)).scales, one.scales);
}

TEST(WeightRange, what_does_not_fit_is_refused) {
  auto message = [](llvm::ArrayRef<float> values, const Scheme &scheme,
                    const RangeOptions &options) {
    return llvm::toString(chooseScales(values, {1, 2}, scheme, options).takeError());
  };
  Scheme groups{i4, {1, 2}, FloatFormat::F16};
  RangeOptions options;
  options.rule = RangeRule::AbsoluteMean;
  EXPECT_EQ(message({1.0f, 2.0f}, groups, options),
            "the range rule 'absmean' needs a ternary or binary element of magnitude 1, found i4");
  options.rule = RangeRule::HalfStep;
  EXPECT_EQ(message({1.0f, 2.0f}, Scheme{e2m1, {1, 2}, FloatFormat::F32}, options),
            "the range rule 'half-step' needs an integer element, found f4E2M1FN");
  EXPECT_EQ(message({1.0f, 2.0f}, Scheme{ui4, {1, 2}, FloatFormat::F32, true}, options),
            "the range rule 'half-step' needs a scheme without zero point whose scales are not "
            "powers of two, found <ui4, block = [1, 2], scale = f32, zero_point>");
  EXPECT_EQ(message({1e30f, 2.0f}, groups, options),
            "block 0: the scale 1.33333e+29 is above the largest f16, 65504");
  options.rule = RangeRule::MeanSquaredError;
  EXPECT_EQ(message({1.0f, std::nanf("")}, groups, options),
            "expected finite values, found nan at index 1");
  std::vector<float> importance = {1.0f};
  options.importance = importance;
  EXPECT_EQ(message({1.0f, 2.0f}, groups, options),
            "expected the importance of 2 columns, found 1");
  importance = {1.0f, -1.0f};
  options.importance = importance;
  EXPECT_EQ(message({1.0f, 2.0f}, groups, options),
            "expected importance that is finite and not negative, found -1 for column 1");
  options.importance = {};
  std::vector<int64_t> excluded = {1, 1};
  options.excluded = excluded;
  EXPECT_EQ(message({1.0f, 2.0f}, groups, options),
            "expected ascending indices of excluded elements below 2, found 1 after 1");
}

} // namespace
