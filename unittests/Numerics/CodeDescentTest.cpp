//===- CodeDescentTest.cpp --------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What coordinate descent promises: a lower objective, and an end where no code alone can improve
// it.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeDescent.h"

#include "RandomMatrix.h"
#include "quench/Numerics/Gptq.h"

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

const std::vector<Scheme> schemes = {
    {i3, {1, kWhole}, FloatFormat::F32},
    {ui4, {1, 16}, FloatFormat::F16, true},
    {i3, {kWhole, kWhole}, FloatFormat::F32},
    {i3, {5, 12}, FloatFormat::F32},
    {ui4, {1, 16}, FloatFormat::F16, false, ScaleSpec(FloatFormat::F16)},
    {Encoding::nf4(), {1, 32}, FloatFormat::F32},
    {Encoding::floating(FloatFormat::F4E2M1FN), {1, 32}, FloatFormat::F8E8M0FNU},
    {Encoding::floating(FloatFormat::F4E2M1FN),
     {1, 16},
     Scheme{Encoding::floating(FloatFormat::F8E4M3FN), {kWhole, kWhole}, FloatFormat::F32}},
};

std::vector<double> damped(llvm::ArrayRef<double> gram, int64_t size, double damping) {
  std::vector<double> result(gram);
  double mean = 0.0;
  for (int64_t i = 0; i < size; ++i) {
    result[i * size + i] = result[i * size + i] == 0.0 ? 1.0 : result[i * size + i];
    mean += result[i * size + i] / static_cast<double>(size);
  }
  for (int64_t i = 0; i < size; ++i) {
    result[i * size + i] += damping * mean;
  }
  return result;
}

/// Half of dᵀ H d of each row.
std::vector<double> objectives(llvm::ArrayRef<float> weights, llvm::ArrayRef<float> rounded,
                               llvm::ArrayRef<double> gram, int64_t columns) {
  std::vector<double> result;
  for (size_t first = 0; first < weights.size(); first += columns) {
    double sum = 0.0;
    for (int64_t i = 0; i < columns; ++i) {
      for (int64_t j = 0; j < columns; ++j) {
        sum += (static_cast<double>(weights[first + i]) - rounded[first + i]) *
               (static_cast<double>(weights[first + j]) - rounded[first + j]) *
               gram[i * columns + j];
      }
    }
    result.push_back(sum / 2.0);
  }
  return result;
}

double sumOf(llvm::ArrayRef<double> values) {
  double sum = 0.0;
  for (double value : values) {
    sum += value;
  }
  return sum;
}

TEST(CodeDescent, ends_where_no_single_code_can_improve) {
  const int64_t rows = 27;
  const int64_t columns = 61;
  const std::vector<float> weights = randomVector(rows * columns, 1);
  const std::vector<double> gram = randomGram(columns, 100, 2);
  const std::vector<double> objective = damped(gram, columns, 0.01);
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor tensor = valueOf(quantizeTensor(weights, {rows, columns}, scheme));
    const double nearest =
        sumOf(objectives(weights, valueOf(dequantizeTensor(tensor, scheme)), objective, columns));
    CodeDescentOptions options;
    options.sweeps = 100;
    CodeDescentResult result = valueOf(descendCodes(weights, gram, scheme, tensor, options));
    EXPECT_LT(result.sweeps, 100);
    EXPECT_GT(result.changed, 0);
    EXPECT_NEAR(result.lossBefore, nearest, 1e-10 * nearest);
    EXPECT_LT(result.lossAfter, 0.7 * nearest);
    std::vector<float> rounded = valueOf(dequantizeTensor(tensor, scheme));
    const std::vector<double> losses = objectives(weights, rounded, objective, columns);
    EXPECT_NEAR(result.lossAfter, sumOf(losses), 1e-10 * nearest);
    // Every other code of every element.
    for (int64_t i = 0; i < rows * columns; ++i) {
      const int64_t row = i / columns;
      const int64_t column = i % columns;
      const int64_t block = scheme.blockIndex({rows, columns}, {row, column});
      double slope = 0.0;
      for (int64_t j = 0; j < columns; ++j) {
        slope += (static_cast<double>(weights[row * columns + j]) - rounded[row * columns + j]) *
                 objective[column * columns + j];
      }
      for (int32_t code = scheme.element.minCode(); code <= scheme.element.maxCode(); ++code) {
        const double step = static_cast<double>(dequantizeElement(code, blockCoding(tensor, block),
                                                                  scheme.element)) -
                            rounded[i];
        const double gain = step * slope - step * step * objective[column * columns + column] / 2.0;
        EXPECT_LT(gain, 1e-9 * losses[row]) << row << ", " << column << ": code " << code;
      }
    }
  }
}

TEST(CodeDescent, the_objective_never_rises) {
  const int64_t rows = 30;
  const int64_t columns = 100;
  const std::vector<float> weights = randomVector(rows * columns, 3);
  const std::vector<double> gram = randomGram(columns, 60, 4);
  const std::vector<double> objective = damped(gram, columns, 0.01);
  for (const Scheme &scheme : schemes) {
    SCOPED_TRACE(scheme.str());
    QuantizedTensor tensor = valueOf(quantizeTensor(weights, {rows, columns}, scheme));
    CodeDescentOptions options;
    options.sweeps = 1;
    for (int sweep = 0; sweep < 8; ++sweep) {
      std::vector<double> before =
          objectives(weights, valueOf(dequantizeTensor(tensor, scheme)), objective, columns);
      CodeDescentResult result = valueOf(descendCodes(weights, gram, scheme, tensor, options));
      std::vector<double> after =
          objectives(weights, valueOf(dequantizeTensor(tensor, scheme)), objective, columns);
      for (int64_t row = 0; row < rows; ++row) {
        EXPECT_LE(after[row], before[row] * (1 + 1e-12));
      }
      EXPECT_LE(result.lossAfter, result.lossBefore);
    }
  }
}

TEST(CodeDescent, improves_what_gptq_leaves) {
  const int64_t rows = 48;
  const int64_t columns = 192;
  const std::vector<float> weights = randomVector(rows * columns, 5);
  std::vector<double> gram = randomGram(columns, 400, 6);
  for (int64_t i = 0; i < columns; ++i) {
    gram[i * columns + 9] = gram[9 * columns + i] = 0.0;
  }
  const Scheme scheme{i3, {1, 64}, FloatFormat::F32};
  std::vector<int64_t> kept;
  for (int64_t i = 3; i < rows * columns; i += 101) {
    kept.push_back(i);
  }
  for (bool activationOrder : {false, true}) {
    for (bool keeps : {false, true}) {
      SCOPED_TRACE(std::string(activationOrder ? "activation order" : "") + (keeps ? " kept" : ""));
      GramFactorOptions factorOptions;
      factorOptions.activationOrder = activationOrder;
      GramFactor factor = valueOf(GramFactor::compute(gram, columns, factorOptions));
      GptqOptions gptqOptions;
      gptqOptions.kept = keeps ? llvm::ArrayRef<int64_t>(kept) : llvm::ArrayRef<int64_t>();
      GptqResult start = valueOf(gptq(weights, {rows, columns}, scheme, factor, gptqOptions));
      // Kept elements have moved; from here on they are what they are.
      std::vector<float> target = weights;
      for (size_t i = 0; i < start.kept.size(); ++i) {
        target[kept[i]] = start.kept[i];
      }
      CodeDescentOptions options;
      options.permutation = start.permutation;
      options.kept = gptqOptions.kept;
      CodeArray codes = start.tensor.codes;
      CodeDescentResult result = valueOf(descendCodes(target, gram, scheme, start.tensor, options));
      if (!keeps) {
        EXPECT_NEAR(result.lossBefore, start.loss, 1e-6 * start.loss);
      }
      EXPECT_LT(result.lossAfter, 0.998 * result.lossBefore);
      for (int64_t index : options.kept) {
        if (start.permutation.empty()) {
          EXPECT_EQ(start.tensor.codes[index], codes[index]);
        }
      }
      // An optimum for the kept elements as they are.
      CodeDescentResult again = valueOf(descendCodes(target, gram, scheme, start.tensor, options));
      EXPECT_LE(again.lossAfter, result.lossAfter * (1 + 1e-12));
    }
  }
}

TEST(CodeDescent, threads_change_nothing) {
  const std::vector<float> weights = randomVector(200 * 64, 7);
  const std::vector<double> gram = randomGram(64, 100, 8);
  const Scheme scheme{i3, {1, 32}, FloatFormat::F32};
  QuantizedTensor one = valueOf(quantizeTensor(weights, {200, 64}, scheme));
  QuantizedTensor four = one;
  CodeDescentOptions options;
  CodeDescentResult first = valueOf(descendCodes(weights, gram, scheme, one, options));
  options.threads = 4;
  CodeDescentResult second = valueOf(descendCodes(weights, gram, scheme, four, options));
  EXPECT_EQ(one.codes, four.codes);
  EXPECT_EQ(first.lossAfter, second.lossAfter);
}

TEST(CodeDescent, what_does_not_fit_is_refused) {
  const Scheme scheme{i3, {1, kWhole}, FloatFormat::F32};
  const double nan = std::numeric_limits<double>::quiet_NaN();
  auto message = [&](llvm::ArrayRef<float> weights, llvm::ArrayRef<double> gram,
                     const CodeDescentOptions &options = {}) {
    QuantizedTensor tensor = valueOf(quantizeTensor({1.0f, 2.0f}, {1, 2}, scheme));
    return llvm::toString(descendCodes(weights, gram, scheme, tensor, options).takeError());
  };
  EXPECT_EQ(message({1, 2, 3}, {1, 0, 0, 1}), "expected 2 values for the shape, found 3");
  EXPECT_EQ(message({1, 2}, {1, 0, 0}), "expected a Gram matrix of 2 x 2, found 3 elements");
  EXPECT_EQ(message({1, 2}, {1, nan, 0, 1}),
            "expected a Gram matrix that is finite and has no negative diagonal element, found nan "
            "at [0, 1]");
  EXPECT_EQ(message({1, 2}, {1, 0, 0, -2}),
            "expected a Gram matrix that is finite and has no negative diagonal element, found -2 "
            "at [1, 1]");
  const std::vector<int64_t> twice = {1, 1};
  CodeDescentOptions options;
  options.permutation = twice;
  EXPECT_EQ(message({1, 2}, {1, 0, 0, 1}, options), "expected a permutation of 2 columns, found 1");
  options = CodeDescentOptions();
  options.damping = -1.0;
  EXPECT_EQ(message({1, 2}, {1, 0, 0, 1}, options),
            "expected a damping that is not negative, found -1");
}

} // namespace
