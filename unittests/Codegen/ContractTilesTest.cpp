//===- ContractTilesTest.cpp - Products in AMX tiles ------------------------ -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kernels for AMX on machines without it: tiles become handles, and their instructions calls of the
// functions here. Everything else of a kernel is AVX-512 VNNI and runs as it is. Products must have
// the bits of the formula in `quench.contract`.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractKernel.h"

#include "NativeKernel.h"
#include "RandomCodes.h"
#include "quench/Dialect/Quench/IR/QuenchTypes.h"

#include "mlir/AsmParser/AsmParser.h"

#include <array>
#include <cmath>
#include <cstring>

using namespace mlir;
using namespace quench;

namespace {

struct TileUnit {
  using Tile = std::array<uint8_t, 1024>;
  std::vector<Tile> tiles;
  int64_t products = 0;

  int64_t add(const Tile &tile) {
    tiles.push_back(tile);
    return static_cast<int64_t>(tiles.size()) - 1;
  }
};
TileUnit unit;

int64_t tileZero(int16_t, int16_t) { return unit.add({}); }

int64_t tileLoad(int16_t rows, int16_t bytes, const uint8_t *from, int64_t stride) {
  TileUnit::Tile tile{};
  for (int16_t row = 0; row < rows; ++row) {
    std::memcpy(&tile[row * 64], from + row * stride, bytes);
  }
  return unit.add(tile);
}

void tileStore(int16_t rows, int16_t bytes, uint8_t *to, int64_t stride, int64_t handle) {
  for (int16_t row = 0; row < rows; ++row) {
    std::memcpy(to + row * stride, &unit.tiles[handle][row * 64], bytes);
  }
}

/// sums[m][n] += a[m][k] * b[k / 4][4 n + k % 4] with signed a and unsigned b.
int64_t tileMultiply(int16_t rows, int16_t columnBytes, int16_t depth, int64_t sums, int64_t a,
                     int64_t b) {
  TileUnit::Tile result = unit.tiles[sums];
  ++unit.products;
  for (int16_t m = 0; m < rows; ++m) {
    for (int16_t n = 0; n < columnBytes / 4; ++n) {
      int32_t sum;
      std::memcpy(&sum, &result[m * 64 + 4 * n], sizeof(sum));
      for (int16_t k = 0; k < depth; ++k) {
        auto activation = static_cast<int8_t>(unit.tiles[a][m * 64 + k]);
        sum += activation * unit.tiles[b][k / 4 * 64 + 4 * n + k % 4];
      }
      std::memcpy(&result[m * 64 + 4 * n], &sum, sizeof(sum));
    }
  }
  return unit.add(result);
}

/// Tiles become integers, and intrinsics on them calls.
void emulateTiles(ModuleOp module) {
  Type handle = IntegerType::get(module.getContext(), 64);
  auto retype = [&](Value value) {
    if (isa<LLVM::LLVMX86AMXType>(value.getType())) {
      value.setType(handle);
    }
  };
  SmallVector<LLVM::CallIntrinsicOp> calls;
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), retype);
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::for_each(block.getArguments(), retype);
      }
    }
    if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op)) {
      if (call.getIntrin().ends_with(".internal")) {
        calls.push_back(call);
      }
    }
  });
  for (LLVM::CallIntrinsicOp call : calls) {
    OpBuilder builder(call);
    std::string name = call.getIntrin().str();
    if (!module.lookupSymbol("emulated." + name)) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      Type result = call->getNumResults() ? handle : LLVM::LLVMVoidType::get(module.getContext());
      auto type = LLVM::LLVMFunctionType::get(result, llvm::to_vector(call->getOperandTypes()));
      LLVM::LLVMFuncOp::create(builder, call.getLoc(), "emulated." + name, type);
    }
    auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("emulated." + name);
    auto replacement = LLVM::CallOp::create(builder, call.getLoc(), function, call->getOperands());
    call->replaceAllUsesWith(replacement);
    call.erase();
  }
}

const std::pair<llvm::StringRef, void *> kFunctions[] = {
    {"emulated.llvm.x86.tilezero.internal", reinterpret_cast<void *>(tileZero)},
    {"emulated.llvm.x86.tileloadd64.internal", reinterpret_cast<void *>(tileLoad)},
    {"emulated.llvm.x86.tilestored64.internal", reinterpret_cast<void *>(tileStore)},
    {"emulated.llvm.x86.tdpbsud.internal", reinterpret_cast<void *>(tileMultiply)},
};

/// The arguments that a buffer becomes.
template <typename T> auto buffer(std::vector<T> &values) {
  return std::make_tuple(values.data(), values.data(), int64_t(0),
                         static_cast<int64_t>(values.size()), int64_t(1));
}
template <typename T> auto buffer(std::vector<T> &values, int64_t columns) {
  int64_t rows = static_cast<int64_t>(values.size()) / columns;
  return std::make_tuple(values.data(), values.data(), int64_t(0), rows, columns, columns,
                         int64_t(1));
}

template <typename... Arguments> void call(void *function, std::tuple<Arguments...> arguments) {
  std::apply(reinterpret_cast<void (*)(Arguments...)>(function), arguments);
}

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
};

class ContractTilesTest : public testing::TestWithParam<Case> {};

} // namespace

TEST_P(ContractTilesTest, HaveTheBitsOfTheFormula) {
  Case c = GetParam();
  quench::Target target = llvm::cantFail(quench::Target::find("x86-amx-int8"));
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
  numerics::Scheme plain = scheme.getNumericsScheme();
  numerics::QuantizedTensor weights = randomTensor(plain, c.n, c.k);
  PackedPanels packed = packCodes(kernel.layout, weights, plain);
  std::vector<int8_t> words(4 * packed.words.size());
  std::memcpy(words.data(), packed.words.data(), words.size());

  NativeKernel native(target, machine,
                      [&](ModuleOp module) { return kernel.getOrCreate(module, target); },
                      {emulateTiles, kFunctions});
  void *function = reinterpret_cast<void *>(native.get<void()>());
  ASSERT_NE(function, nullptr);
  if (!machine.runsHere()) {
    return;
  }
  const GroupLayout &groups = kernel.layout.groups;
  for (int64_t rows : {1, 16, 31, 33, 70}) {
    SCOPED_TRACE(rows);
    unit = {};
    Activations x(groups, rows, c.digits);
    std::vector<float> result(rows * c.n);
    call(function, std::tuple_cat(buffer(x.codes, groups.rowBytes(c.digits)), buffer(x.scales, 1),
                                  buffer(x.sums, c.digits * groups.numGroups()), buffer(words),
                                  buffer(packed.scales), buffer(result, c.n)));
    EXPECT_EQ(unit.products > 0, rows >= 16);
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < c.n; ++column) {
        float total = 0.0f;
        for (int64_t g = 0; g < groups.numGroups(); ++g) {
          float sum = 0.0f;
          for (int64_t digit = c.digits - 1; digit >= 0; --digit) {
            int32_t exact = 0;
            for (int64_t i = 0; i < groups.groupSize(g); ++i) {
              exact += weights.codes[column * c.k + g * groups.group + i] *
                       x.codes[row * groups.rowBytes(c.digits) + digit * groups.paddedK() +
                               groups.groupOffset(g) + i];
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
                                         Case{"i4, block = [1, 32], scale = f32", 50, 70, 3}));
