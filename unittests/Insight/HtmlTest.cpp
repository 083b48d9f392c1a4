//===- HtmlTest.cpp -------------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Html.h"

#include "gtest/gtest.h"

using namespace quench::insight;

namespace {

TEST(HtmlTest, MarkupIsEscaped) {
  EXPECT_EQ(escapeHtml("<a b=\"c\" d='e'>&amp;"),
            "&lt;a b=&quot;c&quot; d=&apos;e&apos;&gt;&amp;amp;");
  EXPECT_EQ(escapeHtml("größer → kleiner\n\t"), "größer → kleiner\n\t");
  EXPECT_EQ(escapeHtml(llvm::StringRef("a\0b\x1b\x7f", 5)), "a\uFFFDb\uFFFD\uFFFD");
}

TEST(HtmlTest, ThreeDigitsReadWell) {
  EXPECT_EQ(threeDigits(0), "0");
  EXPECT_EQ(threeDigits(4.0519), "4.05");
  EXPECT_EQ(threeDigits(-4.0519), "-4.05");
  EXPECT_EQ(threeDigits(0.012345), "0.0123");
  EXPECT_EQ(threeDigits(99.94), "99.9");
  EXPECT_EQ(threeDigits(99.96), "100");
  EXPECT_EQ(threeDigits(1210.4), "1210");
  EXPECT_EQ(threeDigits(1234567), "1.23e+06");
  EXPECT_EQ(threeDigits(0.00001234), "1.23e-05");
  EXPECT_EQ(threeDigitsOrDash(std::nullopt), "–");
}

TEST(HtmlTest, DecibelsSayWhenNothingWasLost) {
  EXPECT_EQ(decibels(23.456), "23.5");
  EXPECT_EQ(decibels(200.0), "exact");
  EXPECT_EQ(decibels(std::nullopt), "–");
}

TEST(HtmlTest, BytesHaveUnits) {
  EXPECT_EQ(megabytes(0), "0 bytes");
  EXPECT_EQ(megabytes(999), "999 bytes");
  EXPECT_EQ(megabytes(1000), "1.0 kB");
  EXPECT_EQ(megabytes(2'300'000), "2.3 MB");
  EXPECT_EQ(megabytes(999'960'000), "1.0 GB");
}

} // namespace
