//===- WeightOverlay.cpp - Elements that lie over a weight ----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/WeightOverlay.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static DenseElementsAttr constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : DenseElementsAttr();
}

bool quench::isReadable(OverlayOp overlay) {
  Value indices = overlay.getIndices(), values = overlay.getValues();
  return (constantOf(indices) && constantOf(values)) ||
         (indices.getDefiningOp<WeightOp>() && values.getDefiningOp<WeightOp>());
}

static Expected<KeptElements> readConstants(OverlayOp overlay) {
  KeptElements kept;
  for (const APInt &index : constantOf(overlay.getIndices()).getValues<APInt>()) {
    kept.indices.push_back(index.getSExtValue());
  }
  for (APFloat value : constantOf(overlay.getValues()).getValues<APFloat>()) {
    bool losesInfo = false;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    kept.values.push_back(value.convertToFloat());
  }
  auto type = cast<RankedTensorType>(overlay.getType());
  if (Error error = kept.verify(type.getNumElements())) {
    return std::move(error);
  }
  return std::move(kept);
}

Expected<KeptElements> quench::readOverlay(OverlayOp overlay, const WeightStore *weights) {
  if (!isReadable(overlay)) {
    return createStringError("expected an overlay of constants or of stored tensors");
  }
  auto indices = overlay.getIndices().getDefiningOp<WeightOp>();
  if (!indices) {
    return readConstants(overlay);
  }
  if (!weights) {
    return createStringError("expected a weight store for '" + indices.getKey() + "', found none");
  }
  return readKeptElements(*weights, indices.getKey(),
                          overlay.getValues().getDefiningOp<WeightOp>().getKey(),
                          cast<RankedTensorType>(overlay.getType()).getShape());
}

ElementKind quench::elementKindOf(FloatType type) {
  return type.isF16() ? ElementKind::F16 : type.isBF16() ? ElementKind::BF16 : ElementKind::F32;
}

Value quench::createOverlay(OpBuilder &builder, Location loc, Value input, const KeptElements &kept,
                            FloatType element, StringRef key) {
  int64_t count = static_cast<int64_t>(kept.indices.size());
  auto indicesType = RankedTensorType::get({count}, builder.getI32Type());
  auto valuesType = RankedTensorType::get({count}, element);
  Value indices, values;
  if (!key.empty()) {
    indices = WeightOp::create(builder, loc, indicesType, keptIndicesKey(key));
    values = WeightOp::create(builder, loc, valuesType, keptValuesKey(key));
  } else {
    SmallVector<int32_t> narrow(kept.indices.begin(), kept.indices.end());
    SmallVector<APFloat> floats;
    for (float value : kept.values) {
      bool losesInfo = false;
      floats.emplace_back(value);
      floats.back().convert(element.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    }
    indices = arith::ConstantOp::create(builder, loc,
                                        DenseElementsAttr::get(indicesType, ArrayRef(narrow)));
    values = arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(valuesType, floats));
  }
  return OverlayOp::create(builder, loc, input.getType(), input, indices, values);
}
