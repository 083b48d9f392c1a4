//===- StorageErrorTest.cpp -------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops that only measure against encoding and decoding.
//
//===----------------------------------------------------------------------===//

#include "../../lib/Numerics/StorageError.h"

#include "RandomMatrix.h"
#include "quench/Numerics/QuantizeTensor.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace quench::numerics;

namespace {

TEST(StorageError, agrees_with_encoding_and_decoding) {
  std::vector<float> squares;
  for (int i = -16; i < 16; ++i) {
    squares.push_back(static_cast<float>(i * std::abs(i)));
  }
  std::vector<Encoding> elements = {
      Encoding::integer(4),
      Encoding::integer(2, /*isSigned=*/true, -1, 1),
      Encoding::integer(16, /*isSigned=*/false),
      Encoding::nf4(),
      Encoding::codebook("binary", {-1.0f, 1.0f}),
      Encoding::codebook("squares", squares),
  };
  for (FloatFormat format : allFloatFormats()) {
    if (format != FloatFormat::F32 && format != FloatFormat::F8E8M0FNU) {
      elements.push_back(Encoding::floating(format));
    }
  }
  std::vector<float> values = randomVector(1003, 1);
  // Ties, zeros, and magnitudes from far below the smallest code to above the largest.
  for (int i = 0; i < 400; ++i) {
    values[i] = static_cast<float>((i % 64 - 32) * 0.25);
  }
  for (int i = 400; i < 700; ++i) {
    values[i] *= std::ldexp(1.0f, i % 60 - 40);
  }
  const std::vector<float> importance = randomImportance(1003, 2);
  for (const Encoding &element : elements) {
    const bool canBeInfinite = element.isFloat() && element.floatFormat() == FloatFormat::F16;
    for (float scale : {1.0f, 0.3f, 1e-3f}) {
      BlockCoding coding = {scale};
      coding.zeroPoint = element == Encoding::integer(16, /*isSigned=*/false) ? 300 : 0;
      coding.realZeroPoint = element == Encoding::integer(4) ? 0.77f : 0.0f;
      // Each value alone says which one is wrong; all of them try the groups of lanes.
      double sum = 0.0;
      double weighted = 0.0;
      for (size_t i = 0; i < values.size(); ++i) {
        int32_t code = quantizeElement(values[i], coding, element);
        float back = dequantizeElement(code, coding, element);
        double error = values[i] - back;
        ASSERT_FLOAT_EQ(storageError({values[i]}, {}, coding, element), error * error)
            << element.str() << ": " << values[i] << " / " << scale << " is " << back;
        sum += error * error;
        weighted += error * error * importance[i];
      }
      if (canBeInfinite && std::isinf(sum)) {
        continue;
      }
      EXPECT_NEAR(storageError(values, {}, coding, element), sum, 1e-12 * sum);
      EXPECT_NEAR(storageError(values, importance, coding, element), weighted, 1e-12 * weighted);
    }
  }
}

TEST(StorageError, nothing_costs_nothing) {
  EXPECT_EQ(storageError({}, {}, BlockCoding(), Encoding::nf4()), 0.0);
}

} // namespace
