//===- TextTableTest.cpp ------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/TextTable.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench::driver;

namespace {

TEST(TextTable, PutsNumbersAndTheirTitlesOnTheRight) {
  TextTable table({"model", "perplexity", "note"});
  table.addRow({"w8a8", "4.11", "one"});
  table.addRow({"w4a16-long", "-", "two words"});
  std::string text;
  raw_string_ostream stream(text);
  table.print(stream);
  EXPECT_EQ(text, "model       perplexity  note\n"
                  "w8a8              4.11  one\n"
                  "w4a16-long           -  two words\n");
}

TEST(TextTable, NeedsNoTitles) {
  TextTable table;
  table.addRow({"a", "long text"});
  table.addRow({"bcd", "x"});
  std::string text;
  raw_string_ostream stream(text);
  table.print(stream);
  EXPECT_EQ(text, "a    long text\nbcd  x\n");
}

TEST(TextTable, NumbersAndBytes) {
  EXPECT_EQ(fixed(4.05194, 4), "4.0519");
  EXPECT_EQ(fixed(-2, 0), "-2");
  EXPECT_EQ(shortest(448), "448");
  EXPECT_EQ(shortest(1.7014118346046923e38), "1.70141e+38");
  EXPECT_EQ(byteCount(0), "0 bytes");
  EXPECT_EQ(byteCount(999), "999 bytes");
  EXPECT_EQ(byteCount(1000), "1.0 kB");
  EXPECT_EQ(byteCount(13120536), "13.1 MB");
  EXPECT_EQ(byteCount(999'950'000), "1.0 GB");
}

} // namespace
