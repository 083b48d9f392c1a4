//===- PanelLayoutTest.cpp - Where packed codes and scales are ----------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The reader below follows the text of `#quench.panels` with bytes and nibbles, not the arithmetic
// of the packer: it walks panels, groups, steps and lanes in the order in which they are stored.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PanelLayout.h"

#include "RandomCodes.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/APFloat.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <random>

using namespace quench;

namespace {
class PanelLayoutTest : public testing::Test {
protected:
  PanelLayoutTest() { context.loadDialect<QuenchDialect>(); }

  SchemeAttr scheme(const std::string &text) {
    return llvm::cast<SchemeAttr>(mlir::parseAttribute("#quench.scheme<" + text + ">", &context));
  }
  PanelLayout layout(const std::string &text, int64_t n, int64_t k, int64_t lanes,
                     unsigned container, int64_t depth = 4) {
    auto type = QTensorType::get(
        mlir::RankedTensorType::get({n, k}, mlir::Float32Type::get(&context)), scheme(text));
    auto codes = mlir::IntegerType::get(&context, container);
    return PanelLayout::get(type, PanelsAttr::get(&context, lanes, codes, mlir::Type(), depth));
  }

  mlir::MLIRContext context;
};

/// Reads stored codes in storage order.
class PanelReader {
public:
  PanelReader(const PackedPanels &packed, unsigned bits, int depth)
      : bits(bits), depth(depth), bytes(packed.words.size() * 4) {
    std::memcpy(bytes.data(), packed.words.data(), bytes.size());
  }

  /// The codes of the next step of a row, in the order of K.
  std::vector<int> nextStep() {
    std::vector<int> step;
    for (unsigned shift = 0; shift < 8; shift += bits) {
      for (int byte = 0; byte < depth; ++byte) {
        step.push_back(bytes[at + byte] >> shift & ((1 << bits) - 1));
      }
    }
    at += depth;
    return step;
  }
  bool atEnd() const { return at == bytes.size(); }

private:
  unsigned bits;
  int depth;
  size_t at = 0;
  std::vector<uint8_t> bytes;
};

struct Shape {
  int64_t n, k, group;
};
} // namespace

/// Walks everything that is stored and compares it with the tensor.
static void checkPanels(const PanelLayout &layout, const numerics::Scheme &scheme,
                        const numerics::QuantizedTensor &tensor, unsigned bits, Shape shape) {
  PackedPanels packed = packCodes(layout, tensor, scheme);
  ASSERT_EQ(static_cast<int64_t>(packed.words.size()), layout.numWords());
  ASSERT_EQ(static_cast<int64_t>(packed.scales.size()), layout.numScales());
  int offset = scheme.element.isSigned() ? 1 << (bits - 1) : 0;
  PanelReader reader(packed, bits, static_cast<int>(layout.depth));
  size_t scaleAt = 0;
  int64_t panels = (shape.n + layout.lanes - 1) / layout.lanes;
  for (int64_t tile = 0; tile < panels; tile += 4) {
    int64_t endRow = std::min<int64_t>(tile + 4, panels) * layout.lanes;
    for (int64_t begin = 0; begin < shape.k; begin += shape.group) {
      int64_t end = std::min(begin + shape.group, shape.k);
      for (int64_t row = tile * layout.lanes; row < endRow; ++row, ++scaleAt) {
        int64_t block = row < shape.n ? scheme.blockIndex(tensor.shape, {row, begin}) : 0;
        ASSERT_EQ(packed.scales[scaleAt], row < shape.n ? tensor.scales[block] : 0.0f);
        if (!packed.zeroPoints.empty() && row < shape.n) {
          int zero = tensor.zeroPoints.empty() ? 0 : tensor.zeroPoints[block];
          ASSERT_EQ(packed.zeroPoints[scaleAt], zero + offset);
          int sum = 0;
          for (int64_t k = begin; k < end; ++k) {
            sum += tensor.codes[row * shape.k + k] - zero;
          }
          ASSERT_EQ(packed.sums[scaleAt], sum);
        }
      }
      // A group fills whole units of sixteen codes.
      int64_t perStep = 8 * layout.depth / bits;
      for (int64_t k = begin; k < begin + (end - begin + 15) / 16 * 16; k += perStep) {
        for (int64_t row = tile * layout.lanes; row < endRow; ++row) {
          std::vector<int> step = reader.nextStep();
          for (int64_t i = 0; i < perStep; ++i) {
            bool stored = row < shape.n && k + i < end;
            int want = stored ? tensor.codes[row * shape.k + k + i] + offset : 0;
            ASSERT_EQ(step[i], want) << "row " << row << ", k " << k + i;
          }
        }
      }
    }
  }
  EXPECT_TRUE(reader.atEnd());
  EXPECT_EQ(scaleAt, packed.scales.size());
}

TEST_F(PanelLayoutTest, CodesAreWhereTheAttributeSays) {
  const Shape shapes[] = {{1, 1, 1},     {5, 8, 8},     {16, 64, 32}, {17, 33, 20}, {31, 40, 12},
                          {65, 100, 32}, {7, 257, 257}, {4, 9, 3},    {33, 31, 16}};
  const std::pair<const char *, unsigned> elements[] = {
      {"i4", 4}, {"ui4", 4}, {"i3", 4}, {"i1", 2}, {"i8", 8}, {"ui8", 8}, {"i5", 8}, {"ui2", 2}};
  for (Shape shape : shapes) {
    for (auto [element, bits] : elements) {
      for (int64_t lanes : {4, 8, 16}) {
        for (bool zeroPoint : {false, true}) {
          std::string text = std::string(element) + ", block = [1, " + std::to_string(shape.group) +
                             "], scale = f32" + (zeroPoint ? ", zero_point" : "");
          SCOPED_TRACE(text + " of " + std::to_string(shape.n) + "x" + std::to_string(shape.k) +
                       " in " + std::to_string(lanes) + " lanes");
          PanelLayout panels = layout(text, shape.n, shape.k, lanes, bits);
          numerics::Scheme plain = scheme(text).getNumericsScheme();
          checkPanels(panels, plain, randomTensor(plain, shape.n, shape.k), bits, shape);
          if (HasFatalFailure()) {
            return;
          }
        }
      }
    }
  }
}

TEST_F(PanelLayoutTest, EightNeighboursLieTogetherForProductsOfMatrices) {
  for (auto [element, bits, group] : {std::tuple("i8", 8u, 257), std::tuple("i4", 4u, 48),
                                      std::tuple("i4", 4u, 257), std::tuple("i2", 2u, 32)}) {
    std::string text =
        std::string(element) + ", block = [1, " + std::to_string(group) + "], scale = f32";
    SCOPED_TRACE(text);
    numerics::Scheme plain = scheme(text).getNumericsScheme();
    int64_t k = bits == 2 ? 256 : 257;
    checkPanels(layout(text, 21, k, 4, bits, 8), plain, randomTensor(plain, 21, k), bits,
                {21, k, group});
  }
}

TEST_F(PanelLayoutTest, SignedBytesAreUnsignedCodesMinus128) {
  for (const char *text : {"i8, block = [1, *], scale = f32", "ui8, block = [1, *], scale = f32"}) {
    auto type = QTensorType::get(
        mlir::RankedTensorType::get({3, 16}, mlir::Float32Type::get(&context)), scheme(text));
    auto stored = [&](mlir::IntegerType::SignednessSemantics signedness) {
      auto bytes = mlir::IntegerType::get(&context, 8, signedness);
      PanelLayout panels = PanelLayout::get(type, PanelsAttr::get(&context, 4, bytes));
      numerics::Scheme plain = scheme(text).getNumericsScheme();
      return packCodes(panels, randomTensor(plain, 3, 16), plain);
    };
    PackedPanels plain = stored(mlir::IntegerType::Signless);
    PackedPanels flipped = stored(mlir::IntegerType::Signed);
    for (size_t i = 0; i < plain.words.size(); ++i) {
      EXPECT_EQ(flipped.words[i], i % 4 == 3 ? 0 : plain.words[i] ^ 0x80808080);
    }
    EXPECT_EQ(flipped.zeroPoints, plain.zeroPoints);
  }
}

TEST_F(PanelLayoutTest, GroupsOfPartsOfAStepStayWithFourNeighbours) {
  Target target = llvm::cantFail(Target::find("arm-i8mm"));
  auto depth = [&](PanelContainer container, int64_t k, int64_t group) {
    return depthOfPanels(container, {k, group}, target);
  };
  EXPECT_EQ(depth(PanelContainer::I8, 257, 257), 8);
  EXPECT_EQ(depth(PanelContainer::I4, 257, 20), 8);
  EXPECT_EQ(depth(PanelContainer::I2, 256, 64), 8);
  EXPECT_EQ(depth(PanelContainer::I2, 256, 16), 4);
  EXPECT_EQ(depth(PanelContainer::I2, 272, 64), 4);
  EXPECT_EQ(depth(PanelContainer::F32, 256, 256), 4);
  target = llvm::cantFail(Target::find("arm-dotprod"));
  EXPECT_EQ(depth(PanelContainer::I8, 256, 256), 4);
}

TEST_F(PanelLayoutTest, OneScaleServesAllRows) {
  std::string text = "i8, block = [*, 24], scale = f32, zero_point";
  numerics::Scheme plain = scheme(text).getNumericsScheme();
  checkPanels(layout(text, 19, 50, 16, 8), plain, randomTensor(plain, 19, 50), 8, {19, 50, 24});
}

TEST_F(PanelLayoutTest, UnsignedCodesWithoutZeroPointsHaveZeros) {
  std::string text = "ui4, block = [1, *], scale = f32";
  numerics::Scheme plain = scheme(text).getNumericsScheme();
  PackedPanels packed = packCodes(layout(text, 3, 9, 4, 4), randomTensor(plain, 3, 9), plain);
  EXPECT_EQ(packed.zeroPoints, std::vector<int32_t>(4, 0));
}

TEST_F(PanelLayoutTest, ScalesOfTablesHaveTheirUnit) {
  std::string text = "f4E2M1FN, block = [1, 16], scale = f16";
  numerics::Scheme plain = scheme(text).getNumericsScheme();
  numerics::QuantizedTensor tensor = randomTensor(plain, 4, 32);
  PackedPanels packed = packCodes(layout(text, 4, 32, 4, 4), tensor, plain);
  ASSERT_EQ(packed.scales.size(), tensor.scales.size());
  EXPECT_TRUE(packed.zeroPoints.empty());
  // Scales are laid out by groups, then rows.
  for (int64_t row = 0; row < 4; ++row) {
    for (int64_t group = 0; group < 2; ++group) {
      EXPECT_EQ(packed.scales[group * 4 + row], tensor.scales[row * 2 + group] / 2);
    }
  }
}

TEST_F(PanelLayoutTest, FloatPanelsAreTransposedWithoutPaddingAlongK) {
  int64_t n = 22, k = 5, lanes = 4;
  auto type = mlir::RankedTensorType::get({n, k}, mlir::Float32Type::get(&context));
  PanelLayout panels =
      PanelLayout::get(type, PanelsAttr::get(&context, lanes, mlir::Float32Type::get(&context)));
  std::vector<float> values;
  for (int64_t i = 0; i < n * k; ++i) {
    values.push_back(static_cast<float>(i + 1));
  }
  PackedPanels packed = packFloats(panels, values);
  std::vector<float> stored(packed.words.size());
  std::memcpy(stored.data(), packed.words.data(), stored.size() * sizeof(float));
  std::vector<float> expected;
  // A tile of four panels, then one of two.
  for (auto [begin, end] : {std::pair(0, 16), std::pair(16, 24)}) {
    for (int64_t column = 0; column < k; ++column) {
      for (int64_t row = begin; row < end; ++row) {
        expected.push_back(row < n ? values[row * k + column] : 0.0f);
      }
    }
  }
  EXPECT_EQ(stored, expected);
  EXPECT_TRUE(packed.scales.empty());
}

TEST_F(PanelLayoutTest, NarrowFloatPanelsHoldRoundedValues) {
  auto type = mlir::RankedTensorType::get({3, 2}, mlir::Float32Type::get(&context));
  PanelLayout half =
      PanelLayout::get(type, PanelsAttr::get(&context, 4, mlir::Float16Type::get(&context)));
  PanelLayout brain =
      PanelLayout::get(type, PanelsAttr::get(&context, 4, mlir::BFloat16Type::get(&context)));
  EXPECT_EQ(half.codeBytes(), 16);
  std::vector<float> values = {1.0f, -2.0f, 0x1.001p0f, 0x1.003p0f, 0x1.01p0f, 0x1.03p0f};
  // Two steps of four lanes, 16 bits each; the fourth row does not exist.
  EXPECT_EQ(packFloats(half, values).words,
            (std::vector<uint32_t>{0x3C003C00, 0x00003C04, 0x3C01C000, 0x00003C0C}));
  EXPECT_EQ(packFloats(brain, values).words,
            (std::vector<uint32_t>{0x3F803F80, 0x00003F80, 0x3F80C000, 0x00003F82}));
}

TEST_F(PanelLayoutTest, ContainersFollowTheElementAndTheBlock) {
  auto container = [&](const char *text) { return codeContainer(scheme(text)); };
  EXPECT_EQ(container("i4, block = [1, 32], scale = f16"), PanelContainer::I4);
  EXPECT_EQ(container("ui2, block = [*, *], scale = f32"), PanelContainer::I2);
  EXPECT_EQ(container("i1, block = [1, *], scale = f32"), PanelContainer::I2);
  EXPECT_EQ(container("f4E2M1FN, block = [1, 32], scale = f8E8M0FNU"), PanelContainer::I4);
  EXPECT_EQ(container("#quench.codebook<[-1.0, 1.0]>, block = [1, *], scale = f32"),
            PanelContainer::I4);
  EXPECT_EQ(container("i5, block = [1, *], scale = f32"), PanelContainer::I8);
  EXPECT_EQ(container("ui8, block = [1, *], scale = f32, zero_point"), PanelContainer::I8);
  for (const char *text : {"i16, block = [1, *], scale = f32", "i8, block = [2, 32], scale = f32",
                           "f8E4M3FN, block = [1, *], scale = f32", "i8, block = [*], scale = f32",
                           "#quench.codebook<[-1.0, 0.7071]>, block = [1, *], scale = f32"}) {
    EXPECT_EQ(container(text), std::nullopt) << text;
  }
}

/// The same bits are half as much in the kinds without negative zero, as LLVM knows them.
TEST_F(PanelLayoutTest, HalvedFloatsAreHalf) {
  using llvm::APFloat;
  const std::pair<numerics::FloatFormat, const llvm::fltSemantics *> kinds[] = {
      {numerics::FloatFormat::F8E4M3FN, &APFloat::Float8E4M3FNUZ()},
      {numerics::FloatFormat::F8E5M2, &APFloat::Float8E5M2FNUZ()}};
  for (auto [format, halved] : kinds) {
    for (uint32_t code = 0; code < 256; ++code) {
      const float value = numerics::decode(format, code);
      const APFloat found(*halved, llvm::APInt(8, halvedFloatCode(code, format)));
      EXPECT_EQ(found.isNaN(), !std::isfinite(value)) << code;
      if (std::isfinite(value)) {
        EXPECT_EQ(2 * found.convertToFloat(), value) << code;
      }
    }
  }
}

TEST_F(PanelLayoutTest, ScalesOfHalvedFloatsMakeUpForBothSides) {
  numerics::QuantizedTensor tensor;
  numerics::Scheme scheme;
  scheme.element = numerics::Encoding::floating(numerics::FloatFormat::F8E4M3FN);
  scheme.block = {1, numerics::kWhole};
  tensor.shape = {1, 4};
  tensor.codes = numerics::CodeArray(scheme.element, 4);
  for (auto [at, code] : {std::pair(0, 0x80), std::pair(1, 0x7e), std::pair(2, 0xfe)}) {
    tensor.codes.set(at, code);
  }
  tensor.scales = {0.75f};
  const PackedPanels as = packCodes({1, {4, 4}, 4, PanelContainer::F8E4M3FN}, tensor, scheme);
  const PackedPanels halved = packCodes({1, {4, 4}, 4, PanelContainer::F8E4M3FNUZ}, tensor, scheme);
  EXPECT_EQ(as.words[0], 0x00fe7e80u);
  EXPECT_EQ(halved.words[0], 0x00fe7e00u);
  EXPECT_EQ(as.scales[0], 0.75f);
  EXPECT_EQ(halved.scales[0], 3.0f);
  EXPECT_TRUE(as.zeroPoints.empty() && halved.zeroPoints.empty());
}
