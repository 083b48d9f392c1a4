//===- CodeArrayTest.cpp ----------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Containers of codes.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeArray.h"

#include "gtest/gtest.h"

#include <type_traits>

using namespace quench::numerics;

namespace {

TEST(CodeArray, holds_the_extremes_of_every_width) {
  for (unsigned bits : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
    for (bool isSigned : {false, true}) {
      Encoding element = Encoding::integer(bits, isSigned);
      CodeArray codes(element, 3);
      ASSERT_EQ(codes.size(), 3u);
      EXPECT_EQ(codes[2], 0);
      codes.set(0, element.minCode());
      codes.set(1, element.maxCode());
      EXPECT_EQ(codes[0], element.minCode());
      EXPECT_EQ(codes[1], element.maxCode());
    }
  }
}

TEST(CodeArray, containers_are_bytes_up_to_8_bits) {
  auto sizeOf = [](const CodeArray &codes) {
    return codes.visit([](const auto &container) { return sizeof(container[0]); });
  };
  EXPECT_EQ(sizeOf(CodeArray(8, true, 1)), 1u);
  EXPECT_EQ(sizeOf(CodeArray(3, false, 1)), 1u);
  EXPECT_EQ(sizeOf(CodeArray(16, false, 1)), 2u);
}

TEST(CodeArray, equality_looks_at_type_and_codes) {
  CodeArray a(4, true, 2), b(4, true, 2);
  EXPECT_EQ(a, b);
  b.set(1, -3);
  EXPECT_NE(a, b);
  EXPECT_NE(a, CodeArray(4, false, 2));
  EXPECT_NE(a, CodeArray(5, true, 2));
  EXPECT_NE(a, CodeArray(4, true, 3));
}

} // namespace
