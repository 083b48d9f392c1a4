//===- ClipSearchTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Limits against trying every candidate on the whole tensor.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/ClipSearch.h"

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

const Encoding i3 = Encoding::integer(3);
const Encoding ui4 = Encoding::integer(4, /*isSigned=*/false);

TEST(ClipSearch, takes_the_best_of_all_candidates) {
  const int64_t rows = 13;
  const int64_t columns = 50;
  const std::vector<float> weights = randomVector(rows * columns, 1);
  const std::vector<double> gram = randomGram(columns, 100, 2);
  const std::vector<Scheme> schemes = {
      {i3, {1, 16}, FloatFormat::F32},
      {ui4, {1, 16}, FloatFormat::F16, true},
      {i3, {1, kWhole}, FloatFormat::F32},
      {ui4, {5, 20}, FloatFormat::F32, true},
      {ui4, {1, 16}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
      {Encoding::nf4(), {1, 32}, FloatFormat::F32},
      {Encoding::floating(FloatFormat::F4E2M1FN), {kWhole, 32}, FloatFormat::F8E8M0FNU},
  };
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    std::vector<float> limits = valueOf(searchClipLimits(weights, {rows, columns}, scheme, gram));
    const size_t blocks = scheme.numBlocks({rows, columns});
    ASSERT_EQ(limits.size(), blocks);
    // All blocks with the same candidate at a time: blocks do not see each other.
    std::vector<double> least(blocks, std::numeric_limits<double>::infinity());
    std::vector<float> best(blocks), absmax(blocks);
    int clipped = 0;
    for (int64_t i = 0; i < rows * columns; ++i) {
      float &largest = absmax[scheme.blockIndex({rows, columns}, {i / columns, i % columns})];
      largest = std::max(largest, std::fabs(weights[i]));
    }
    for (int candidate = 0; candidate < 10; ++candidate) {
      std::vector<float> candidateLimits = absmax;
      for (float &limit : candidateLimits) {
        limit *= static_cast<float>(1.0 - candidate * 0.05);
      }
      std::vector<float> rounded = valueOf(dequantizeTensor(
          valueOf(quantizeTensor(clampBlocks(weights, {rows, columns}, scheme, candidateLimits),
                                 {rows, columns}, scheme)),
          scheme));
      std::vector<double> losses(blocks);
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t i = 0; i < columns; ++i) {
          for (int64_t j = 0; j < columns; ++j) {
            const size_t block = scheme.blockIndex({rows, columns}, {row, i});
            if (block == static_cast<size_t>(scheme.blockIndex({rows, columns}, {row, j}))) {
              const int64_t a = row * columns + i;
              const int64_t b = row * columns + j;
              losses[block] += (static_cast<double>(weights[a]) - rounded[a]) *
                               (static_cast<double>(weights[b]) - rounded[b]) *
                               gram[i * columns + j];
            }
          }
        }
      }
      for (size_t block = 0; block < blocks; ++block) {
        if (losses[block] < least[block] * (1 - 1e-12)) {
          least[block] = losses[block];
          best[block] = candidateLimits[block];
          clipped += candidate != 0;
        }
      }
    }
    EXPECT_EQ(limits, best);
    EXPECT_GT(clipped, 0);
  }
}

TEST(ClipSearch, the_largest_limit_wins_a_tie) {
  const Scheme scheme{i3, {1, 2}, FloatFormat::F32};
  EXPECT_EQ(
      valueOf(searchClipLimits({3.0f, -0.4f, 0.0f, 0.0f}, {1, 4}, scheme, std::vector<double>(16))),
      (std::vector<float>{3.0f, 0.0f}));
}

TEST(ClipSearch, nested_scales_are_judged_as_they_are_stored) {
  // Scales can be 1, 2 or 3. Clamped to 0.75 of 12 = 9, the scale 1.29 is stored as 1.
  const Scheme scheme{
      Encoding::integer(4),
      {1, 4},
      Scheme{Encoding::integer(2, /*isSigned=*/false), {kWhole, kWhole}, FloatFormat::F32}};
  const std::vector<float> weights = {21.0f, 0.0f, 0.0f, 0.0f, 12.0f, 3.0f, 5.0f, 1.0f};
  std::vector<double> gram(64);
  for (int64_t i = 0; i < 8; ++i) {
    gram[i * 9] = i == 4 ? 0.0 : 1.0;
  }
  std::vector<float> limits = valueOf(searchClipLimits(weights, {1, 8}, scheme, gram));
  EXPECT_LT(limits[1], 10.5f);
  gram[4 * 9] = 1.0;
  limits = valueOf(searchClipLimits(weights, {1, 8}, scheme, gram));
  EXPECT_GE(limits[1], 10.5f);
}

TEST(ClipSearch, threads_change_nothing) {
  const std::vector<float> weights = randomVector(500 * 64, 3);
  const std::vector<double> gram = randomGram(64, 100, 4);
  const Scheme scheme{ui4, {1, 16}, FloatFormat::F32, true};
  EXPECT_EQ(valueOf(searchClipLimits(weights, {500, 64}, scheme, gram, 1)),
            valueOf(searchClipLimits(weights, {500, 64}, scheme, gram, 4)));
}

TEST(ClipSearch, what_does_not_fit_is_refused) {
  auto message = [](llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape,
                    llvm::ArrayRef<double> gram, const Scheme &scheme) {
    return llvm::toString(searchClipLimits(weights, shape, scheme, gram).takeError());
  };
  const Scheme groups{i3, {1, 2}, FloatFormat::F16};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message({1, 2}, {2}, {1, 0, 0, 1}, Scheme{i3, {2}, FloatFormat::F16}),
            "expected weights of rank 2, found rank 1");
  EXPECT_EQ(message({1, 2}, {1, 2}, {1, 0, 0}, groups),
            "expected a Gram matrix of 2 x 2, found 3 elements");
  EXPECT_EQ(message({1, 2}, {1, 2}, {1, 0, nan, 1}, groups),
            "expected a finite Gram matrix, found nan at [1, 0]");
  EXPECT_EQ(message({1, 2e30f}, {1, 2}, {1, 0, 0, 1}, groups),
            "block 0: the scale 6.66667e+29 is above the largest f16, 65504");
  EXPECT_EQ(message({1, static_cast<float>(nan)}, {1, 2}, {1, 0, 0, 1}, groups),
            "expected finite values, found nan at index 1");
}

} // namespace
