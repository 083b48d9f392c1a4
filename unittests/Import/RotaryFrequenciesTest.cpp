//===- RotaryFrequenciesTest.cpp - Tests of rotary frequencies -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/RotaryFrequencies.h"

#include "llvm/ADT/ArrayRef.h"

#include "gtest/gtest.h"

#include <limits>

using namespace quench;

namespace {

/// Expected values are exact ones (60 decimal digits) rounded to double; pow and the arithmetic
/// after it may be off by a few units in the last place.
void expectFrequencies(const RotaryConfig &config, int64_t headDim,
                       llvm::ArrayRef<double> expected) {
  std::vector<double> found = rotaryFrequencies(config, headDim);
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], expected[i], 8 * std::numeric_limits<double>::epsilon() * expected[i])
        << i;
  }
}

TEST(RotaryFrequencies, plain) {
  expectFrequencies(
      {}, 10,
      {1.0, 0.15848931924611134, 0.0251188643150958, 0.0039810717055349725, 0.0006309573444801932});
}

TEST(RotaryFrequencies, linear_scaling_divides_all) {
  RotaryConfig config;
  config.scaling = RotaryScaling::Linear;
  config.factor = 4;
  expectFrequencies(config, 10,
                    {0.25, 0.039622329811527836, 0.00627971607877395, 0.0009952679263837431,
                     0.0001577393361200483});
}

TEST(RotaryFrequencies, llama3_keeps_short_waves_blends_and_stretches_long_ones) {
  RotaryConfig config;
  config.theta = 500000;
  config.scaling = RotaryScaling::Llama3;
  config.factor = 8;
  config.originalMaxPositions = 8192;
  expectFrequencies(config, 16,
                    {1.0, 0.19392274474868576, 0.03760603093086393, 0.007292664737217109,
                     0.0005248461609929547, 3.428102195952591e-05, 6.647869871181235e-06,
                     1.2891731721515574e-06});
}

TEST(RotaryFrequencies, llama3_of_the_3_2_models) {
  RotaryConfig config;
  config.theta = 500000;
  config.scaling = RotaryScaling::Llama3;
  config.factor = 32;
  config.originalMaxPositions = 8192;
  expectFrequencies(config, 24,
                    {1.0, 0.3350316475065263, 0.1122462048309373, 0.03760603093086393,
                     0.01259921049894873, 0.004221134250744317, 0.0004295567965593682,
                     1.4806446866497865e-05, 4.960628287400623e-06, 1.6619674677953088e-06,
                     5.568116988377121e-07, 1.8654954081250644e-07});
}

} // namespace
