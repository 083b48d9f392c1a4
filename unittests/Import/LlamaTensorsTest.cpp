//===- LlamaTensorsTest.cpp - Tests of copying weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/LlamaTensors.h"

#include "../Support/TemporaryFolder.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {

/// Copies a tensor of zeros with one element changed; "" when that succeeds and the bytes arrive.
template <typename Bits> std::string copy(ElementKind kind, size_t index, Bits bits) {
  // More than one piece, with an odd row size.
  std::vector<Bits> values(3001 * 1001);
  values[index] = bits;
  TensorView tensor;
  tensor.name = "w";
  tensor.kind = kind;
  tensor.shape = {3001, 1001};
  tensor.bytes = llvm::ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(values.data()),
                                         values.size() * sizeof(Bits));
  TemporaryFolder folder;
  auto writer = SafetensorsWriter::create(folder / "out.safetensors");
  EXPECT_TRUE(static_cast<bool>(writer));
  EXPECT_FALSE(static_cast<bool>(declareTensor(**writer, tensor)));
  if (llvm::Error failure = copyFiniteTensor(**writer, tensor, "in.safetensors")) {
    return llvm::toString(std::move(failure));
  }
  EXPECT_FALSE(static_cast<bool>((*writer)->commit()));
  auto file = SafetensorsFile::open(folder / "out.safetensors");
  EXPECT_TRUE(static_cast<bool>(file));
  EXPECT_EQ((*file)->lookup("w")->bytes, tensor.bytes);
  return "";
}

TEST(LlamaTensors, finds_values_that_are_not_finite_in_every_piece) {
  const char *expected = "in.safetensors: tensor 'w': expected finite values, found ";
  size_t last = 3001 * 1001 - 1;
  auto message = [&](const char *what, const char *where) {
    return std::string(expected) + what + " at element " + where;
  };
  EXPECT_EQ(copy<uint32_t>(ElementKind::F32, 1003, 0x7fc00000u), message("nan", "1003 ([1, 2])"));
  EXPECT_EQ(copy<uint32_t>(ElementKind::F32, last, 0xff800000u),
            message("-inf", "3004000 ([3000, 1000])"));
  EXPECT_EQ(copy<uint16_t>(ElementKind::F16, last, 0x7c00),
            message("inf", "3004000 ([3000, 1000])"));
  EXPECT_EQ(copy<uint16_t>(ElementKind::F16, 0, 0xfc01), message("nan", "0 ([0, 0])"));
  EXPECT_EQ(copy<uint16_t>(ElementKind::BF16, last, 0xff80),
            message("-inf", "3004000 ([3000, 1000])"));
  EXPECT_EQ(copy<uint16_t>(ElementKind::BF16, 5, 0x7f81), message("nan", "5 ([0, 5])"));
}

TEST(LlamaTensors, keeps_the_largest_and_the_smallest_values) {
  EXPECT_EQ(copy<uint32_t>(ElementKind::F32, 7, 0xff7fffffu), "");
  EXPECT_EQ(copy<uint32_t>(ElementKind::F32, 7, 0x00000001u), "");
  EXPECT_EQ(copy<uint16_t>(ElementKind::F16, 7, 0x7bff), "");
  EXPECT_EQ(copy<uint16_t>(ElementKind::BF16, 7, 0xff7f), "");
}

} // namespace
