//===- BiasCorrectionTest.cpp -----------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Corrected layers have the means of the float layer.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BiasCorrection.h"

#include "RandomMatrix.h"
#include "quench/Numerics/QuantizeTensor.h"

#include "gtest/gtest.h"

using namespace quench::numerics;

namespace {

std::string messageOf(llvm::Expected<std::vector<float>> result) {
  return result ? "" : llvm::toString(result.takeError());
}

TEST(BiasCorrection, restores_the_means_of_the_outputs) {
  const int64_t outputs = 7;
  const int64_t inputs = 30;
  const std::vector<float> weights = randomVector(outputs * inputs, 1);
  const std::vector<float> bias = randomVector(outputs, 2);
  std::vector<double> means, roundedMeans;
  for (float value : randomVector(inputs, 3)) {
    means.push_back(value + 1.0);
    roundedMeans.push_back(value + 0.9);
  }
  const Scheme scheme{Encoding::integer(3), {1, kWhole}, FloatFormat::F32};
  QuantizedTensor tensor = llvm::cantFail(quantizeTensor(weights, {outputs, inputs}, scheme));
  const std::vector<float> rounded = llvm::cantFail(dequantizeTensor(tensor, scheme));
  const std::vector<float> corrected =
      llvm::cantFail(correctBias(bias, weights, rounded, means, roundedMeans));
  const std::vector<float> alone =
      llvm::cantFail(correctBias({}, weights, rounded, means, roundedMeans));
  for (int64_t output = 0; output < outputs; ++output) {
    double before = bias[output];
    double after = corrected[output];
    for (int64_t input = 0; input < inputs; ++input) {
      before += weights[output * inputs + input] * means[input];
      after += rounded[output * inputs + input] * roundedMeans[input];
    }
    EXPECT_NEAR(before, after, 1e-6);
    EXPECT_NEAR(alone[output], corrected[output] - bias[output], 1e-6);
    EXPECT_NE(alone[output], 0.0f);
  }
}

TEST(BiasCorrection, what_does_not_fit_is_refused) {
  EXPECT_EQ(messageOf(correctBias({}, {1, 2, 3}, {1, 2, 3}, {1, 1}, {1, 1})),
            "expected weights of [outputs, 2], as many rounded ones, 2 means of rounded inputs and "
            "as many biases as outputs, found 3, 3, 2 and 0");
  EXPECT_NE(messageOf(correctBias({}, {1, 2}, {1}, {1, 1}, {1, 1})), "");
  EXPECT_NE(messageOf(correctBias({}, {1, 2}, {1, 2}, {1, 1}, {1})), "");
  EXPECT_NE(messageOf(correctBias({1, 2}, {1, 2}, {1, 2}, {1, 1}, {1, 1})), "");
  EXPECT_EQ(messageOf(correctBias({}, {1, 2}, {1, 3}, {1, 1}, {1, 1e300})),
            "the corrected bias of output 0 is not finite");
  EXPECT_EQ(messageOf(correctBias({3.0f}, {}, {}, {}, {})), "");
}

} // namespace
