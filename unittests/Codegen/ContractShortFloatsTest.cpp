//===- ContractShortFloatsTest.cpp - Products of 16-bit floats -------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Activations are rounded by one kernel and multiplied by another one. Products are exact, so that
// a result may be off by what sums are rounded by, at most 2^-24 of the sum of magnitudes for each
// addition.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractKernel.h"
#include "quench/Codegen/ShortFloatKernel.h"

#include "EmulatedTiles.h"
#include "KernelArguments.h"
#include "NativeKernel.h"
#include "RandomCodes.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"
#include "quench/Numerics/FloatFormat.h"

#include "mlir/AsmParser/AsmParser.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace mlir;
using namespace quench;

namespace {

quench::Target targetOfShortFloats() {
  return llvm::cantFail(quench::Target::find("x86-avx512bf16"));
}

float rounded(float value) {
  using numerics::FloatFormat;
  return numerics::decode(FloatFormat::BF16, numerics::encode(FloatFormat::BF16, value));
}

/// Rows with ties, with magnitudes far apart and with zeros.
std::vector<float> randomRows(int64_t rows, int64_t k) {
  std::mt19937 random(static_cast<unsigned>(rows * 7 + k));
  std::vector<float> values(rows * k);
  for (float &value : values) {
    uint32_t bits = random();
    float mantissa = 1.0f + static_cast<float>(bits % 512) / 512.0f;
    value = std::ldexp(bits & 0x80000000 ? -mantissa : mantissa, static_cast<int>(bits >> 20 & 7));
    value = bits % 17 == 0 ? 0.0f : value;
  }
  return values;
}

struct RoundedRows {
  std::vector<int8_t> codes;
  std::vector<float> sums;
};

RoundedRows roundRows(const quench::Target &target, const GroupLayout &groups,
                      std::vector<float> &values) {
  constexpr int64_t bytes = ShortFloatKernel::kBytes;
  int64_t rows = static_cast<int64_t>(values.size()) / groups.k;
  RoundedRows result;
  result.codes.assign(rows * groups.rowBytes(bytes), 0x55);
  result.sums.resize(rows * groups.numGroups());
  NativeKernel native(target, [&](ModuleOp module) {
    return ShortFloatKernel{groups}.getOrCreate(module, target);
  });
  call(reinterpret_cast<void *>(native.get<void()>()),
       std::tuple_cat(buffer(values, groups.k), buffer(result.codes, groups.rowBytes(bytes)),
                      buffer(result.sums, groups.numGroups())));
  return result;
}

struct Case {
  const char *scheme;
  int64_t n, k;
};

class ContractShortFloatsTest : public testing::TestWithParam<Case> {
protected:
  ContractShortFloatsTest() { context.loadDialect<QuenchDialect>(); }

  /// Checks the kernels of both targets.
  void check();
  /// Checks the kernel for a target against `weights`, the exact values of an `n x k` matrix. Tiles
  /// are emulated.
  void check(const quench::Target &target, llvm::ArrayRef<int64_t> manyRows);

  ContractKernel kernel;
  PackedPanels packed;
  int64_t n, k;
  std::vector<float> weights;
  /// Numbers that enter the sums are not larger than these.
  std::vector<double> magnitudes;

  MLIRContext context;
};

} // namespace

TEST(ShortFloatKernelTest, RoundsToNearestEvenAndExchangesTheMiddleOnes) {
  // Rounding takes no products, so it is the same on every machine.
  GroupLayout groups{50, 20};
  std::vector<float> values = randomRows(3, groups.k);
  values[1] = 1.00390625f;
  values[2] = 1.01171875f;
  values[3] = std::numeric_limits<float>::infinity();
  values[groups.k] = std::numeric_limits<float>::quiet_NaN();
  values[groups.k + 1] = std::numeric_limits<float>::max();
  RoundedRows result = roundRows(quench::Target::host(), groups, values);
  for (int64_t row = 0; row < 3; ++row) {
    for (int64_t g = 0; g < groups.numGroups(); ++g) {
      double sum = 0.0;
      for (int64_t i = 0; i < groups.paddedGroup(); ++i) {
        int64_t place = i % 4 == 1 ? i + 1 : i % 4 == 2 ? i - 1 : i;
        uint16_t bits;
        std::memcpy(&bits,
                    &result.codes[row * groups.rowBytes(2) + 2 * (groups.groupOffset(g) + place)],
                    sizeof(bits));
        if (groups.groupOffset(g) + i >= groups.paddedK()) {
          break;
        }
        float expected =
            i < groups.groupSize(g) ? rounded(values[row * groups.k + g * groups.group + i]) : 0.0f;
        float found = numerics::decode(numerics::FloatFormat::BF16, bits);
        EXPECT_TRUE(found == expected || (std::isnan(found) && std::isnan(expected)))
            << row << ", " << g << ", " << i << ": " << found << " for " << expected;
        sum += expected;
      }
      float found = result.sums[row * groups.numGroups() + g];
      if (std::isfinite(sum) && row == 2) {
        EXPECT_NEAR(found, sum, 20 * std::ldexp(4096.0, -24));
      }
    }
  }
}

void ContractShortFloatsTest::check() {
  check(targetOfShortFloats(), {1, 2, 7, 61});
  check(llvm::cantFail(quench::Target::find("x86-amx")), {33, 50});
}

void ContractShortFloatsTest::check(const quench::Target &target,
                                    llvm::ArrayRef<int64_t> manyRows) {
  std::vector<int8_t> words(4 * packed.words.size());
  std::memcpy(words.data(), packed.words.data(), words.size());
  NativeKernel native(target, targetOfShortFloats(),
                      [&](ModuleOp module) { return kernel.getOrCreate(module, target); },
                      {emulateTiles, kTileFunctions});
  void *function = reinterpret_cast<void *>(native.get<void()>());
  ASSERT_NE(function, nullptr);
  if (!targetOfShortFloats().runsHere()) {
    return;
  }
  const GroupLayout &groups = kernel.layout.groups;
  for (int64_t rows : manyRows) {
    TileUnit::only() = {};
    std::vector<float> values = randomRows(rows, k), result(rows * n);
    RoundedRows x = roundRows(targetOfShortFloats(), groups, values);
    auto first = std::tuple_cat(buffer(x.codes, groups.rowBytes(2)),
                                buffer(x.sums, groups.numGroups()), buffer(words));
    auto last = buffer(result, n);
    if (holdsFloats(kernel.layout.container)) {
      call(function, std::tuple_cat(first, last));
    } else if (kernel.zeroPoints) {
      call(function, std::tuple_cat(first, buffer(packed.scales), buffer(packed.zeroPoints), last));
    } else {
      call(function, std::tuple_cat(first, buffer(packed.scales), last));
    }
    EXPECT_EQ(TileUnit::only().products > 0, target.name == "x86-amx");
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < n; ++column) {
        double sum = 0.0, magnitude = 0.0;
        for (int64_t i = 0; i < k; ++i) {
          double value = rounded(values[row * k + i]), weight = weights[column * k + i];
          sum += value * weight;
          magnitude += std::abs(value) * magnitudes[column * k + i];
        }
        double bound =
            static_cast<double>(k + 2 * groups.numGroups() + 4) * magnitude * std::ldexp(1.0, -24);
        ASSERT_NEAR(result[row * n + column], sum, bound) << "row " << row << ", column " << column;
      }
    }
  }
}

TEST_P(ContractShortFloatsTest, AreAsExactAsSumsOfF32) {
  Case c = GetParam();
  auto scheme =
      cast<SchemeAttr>(parseAttribute(std::string("#quench.scheme<") + c.scheme + ">", &context));
  auto type =
      QTensorType::get(RankedTensorType::get({c.n, c.k}, Float32Type::get(&context)), scheme);
  numerics::Scheme plain = scheme.getNumericsScheme();
  n = c.n;
  k = c.k;
  kernel.layout = PanelLayout::get(
      type, PanelsAttr::get(&context, 16, storageType(*codeContainer(scheme), &context)));
  kernel.shortLhs = true;
  kernel.table = numerics::CodeTable::get(plain.element);
  kernel.zeroPoints = plain.zeroPoint || (plain.element.isInteger() && !plain.element.isSigned());
  numerics::QuantizedTensor tensor = randomTensor(plain, c.n, c.k);
  packed = packCodes(kernel.layout, tensor, plain);
  weights = llvm::cantFail(numerics::dequantizeTensor(tensor, plain));
  for (auto [i, value] : llvm::enumerate(weights)) {
    // Codes and zero points enter by themselves.
    int64_t at = static_cast<int64_t>(i);
    int64_t block = plain.blockIndex(tensor.shape, {at / c.k, at % c.k});
    double most = kernel.zeroPoints ? std::ldexp(tensor.scales[block], 9) : 0.0;
    magnitudes.push_back(std::abs(value) + most);
  }
  check();
}

TEST_F(ContractShortFloatsTest, TakeWeightsOfBF16AsTheyAre) {
  for (auto [rows, columns] : {std::pair<int64_t, int64_t>(70, 100), {64, 256}, {17, 31}}) {
    n = rows;
    k = columns;
    auto type = RankedTensorType::get({n, k}, BFloat16Type::get(&context));
    kernel.layout = PanelLayout::get(
        type, PanelsAttr::get(&context, 16, type.getElementType(), Type(), /*depth=*/2));
    kernel.shortLhs = true;
    weights = randomRows(n, k);
    magnitudes.clear();
    for (float &value : weights) {
      value = rounded(value);
      magnitudes.push_back(std::abs(value));
    }
    packed = packFloats(kernel.layout, weights);
    check();
  }
}

INSTANTIATE_TEST_SUITE_P(
    , ContractShortFloatsTest,
    testing::Values(Case{"i4, block = [1, 32], scale = f32", 100, 96},
                    Case{"i4, block = [1, *], scale = f32", 33, 150},
                    Case{"ui4, block = [1, 20], scale = f32, zero_point", 70, 90},
                    Case{"i8, block = [1, *], scale = f32", 64, 192},
                    Case{"i8, block = [1, 48], scale = f32", 50, 100},
                    Case{"ui8, block = [1, 32], scale = f32, zero_point", 20, 64},
                    Case{"i3, block = [1, 64], scale = f32", 16, 128},
                    Case{"i2, block = [1, 64], scale = f32", 17, 130},
                    Case{"ui2, block = [*, *], scale = f32, zero_point", 31, 40},
                    Case{"f4E2M1FN, block = [1, 32], scale = f32", 48, 70}));
