//===- BitPackingTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Packed streams against big-integer arithmetic.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/BitPacking.h"

#include "gtest/gtest.h"

using namespace quench::numerics;

namespace {

struct PackingVector {
  unsigned bits;
  bool isSigned;
  std::vector<int32_t> codes;
  std::vector<uint8_t> bytes;
};

#include "vectors/BitPacking.inc"

std::string unpackMessage(llvm::ArrayRef<uint8_t> bytes, unsigned bits, size_t count) {
  return llvm::toString(unpackCodes(bytes, bits, true, count).takeError());
}

TEST(BitPacking, agrees_with_the_tables_both_ways) {
  for (const PackingVector &vector : packingVectors) {
    CodeArray codes(vector.bits, vector.isSigned, vector.codes.size());
    for (size_t i = 0; i < vector.codes.size(); ++i) {
      codes.set(i, vector.codes[i]);
    }
    EXPECT_EQ(packedSize(codes.size(), vector.bits), vector.bytes.size());
    EXPECT_EQ(packCodes(codes), vector.bytes) << vector.bits << " bits, " << codes.size();
    llvm::Expected<CodeArray> unpacked =
        unpackCodes(vector.bytes, vector.bits, vector.isSigned, vector.codes.size());
    ASSERT_TRUE(static_cast<bool>(unpacked)) << llvm::toString(unpacked.takeError());
    EXPECT_EQ(*unpacked, codes) << vector.bits << " bits, " << codes.size();
  }
}

TEST(BitPacking, round_trips_every_width_and_length) {
  uint32_t state = 1;
  for (unsigned bits : {1, 2, 3, 4, 5, 6, 7, 8, 16}) {
    for (bool isSigned : {false, true}) {
      for (size_t count = 0; count < 70; ++count) {
        Encoding element = Encoding::integer(bits, isSigned);
        CodeArray codes(element, count);
        for (size_t i = 0; i < count; ++i) {
          state = state * 1664525 + 1013904223;
          codes.set(i, element.minCode() + static_cast<int32_t>((state >> 8) % (1u << bits)));
        }
        llvm::Expected<CodeArray> back = unpackCodes(packCodes(codes), bits, isSigned, count);
        ASSERT_TRUE(static_cast<bool>(back));
        EXPECT_EQ(*back, codes) << bits << " bits, " << count;
      }
    }
  }
}

TEST(BitPacking, four_bit_codes_put_the_first_in_the_low_nibble) {
  CodeArray codes(4, true, 3);
  codes.set(0, -8);
  codes.set(1, 7);
  codes.set(2, -1);
  EXPECT_EQ(packCodes(codes), (std::vector<uint8_t>{0x78, 0x0f}));
}

TEST(BitPacking, bad_streams_are_refused) {
  EXPECT_EQ(unpackMessage({0, 0}, 4, 5), "expected 3 bytes for 5 codes of 4 bits, found 2");
  EXPECT_EQ(unpackMessage({0, 0, 0, 0}, 4, 5), "expected 3 bytes for 5 codes of 4 bits, found 4");
  EXPECT_EQ(unpackMessage({0}, 0, 1), "expected codes of 1 to 8 or of 16 bits, found 0 bits");
  EXPECT_EQ(unpackMessage({0, 0}, 9, 1), "expected codes of 1 to 8 or of 16 bits, found 9 bits");
  EXPECT_EQ(unpackMessage({0x18}, 3, 1),
            "expected zeros in the unused bits of the last byte, found 0x18");
}

} // namespace
