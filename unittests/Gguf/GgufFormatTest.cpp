//===- GgufFormatTest.cpp - Element formats of GGUF tensors ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// That codes mean what llama.cpp says is tested on whole models (test/Integration/Import), against
// a decoder that is written in another way.
//
//===----------------------------------------------------------------------===//

#include "quench/Gguf/GgufFormat.h"

#include "gtest/gtest.h"

using namespace quench;
using namespace quench::numerics;

namespace {

constexpr GgufType quantized[] = {GgufType::Q4_0, GgufType::Q4_1, GgufType::Q5_0,
                                  GgufType::Q5_1, GgufType::Q8_0, GgufType::Q4_K,
                                  GgufType::Q5_K, GgufType::Q6_K, GgufType::TQ2_0};

/// Random bytes, with scales and minima that are finite and not 0 and codes that exist.
std::vector<uint8_t> randomBlocks(GgufType type, size_t count) {
  uint64_t state = 7 + static_cast<uint64_t>(type);
  auto next = [&] {
    state = state * 6364136223846793005u + 1442695040888963407u;
    return static_cast<uint8_t>(state >> 56);
  };
  std::vector<uint8_t> bytes(count * blockBytes(type));
  bool isTernary = type == GgufType::TQ2_0;
  for (uint8_t &byte : bytes) {
    byte = next();
    // No pair of bits is 3.
    byte = isTernary ? byte & ~((byte >> 1 & byte & 0x55) * 3) : byte;
  }
  for (size_t block = 0; block < count; ++block) {
    uint8_t *data = bytes.data() + block * blockBytes(type);
    size_t scale = type == GgufType::Q6_K ? 208 : isTernary ? 64 : 0;
    data[scale + 1] = 0x10 | (next() & 0x9f);
    bool hasMinimum = ggufScheme(type).realZeroPoint.has_value();
    if (hasMinimum) {
      data[3] = 0x10 | (next() & 0x9f);
    }
    if (type == GgufType::Q4_K || type == GgufType::Q5_K) {
      for (size_t i = 0; i < 4; ++i) {
        data[4 + i] |= 1;
        data[12 + i] |= 1;
      }
    }
    for (size_t i = 0; i < 16 && type == GgufType::Q6_K; ++i) {
      data[192 + i] |= 1;
    }
  }
  return bytes;
}

TEST(GgufFormatTest, blocks_come_back_bit_for_bit) {
  for (GgufType type : quantized) {
    SCOPED_TRACE(name(type).str());
    int64_t shape[] = {3, 2 * blockElements(type)};
    std::vector<uint8_t> bytes = randomBlocks(type, 6);
    auto tensor = readGgufBlocks(type, shape, bytes);
    ASSERT_TRUE(static_cast<bool>(tensor)) << llvm::toString(tensor.takeError());
    auto again = writeGgufBlocks(type, *tensor);
    ASSERT_TRUE(static_cast<bool>(again)) << llvm::toString(again.takeError());
    EXPECT_EQ(*again, bytes);
  }
}

TEST(GgufFormatTest, what_is_read_is_in_the_scheme) {
  for (GgufType type : quantized) {
    SCOPED_TRACE(name(type).str());
    int64_t shape[] = {2, 3 * blockElements(type)};
    auto tensor = readGgufBlocks(type, shape, randomBlocks(type, 6));
    ASSERT_TRUE(static_cast<bool>(tensor)) << llvm::toString(tensor.takeError());
    auto values = dequantizeTensor(*tensor, ggufScheme(type));
    EXPECT_TRUE(static_cast<bool>(values)) << llvm::toString(values.takeError());
  }
}

TEST(GgufFormatTest, a_scheme_takes_as_many_bits_as_the_blocks) {
  for (GgufType type : quantized) {
    SCOPED_TRACE(name(type).str());
    int64_t shape[] = {1, 256};
    EXPECT_EQ(ggufScheme(type).storageBits(shape),
              static_cast<uint64_t>(*ggufBytes(type, shape)) * 8);
  }
}

TEST(GgufFormatTest, scales_of_zero_become_codes_of_zero) {
  std::vector<uint8_t> bytes(blockBytes(GgufType::Q4_0), 0x31);
  bytes[0] = bytes[1] = 0;
  auto tensor = readGgufBlocks(GgufType::Q4_0, {1, 32}, bytes);
  ASSERT_TRUE(static_cast<bool>(tensor)) << llvm::toString(tensor.takeError());
  EXPECT_EQ(tensor->scales, std::vector<float>{1.0f});
  for (size_t i = 0; i < 32; ++i) {
    EXPECT_EQ(tensor->codes[i], 0);
  }
}

TEST(GgufFormatTest, a_scale_that_f16_does_not_have_is_refused) {
  auto tensor = quantizeTensor(std::vector<float>(64, 0.3f), {2, 32},
                               Scheme{Encoding::integer(8), {1, 32}, FloatFormat::F32});
  ASSERT_TRUE(static_cast<bool>(tensor)) << llvm::toString(tensor.takeError());
  EXPECT_EQ(llvm::toString(writeGgufBlocks(GgufType::Q8_0, *tensor).takeError()),
            "row 0, block 0: expected a scale that f16 has exactly, found 0.0023622");
}

TEST(GgufFormatTest, sizes_that_do_not_fit_have_no_bytes) {
  EXPECT_EQ(ggufBytes(GgufType::Q4_0, {3, 64}), 3 * 2 * 18);
  EXPECT_EQ(ggufBytes(GgufType::BF16, {5}), 10);
  EXPECT_FALSE(ggufBytes(GgufType::Q4_0, {3, 48}));
  EXPECT_FALSE(ggufBytes(GgufType::F32, {0, 32}));
  EXPECT_FALSE(ggufBytes(GgufType::F32, {int64_t(1) << 40, int64_t(1) << 40}));
  EXPECT_FALSE(ggufBytes(GgufType::F32, {}));
}

} // namespace
