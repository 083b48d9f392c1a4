//===- JsonFileTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/JsonFile.h"

#include "TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;

namespace {

std::string failure(Expected<json::Value> value) {
  return value ? "" : toString(value.takeError());
}

TEST(JsonFile, ReadsWhatIsThere) {
  TemporaryFolder folder;
  Expected<json::Value> value = readJsonFile(folder.put("a.json", R"({"x": [1, 2.5, "é"]})"));
  ASSERT_TRUE(static_cast<bool>(value));
  EXPECT_EQ(*value, json::Value(json::Object{{"x", json::Array{1, 2.5, "é"}}}));
}

TEST(JsonFile, ErrorsNameTheFileAndThePlace) {
  TemporaryFolder folder;
  std::string file = folder.put("a.json", "{\n  \"x\": 1,\n  \"x\": 2\n}");
  EXPECT_EQ(failure(readJsonFile(file)),
            file + ": line 3, column 7: expected each key once, found 'x' again");
  EXPECT_EQ(failure(readJsonFile(folder.put("b.json", "{} {}"))),
            folder / "b.json" + ": line 1, column 4: expected the end, found '{'");
  EXPECT_EQ(failure(readJsonFile(folder.put("c.json", "\"\xc0\""))),
            folder / "c.json" + ": line 1, column 2: expected UTF-8, found byte 0xc0");
  EXPECT_EQ(failure(readJsonFile(folder.put("d.json", std::string(100000, '[')))),
            folder / "d.json" + ": line 1, column 65: expected at most 64 levels of nesting");
  EXPECT_EQ(failure(readJsonFile(folder / "none")),
            folder / "none" + ": cannot open: No such file or directory");
  EXPECT_EQ(failure(readJsonFile(folder.path())),
            folder.path() + ": expected a file, found a folder");
  EXPECT_EQ(failure(readJsonFile(file, /*maxBytes=*/10)),
            file + ": expected at most 10 bytes, found 22");
}

TEST(JsonFile, IntegersFit64Bits) {
  EXPECT_EQ(integerOf(json::Value(7.0)), 7);
  EXPECT_EQ(integerOf(json::Value(int64_t(-3))), -3);
  EXPECT_EQ(integerOf(json::Value(0.5)), std::nullopt);
  EXPECT_EQ(integerOf(json::Value(0x1p63)), std::nullopt);
  EXPECT_EQ(integerOf(json::Value("7")), std::nullopt);
}

} // namespace
