//===- ContractTilesTest.cpp - Products in AMX tiles ------------------------ -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for AMX on machines without it: their instructions on tiles are emulated, everything else
// is AVX-512 VNNI and runs as it is. Products must have the bits of the formula in
// `quench.contract`.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractKernel.h"

#include "EmulatedTiles.h"
#include "KernelArguments.h"
#include "NativeKernel.h"
#include "RandomCodes.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "mlir/AsmParser/AsmParser.h"

#include <cmath>
#include <cstring>

using namespace mlir;
using namespace quench;

namespace {

/// Random codes of activations in the layout of a kernel.
struct Activations {
  Activations(const GroupLayout &groups, int64_t rows, int64_t digits)
      : codes(rows * groups.rowBytes(digits)), sums(rows * digits * groups.numGroups()) {
    std::mt19937 random(static_cast<unsigned>(rows + groups.k));
    for (int64_t row = 0; row < rows; ++row) {
      scales.push_back(0.5f * static_cast<float>(row + 1));
      for (int64_t digit = 0; digit < digits; ++digit) {
        for (int64_t g = 0; g < groups.numGroups(); ++g) {
          for (int64_t i = 0; i < groups.groupSize(g); ++i) {
            auto code = static_cast<int8_t>(random());
            codes[row * groups.rowBytes(digits) + digit * groups.paddedK() + groups.groupOffset(g) +
                  i] = code;
            sums[(row * digits + digit) * groups.numGroups() + g] += code;
          }
        }
      }
    }
  }

  std::vector<int8_t> codes;
  std::vector<float> scales;
  std::vector<int32_t> sums;
};

struct Case {
  const char *scheme;
  int64_t n, k;
  int64_t digits = 1;
  /// That of the activations.
  std::optional<int32_t> zeroPoint = std::nullopt;
};

class ContractTilesTest : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(ContractTilesTest, HaveTheBitsOfTheFormula) {
  Case c = GetParam();
  quench::Target target = llvm::cantFail(quench::Target::find("x86-amx"));
  quench::Target machine = llvm::cantFail(quench::Target::find("x86-avx512vnni"));
  MLIRContext context;
  context.loadDialect<QuenchDialect>();
  auto scheme =
      cast<SchemeAttr>(parseAttribute(std::string("#quench.scheme<") + c.scheme + ">", &context));
  auto type =
      QTensorType::get(RankedTensorType::get({c.n, c.k}, Float32Type::get(&context)), scheme);
  Type container = storageType(*codeContainer(scheme), &context);

  ContractKernel kernel;
  kernel.layout = PanelLayout::get(type, PanelsAttr::get(&context, 16, container));
  kernel.integerLhs = kernel.rowScales = true;
  kernel.digits = c.digits;
  kernel.lhsZeroPoint = kernel.zeroPoints = c.zeroPoint.has_value();
  numerics::Scheme plain = scheme.getNumericsScheme();
  numerics::QuantizedTensor weights = randomTensor(plain, c.n, c.k);
  PackedPanels packed = packCodes(kernel.layout, weights, plain);
  std::vector<int8_t> words(4 * packed.words.size());
  std::memcpy(words.data(), packed.words.data(), words.size());
  std::vector<int32_t> lhsZeroPoint = {c.zeroPoint.value_or(0)}, zeroPoints = packed.zeroPoints;
  zeroPoints.insert(zeroPoints.end(), packed.sums.begin(), packed.sums.end());

  NativeKernel native(target, machine,
                      [&](ModuleOp module) { return kernel.getOrCreate(module, target); },
                      {emulateTiles, kTileFunctions});
  void *function = reinterpret_cast<void *>(native.get<void()>());
  ASSERT_NE(function, nullptr);
  if (!machine.runsHere()) {
    return;
  }
  const GroupLayout &groups = kernel.layout.groups;
  for (int64_t rows : {1, 16, 31, 33, 70}) {
    SCOPED_TRACE(rows);
    TileUnit::only() = {};
    Activations x(groups, rows, c.digits);
    std::vector<float> result(rows * c.n);
    auto lhs = std::tuple_cat(buffer(x.codes, groups.rowBytes(c.digits)), buffer(x.scales, 1),
                              buffer(x.sums, c.digits * groups.numGroups()));
    auto rhs = std::tuple_cat(buffer(words), buffer(packed.scales));
    if (c.zeroPoint) {
      call(function, std::tuple_cat(lhs, buffer(lhsZeroPoint, 1), rhs, buffer(zeroPoints),
                                    buffer(result, c.n)));
    } else {
      call(function, std::tuple_cat(lhs, rhs, buffer(result, c.n)));
    }
    EXPECT_EQ(TileUnit::only().products > 0, rows >= 16);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < c.n; ++column) {
        float total = 0.0f;
        for (int64_t g = 0; g < groups.numGroups(); ++g) {
          float sum = 0.0f;
          for (int64_t digit = c.digits - 1; digit >= 0; --digit) {
            int32_t exact = 0;
            for (int64_t i = 0; i < groups.groupSize(g); ++i) {
              exact += weights.codes[column * c.k + g * groups.group + i] *
                       (x.codes[row * groups.rowBytes(c.digits) + digit * groups.paddedK() +
                                groups.groupOffset(g) + i] -
                        lhsZeroPoint[0]);
            }
            sum = std::fma(sum, 256.0f, static_cast<float>(exact));
          }
          int64_t block = weights.scales.size() == 1 ? 0 : column * groups.numGroups() + g;
          total = std::fma(sum, weights.scales[block], total);
        }
        ASSERT_EQ(result[row * c.n + column], total * x.scales[row])
            << "row " << row << ", column " << column;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(, ContractTilesTest,
                         testing::Values(Case{"i8, block = [1, *], scale = f32", 70, 192},
                                         Case{"i8, block = [1, 48], scale = f32", 64, 100},
                                         Case{"i4, block = [1, *], scale = f32", 100, 150},
                                         Case{"i4, block = [1, 32], scale = f32", 33, 96},
                                         Case{"i4, block = [1, 128], scale = f32", 80, 300},
                                         Case{"i2, block = [1, 64], scale = f32", 17, 130},
                                         Case{"i4, block = [1, 32], scale = f32", 50, 70, 3},
                                         Case{"i8, block = [1, *], scale = f32", 40, 100, 1, -77},
                                         Case{"i4, block = [1, 32], scale = f32", 50, 70, 1, 31}));
