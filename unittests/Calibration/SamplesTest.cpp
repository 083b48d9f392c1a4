//===- SamplesTest.cpp - The tokens that a model is calibrated on ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/Samples.h"

#include "gtest/gtest.h"

using namespace quench::calibration;

namespace {

TEST(SamplesTest, samplesAreWindowsOfTokens) {
  EXPECT_EQ(Samples().size(), 0u);
  Samples samples{2, {5, 6, 7, 8}};
  EXPECT_EQ(samples.size(), 2u);
  EXPECT_EQ(samples[1].vec(), (std::vector<int32_t>{7, 8}));
  EXPECT_EQ(samples.digest(), (Samples{2, {5, 6, 7, 8}}).digest());
  EXPECT_NE(samples.digest(), (Samples{4, {5, 6, 7, 8}}).digest());
  EXPECT_NE(samples.digest(), (Samples{2, {5, 6, 7, 9}}).digest());
}

TEST(SamplesTest, samplesOfAnotherModelAreRefused) {
  Samples samples{3, {0, 1, 2, 3, 300, 5}};
  EXPECT_EQ(llvm::toString(samples.requireVocabulary(301, "FILE")), "");
  EXPECT_EQ(llvm::toString(samples.requireVocabulary(300, "FILE")),
            "FILE: sample 1, token 1: expected an id below 300, found 300; calibrate this model "
            "again");
  EXPECT_EQ(llvm::toString(samples.requirePositions(3, "FILE")), "");
  EXPECT_EQ(llvm::toString(samples.requirePositions(2, "FILE")),
            "FILE: expected samples of at most 2 tokens, the positions of the model, found 3");
}

} // namespace
