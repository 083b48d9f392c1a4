//===- PanelLayout.cpp - The order in which a kernel reads a weight matrix -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PanelLayout.h"

#include "quench/Numerics/CodeTable.h"
#include "quench/Numerics/FloatFormat.h"

#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace quench;

unsigned quench::bitsOf(PanelContainer container) {
  switch (container) {
  case PanelContainer::I2:
    return 2;
  case PanelContainer::I4:
    return 4;
  case PanelContainer::I8:
  case PanelContainer::F8E4M3FN:
  case PanelContainer::F8E5M2:
  case PanelContainer::F8E4M3FNUZ:
  case PanelContainer::F8E5M2FNUZ:
    return 8;
  case PanelContainer::F16:
  case PanelContainer::BF16:
    return 16;
  case PanelContainer::F32:
    return 32;
  }
  llvm_unreachable("all containers are handled");
}

bool quench::holdsFloats(PanelContainer container) { return bitsOf(container) > 8; }

bool quench::holdsByteFloats(PanelContainer container) {
  return container == PanelContainer::F8E4M3FN || container == PanelContainer::F8E5M2 ||
         holdsHalvedFloats(container);
}

bool quench::holdsHalvedFloats(PanelContainer container) {
  return container == PanelContainer::F8E4M3FNUZ || container == PanelContainer::F8E5M2FNUZ;
}

uint32_t quench::halvedFloatCode(uint32_t code, numerics::FloatFormat format) {
  constexpr uint32_t kNaN = 0x80;
  const bool isFinite = (code & 0x7f) < (format == numerics::FloatFormat::F8E4M3FN ? 0x7f : 0x7c);
  return !isFinite ? kNaN : code == 0x80 ? 0 : code;
}

Type quench::storageType(PanelContainer container, MLIRContext *context) {
  switch (container) {
  case PanelContainer::F8E4M3FN:
    return Float8E4M3FNType::get(context);
  case PanelContainer::F8E5M2:
    return Float8E5M2Type::get(context);
  case PanelContainer::F8E4M3FNUZ:
    return Float8E4M3FNUZType::get(context);
  case PanelContainer::F8E5M2FNUZ:
    return Float8E5M2FNUZType::get(context);
  case PanelContainer::F16:
    return Float16Type::get(context);
  case PanelContainer::BF16:
    return BFloat16Type::get(context);
  case PanelContainer::F32:
    return Float32Type::get(context);
  default:
    return IntegerType::get(context, bitsOf(container));
  }
}

PanelContainer quench::containerOf(Type type) {
  return type.isInteger(2)               ? PanelContainer::I2
         : type.isInteger(4)             ? PanelContainer::I4
         : type.isInteger(8)             ? PanelContainer::I8
         : isa<Float8E4M3FNType>(type)   ? PanelContainer::F8E4M3FN
         : isa<Float8E5M2Type>(type)     ? PanelContainer::F8E5M2
         : isa<Float8E4M3FNUZType>(type) ? PanelContainer::F8E4M3FNUZ
         : isa<Float8E5M2FNUZType>(type) ? PanelContainer::F8E5M2FNUZ
         : type.isF16()                  ? PanelContainer::F16
         : type.isBF16()                 ? PanelContainer::BF16
                                         : PanelContainer::F32;
}

Type quench::narrowScaleOf(SchemeAttr scheme, const Target &target) {
  // Devices load words.
  if (scheme.getScaleScheme() || target.isDevice()) {
    return nullptr;
  }
  // Scales are multiplied by the unit of a table. A power of two, or half of one, has no bit after
  // the leading one.
  Type scale = scheme.getScaleType();
  auto table = numerics::CodeTable::get(scheme.getNumericsScheme().element);
  bool isHalved = !table || table->unit == 0.5f || table->unit == 1.0f;
  if (isa<Float8E8M0FNUType>(scale) && isHalved) {
    return BFloat16Type::get(scheme.getContext());
  }
  bool isKept = scale.isBF16() || (scale.isF16() && target.convertsHalf());
  return isKept && !table ? scale : Type();
}

std::optional<PanelContainer> quench::codeContainer(SchemeAttr scheme) {
  numerics::Encoding element = scheme.getNumericsScheme().element;
  if (scheme.hasRealZeroPoints() || element.bitWidth() > 8 || scheme.getBlock().size() != 2 ||
      !(element.isInteger() || numerics::CodeTable::get(element))) {
    return std::nullopt;
  }
  int64_t rows = scheme.getBlock()[0];
  if (rows != 1 && rows != SchemeAttr::kWhole) {
    return std::nullopt;
  }
  if (!element.isInteger()) {
    return PanelContainer::I4;
  }
  return element.bitWidth() <= 2   ? PanelContainer::I2
         : element.bitWidth() <= 4 ? PanelContainer::I4
                                   : PanelContainer::I8;
}

int64_t quench::depthOfPanels(PanelContainer container, const GroupLayout &groups,
                              const Target &target) {
  const NativeProduct *product = target.matrixProduct();
  if (!product || product->shape[0] != 2 || holdsFloats(container)) {
    return 4;
  }
  int64_t depth = product->shape[2], step = depth * 8 / bitsOf(container);
  return groups.paddedGroup() % step == 0 && groups.paddedK() % step == 0 ? depth : 4;
}

std::array<int64_t, 2> GroupLayout::codeShape(int64_t count, int64_t bytesOfCode) const {
  int64_t blocks = ShapedType::isDynamic(count) ? count : llvm::divideCeil(count, rows);
  return {blocks, rows * rowBytes(bytesOfCode)};
}

GroupLayout GroupLayout::of(QTensorType weight) {
  int64_t k = weight.getShape()[1];
  return {k, std::min(k, weight.getScheme().getBlockShape(weight.getShape())[1])};
}

GroupLayout GroupLayout::get(QTensorType weight, RealizationAttr realization,
                             const Target &target) {
  GroupLayout groups = of(weight);
  const NativeProduct *outer = target.outerProduct();
  PanelContainer container = containerOf(realization.getContainer());
  bool isOuter = outer && realization.getProduct() == outer->instruction;
  groups.rows = isOuter ? kBlockRows : depthOfPanels(container, groups, target) / 4;
  return groups;
}

PanelLayout PanelLayout::get(Type source, PanelsAttr panels) {
  auto quantized = dyn_cast<QTensorType>(source);
  ArrayRef<int64_t> shape =
      quantized ? quantized.getShape() : cast<RankedTensorType>(source).getShape();
  PanelContainer container = containerOf(panels.getContainer());
  GroupLayout groups =
      holdsFloats(container) ? GroupLayout{shape[1], shape[1]} : GroupLayout::of(quantized);
  groups.rows = panels.getDepth() == 8 ? 2 : 1;
  PanelLayout layout{shape[0], groups, panels.getLanes(), container, panels.getScale()};
  layout.depth = panels.getDepth();
  layout.isSigned = panels.getContainer().isSignedInteger();
  if (DenseI64ArrayAttr order = panels.getFragment()) {
    layout.fragment = FragmentOrder{order[0], order[1], order[2], order[3]};
  }
  return layout;
}

template <typename T, typename Encode>
static void packPanels(const PanelLayout &layout, ArrayRef<float> values, T *memory,
                       Encode encode) {
  for (int64_t index = 0; index < layout.numPanels(); ++index) {
    // All rows of a panel side by side: writes are then nearly in order.
    int64_t first = index * layout.lanes, rows = std::min(layout.lanes, layout.n - first);
    const float *source = values.data() + first * layout.groups.k;
    for (int64_t k = 0; k < layout.groups.k; ++k) {
      T *step = memory + layout.wordIndex(index, k, 0);
      for (int64_t row = 0; row < rows; ++row) {
        step[row] = encode(source[row * layout.groups.k + k]);
      }
    }
  }
}

/// Where element `k` of a row is in its words of two: of four, the second and the third change
/// places.
static int64_t placeInPairs(int64_t k) {
  constexpr int64_t order[] = {0, 2, 1, 3};
  return k / 4 * 4 + order[k % 4];
}

static void packPairs(const PanelLayout &layout, ArrayRef<float> values, uint16_t *memory,
                      numerics::FloatFormat format) {
  std::fill_n(memory, 2 * layout.numWords(), 0);
  for (int64_t row = 0; row < layout.n; ++row) {
    for (int64_t k = 0; k < layout.groups.k; ++k) {
      int64_t place = placeInPairs(k);
      memory[2 * layout.wordPlace(row, place / 2) + place % 2] =
          static_cast<uint16_t>(numerics::encode(format, values[row * layout.groups.k + k]));
    }
  }
}

void quench::packFloats(const PanelLayout &layout, ArrayRef<float> values, uint8_t *memory) {
  if (layout.container == PanelContainer::F32) {
    packPanels(layout, values, reinterpret_cast<float *>(memory),
               [](float value) { return value; });
    return;
  }
  bool isHalf = layout.container == PanelContainer::F16;
  auto format = isHalf ? numerics::FloatFormat::F16 : numerics::FloatFormat::BF16;
  if (!layout.hasPlainFloats()) {
    packPairs(layout, values, reinterpret_cast<uint16_t *>(memory), format);
    return;
  }
  packPanels(layout, values, reinterpret_cast<uint16_t *>(memory),
             [&](float value) { return static_cast<uint16_t>(numerics::encode(format, value)); });
}

PackedPanels quench::packFloats(const PanelLayout &layout, ArrayRef<float> values) {
  PackedPanels packed;
  packed.words.assign(layout.codeBytes() / sizeof(uint32_t), 0);
  packFloats(layout, values, reinterpret_cast<uint8_t *>(packed.words.data()));
  return packed;
}

/// The word of a step and the bit in it where code `index` of the step begins.
static std::pair<int64_t, unsigned> placeOf(const PanelLayout &layout, int64_t index) {
  int64_t byte = index % layout.depth;
  return {byte / 4, 8 * (byte % 4) + bitsOf(layout.container) * (index / layout.depth)};
}

PackedPanels quench::packCodes(const PanelLayout &layout, const numerics::QuantizedTensor &tensor,
                               const numerics::Scheme &scheme) {
  PackedPanels packed;
  packed.words.assign(layout.numWords(), 0);
  packed.scales.assign(layout.numScales(), 0.0f);
  const GroupLayout &groups = layout.groups;
  int32_t offset = scheme.element.isSigned() ? PanelLayout::signOffset(layout.container) : 0;
  if (scheme.element.isInteger()) {
    packed.zeroPoints.assign(layout.numScales(), offset);
  }
  packed.sums.assign(layout.numScales(), 0);
  int64_t perStep = layout.codesPerStep(), lanes = layout.lanes;
  std::optional<numerics::CodeTable> table = numerics::CodeTable::get(scheme.element);
  const bool isHalved = holdsHalvedFloats(layout.container);
  // What both sides lack of a halved container.
  float unit = table ? table->unit : isHalved ? 4.0f : 1.0f;
  bool sharedRows = scheme.block[0] == numerics::kWhole;
  tensor.codes.visit([&](const auto &codes) {
    for (int64_t row = 0; row < layout.n; ++row) {
      int64_t panel = row / lanes, lane = row % lanes;
      for (int64_t g = 0; g < groups.numGroups(); ++g) {
        int32_t sum = 0;
        for (int64_t i = 0; i < groups.groupSize(g); ++i) {
          int32_t stored = codes[row * groups.k + g * groups.group + i];
          sum += table ? table->values[stored] : stored;
          uint32_t code = stored + offset;
          int64_t position = groups.groupOffset(g) + i;
          if (layout.fragment) {
            position = layout.fragment->position(position, bitsOf(layout.container));
          }
          auto [word, bit] = placeOf(layout, position % perStep);
          word += position / perStep * layout.wordsPerStep();
          code ^= layout.isSigned ? PanelLayout::signOffset(layout.container) : 0;
          code = isHalved ? halvedFloatCode(code, scheme.element.floatFormat()) : code;
          packed.words[layout.wordPlace(row, word)] |= code << bit;
        }
        int64_t from = (sharedRows ? 0 : row) * groups.numGroups() + g;
        int64_t to = layout.scaleIndex(panel, g) + lane;
        packed.scales[to] = tensor.scales[from] * unit;
        packed.sums[to] = sum;
        if (!tensor.zeroPoints.empty()) {
          packed.zeroPoints[to] = tensor.zeroPoints[from] + offset;
          packed.sums[to] -= static_cast<int32_t>(groups.groupSize(g)) * tensor.zeroPoints[from];
        }
      }
    }
  });
  return packed;
}
