//===- MatrixFragmentTest.cpp - Lanes of matrix instructions, simulated ---===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Weights are packed; each lane takes its registers from where the kernel takes them; the
// instruction is executed as its manual says which lane and register hold which element; and the
// sums, read from where the kernel takes them to be, are those of the plain product.
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/MatrixFragment.h"

#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/IR/MLIRContext.h"
#include "gtest/gtest.h"

#include <array>
#include <random>

using namespace quench;

namespace {

/// Where the manuals put elements. Those of weights and activations are counted along the registers
/// of a lane.
struct Manual {
  int64_t k;
  int64_t elements;
  int64_t (*rowOfByte)(int64_t lane, int64_t byte);
  int64_t (*kOfByte)(int64_t lane, int64_t byte);
  int64_t activationElements;
  int64_t (*columnOfByte)(int64_t lane, int64_t byte);
  int64_t (*kOfActivation)(int64_t lane, int64_t byte);
  int64_t (*rowOfSum)(int64_t lane, int64_t sum);
  int64_t (*columnOfSum)(int64_t lane, int64_t sum);
};

int64_t laneMod16(int64_t lane, int64_t) { return lane % 16; }

/// PTX ISA 8.7, figures for .u8/.s8 of m16n8k32.
const Manual mma = {
    32,
    16,
    [](int64_t lane, int64_t i) { return (i < 4 || (i >= 8 && i < 12)) ? lane / 4 : lane / 4 + 8; },
    [](int64_t lane, int64_t i) {
      return i < 8 ? lane % 4 * 4 + (i & 3) : lane % 4 * 4 + (i & 3) + 16;
    },
    8,
    [](int64_t lane, int64_t) { return lane / 4; },
    [](int64_t lane, int64_t i) {
      return i < 4 ? lane % 4 * 4 + (i & 3) : lane % 4 * 4 + (i & 3) + 16;
    },
    [](int64_t lane, int64_t i) { return i < 2 ? lane / 4 : lane / 4 + 8; },
    [](int64_t lane, int64_t i) { return lane % 4 * 2 + (i & 1); }};

/// The same, figures for .f16/.bf16 of m16n8k16.
const Manual mma16 = {
    16,
    8,
    [](int64_t lane, int64_t i) { return i % 4 < 2 ? lane / 4 : lane / 4 + 8; },
    [](int64_t lane, int64_t i) { return lane % 4 * 2 + (i & 1) + (i < 4 ? 0 : 8); },
    4,
    [](int64_t lane, int64_t) { return lane / 4; },
    [](int64_t lane, int64_t i) { return lane % 4 * 2 + (i & 1) + (i < 2 ? 0 : 8); },
    [](int64_t lane, int64_t i) { return i < 2 ? lane / 4 : lane / 4 + 8; },
    [](int64_t lane, int64_t i) { return lane % 4 * 2 + (i & 1); }};

/// CDNA 3 ISA, V_MFMA_I32_16X16X32_I8.
const Manual mfma32 = {32,
                       8,
                       laneMod16,
                       [](int64_t lane, int64_t i) { return 8 * (lane / 16) + i; },
                       8,
                       laneMod16,
                       [](int64_t lane, int64_t i) { return 8 * (lane / 16) + i; },
                       [](int64_t lane, int64_t i) { return 4 * (lane / 16) + i; },
                       laneMod16};

/// CDNA 2 ISA, V_MFMA_I32_16X16X16I8, and with floats of 16 bits for bytes.
const Manual mfma16 = {16,
                       4,
                       laneMod16,
                       [](int64_t lane, int64_t i) { return 4 * (lane / 16) + i; },
                       4,
                       laneMod16,
                       [](int64_t lane, int64_t i) { return 4 * (lane / 16) + i; },
                       [](int64_t lane, int64_t i) { return 4 * (lane / 16) + i; },
                       laneMod16};

/// RDNA 3 ISA, V_WMMA_I32_16X16X16_IU8, or floats of 16 bits, in waves of 32: the upper lanes
/// repeat the operands of the lower ones, and have the odd rows of the sums.
const Manual wmma = {16,
                     16,
                     laneMod16,
                     [](int64_t, int64_t i) { return i; },
                     16,
                     laneMod16,
                     [](int64_t, int64_t i) { return i; },
                     [](int64_t lane, int64_t i) { return 2 * i + lane / 16; },
                     laneMod16};

const Manual &manualOf(llvm::StringRef instruction) {
  // Each wave of a warpgroup has the registers of an instruction of its own.
  const bool isTensorCore = instruction.contains("mma.m");
  return isTensorCore && instruction.contains("k32")   ? mma
         : isTensorCore && instruction.contains("k16") ? mma16
         : instruction.contains("16x16x32")            ? mfma32
         : instruction.starts_with("v_mfma")           ? mfma16
                                                       : wmma;
}

/// Elements of each lane.
using Registers = std::vector<std::vector<int32_t>>;

/// One instruction.
void execute(const Manual &manual, const MatrixFragment &fragment, const Registers &weights,
             const Registers &activations, std::vector<std::vector<int32_t>> &sums) {
  std::vector<std::array<int32_t, 32>> a(16), b(16);
  ASSERT_EQ(weights[0].size(), static_cast<size_t>(manual.elements));
  ASSERT_EQ(activations[0].size(), static_cast<size_t>(manual.activationElements));
  for (int64_t lane = 0; lane < fragment.lanes; ++lane) {
    for (int64_t i = 0; i < manual.elements; ++i) {
      a[manual.rowOfByte(lane, i)][manual.kOfByte(lane, i)] = weights[lane][i];
    }
    for (int64_t i = 0; i < manual.activationElements; ++i) {
      b[manual.columnOfByte(lane, i)][manual.kOfActivation(lane, i)] = activations[lane][i];
    }
  }
  for (int64_t lane = 0; lane < fragment.lanes; ++lane) {
    for (int64_t i = 0; i < fragment.numSums(); ++i) {
      for (int64_t k = 0; k < manual.k; ++k) {
        sums[lane][i] += a[manual.rowOfSum(lane, i)][k] * b[manual.columnOfSum(lane, i)][k];
      }
    }
  }
}

numerics::QuantizedTensor randomWeight(const PanelLayout &layout, const numerics::Scheme &scheme,
                                       std::mt19937 &random) {
  numerics::QuantizedTensor tensor;
  tensor.shape = {layout.n, layout.groups.k};
  tensor.codes = numerics::CodeArray(scheme.element, layout.n * layout.groups.k);
  for (size_t i = 0; i < tensor.codes.size(); ++i) {
    tensor.codes.set(i, static_cast<int32_t>(random() % (1u << scheme.element.bitWidth())));
  }
  tensor.scales.assign(layout.n, 1.0f);
  return tensor;
}

/// Of four elements, all as bytes, or two as halves of a word.
template <typename Element>
void append(std::vector<int32_t> &elements, const MatrixFragment &machine, int64_t half,
            Element element) {
  for (int64_t j = half; j < 4; j += machine.isShort() ? 2 : 1) {
    elements.push_back(element(j));
  }
}

class MatrixFragmentTest
    : public testing::TestWithParam<std::tuple<size_t, PanelContainer, int64_t>> {
protected:
  const MatrixFragment &fragment() { return MatrixFragment::all()[std::get<0>(GetParam())]; }
};

TEST_P(MatrixFragmentTest, LanesMultiplyWhatThePlainProductDoes) {
  const MatrixFragment &machine = fragment();
  const FragmentOrder &order = machine.order;
  auto [index, container, k] = GetParam();
  const unsigned bits = bitsOf(container);
  PanelLayout layout{20, {k, k}, 16, container};
  layout.fragment = order;

  std::mt19937 random(7);
  numerics::Scheme scheme;
  scheme.element = numerics::Encoding::integer(bits, /*isSigned=*/false);
  scheme.block = {1, numerics::kWhole};
  const numerics::QuantizedTensor tensor = randomWeight(layout, scheme, random);
  std::vector<uint32_t> words = packCodes(layout, tensor, scheme).words;
  ASSERT_EQ(words.size(), static_cast<size_t>(layout.numWords()));

  // Activations are as long as the packed rows: zeros behind K.
  const int64_t length = layout.numVectors() * layout.codesPerVector();
  std::vector<int8_t> x(machine.n * length, 0);
  for (int64_t row = 0; row < machine.n; ++row) {
    for (int64_t i = 0; i < k; ++i) {
      x[row * length + i] = static_cast<int8_t>(random());
    }
  }
  const int64_t parts = FragmentOrder::parts(bits), perStep = order.wordsOfStep(bits);
  for (int64_t panel = 0; panel < layout.numPanels(); ++panel) {
    std::vector<std::vector<int32_t>> sums(machine.lanes,
                                           std::vector<int32_t>(machine.numSums(), 0));
    for (int64_t vector = 0; vector < layout.numVectors(); ++vector) {
      for (int64_t step = 0; step < order.stepsOfVector(bits); ++step) {
        for (int64_t i = 0; i < order.instructions(bits); ++i) {
          Registers a(machine.lanes), b(machine.lanes);
          for (int64_t lane = 0; lane < machine.lanes; ++lane) {
            const int64_t group = machine.groupOf(lane);
            const int64_t part = order.kLanes == 1 ? 0 : machine.partOf(lane);
            const int64_t own = group * order.rowStride() + part * order.kStride;
            const int64_t from = panel * layout.wordsPerPanel() +
                                 (vector * order.lanes() + own) * FragmentOrder::kVector;
            for (int64_t word = 0; word < order.words; ++word) {
              const int64_t operand = i * order.words + word;
              for (int64_t half = 0; half < (machine.isShort() ? 2 : 1); ++half) {
                for (int64_t row = 0; row < order.rowsOfLane; ++row) {
                  uint32_t packed = words[from + order.slot(step, row, operand / parts, bits)];
                  packed >>= operand % parts * bits;
                  append(a[lane], machine, half, [&](int64_t j) {
                    return static_cast<int32_t>(packed >> (8 * j) & ((1u << bits) - 1));
                  });
                }
                const int64_t fours = operand * order.kLanes + part;
                const int64_t neighbours = part * perStep * parts + operand;
                const int64_t first = vector * layout.codesPerVector() +
                                      step * order.codesOfStep(bits) +
                                      4 * (order.rowsOfLane == 2 ? fours : neighbours);
                append(b[lane], machine, half,
                       [&](int64_t j) -> int32_t { return x[group * length + first + j]; });
              }
            }
          }
          execute(manualOf(machine.instruction), machine, a, b, sums);
        }
      }
    }
    for (int64_t lane = 0; lane < machine.lanes; ++lane) {
      for (int64_t i = 0; i < machine.numSums(); ++i) {
        const int64_t group = machine.groupOf(lane), part = machine.partOf(lane);
        const int64_t row = panel * 16 + machine.row.at(group, part, i);
        const int64_t column = machine.column.at(group, part, i);
        int32_t expected = 0;
        for (int64_t j = 0; row < layout.n && j < k; ++j) {
          expected += tensor.codes[row * k + j] * x[column * length + j];
        }
        EXPECT_EQ(sums[lane][i], expected)
            << machine.instruction.str() << " lane " << lane << " sum " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllMachines, MatrixFragmentTest,
                         testing::Combine(testing::Range<size_t>(0, MatrixFragment::all().size()),
                                          testing::Values(PanelContainer::I2, PanelContainer::I4,
                                                          PanelContainer::I8),
                                          testing::Values<int64_t>(256, 304, 20)));

TEST(MatrixFragmentTest, SumsAreEachElementOnce) {
  for (const MatrixFragment &fragment : MatrixFragment::all()) {
    std::vector<int> seen(16 * fragment.n, 0);
    for (int64_t lane = 0; lane < fragment.lanes; ++lane) {
      for (int64_t i = 0; i < fragment.numSums(); ++i) {
        const int64_t group = fragment.groupOf(lane), part = fragment.partOf(lane);
        ++seen[fragment.row.at(group, part, i) * fragment.n + fragment.column.at(group, part, i)];
      }
    }
    for (int count : seen) {
      EXPECT_EQ(count, 1) << fragment.instruction.str();
    }
  }
}

TEST(MatrixFragmentTest, GroupsHaveToBeginWithSteps) {
  const MatrixFragment *mma = MatrixFragment::find("mma.m16n8k32");
  ASSERT_NE(mma, nullptr);
  auto fits = [&](int64_t k, int64_t group, PanelContainer container) {
    return mma->fits(PanelLayout{64, {k, group}, 16, container});
  };
  EXPECT_TRUE(fits(256, 32, PanelContainer::I4));
  EXPECT_TRUE(fits(256, 128, PanelContainer::I4));
  EXPECT_TRUE(fits(200, 200, PanelContainer::I8));
  EXPECT_FALSE(fits(256, 16, PanelContainer::I4));
  EXPECT_FALSE(fits(288, 96, PanelContainer::I4));
  EXPECT_FALSE(fits(256, 32, PanelContainer::I2));
  EXPECT_FALSE(fits(256, 256, PanelContainer::F32));
  EXPECT_FALSE(fits(256, 256, PanelContainer::F8E4M3FN));
  EXPECT_EQ(MatrixFragment::find("dp4a"), nullptr);

  const MatrixFragment *floats = MatrixFragment::find("mma.m16n8k32.e4m3");
  ASSERT_NE(floats, nullptr);
  EXPECT_TRUE(floats->fits(PanelLayout{64, {256, 32}, 16, PanelContainer::F8E4M3FN}));
  EXPECT_FALSE(floats->fits(PanelLayout{64, {256, 256}, 16, PanelContainer::I8}));

  // Rows of floats of 16 bits are longer: a group of 256 does not fit into memory.
  const MatrixFragment *halves = MatrixFragment::find("mma.m16n8k16.f16");
  ASSERT_NE(halves, nullptr);
  EXPECT_TRUE(halves->fits(PanelLayout{64, {256, 128}, 16, PanelContainer::I4}));
  EXPECT_FALSE(halves->fits(PanelLayout{64, {512, 256}, 16, PanelContainer::I4}));
}

} // namespace
