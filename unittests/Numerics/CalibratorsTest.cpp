//===- CalibratorsTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each calibrator against its definition on the values themselves; entropy and OCTAV against
// numbers that were computed elsewhere.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Calibrators.h"
#include "quench/Numerics/QuantizeTensor.h"
#include "quench/Numerics/RandomSigns.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>

using namespace quench::numerics;

namespace {

/// Numbers of mean 0 and variance 1, with one in `period` multiplied by `factor`.
std::vector<float> normalValues(size_t count, size_t period = 1, float factor = 1.0f) {
  RandomGenerator generator(11);
  std::vector<float> result(count);
  for (size_t i = 0; i < count; ++i) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - generator.nextDouble()));
    result[i] = static_cast<float>(radius * std::cos(2.0 * M_PI * generator.nextDouble()));
    result[i] *= i % period == 0 ? factor : 1.0f;
  }
  return result;
}

LogHistogram histogramOf(llvm::ArrayRef<float> values) {
  LogHistogram histogram;
  histogram.add(values);
  return histogram;
}

std::vector<float> magnitudes(std::vector<float> values) {
  for (float &value : values) {
    value = std::fabs(value);
  }
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Calibrators, moving_average_starts_at_the_first_sample) {
  MovingAverage average;
  for (double sample : {4.0, 6.0, 2.0}) {
    average.add(sample, 0.1);
  }
  EXPECT_DOUBLE_EQ(average.value, (4.0 + 0.1 * 2.0) + 0.1 * (2.0 - 4.2));
  EXPECT_EQ(average.count, 3u);
}

TEST(Calibrators, percentiles_are_order_statistics) {
  for (float factor : {1.0f, 50.0f}) {
    const std::vector<float> values = normalValues(200000, 1000, factor);
    const std::vector<float> sorted = magnitudes(values);
    const LogHistogram histogram = histogramOf(values);
    for (double percentile : {50.0, 90.0, 99.0, 99.9, 99.99}) {
      const size_t rank = static_cast<size_t>(std::ceil(percentile / 100.0 * sorted.size()));
      EXPECT_NEAR(percentileClip(histogram, percentile), sorted[rank - 1], 2e-3 * sorted[rank - 1])
          << percentile;
    }
    EXPECT_EQ(percentileClip(histogram, 100.0), sorted.back());
  }
  EXPECT_EQ(percentileClip(LogHistogram(), 99.0), 0.0);
  EXPECT_EQ(percentileClip(histogramOf({0.0f, 0.0f}), 99.0), 0.0);
}

TEST(Calibrators, two_sided_percentiles_cut_both_tails) {
  std::vector<float> values = normalValues(100000, 500, 20.0f);
  for (float &value : values) {
    value = value < 0.0f ? 0.1f * value : value + 0.25f;
  }
  const LogHistogram histogram = histogramOf(values);
  std::sort(values.begin(), values.end());
  for (double percentile : {90.0, 99.0, 99.9}) {
    const size_t cut = values.size() - std::ceil((50.0 + percentile / 2.0) / 100.0 * values.size());
    const ValueRange range = percentileRange(histogram, percentile);
    EXPECT_NEAR(range.min, values[cut], -2e-3 * values[cut]);
    EXPECT_NEAR(range.max, values[values.size() - 1 - cut], 4e-3 * values[values.size() - 1 - cut]);
  }
  const ValueRange all = percentileRange(histogram, 100.0);
  EXPECT_EQ(all.min, values.front());
  EXPECT_EQ(all.max, values.back());
}

TEST(Calibrators, clipped_ranges_keep_what_is_inside) {
  const LogHistogram histogram = histogramOf({-1.0f, 5.0f});
  EXPECT_EQ(clippedRange(histogram, 3.0).min, -1.0f);
  EXPECT_EQ(clippedRange(histogram, 3.0).max, 3.0f);
  EXPECT_EQ(clippedRange(histogram, 3.0).absmax(), 3.0f);
}

/// The squared error of each candidate by quantizing the values.
std::vector<double> exactErrors(llvm::ArrayRef<float> values, ValueRange whole,
                                const Encoding &element, bool zeroPoint) {
  Scheme scheme = {element, {kWhole}, ScaleSpec(FloatFormat::F32), zeroPoint};
  const std::vector<int64_t> shape = {static_cast<int64_t>(values.size())};
  std::vector<double> errors;
  for (int i = 1; i <= 100; ++i) {
    const float part = static_cast<float>(i / 100.0);
    BlockScales scales = llvm::cantFail(
        scalesForRanges(ValueRange{whole.min * part, whole.max * part}, shape, scheme));
    QuantizedTensor tensor =
        llvm::cantFail(quantizeWithScales(values, shape, scheme, std::move(scales)));
    std::vector<float> back = llvm::cantFail(dequantizeTensor(tensor, scheme));
    double sum = 0.0;
    for (size_t j = 0; j < values.size(); ++j) {
      sum += std::pow(static_cast<double>(values[j]) - back[j], 2.0);
    }
    errors.push_back(sum);
  }
  return errors;
}

TEST(Calibrators, the_least_squared_error_is_that_of_the_values) {
  for (const Encoding &element :
       {Encoding::integer(8), Encoding::integer(4), Encoding::integer(8, false),
        Encoding::floating(FloatFormat::F8E4M3FN), Encoding::nf4()}) {
    for (float factor : {1.0f, 30.0f}) {
      const bool zeroPoint = element.isInteger() && !element.isSigned();
      std::vector<float> values = normalValues(20000, 300, factor);
      for (float &value : values) {
        value += zeroPoint ? 1.5f : 0.0f;
      }
      const LogHistogram histogram = histogramOf(values);
      llvm::Expected<ValueRange> range = mseRange(histogram, element, zeroPoint);
      ASSERT_TRUE(static_cast<bool>(range)) << llvm::toString(range.takeError());
      const float absmax = histogram.absmax();
      const ValueRange whole =
          zeroPoint ? ValueRange{histogram.min(), histogram.max()} : ValueRange{-absmax, absmax};
      const std::vector<double> errors = exactErrors(values, whole, element, zeroPoint);
      const int chosen = static_cast<int>(std::lround(range->max / whole.max * 100.0));
      const double least = *std::min_element(errors.begin(), errors.end());
      EXPECT_FLOAT_EQ(range->min, whole.min * static_cast<float>(chosen / 100.0));
      EXPECT_LE(errors[chosen - 1], least * 1.002) << element.str() << ", " << factor;
      if (element.isInteger() && element.bitWidth() == 4) {
        EXPECT_LT(chosen, 90);
      }
    }
  }
  EXPECT_EQ(llvm::cantFail(mseRange(LogHistogram(), Encoding::integer(8), false)).max, 0.0f);
}

TEST(Calibrators, values_on_the_grid_have_no_error_and_need_no_clip) {
  std::vector<float> values;
  for (int i = -127; i <= 127; ++i) {
    values.push_back(static_cast<float>(i) / 64.0f);
  }
  const ValueRange range =
      llvm::cantFail(mseRange(histogramOf(values), Encoding::integer(8), false));
  EXPECT_NEAR(range.max, 127.0f / 64.0f, 0.05);
}

std::vector<uint64_t> decaying() {
  std::vector<uint64_t> bins(256);
  for (int k = 0; k < 256; ++k) {
    bins[k] = static_cast<uint64_t>(100000.0 * std::exp(-k / 25.0));
  }
  return bins;
}

std::vector<uint64_t> heavyWithHoles() {
  std::vector<uint64_t> bins(256);
  for (int k = 0; k < 256; ++k) {
    bins[k] =
        k < 200 || k % 7 == 0 ? static_cast<uint64_t>(20000.0 / (1.0 + k / 30.0 * (k / 30.0))) : 0;
  }
  return bins;
}

std::vector<uint64_t> scattered() {
  std::vector<uint64_t> bins(64);
  for (uint64_t k = 0; k < 64; ++k) {
    bins[k] = k % 3 ? (k * 2654435761u >> 7) % 97 : 0;
  }
  return bins;
}

TEST(Calibrators, entropy_agrees_with_a_direct_transcription) {
  const double bin = 10.0 / 256.0;
  EXPECT_DOUBLE_EQ(entropyClip(decaying(), 10.0, 16, EntropyForm::Smoothed), 175.5 * bin);
  EXPECT_DOUBLE_EQ(entropyClip(decaying(), 10.0, 16, EntropyForm::Nvidia), 175 * bin);
  EXPECT_DOUBLE_EQ(entropyClip(decaying(), 10.0, 128, EntropyForm::Smoothed), 255.5 * bin);
  EXPECT_DOUBLE_EQ(entropyClip(decaying(), 10.0, 128, EntropyForm::Nvidia), 10.0);
  EXPECT_DOUBLE_EQ(entropyClip(heavyWithHoles(), 10.0, 16, EntropyForm::Smoothed), 240.5 * bin);
  EXPECT_DOUBLE_EQ(entropyClip(heavyWithHoles(), 10.0, 16, EntropyForm::Nvidia), 239 * bin);
  EXPECT_DOUBLE_EQ(entropyClip(scattered(), 64.0, 8, EntropyForm::Smoothed), 63.5);
  EXPECT_DOUBLE_EQ(entropyClip(scattered(), 64.0, 8, EntropyForm::Nvidia), 63.0);
}

TEST(Calibrators, entropy_ties_go_to_the_first_or_the_last) {
  std::vector<uint64_t> bins(32, 0);
  std::fill(bins.begin(), bins.begin() + 16, 5);
  EXPECT_EQ(entropyClip(bins, 32.0, 8, EntropyForm::Smoothed), 16.5);
  EXPECT_EQ(entropyClip(bins, 32.0, 8, EntropyForm::Nvidia), 32.0);
  bins.assign(32, 5);
  EXPECT_EQ(entropyClip(bins, 32.0, 8, EntropyForm::Smoothed), 32.0) << "at most absmax";
}

TEST(Calibrators, entropy_of_a_histogram_is_that_of_linear_bins) {
  for (float factor : {1.0f, 10.0f}) {
    const std::vector<float> values = normalValues(300000, 1000, factor);
    const LogHistogram histogram = histogramOf(values);
    std::vector<uint64_t> bins(2048, 0);
    for (float value : values) {
      const double position = std::fabs(value) / histogram.absmax() * 2048.0;
      ++bins[std::min<int64_t>(static_cast<int64_t>(position), 2047)];
    }
    for (EntropyForm form : {EntropyForm::Smoothed, EntropyForm::Nvidia}) {
      const double exact = entropyClip(bins, histogram.absmax(), 128, form);
      EXPECT_NEAR(entropyClip(histogram, 128, form), exact, 0.03 * exact);
    }
  }
  EXPECT_EQ(entropyClip(LogHistogram(), 128, EntropyForm::Smoothed), 0.0);
  EXPECT_EQ(entropyClip(LogHistogram(), 128, EntropyForm::Nvidia), 0.0);
}

/// One number in the middle of each of `count` equally likely parts of the normal distribution.
std::vector<float> normalQuantiles(size_t count) {
  std::vector<float> result(count);
  double x = -10.0;
  for (size_t i = 0; i < count; ++i) {
    const double target = (static_cast<double>(i) + 0.5) / static_cast<double>(count);
    for (double step = 1.0; step > 1e-9; step *= 0.5) {
      while (0.5 * std::erfc(-(x + step) / std::sqrt(2.0)) < target) {
        x += step;
      }
    }
    result[i] = static_cast<float>(x);
  }
  return result;
}

TEST(Calibrators, octav_has_its_known_values_on_normal_data) {
  const std::vector<float> values = normalQuantiles(200000);
  const LogHistogram histogram = histogramOf(values);
  // The fixed points of the equation for the normal distribution; for 8 bits ACIQ has 3.92, too.
  const std::pair<unsigned, double> golden[] = {{2, 1.7388}, {3, 2.1611}, {4, 2.5621}, {8, 3.9241}};
  for (auto [bits, clip] : golden) {
    EXPECT_NEAR(octavClip(values, bits), clip, 1e-2) << bits;
    EXPECT_NEAR(octavClip(histogram, bits), octavClip(values, bits), 2e-3) << bits;
  }
}

TEST(Calibrators, octav_on_values_without_spread) {
  const std::vector<float> equal = {2.0f, -2.0f, 2.0f};
  EXPECT_EQ(octavClip(equal, 4), 2.0);
  EXPECT_EQ(octavClip(histogramOf(equal), 4), 2.0);
  const std::vector<float> zeros = {0.0f, 0.0f};
  EXPECT_EQ(octavClip(zeros, 4), 0.0);
  EXPECT_EQ(octavClip(histogramOf(zeros), 4), 0.0);
  EXPECT_EQ(octavClip(LogHistogram(), 4), 0.0);
}

} // namespace
