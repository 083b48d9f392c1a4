//===- SelectGpuProducts.cpp - Kernels of matrix products on a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuKernelSelector.h"

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Gpu/GpuProductKernel.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "quench-select-gpu-kernels"

using namespace mlir;
using namespace quench;

static bool isFloatMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32() && type.getDimSize(1) > 0;
}

std::optional<GpuKernelSelector::RowCodes>
GpuKernelSelector::quantizedRows(QuantizeOp op, const GroupLayout &groups) {
  QTensorType type = op.getResult().getType();
  SchemeAttr scheme = type.getScheme();
  auto integer = dyn_cast_or_null<IntegerType>(scheme.getElementType());
  ArrayRef<int64_t> block = scheme.getBlock();
  bool isSignedByte = integer && !integer.isUnsigned() && integer.getWidth() <= 8;
  bool perRow = block.size() == 2 && block[0] == 1;
  bool perTensor = block.size() == 2 && block[0] == SchemeAttr::kWhole;
  if (!isSignedByte || !isFloatMatrix(op.getInput()) || scheme.hasZeroPoints() ||
      scheme.getScaleScheme() || !scheme.getScaleType().isF32() || block[1] != SchemeAttr::kWhole ||
      scheme.getCodeMax() <= 0 || !(op.isDynamic() ? perRow : perTensor)) {
    return std::nullopt;
  }
  auto [entry, isNew] = rowCodes.try_emplace({op.getOperation(), groups.group});
  if (!isNew) {
    return entry->second;
  }
  GpuQuantizeKernel kernel{groups, static_cast<int32_t>(scheme.getCodeMin()),
                           static_cast<int32_t>(scheme.getCodeMax()), op.isDynamic(),
                           static_cast<float>(op.getClip().convertToDouble())};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  Value input = op.getInput();
  int64_t rows = cast<RankedTensorType>(input.getType()).getDimSize(0);
  auto empty = [&](int64_t columns, Type element) {
    return emptyLike(RankedTensorType::get({rows, columns}, element), input);
  };
  SmallVector<Value> inputs = {input}, destinations = {empty(kernel.wordsPerRow(), b.getI32Type())};
  if (op.isDynamic()) {
    destinations.push_back(empty(1, b.getF32Type()));
  } else {
    inputs.push_back(op.getScale());
  }
  destinations.push_back(empty(groups.numGroups(), b.getI32Type()));
  SmallVector<Value> results = call(kernel.getOrCreate(module), inputs, destinations);
  entry->second = {results.front(), op.isDynamic() ? results[1] : op.getScale(), results.back(),
                   op.isDynamic()};
  return entry->second;
}

bool GpuKernelSelector::replaceByProduct(Operation *op, Value lhs, std::optional<RowCodes> codes,
                                         WeightOp weight, PanelContainer container, Value bias) {
  bool isFloat = container == PanelContainer::F32;
  auto panels =
      PanelsAttr::get(b.getContext(), target.lanes(), storageType(container, b.getContext()));
  GpuProductKernel kernel;
  kernel.layout = PanelLayout::get(weight.getType(), panels);
  kernel.integerLhs = codes.has_value();
  kernel.bias = bias != nullptr;
  SmallVector<Value> inputs = {lhs};
  if (codes) {
    kernel.rowScales = codes->rowScales;
    inputs = {codes->codes, codes->scales, codes->sums};
  }
  auto addPart = [&](WeightPart part, int64_t elements, Type element) {
    inputs.push_back(PackedWeightOp::create(
        b, RankedTensorType::get({elements}, element), part, weight.getKey(), weight.getType(),
        /*keptValues=*/nullptr, /*keptIndices=*/nullptr, panels));
  };
  const PanelLayout &layout = kernel.layout;
  addPart(WeightPart::Codes, layout.numWords(), isFloat ? Type(b.getF32Type()) : b.getI32Type());
  if (!isFloat) {
    SchemeAttr scheme = cast<QTensorType>(weight.getType()).getScheme();
    numerics::Encoding element = scheme.getNumericsScheme().element;
    kernel.zeroPoints = scheme.hasZeroPoints() || (element.isInteger() && !element.isSigned());
    addPart(WeightPart::Scales, layout.numScales(), b.getF32Type());
    if (kernel.zeroPoints) {
      addPart(WeightPart::ZeroPoints, layout.numScales(), b.getI32Type());
    }
  }
  if (bias) {
    inputs.push_back(bias);
  }
  return replaceByCall(op, kernel.getOrCreate(module), inputs, lhs);
}

bool GpuKernelSelector::selectContract(ContractOp op) {
  auto weight = op.getRhs().getDefiningOp<WeightOp>();
  auto rhs = dyn_cast<QTensorType>(op.getRhs().getType());
  if (!weight || !rhs || rhs.getShape()[0] == 0 || rhs.getShape()[1] == 0) {
    return false;
  }
  auto lhs = dyn_cast<QTensorType>(op.getLhs().getType());
  RealizationAttr realization = op.getRealizationAttr();
  if (!realization) {
    return false;
  }
  ContractionForm form = realization.getForm();
  PanelContainer container = containerOf(realization.getContainer());
  if (!lhs) {
    if (!isFloatMatrix(op.getLhs())) {
      return false;
    }
    if (form == ContractionForm::DecodedWhenPacked) {
      remark::missed(op.getLoc(), remark::RemarkOpts::name("decoded").category(DEBUG_TYPE))
          << "weights are decoded to f32 when packed: no kernel reads these codes";
    }
    return replaceByProduct(op, op.getLhs(), std::nullopt, weight, container, op.getBias());
  }
  auto quantize = op.getLhs().getDefiningOp<QuantizeOp>();
  if (form != ContractionForm::Integer || !quantize) {
    return false;
  }
  int64_t k = rhs.getShape()[1];
  GroupLayout groups{k, std::min(k, rhs.getScheme().getBlockShape(rhs.getShape())[1])};
  std::optional<RowCodes> codes = quantizedRows(quantize, groups);
  return codes && replaceByProduct(op, quantize.getInput(), codes, weight, container, op.getBias());
}

bool GpuKernelSelector::selectLinear(nn::LinearOp op) {
  auto weight = op.getWeight().getDefiningOp<WeightOp>();
  if (!weight || !isFloatMatrix(op.getInput()) || !isa<RankedTensorType>(weight.getType()) ||
      cast<RankedTensorType>(op.getWeight().getType()).getDimSize(0) == 0) {
    return false;
  }
  return replaceByProduct(op, op.getInput(), std::nullopt, weight, PanelContainer::F32,
                          op.getBias());
}
