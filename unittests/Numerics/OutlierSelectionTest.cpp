//===- OutlierSelectionTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The selection against sorting all weights by their definition.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/OutlierSelection.h"

#include "RandomMatrix.h"
#include "quench/Numerics/Gptq.h"

#include "gtest/gtest.h"

using namespace quench::numerics;

namespace {

template <typename T> T valueOf(llvm::Expected<T> result) {
  if (!result) {
    ADD_FAILURE() << llvm::toString(result.takeError());
    return T();
  }
  return std::move(*result);
}

GramFactor factorOf(llvm::ArrayRef<double> gram, int64_t size, bool activationOrder = false) {
  GramFactorOptions options;
  options.activationOrder = activationOrder;
  return valueOf(GramFactor::compute(gram, size, options));
}

const Scheme groups{Encoding::integer(3), {1, 8}, FloatFormat::F32};

TEST(OutlierSelection, ranks_by_the_cost_that_nothing_makes_up_for) {
  const int64_t rows = 20;
  const int64_t columns = 32;
  const std::vector<float> weights = randomVector(rows * columns, 1);
  const std::vector<double> gram = randomGram(columns, 80, 2);
  const std::vector<double> inverse = factorOf(gram, columns).inverseDiagonal();
  std::vector<float> nearest =
      valueOf(dequantizeTensor(valueOf(quantizeTensor(weights, {rows, columns}, groups)), groups));
  std::vector<std::pair<double, int64_t>> ranks;
  for (int64_t i = 0; i < rows * columns; ++i) {
    double error = static_cast<double>(weights[i]) - nearest[i];
    ranks.push_back({-error * error / inverse[i % columns], i});
  }
  std::sort(ranks.begin(), ranks.end());
  for (double fraction : {0.0, 0.01, 0.1}) {
    std::vector<int64_t> expected;
    for (int64_t i = 0; i < static_cast<int64_t>(fraction * rows * columns); ++i) {
      expected.push_back(ranks[i].second);
    }
    std::sort(expected.begin(), expected.end());
    for (bool activationOrder : {false, true}) {
      EXPECT_EQ(valueOf(selectOutliers(weights, {rows, columns}, groups,
                                       factorOf(gram, columns, activationOrder), RangeOptions(),
                                       fraction)),
                expected);
    }
  }
}

TEST(OutlierSelection, of_equal_weights_the_first_are_kept) {
  // All weights have the error 0.25 but one, which has none.
  std::vector<float> weights(16, 0.25f);
  weights[3] = 3.0f;
  weights[9] = 3.0f;
  std::vector<double> gram(16);
  for (int64_t i = 0; i < 4; ++i) {
    gram[i * 5] = 1.0;
  }
  const Scheme rows{Encoding::integer(3), {kWhole, kWhole}, FloatFormat::F32};
  auto select = [&](double fraction) {
    return valueOf(
        selectOutliers(weights, {4, 4}, rows, factorOf(gram, 4), RangeOptions(), fraction));
  };
  EXPECT_EQ(select(0.25), (std::vector<int64_t>{0, 1, 2, 4}));
  // Nor are weights kept that rounding does not change, or whose input is always 0.
  EXPECT_EQ(select(1.0).size(), 14u);
  gram[0] = 0.0;
  EXPECT_EQ(select(0.25), (std::vector<int64_t>{1, 2, 5, 6}));
}

TEST(OutlierSelection, keeping_outliers_pays) {
  const int64_t rows = 40;
  const int64_t columns = 64;
  std::vector<float> weights = randomVector(rows * columns, 3);
  for (int64_t i = 7; i < rows * columns; i += 111) {
    weights[i] *= 8.0f;
  }
  const std::vector<double> gram = randomGram(columns, 200, 4);
  GramFactor factor = factorOf(gram, columns);
  const std::vector<int64_t> kept =
      valueOf(selectOutliers(weights, {rows, columns}, groups, factor, RangeOptions(), 0.01));
  EXPECT_EQ(kept.size(), 25u);
  GptqOptions options;
  const double all = valueOf(gptq(weights, {rows, columns}, groups, factor, options)).loss;
  options.kept = kept;
  const double rest = valueOf(gptq(weights, {rows, columns}, groups, factor, options)).loss;
  EXPECT_LT(rest, 0.6 * all);
}

TEST(OutlierSelection, what_does_not_fit_is_refused) {
  const std::vector<double> gram = randomGram(4, 20, 5);
  auto message = [&](llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape,
                     double fraction) {
    return llvm::toString(
        selectOutliers(weights, shape, groups, factorOf(gram, 4), RangeOptions(), fraction)
            .takeError());
  };
  EXPECT_EQ(message({1, 2, 3, 4}, {1, 4}, 1.5),
            "expected a fraction of outliers within [0, 1], found 1.5");
  EXPECT_EQ(message({1, 2, 3}, {1, 3}, 0.5), "expected weights of [outputs, 4], as the Gram "
                                             "matrix, found rank 2 and 3 inputs");
  EXPECT_EQ(message({1, 2, 3, 1.0f / 0.0f}, {1, 4}, 0.5),
            "expected finite values, found inf at index 3");
}

} // namespace
