//===- GptqTest.cpp ---------------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// GPTQ against the loops that define it, and against the loss that it reports.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Gptq.h"

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

GramFactor factorOf(llvm::ArrayRef<double> gram, int64_t size, bool activationOrder = false) {
  GramFactorOptions options;
  options.activationOrder = activationOrder;
  return valueOf(GramFactor::compute(gram, size, options));
}

std::vector<int32_t> codesOf(const QuantizedTensor &tensor) {
  std::vector<int32_t> codes;
  for (size_t i = 0; i < tensor.codes.size(); ++i) {
    codes.push_back(tensor.codes[i]);
  }
  return codes;
}

const Encoding i3 = Encoding::integer(3);
const Encoding i4 = Encoding::integer(4);
const Encoding ui4 = Encoding::integer(4, /*isSigned=*/false);
const Encoding ui6 = Encoding::integer(6, /*isSigned=*/false);
const Encoding e2m1 = Encoding::floating(FloatFormat::F4E2M1FN);
const Encoding e4m3 = Encoding::floating(FloatFormat::F8E4M3FN);

/// Every kind of scheme; groups begin and end anywhere.
const std::vector<Scheme> schemes = {
    {i4, {1, kWhole}, FloatFormat::F32},
    {ui4, {1, kWhole}, FloatFormat::F16, true},
    {i3, {kWhole, kWhole}, FloatFormat::F32},
    {i4, {1, 64}, FloatFormat::F32},
    {i4, {1, 12}, FloatFormat::F16},
    {ui4, {1, 7}, FloatFormat::F32, true},
    {i4, {5, 19}, FloatFormat::F32},
    {i4, {kWhole, 16}, FloatFormat::F32},
    {Encoding::nf4(), {1, 32}, FloatFormat::F32},
    {Encoding::codebook("binary", {-1.0f, 1.0f}), {1, 32}, FloatFormat::F32},
    {e2m1, {1, 32}, FloatFormat::F8E8M0FNU},
    {e4m3, {16, 16}, FloatFormat::F32},
    {e2m1, {1, 16}, Scheme{e4m3, {kWhole, kWhole}, FloatFormat::F32}},
    {ui4, {1, 8}, Scheme{ui6, {1, 8}, FloatFormat::F16}, true},
    {ui4, {1, 16}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
    {ui4,
     {1, 8},
     Scheme{ui6, {1, 8}, FloatFormat::F16},
     false,
     ScaleSpec(Scheme{ui6, {1, 8}, FloatFormat::F16})},
};

/// H with damping and dead inputs as the factor has it, in the order of the inputs.
std::vector<double> dampedGram(llvm::ArrayRef<double> gram, int64_t size, double damping) {
  std::vector<double> result(gram);
  double mean = 0.0;
  for (int64_t i = 0; i < size; ++i) {
    double &diagonal = result[i * size + i];
    diagonal = diagonal == 0.0 ? 1.0 : diagonal;
    mean += diagonal / static_cast<double>(size);
  }
  for (int64_t i = 0; i < size; ++i) {
    result[i * size + i] += damping * mean;
  }
  return result;
}

/// Half of tr(dW H dWᵀ) for dW = weights - rounded.
double objective(llvm::ArrayRef<float> weights, llvm::ArrayRef<float> rounded,
                 llvm::ArrayRef<double> gram, int64_t columns) {
  double sum = 0.0;
  for (size_t row = 0; row * columns < weights.size(); ++row) {
    for (int64_t i = 0; i < columns; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        double a = static_cast<double>(weights[row * columns + i]) - rounded[row * columns + i];
        double b = static_cast<double>(weights[row * columns + j]) - rounded[row * columns + j];
        sum += a * b * gram[i * columns + j];
      }
    }
  }
  return sum / 2.0;
}

/// The values of a result, in the order of the inputs, with kept elements in place.
std::vector<float> valuesOf(const GptqResult &result, const Scheme &scheme,
                            llvm::ArrayRef<int64_t> kept = {}) {
  std::vector<float> stored = valueOf(dequantizeTensor(result.tensor, scheme));
  std::vector<float> values = stored;
  const int64_t columns = result.tensor.shape[1];
  if (!result.permutation.empty()) {
    for (size_t i = 0; i < stored.size(); ++i) {
      values[i / columns * columns + result.permutation[i % columns]] = stored[i];
    }
  }
  for (size_t i = 0; i < kept.size(); ++i) {
    values[kept[i]] = result.kept[i];
  }
  return values;
}

/// GPTQ as it is defined, column by column, for absmax scales that are not nested.
struct ColumnByColumn {
  ColumnByColumn(llvm::ArrayRef<float> weights, int64_t rows, int64_t columns, const Scheme &scheme,
                 const GramFactor &factor, bool staticGroups) {
    std::vector<double> values(rows * columns);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t j = 0; j < columns; ++j) {
        values[row * columns + j] =
            factor.isDead(j) ? 0.0 : weights[row * columns + factor.order()[j]];
      }
    }
    const int64_t blockRows = scheme.block[0] == kWhole ? rows : scheme.block[0];
    const int64_t blockColumns =
        scheme.block[1] == kWhole ? columns : std::min(scheme.block[1], columns);
    const bool isStatic = staticGroups || blockColumns == columns;
    codes.resize(rows * columns);
    std::vector<BlockCoding> chosen(rows);
    for (int64_t j = 0; j < columns; ++j) {
      const int64_t place = isStatic ? factor.order()[j] : j;
      for (int64_t first = 0; first < rows; first += blockRows) {
        if (!isStatic && j % blockColumns != 0) {
          continue;
        }
        // The range of the block that the column belongs to.
        ValueRange range{std::numeric_limits<float>::max(), -std::numeric_limits<float>::max()};
        const int64_t begin = place / blockColumns * blockColumns;
        const int64_t lastRow = std::min(first + blockRows, rows);
        for (int64_t row = first; row < lastRow; ++row) {
          for (int64_t k = begin; k < std::min(begin + blockColumns, columns); ++k) {
            float value = isStatic ? weights[row * columns + k]
                                   : static_cast<float>(values[row * columns + k]);
            range = {std::min(range.min, value), std::max(range.max, value)};
          }
        }
        ScaleAndZeroPoint scale =
            valueOf(chooseScale(range, scheme.element, scheme.scale.format, scheme.isAsymmetric()));
        BlockCoding coding = {scale.scale, scheme.zeroPoint ? scale.zeroPoint : 0};
        if (scheme.realZeroPoint) {
          coding.realZeroPoint = roundTo(scheme.realZeroPoint->format,
                                         realZeroPointFor(range, scale.scale, scheme.element));
        }
        std::fill(chosen.begin() + first, chosen.begin() + lastRow, coding);
      }
      for (int64_t row = 0; row < rows; ++row) {
        double *w = &values[row * columns];
        int32_t code = quantizeElement(static_cast<float>(w[j]), chosen[row], scheme.element);
        double back = dequantizeElement(code, chosen[row], scheme.element);
        double error = (w[j] - back) / factor.diagonal(j);
        codes[row * columns + place] = code;
        loss += error * error / 2.0;
        for (int64_t k = j + 1; k < columns; ++k) {
          w[k] = std::fma(factor.negatedTile(k / 8)[j * 8 + k % 8], error, w[k]);
        }
      }
    }
  }

  std::vector<int32_t> codes;
  double loss = 0.0;
};

TEST(Gptq, is_the_loop_over_columns) {
  const int64_t rows = 101;
  const int64_t columns = 133;
  const std::vector<float> weights = randomVector(rows * columns, 1);
  const std::vector<double> gram = randomGram(columns, 300, 2);
  for (const Scheme &scheme : schemes) {
    if (scheme.scale.isNested()) {
      continue;
    }
    for (bool activationOrder : {false, true}) {
      for (bool staticGroups : {false, true}) {
        SCOPED_TRACE(scheme.str() + (activationOrder ? " activation order" : "") +
                     (staticGroups ? " static groups" : ""));
        GramFactor factor = factorOf(gram, columns, activationOrder);
        GptqOptions options;
        options.staticGroups = staticGroups;
        GptqResult result = valueOf(gptq(weights, {rows, columns}, scheme, factor, options));
        ColumnByColumn expected(weights, rows, columns, scheme, factor, staticGroups);
        EXPECT_EQ(codesOf(result.tensor), expected.codes);
        EXPECT_NEAR(result.loss, expected.loss, 1e-12 * expected.loss);
        const bool runs = !staticGroups && scheme.block[1] != kWhole;
        EXPECT_EQ(result.permutation.empty(), !(activationOrder && runs));
      }
    }
  }
}

/// Optimal brain surgeon: after each column, the column is taken out of the inverse itself.
TEST(Gptq, is_sequential_surgery_with_an_explicit_inverse) {
  constexpr int64_t size = 24;
  const std::vector<float> weights = randomVector(size * size, 3);
  const std::vector<double> gram = randomGram(size, 60, 4);
  const Scheme scheme{i3, {1, kWhole}, FloatFormat::F32};
  GptqResult result =
      valueOf(gptq(weights, {size, size}, scheme, factorOf(gram, size), GptqOptions()));

  // The inverse by elimination.
  std::vector<double> matrix = dampedGram(gram, size, 0.01);
  std::vector<double> inverse(size * size);
  for (int64_t i = 0; i < size; ++i) {
    inverse[i * size + i] = 1.0;
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t row = 0; row < size; ++row) {
      const double multiple = row == i ? 0.0 : matrix[row * size + i] / matrix[i * size + i];
      for (int64_t k = 0; k < size; ++k) {
        matrix[row * size + k] -= multiple * matrix[i * size + k];
        inverse[row * size + k] -= multiple * inverse[i * size + k];
      }
    }
    const double pivot = matrix[i * size + i];
    for (int64_t k = 0; k < size; ++k) {
      matrix[i * size + k] /= pivot;
      inverse[i * size + k] /= pivot;
    }
  }
  std::vector<double> values(weights.begin(), weights.end());
  std::vector<int32_t> codes(size * size);
  double loss = 0.0;
  for (int64_t j = 0; j < size; ++j) {
    const double pivot = inverse[j * size + j];
    for (int64_t row = 0; row < size; ++row) {
      double *w = &values[row * size];
      const float scale = result.tensor.scales[row];
      codes[row * size + j] = quantizeInteger(static_cast<float>(w[j]), scale, 0, -4, 3);
      const double delta = w[j] - static_cast<float>(codes[row * size + j]) * scale;
      loss += delta * delta / pivot / 2.0;
      for (int64_t k = 0; k < size; ++k) {
        w[k] -= delta / pivot * inverse[j * size + k];
      }
    }
    std::vector<double> column(size);
    for (int64_t i = 0; i < size; ++i) {
      column[i] = inverse[i * size + j];
    }
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t k = 0; k < size; ++k) {
        inverse[i * size + k] -= column[i] * column[k] / pivot;
      }
    }
  }
  EXPECT_EQ(codesOf(result.tensor), codes);
  EXPECT_NEAR(result.loss, loss, 1e-11 * loss);
}

TEST(Gptq, the_loss_is_that_of_the_stored_tensor) {
  const int64_t rows = 11;
  const int64_t columns = 75;
  std::vector<float> weights = randomVector(rows * columns, 5);
  std::vector<double> gram = randomGram(columns, 100, 6);
  for (int64_t i = 0; i < columns; ++i) {
    gram[i * columns + 20] = gram[20 * columns + i] = 0.0;
  }
  std::vector<int64_t> kept;
  for (int64_t i = 4; i < rows * columns; i += 1 + i % 97) {
    kept.push_back(i);
  }
  std::vector<float> target = weights;
  for (int64_t row = 0; row < rows; ++row) {
    target[row * columns + 20] = 0.0f;
  }
  for (const Scheme &scheme : schemes) {
    for (bool activationOrder : {false, true}) {
      for (bool staticGroups : {false, true}) {
        for (bool keeps : {false, true}) {
          for (RangeRule rule : {RangeRule::Absmax, RangeRule::MeanSquaredError}) {
            SCOPED_TRACE(scheme.str() + (activationOrder ? " activation order" : "") +
                         (staticGroups ? " static groups" : "") + (keeps ? " kept " : " ") +
                         name(rule).str());
            GptqOptions options;
            options.staticGroups = staticGroups;
            options.rule = rule;
            options.kept = keeps ? llvm::ArrayRef<int64_t>(kept) : llvm::ArrayRef<int64_t>();
            GptqResult result = valueOf(gptq(weights, {rows, columns}, scheme,
                                             factorOf(gram, columns, activationOrder), options));
            EXPECT_EQ(result.damping, 0.01);
            EXPECT_EQ(result.note, "");
            double expected = objective(target, valuesOf(result, scheme, options.kept),
                                        dampedGram(gram, columns, 0.01), columns);
            EXPECT_NEAR(result.loss, expected, 1e-6 * expected);
          }
        }
      }
    }
  }
}

TEST(Gptq, loses_less_than_rounding_to_nearest) {
  const int64_t rows = 40;
  const int64_t columns = 128;
  const std::vector<float> weights = randomVector(rows * columns, 7);
  const std::vector<double> gram = randomGram(columns, 400, 8);
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    // The largest magnitude is no scale for one bit.
    RangeOptions ranges;
    ranges.rule = scheme.element.bitWidth() == 1 ? RangeRule::AbsoluteMean : RangeRule::Absmax;
    GptqOptions options;
    options.rule = ranges.rule;
    std::vector<float> nearest = valueOf(dequantizeTensor(
        valueOf(quantizeTensor(weights, {rows, columns}, scheme, ranges)), scheme));
    GptqResult result =
        valueOf(gptq(weights, {rows, columns}, scheme, factorOf(gram, columns), options));
    EXPECT_LT(objective(weights, valuesOf(result, scheme), gram, columns),
              0.6 * objective(weights, nearest, gram, columns));
  }
}

TEST(Gptq, uncorrelated_inputs_are_rounded_to_nearest) {
  const std::vector<float> weights = randomVector(30 * 50, 9);
  std::vector<double> gram(50 * 50);
  for (int64_t i = 0; i < 50; ++i) {
    gram[i * 51] = 1.0 + static_cast<double>(i % 7);
  }
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor nearest = valueOf(quantizeTensor(weights, {30, 50}, scheme));
    GptqResult result = valueOf(gptq(weights, {30, 50}, scheme, factorOf(gram, 50), GptqOptions()));
    EXPECT_EQ(result.tensor.codes, nearest.codes);
    EXPECT_EQ(result.tensor.scales, nearest.scales);
    EXPECT_EQ(result.tensor.zeroPoints, nearest.zeroPoints);
    EXPECT_EQ(result.tensor.realZeroPoints, nearest.realZeroPoints);
    ASSERT_EQ(result.tensor.scaleTensor != nullptr, nearest.scaleTensor != nullptr);
    if (nearest.scaleTensor) {
      EXPECT_EQ(result.tensor.scaleTensor->codes, nearest.scaleTensor->codes);
    }
  }
}

TEST(Gptq, kept_elements_have_no_error_and_do_not_widen_their_group) {
  std::vector<float> weights = randomVector(2 * 16, 10);
  weights[5] = 1000.0f;
  const std::vector<int64_t> kept = {5};
  const Scheme scheme{i4, {1, 8}, FloatFormat::F32};
  GptqOptions options;
  options.kept = kept;
  const std::vector<double> gram = randomGram(16, 60, 11);
  GptqResult result = valueOf(gptq(weights, {2, 16}, scheme, factorOf(gram, 16), options));
  EXPECT_LT(result.tensor.scales[0], 1.0f);
  EXPECT_EQ(result.tensor.codes[5], 0);
  ASSERT_EQ(result.kept.size(), 1u);
  // It has taken in the errors of the five columns before it.
  EXPECT_NEAR(result.kept[0], 1000.0f, 5.0f);
  EXPECT_NE(result.kept[0], 1000.0f);
}

TEST(Gptq, dead_inputs_and_zeros_are_harmless) {
  std::vector<float> weights = randomVector(10 * 20, 12);
  std::vector<double> gram = randomGram(20, 50, 13);
  for (int64_t i = 0; i < 20; ++i) {
    gram[i * 20 + 3] = gram[3 * 20 + i] = 0.0;
  }
  for (int64_t row = 0; row < 10; ++row) {
    weights[row * 20 + 3] = 50.0f;
  }
  for (bool staticGroups : {false, true}) {
    GptqOptions options;
    options.staticGroups = staticGroups;
    const Scheme scheme{ui4, {1, 10}, FloatFormat::F32, true};
    GptqResult result = valueOf(gptq(weights, {10, 20}, scheme, factorOf(gram, 20), options));
    std::vector<float> values = valuesOf(result, scheme);
    for (int64_t row = 0; row < 10; ++row) {
      EXPECT_EQ(values[row * 20 + 3], 0.0f);
      EXPECT_LT(result.tensor.scales[row * 2], 1.0f);
    }
  }
  const Scheme scheme{i4, {1, 10}, FloatFormat::F32};
  const std::vector<float> zeros(10 * 20);
  GptqResult result = valueOf(gptq(zeros, {10, 20}, scheme, factorOf(gram, 20), GptqOptions()));
  EXPECT_EQ(result.loss, 0.0);
  EXPECT_EQ(valuesOf(result, scheme), zeros);
  result = valueOf(
      gptq(weights, {10, 20}, scheme, factorOf(std::vector<double>(20 * 20), 20), GptqOptions()));
  EXPECT_EQ(valuesOf(result, scheme), zeros);
  EXPECT_EQ(valueOf(gptq({}, {0, 20}, scheme, factorOf(gram, 20), GptqOptions())).loss, 0.0);
  EXPECT_EQ(valueOf(gptq({}, {5, 0}, scheme, factorOf({}, 0), GptqOptions())).loss, 0.0);
}

TEST(Gptq, without_a_factor_weights_are_rounded_to_nearest) {
  const std::vector<double> gram = {1.0, 9.0, 9.0, 1.0};
  const std::vector<float> weights = {1.0f, -0.3f, 0.2f, 0.7f};
  const std::vector<int64_t> kept = {1};
  const Scheme scheme{i4, {1, kWhole}, FloatFormat::F32};
  GptqOptions options;
  options.kept = kept;
  GptqResult result = valueOf(gptq(weights, {2, 2}, scheme, factorOf(gram, 2), options));
  EXPECT_EQ(result.damping, std::nullopt);
  EXPECT_EQ(result.note, "the Gram matrix is not positive definite, even with damping 1; rounded "
                         "to nearest");
  EXPECT_EQ(codesOf(result.tensor), (std::vector<int32_t>{7, 0, 2, 7}));
  EXPECT_EQ(result.kept, std::vector<float>{-0.3f});
}

TEST(Gptq, threads_change_nothing) {
  const std::vector<float> weights = randomVector(500 * 96, 14);
  const std::vector<double> gram = randomGram(96, 200, 15);
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    GptqOptions options;
    GramFactor factor = factorOf(gram, 96);
    GptqResult one = valueOf(gptq(weights, {500, 96}, scheme, factor, options));
    options.threads = 4;
    GptqResult four = valueOf(gptq(weights, {500, 96}, scheme, factor, options));
    EXPECT_EQ(one.tensor.codes, four.tensor.codes);
    EXPECT_EQ(one.tensor.scales, four.tensor.scales);
    EXPECT_EQ(one.loss, four.loss);
  }
}

TEST(Gptq, what_does_not_fit_is_refused) {
  const std::vector<double> gram = randomGram(4, 20, 16);
  auto message = [&](llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape,
                     const Scheme &scheme, GptqOptions options = {}) {
    llvm::Expected<GptqResult> result = gptq(weights, shape, scheme, factorOf(gram, 4), options);
    return result ? "" : llvm::toString(result.takeError());
  };
  const Scheme groups{i4, {1, 2}, FloatFormat::F16};
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(message({1, 2, 3, 4}, {4}, Scheme{i4, {2}, FloatFormat::F32}),
            "expected weights of rank 2, found rank 1");
  EXPECT_EQ(message({1, 2, 3}, {1, 3}, groups), "expected a Gram matrix of 3 inputs, found 4");
  EXPECT_EQ(message({1, 2, nan, 4}, {1, 4}, groups),
            "expected finite values, found nan at index 2");
  EXPECT_EQ(message({1, 2, 3}, {1, 4}, groups), "expected 4 values for the shape, found 3");
  EXPECT_EQ(message({0, 0, 3e30f, 4}, {1, 4}, groups),
            "block 1: the scale 4.28571e+29 is above the largest f16, 65504");
  GptqOptions options;
  options.rule = RangeRule::AbsoluteMean;
  EXPECT_EQ(message({1, 2, 3, 4}, {1, 4}, groups, options),
            "the range rule 'absmean' needs a ternary or binary element of magnitude 1, found i4");
  const std::vector<int64_t> kept = {4};
  options = GptqOptions();
  options.kept = kept;
  EXPECT_EQ(message({1, 2, 3, 4}, {1, 4}, groups, options),
            "expected ascending indices of excluded elements below 4, found 4 after -1");
}

} // namespace
