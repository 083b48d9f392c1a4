//===- MachineLimitsTest.cpp --------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/MachineLimits.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;
using namespace quench::driver;

namespace {

TEST(MachineLimits, TheSlowerOfReadingAndMultiplyingCounts) {
  MachineLimits limits;
  limits.readBytesPerSecond = 10;
  limits.floatMacsPerSecond = 2;
  limits.integerMacsPerSecond = 4;
  EXPECT_EQ(limits.attainableSeconds(/*bytes=*/100, /*floatMacs=*/2, /*integerMacs=*/4), 10);
  EXPECT_EQ(limits.attainableSeconds(/*bytes=*/10, /*floatMacs=*/2, /*integerMacs=*/4), 2);
}

TEST(MachineLimits, EveryTargetThatRunsHereIsMeasured) {
  for (const Target &target : Target::all()) {
    if (!target.runsHere()) {
      continue;
    }
    Expected<MachineLimits> limits = measureMachine(target, /*bufferBytes=*/1 << 16, /*threads=*/1);
    ASSERT_TRUE(bool(limits)) << toString(limits.takeError());
    // Any machine does more than this, none does a thousand times as much on one core.
    EXPECT_GT(limits->readBytesPerSecond, 1e8);
    EXPECT_LT(limits->readBytesPerSecond, 1e13);
    EXPECT_GT(limits->floatMacsPerSecond, 1e8);
    EXPECT_LT(limits->floatMacsPerSecond, 1e13);
    EXPECT_GT(limits->integerMacsPerSecond, 1e8);
    EXPECT_LT(limits->integerMacsPerSecond, 1e13);
  }
}

} // namespace
