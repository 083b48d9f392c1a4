//===- TensorFloatsTest.cpp -----------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/WeightStore/TensorFloats.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/Endian.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench;

namespace {

/// A tensor over bytes that start at an odd address.
class Unaligned {
public:
  template <typename T> Unaligned(ElementKind kind, ArrayRef<T> elements) {
    storage.resize(1 + elements.size() * sizeof(T));
    ArrayRef<uint8_t> bytes(reinterpret_cast<const uint8_t *>(elements.data()), storage.size() - 1);
    std::copy(bytes.begin(), bytes.end(), storage.begin() + 1);
    view.kind = kind;
    view.bytes = ArrayRef(storage).drop_front();
    view.shape = {static_cast<int64_t>(view.bytes.size() * 8 / bitWidth(kind))};
  }
  TensorView view;

private:
  std::vector<uint8_t> storage;
};

/// Every code of a format of at most 16 bits, both one at a time and as a large tensor.
template <typename T>
void checkEveryCode(ElementKind kind, const fltSemantics &semantics, unsigned codes) {
  std::vector<T> all(codes);
  for (unsigned code = 0; code < codes; ++code) {
    all[code] = static_cast<T>(code);
  }
  std::vector<float> values = *toFloats(Unaligned(kind, ArrayRef<T>(all)).view);
  ASSERT_EQ(values.size(), codes);
  for (unsigned code = 0; code < codes; ++code) {
    APFloat expected(semantics, APInt(bitWidth(kind), code));
    bool lost;
    expected.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &lost);
    float single = (*toFloats(Unaligned(kind, ArrayRef<T>(all[code])).view))[0];
    if (expected.isNaN()) {
      EXPECT_TRUE(std::isnan(values[code]) && std::isnan(single)) << code;
      continue;
    }
    // Bits, so that the sign of zero counts.
    EXPECT_EQ(bit_cast<uint32_t>(values[code]), bit_cast<uint32_t>(expected.convertToFloat()))
        << code;
    EXPECT_EQ(bit_cast<uint32_t>(single), bit_cast<uint32_t>(values[code])) << code;
  }
}

TEST(TensorFloats, EveryCodeOfTheSmallFormats) {
  checkEveryCode<uint16_t>(ElementKind::F16, APFloat::IEEEhalf(), 1 << 16);
  checkEveryCode<uint16_t>(ElementKind::BF16, APFloat::BFloat(), 1 << 16);
  checkEveryCode<uint8_t>(ElementKind::F8E4M3FN, APFloat::Float8E4M3FN(), 1 << 8);
  checkEveryCode<uint8_t>(ElementKind::F8E5M2, APFloat::Float8E5M2(), 1 << 8);
  checkEveryCode<uint8_t>(ElementKind::F8E8M0FNU, APFloat::Float8E8M0FNU(), 1 << 8);
}

TEST(TensorFloats, FourBitFloatsStartInTheLowHalf) {
  uint8_t few[] = {0x21, 0xf7};
  EXPECT_EQ(*toFloats(Unaligned(ElementKind::F4E2M1FN, ArrayRef(few)).view),
            (std::vector<float>{0.5f, 1.0f, 6.0f, -6.0f}));
  std::vector<uint8_t> many(16, 0x43);
  std::vector<float> values = *toFloats(Unaligned(ElementKind::F4E2M1FN, ArrayRef(many)).view);
  ASSERT_EQ(values.size(), 32u);
  for (size_t i = 0; i < 32; i += 2) {
    EXPECT_EQ(values[i], 1.5f);
    EXPECT_EQ(values[i + 1], 2.0f);
  }
}

TEST(TensorFloats, SingleIsCopiedAndDoubleIsRounded) {
  float singles[] = {1.5f, -0.0f, std::numeric_limits<float>::infinity(), 1e-45f};
  EXPECT_EQ(*toFloats(Unaligned(ElementKind::F32, ArrayRef(singles)).view),
            std::vector<float>(std::begin(singles), std::end(singles)));
  // Ties between neighbours go to the even one.
  double doubles[] = {1 + 0x1p-24, 1 + 3 * 0x1p-24, 1e300, -1e-300, 0.1};
  EXPECT_EQ(*toFloats(Unaligned(ElementKind::F64, ArrayRef(doubles)).view),
            (std::vector<float>{1.0f, 1 + 0x1p-22f, std::numeric_limits<float>::infinity(), -0.0f,
                                0.1f}));
}

TEST(TensorFloats, IntegersAreNotFloats) {
  int64_t words[] = {1};
  for (ElementKind kind :
       {ElementKind::I64, ElementKind::I32, ElementKind::I16, ElementKind::I8, ElementKind::U64,
        ElementKind::U32, ElementKind::U16, ElementKind::U8, ElementKind::Bool}) {
    EXPECT_FALSE(toFloats(Unaligned(kind, ArrayRef(words)).view).has_value());
  }
}

TEST(TensorFloats, EmptyTensors) {
  for (ElementKind kind : {ElementKind::F64, ElementKind::F32, ElementKind::BF16}) {
    EXPECT_TRUE(toFloats(Unaligned(kind, ArrayRef<float>()).view)->empty());
  }
}

} // namespace
