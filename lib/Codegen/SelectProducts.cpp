//===- SelectProducts.cpp - Kernels of matrix products -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelSelector.h"
#include "ProductEpilogue.h"

#include "quench/Codegen/CodeSumsKernel.h"
#include "quench/Codegen/ContractKernel.h"
#include "quench/Codegen/ContractionPlan.h"
#include "quench/Codegen/FixedPointKernel.h"
#include "quench/Codegen/QuantizeKernel.h"
#include "quench/Codegen/ShortFloatKernel.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "quench-select-kernels"

using namespace mlir;
using namespace quench;

KernelSelection::RowKernel KernelSelector::quantizeKernel(const RowQuantization &quantization,
                                                          QuantizeOp op) {
  QuantizeKernel kernel{quantization, std::nullopt};
  SmallVector<Value> inputs = {op.getInput()};
  if (auto norm = op.getInput().getDefiningOp<nn::RMSNormOp>()) {
    kernel.norm = RowNorm{norm.getEpsilon().convertToFloat(), norm.getGain() != nullptr};
    inputs.assign(norm->operand_begin(), norm->operand_end());
  }
  auto codes = RankedTensorType::get(quantization.groups.codeShape(staticDim(op.getInput(), 0)),
                                     b.getI8Type());
  return {kernel.getOrCreate(module, target), codes, inputs};
}

RowCodes KernelSelector::fixedPointRows(Value input, const GroupLayout &groups) {
  return rowsOf(input, groups, [&]() -> RowCodes {
    FixedPointKernel kernel{groups};
    const int64_t rows = staticDim(input, 0);
    auto empty = [&](int64_t columns, Type element) {
      return emptyLike(RankedTensorType::get({rows, columns}, element), input);
    };
    constexpr int64_t digits = FixedPointKernel::kDigits;
    auto codes = RankedTensorType::get(groups.codeShape(rows, digits), b.getI8Type());
    SmallVector<Value> destinations = {emptyLike(codes, input, groups.rows),
                                       empty(1, b.getF32Type()),
                                       empty(digits * groups.numGroups(), b.getI32Type())};
    SmallVector<Value> results = call(kernel.getOrCreate(module, target), input, destinations);
    return {results[0], results[1], results[2], /*rowScales=*/true, digits};
  });
}

/// Whether a value is a matrix of bf16 with rows of a static size.
static bool isShortMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isBF16() && hasStaticRows(value);
}

/// What was rounded to a matrix of bf16, or the matrix itself.
static Value beforeRounding(Value narrow) {
  auto rounding = narrow.getDefiningOp<arith::TruncFOp>();
  return rounding && isFloatMatrix(rounding.getIn()) ? rounding.getIn() : narrow;
}

RowCodes KernelSelector::shortRows(Value input, GroupLayout groups) {
  const NativeProduct *product = target.findProduct(NumberType::BF16, NumberType::BF16);
  groups.rows = product->shape[0] == 2 ? 2 : 1;
  return rowsOf(input, groups, [&]() -> RowCodes {
    Value floats = beforeRounding(input);
    if (floats == input) {
      auto type = cast<RankedTensorType>(input.getType());
      floats = arith::ExtFOp::create(b, type.clone(b.getF32Type()), input);
    }
    constexpr int64_t bytes = ShortFloatKernel::kBytes;
    const int64_t rows = staticDim(input, 0);
    auto codes = RankedTensorType::get(groups.codeShape(rows, bytes), b.getI8Type());
    auto sums = RankedTensorType::get({rows, groups.numGroups()}, b.getF32Type());
    SmallVector<Value> destinations = {emptyLike(codes, floats, groups.rows),
                                       emptyLike(sums, floats)};
    ShortFloatKernel kernel{groups};
    SmallVector<Value> results = call(kernel.getOrCreate(module, target), floats, destinations);
    return {results[0],         Value(),    results[1], /*rowScales=*/false, /*digits=*/1,
            /*areFloats=*/true, groups.rows};
  });
}

Value KernelSelector::packedWeight(WeightPart part, WeightOp weight, PanelsAttr panels,
                                   int64_t elements, Type element) {
  return PackedWeightOp::create(b, RankedTensorType::get({elements}, element), part,
                                weight.getKey(), weight.getType(),
                                /*keptValues=*/nullptr, /*keptIndices=*/nullptr, panels);
}

Value KernelSelector::floatWeight(const ContractKernel &kernel, WeightOp weight, PanelsAttr panels,
                                  OverlayOp overlay) {
  int64_t words = kernel.layout.numWords();
  Value packed =
      kernel.shortLhs
          ? packedWeight(WeightPart::Codes, weight, panels, 4 * words, b.getI8Type())
          : packedWeight(WeightPart::Codes, weight, panels, words, panels.getContainer());
  if (overlay) {
    auto op = packed.getDefiningOp<PackedWeightOp>();
    op.setKeptValues(overlay.getValues().getDefiningOp<WeightOp>().getKey());
    op.setKeptIndices(overlay.getIndices().getDefiningOp<WeightOp>().getKey());
  }
  return packed;
}

SmallVector<Value> KernelSelector::codedWeight(const ContractKernel &kernel, WeightOp weight,
                                               PanelsAttr panels) {
  int64_t words = kernel.layout.numWords(), scales = kernel.layout.numScales();
  Type scale = panels.getScale() ? panels.getScale() : b.getF32Type();
  SmallVector<Value> parts = {
      packedWeight(WeightPart::Codes, weight, panels, 4 * words, b.getI8Type()),
      packedWeight(WeightPart::Scales, weight, panels, scales, scale)};
  if (kernel.zeroPoints) {
    parts.push_back(packedWeight(WeightPart::ZeroPoints, weight, panels, kernel.numZeroPoints(),
                                 b.getI32Type()));
  }
  return parts;
}

/// The stored weight that a float operand of a product is made of, and what is laid over it. Null
/// for everything else.
static std::pair<WeightOp, OverlayOp> findStoredWeight(Value operand) {
  auto overlay = operand.getDefiningOp<OverlayOp>();
  if (!overlay) {
    return {operand.getDefiningOp<WeightOp>(), nullptr};
  }
  if (!overlay.getIndices().getDefiningOp<WeightOp>() ||
      !overlay.getValues().getDefiningOp<WeightOp>()) {
    return {};
  }
  Operation *base = overlay.getInput().getDefiningOp();
  if (isa_and_present<DequantizeOp, arith::ExtFOp>(base)) {
    base = base->getOperand(0).getDefiningOp();
  }
  return {dyn_cast_or_null<WeightOp>(base), overlay};
}

/// Whether codes are stored signed: for products of signed bytes, but if they are looked up, or
/// if sums of codes in the upper bits of bytes could exceed i32, or are made in 16 bits.
static bool storesSigned(QTensorType weight, const Target &target) {
  constexpr int64_t largestGroup = 1 << 16;
  numerics::Encoding element = weight.getScheme().getNumericsScheme().element;
  bool isByte = element.bitWidth() > 4;
  return target.integerDot() == IntegerDot::SignedSigned && element.isInteger() &&
         (isByte || (GroupLayout::of(weight).group <= largestGroup && !target.narrowProduct()));
}

/// One group of all elements of a row.
static GroupLayout wholeRows(int64_t k) { return {k, k}; }

bool KernelSelector::replaceByProduct(Operation *op, Value lhs, std::optional<RowCodes> codes,
                                      WeightOp weight, PanelContainer container, Value bias,
                                      OverlayOp overlay) {
  bool isFloat = holdsFloats(container);
  Type narrow =
      isFloat ? Type() : narrowScaleOf(cast<QTensorType>(weight.getType()).getScheme(), target);
  bool isShort = codes && codes->areFloats;
  int64_t depth = isShort && isFloat ? 2 : 4;
  Type stored = storageType(container, b.getContext());
  if (codes && !isShort) {
    auto rhs = cast<QTensorType>(weight.getType());
    depth = depthOfPanels(container, GroupLayout::of(rhs), target);
    if (storesSigned(rhs, target)) {
      stored = IntegerType::get(b.getContext(), bitsOf(container), IntegerType::Signed);
    }
  }
  auto panels = PanelsAttr::get(b.getContext(), target.lanes(), stored, narrow, depth);
  ContractKernel kernel;
  kernel.layout = PanelLayout::get(weight.getType(), panels);
  kernel.layout.groups.rows = codes ? codes->rowsTogether : 1;
  kernel.integerLhs = codes && !isShort;
  kernel.shortLhs = isShort;
  kernel.bias = bias != nullptr;
  SmallVector<Value> inputs;
  if (isShort) {
    inputs = {codes->codes, codes->sums};
  } else if (codes) {
    kernel.rowScales = codes->rowScales;
    kernel.digits = codes->digits;
    inputs = {codes->codes, codes->scales, codes->sums};
    if (codes->zeroPoint) {
      kernel.lhsZeroPoint = true;
      inputs.push_back(codes->zeroPoint);
    }
  } else {
    inputs = {lhs};
  }
  if (isFloat) {
    inputs.push_back(floatWeight(kernel, weight, panels, overlay));
  } else {
    SchemeAttr scheme = cast<QTensorType>(weight.getType()).getScheme();
    numerics::Encoding element = scheme.getNumericsScheme().element;
    kernel.zeroPoints = kernel.lhsZeroPoint || scheme.hasZeroPoints() ||
                        (element.isInteger() && !element.isSigned());
    kernel.table = numerics::CodeTable::get(element);
    llvm::append_range(inputs, codedWeight(kernel, weight, panels));
  }
  if (bias) {
    inputs.push_back(bias);
  }
  // The input of a quantization may be a product that only stores codes.
  Value like = codes ? codes->sums : lhs;
  return storeProduct(op, inputs, like, kernel.epilogue, kernel.requantization,
                      [&] { return kernel.getOrCreate(module, target); });
}

bool KernelSelector::storeProduct(Operation *op, SmallVector<Value> inputs, Value like,
                                  Epilogue &epilogue, std::optional<RowQuantization> &codes,
                                  function_ref<func::FuncOp()> kernel) {
  SmallVector<Operation *> consumers;
  if (std::optional<ProductEpilogue> found = findEpilogue(op)) {
    epilogue = found->epilogue;
    consumers = found->consumers;
    if (found->other) {
      inputs.push_back(found->other);
    }
  }
  Operation *last = consumers.empty() ? op : consumers.back();
  if (std::optional<Requantization> found = findRequantization(last->getResult(0), target)) {
    codes = found->rows;
    storeCodes(*found, kernel(), inputs, like);
    llvm::for_each(consumers, [&](Operation *each) { leaveToUsers(each); });
    return leaveToUsers(op);
  }
  return replaceByCall(op, consumers, kernel(), inputs, like);
}

void KernelSelector::storeCodes(Requantization codes, func::FuncOp kernel, ValueRange inputs,
                                Value like) {
  const GroupLayout &groups = codes.rows.groups;
  // Behind the product, where the codes were: their scale may be made as late as that.
  rowsOf(codes.op.getResult(), groups, [&]() -> RowCodes {
    int64_t rows = staticDim(codes.op.getInput(), 0);
    auto type = RankedTensorType::get(groups.codeShape(rows), b.getI8Type());
    SmallVector<Value> all(inputs), parameters = parametersOf(codes.op);
    llvm::append_range(all, parameters);
    Value stored = call(kernel, all, emptyLike(type, like, groups.rows)).front();
    auto sums = RankedTensorType::get({rows, groups.numGroups()}, b.getI32Type());
    func::FuncOp adding = getOrCreateCodeSumsKernel(module, target, groups);
    Value added = call(adding, stored, emptyLike(sums, like)).front();
    RowCodes made{stored, parameters[0], added, /*rowScales=*/false};
    made.zeroPoint = parameters.size() > 1 ? parameters[1] : Value();
    return made;
  });
}

bool KernelSelector::selectContract(ContractOp op) {
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
  GroupLayout groups = GroupLayout::get(rhs, realization, target);
  if (lhs) {
    auto unfold = op.getLhs().getDefiningOp<nn::UnfoldOp>();
    if (unfold && form == ContractionForm::Integer) {
      std::optional<RowCodes> codes = unfoldedRows(unfold, groups);
      if (!codes) {
        return false;
      }
      codes->rowsTogether = groups.rows;
      return replaceByProduct(op, codes->sums, codes, weight, container, op.getBias());
    }
    auto quantize = op.getLhs().getDefiningOp<QuantizeOp>();
    if (form != ContractionForm::Integer || !quantize) {
      return false;
    }
    std::optional<RowCodes> codes = quantizedRows(quantize, groups);
    if (!codes) {
      return false;
    }
    codes->rowsTogether = groups.rows;
    return replaceByProduct(op, quantize.getInput(), codes, weight, container, op.getBias());
  }
  if (form == ContractionForm::ShortFloats) {
    if (!isShortMatrix(op.getLhs()) || !target.findProduct(NumberType::BF16, NumberType::BF16)) {
      return false;
    }
    groups = holdsFloats(container) ? wholeRows(rhs.getShape()[1]) : GroupLayout::of(rhs);
    return replaceByProduct(op, beforeRounding(op.getLhs()), shortRows(op.getLhs(), groups), weight,
                            container, op.getBias());
  }
  if (!isFloatMatrix(op.getLhs())) {
    return false;
  }
  std::optional<RowCodes> codes;
  if (form == ContractionForm::FixedPoint) {
    codes = fixedPointRows(op.getLhs(), groups);
    codes->rowsTogether = groups.rows;
  }
  if (form == ContractionForm::DecodedWhenPacked) {
    remark::missed(op.getLoc(), remark::RemarkOpts::name("decoded").category(DEBUG_TYPE))
        << "weights are decoded to f32 when packed: no kernel reads these codes";
  }
  return replaceByProduct(op, op.getLhs(), codes, weight, container, op.getBias());
}

bool KernelSelector::multipliesShortFloats(nn::LinearOp op) const {
  Value narrow = findNarrow(op.getInput());
  auto weight = op.getWeight().getDefiningOp<WeightOp>();
  auto plain = weight ? dyn_cast<RankedTensorType>(weight.getType()) : RankedTensorType();
  return narrow && isShortMatrix(narrow) && plain && plain.getElementType().isBF16() &&
         plain.getDimSize(0) > 0 && target.findProduct(NumberType::BF16, NumberType::BF16);
}

bool KernelSelector::selectLinear(nn::LinearOp op) {
  auto [weight, overlay] = findStoredWeight(op.getWeight());
  if (!weight || !isFloatMatrix(op.getInput()) || staticDim(op.getWeight(), 0) == 0) {
    return false;
  }
  // A plain weight stays as wide as it is, where the chip makes f32 of it at little cost.
  auto plain = dyn_cast<RankedTensorType>(weight.getType());
  PanelContainer container = PanelContainer::F32;
  if (plain && !overlay) {
    bool isKept = !plain.getElementType().isF16() || target.convertsHalf();
    container = isKept ? containerOf(plain.getElementType()) : container;
  }
  if (multipliesShortFloats(op)) {
    Value narrow = findNarrow(op.getInput());
    return replaceByProduct(op, beforeRounding(narrow),
                            shortRows(narrow, wholeRows(staticDim(narrow, 1))), weight, container,
                            op.getBias());
  }
  return replaceByProduct(op, op.getInput(), std::nullopt, weight, container, op.getBias(),
                          overlay);
}
