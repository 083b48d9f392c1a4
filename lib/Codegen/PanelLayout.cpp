//===- PanelLayout.cpp - The order in which a kernel reads a weight matrix -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PanelLayout.h"

#include "quench/Numerics/CodeTable.h"

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
    return 8;
  case PanelContainer::F32:
    return 32;
  }
  llvm_unreachable("all containers are handled");
}

Type quench::storageType(PanelContainer container, MLIRContext *context) {
  if (container == PanelContainer::F32) {
    return Float32Type::get(context);
  }
  return IntegerType::get(context, bitsOf(container));
}

PanelContainer quench::containerOf(Type type) {
  return type.isInteger(2)   ? PanelContainer::I2
         : type.isInteger(4) ? PanelContainer::I4
         : type.isInteger(8) ? PanelContainer::I8
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

PanelLayout PanelLayout::get(Type source, PanelsAttr panels) {
  auto quantized = dyn_cast<QTensorType>(source);
  ArrayRef<int64_t> shape =
      quantized ? quantized.getShape() : cast<RankedTensorType>(source).getShape();
  PanelContainer container = containerOf(panels.getContainer());
  int64_t group = shape[1];
  if (container != PanelContainer::F32) {
    group = std::min(group, quantized.getScheme().getBlockShape(shape)[1]);
  }
  PanelLayout layout{shape[0], {shape[1], group}, panels.getLanes(), container, panels.getScale()};
  if (DenseI64ArrayAttr order = panels.getFragment()) {
    layout.fragment = FragmentOrder{order[0], order[1], order[2], order[3]};
  }
  return layout;
}

void quench::packFloats(const PanelLayout &layout, ArrayRef<float> values, uint32_t *words) {
  for (int64_t index = 0; index < layout.numPanels(); ++index) {
    // All rows of a panel side by side: writes are then nearly in order.
    int64_t first = index * layout.lanes, rows = std::min(layout.lanes, layout.n - first);
    const float *source = values.data() + first * layout.groups.k;
    for (int64_t k = 0; k < layout.groups.k; ++k) {
      uint32_t *step = words + layout.wordIndex(index, k);
      for (int64_t row = 0; row < rows; ++row) {
        step[row] = llvm::bit_cast<uint32_t>(source[row * layout.groups.k + k]);
      }
    }
  }
}

PackedPanels quench::packFloats(const PanelLayout &layout, ArrayRef<float> values) {
  PackedPanels packed;
  packed.words.assign(layout.numWords(), 0);
  packFloats(layout, values, packed.words.data());
  return packed;
}

/// The bit where code `index` of a word begins.
static unsigned bitOf(PanelContainer container, int64_t index) {
  return 8 * (index % 4) + bitsOf(container) * (index / 4);
}

PackedPanels quench::packCodes(const PanelLayout &layout, const numerics::QuantizedTensor &tensor,
                               const numerics::Scheme &scheme) {
  PackedPanels packed;
  packed.words.assign(layout.numWords(), 0);
  packed.scales.assign(layout.numScales(), 0.0f);
  const GroupLayout &groups = layout.groups;
  int32_t offset = scheme.element.isSigned() ? PanelLayout::signOffset(layout.container) : 0;
  bool hasZeroPoints = !tensor.zeroPoints.empty() || (offset == 0 && scheme.element.isInteger());
  if (hasZeroPoints) {
    packed.zeroPoints.assign(layout.numScales(), offset);
  }
  int64_t perWord = layout.codesPerWord(), lanes = layout.lanes;
  std::optional<numerics::CodeTable> table = numerics::CodeTable::get(scheme.element);
  float unit = table ? table->unit : 1.0f;
  bool sharedRows = scheme.block[0] == numerics::kWhole;
  tensor.codes.visit([&](const auto &codes) {
    for (int64_t row = 0; row < layout.n; ++row) {
      int64_t panel = row / lanes, lane = row % lanes;
      for (int64_t g = 0; g < groups.numGroups(); ++g) {
        for (int64_t i = 0; i < groups.groupSize(g); ++i) {
          uint32_t code = codes[row * groups.k + g * groups.group + i] + offset;
          int64_t position = groups.groupOffset(g) + i;
          packed.words[layout.wordPlace(row, position / perWord)] |=
              code << bitOf(layout.container, position % perWord);
        }
        int64_t from = (sharedRows ? 0 : row) * groups.numGroups() + g;
        int64_t to = layout.scaleIndex(panel, g) + lane;
        packed.scales[to] = tensor.scales[from] * unit;
        if (!tensor.zeroPoints.empty()) {
          packed.zeroPoints[to] = tensor.zeroPoints[from] + offset;
        }
      }
    }
  });
  return packed;
}
