//===- PackedRowsTest.cpp - Where codes are in rows of bytes --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/PackedRows.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {
class PackedRowsTest : public testing::Test {
protected:
  PackedRowsTest() { context.loadDialect<QuenchDialect>(); }

  std::optional<PackedRows> rows(const std::string &scheme, int64_t elements, int64_t lanes) {
    auto attribute =
        llvm::cast<SchemeAttr>(mlir::parseAttribute("#quench.scheme<" + scheme + ">", &context));
    return PackedRows::get(attribute, elements, lanes);
  }

  mlir::MLIRContext context;
};

/// A format and the bytes of a row for vectors of 4, 8 and 16 lanes.
struct SizeCase {
  const char *scheme;
  int64_t elements;
  int64_t bytes[3];
};
} // namespace

TEST_F(PackedRowsTest, RowsTakeAsManyBytesAsTheirBitsAndVectorsAsk) {
  const SizeCase cases[] = {
      {"ui8, block = [1, 1, *], scale = f32, zero_point", 64, {72, 72, 72}},
      {"i8, range = [-127, 127], block = [1, 1, *], scale = f32", 64, {68, 68, 68}},
      {"ui4, block = [1, 1, *], scale = f32, zero_point", 64, {40, 40, 40}},
      {"i4, block = [1, 1, 16], scale = f32", 64, {48, 48, 48}},
      {"ui3, block = [1, 1, *], scale = f32, zero_point", 64, {32, 32, 32}},
      {"ui2, block = [1, 1, *], scale = f32, zero_point", 64, {24, 24, 24}},
      {"ui1, block = [1, 1, 32], scale = f32, zero_point", 128, {36, 36, 36}},
      // Rows that are no multiple of a vector are padded.
      {"ui4, block = [1, 1, *], scale = f32, zero_point", 10, {16, 16, 24}},
      {"ui3, block = [1, 1, 20], scale = f32, zero_point", 48, {36, 40, 48}},
      {"ui2, block = [1, 1, 3], scale = f32, zero_point", 14, {32, 36, 44}},
      {"ui7, block = [1, 1, 8], scale = f32, zero_point", 80, {124, 132, 148}},
  };
  for (const SizeCase &test : cases) {
    for (int64_t i = 0; i < 3; ++i) {
      auto found = rows(test.scheme, test.elements, 4 << i);
      ASSERT_TRUE(found) << test.scheme;
      EXPECT_EQ(found->bytes, test.bytes[i]) << test.scheme << " with " << (4 << i) << " lanes";
    }
  }
}

TEST_F(PackedRowsTest, PartsFollowEachOtherAndHoldAllBits) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (int64_t elements : {1, 10, 48, 64, 80, 128}) {
      for (int64_t lanes : {4, 8, 16}) {
        auto found =
            rows("ui" + std::to_string(bits) + ", block = [1, 24], scale = f32, zero_point",
                 elements, lanes);
        ASSERT_TRUE(found);
        int64_t offset = 4 * found->numGroups(), all = 0;
        for (const PackedRows::Plane &plane : found->planes) {
          EXPECT_EQ(plane.offset, offset);
          offset += plane.bytes;
          // No slot lies beyond a byte, and a vector of elements is in one slot or in all of a
          // plane.
          EXPECT_LE(plane.slots(elements) * plane.width, 8);
          EXPECT_TRUE(plane.bytes % lanes == 0 ||
                      (lanes % plane.bytes == 0 && elements % lanes == 0));
          int64_t mask = ((1 << plane.width) - 1) << plane.shift;
          EXPECT_EQ(all & mask, 0);
          all |= mask;
        }
        EXPECT_EQ(all, (1 << bits) - 1);
        EXPECT_EQ(found->zeroPoints, offset);
        EXPECT_EQ(found->bytes, int64_t(llvm::alignTo(offset + found->numGroups(), 4)));
      }
    }
  }
}

TEST_F(PackedRowsTest, FormatsWithoutALayoutAreRefused) {
  EXPECT_FALSE(rows("f8E4M3FN, block = [1, *], scale = f32", 64, 8));
  EXPECT_FALSE(rows("i16, block = [1, *], scale = f32", 64, 8));
  EXPECT_FALSE(rows("i8, block = [1, *], scale = f16", 64, 8));
  EXPECT_FALSE(rows("i8, block = [2, *], scale = f32", 64, 8));
  EXPECT_FALSE(rows("i8, block = [*, *], scale = f32", 64, 8));
  EXPECT_FALSE(rows("ui4, block = [1, *], scale = f32, zero_point = f32", 64, 8));
}
