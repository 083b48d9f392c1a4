//===- ElementKindTest.cpp ------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/ElementKind.h"

#include "gtest/gtest.h"

#include <set>

using namespace llvm;
using namespace quench;

namespace {

TEST(ElementKind, NamesAndSizes) {
  struct {
    ElementKind kind;
    const char *name;
    unsigned bits, alignment;
  } expected[] = {
      {ElementKind::F64, "F64", 64, 8},          {ElementKind::F32, "F32", 32, 4},
      {ElementKind::F16, "F16", 16, 2},          {ElementKind::BF16, "BF16", 16, 2},
      {ElementKind::F8E4M3FN, "F8_E4M3", 8, 1},  {ElementKind::F8E5M2, "F8_E5M2", 8, 1},
      {ElementKind::F8E8M0FNU, "F8_E8M0", 8, 1}, {ElementKind::F4E2M1FN, "F4", 4, 1},
      {ElementKind::I64, "I64", 64, 8},          {ElementKind::I32, "I32", 32, 4},
      {ElementKind::I16, "I16", 16, 2},          {ElementKind::I8, "I8", 8, 1},
      {ElementKind::U64, "U64", 64, 8},          {ElementKind::U32, "U32", 32, 4},
      {ElementKind::U16, "U16", 16, 2},          {ElementKind::U8, "U8", 8, 1},
      {ElementKind::Bool, "BOOL", 8, 1},
  };
  std::set<ElementKind> seen;
  for (const auto &[kind, name, bits, alignment] : expected) {
    EXPECT_EQ(safetensorsName(kind), name);
    EXPECT_EQ(elementKindFromSafetensorsName(name), kind);
    EXPECT_EQ(bitWidth(kind), bits) << name;
    EXPECT_EQ(naturalAlignment(kind), alignment) << name;
    seen.insert(kind);
  }
  EXPECT_EQ(seen, std::set<ElementKind>(allElementKinds().begin(), allElementKinds().end()));
  for (const char *name : {"", "f32", "F32 ", "F128", "C64"}) {
    EXPECT_FALSE(elementKindFromSafetensorsName(name).has_value()) << name;
  }
}

TEST(ElementKind, SizesOfShapes) {
  int64_t huge = int64_t(1) << 62;
  EXPECT_EQ(numElements({}), 1);
  EXPECT_EQ(numElements({2, 3, 4}), 24);
  EXPECT_EQ(numElements({5, 0}), 0);
  EXPECT_EQ(numElements({huge}), huge);
  EXPECT_EQ(numElements({-1}), std::nullopt);
  EXPECT_EQ(numElements({0, -1}), std::nullopt);
  EXPECT_EQ(numElements({huge, 2}), std::nullopt);
  EXPECT_EQ(numElements({int64_t(1) << 32, int64_t(1) << 32}), std::nullopt);
  EXPECT_EQ(numElements({0, huge, huge}), std::nullopt);
  EXPECT_EQ(numElements({huge, huge, 0}), std::nullopt);

  EXPECT_EQ(numBytes(ElementKind::F32, {2, 3}), 24);
  EXPECT_EQ(numBytes(ElementKind::F64, {}), 8);
  EXPECT_EQ(numBytes(ElementKind::Bool, {7}), 7);
  EXPECT_EQ(numBytes(ElementKind::F16, {huge}), std::nullopt);
  EXPECT_EQ(numBytes(ElementKind::U8, {huge}), huge);
  EXPECT_EQ(numBytes(ElementKind::F4E2M1FN, {3, 4}), 6);
  EXPECT_EQ(numBytes(ElementKind::F4E2M1FN, {3}), std::nullopt);
  EXPECT_EQ(numBytes(ElementKind::F4E2M1FN, {0}), 0);

  EXPECT_EQ(shapeToString({}), "[]");
  EXPECT_EQ(shapeToString({2, -3}), "[2, -3]");
}

} // namespace
