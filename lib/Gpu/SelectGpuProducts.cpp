//===- SelectGpuProducts.cpp - Kernels of matrix products on a device -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "GpuCooperativeProduct.h"
#include "GpuKernelSelector.h"

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Gpu/GpuNetworkKernels.h"
#include "quench/Gpu/GpuProductKernel.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/FormatVariadic.h"

#define DEBUG_TYPE "quench-select-gpu-kernels"

using namespace mlir;
using namespace quench;

KernelSelection::RowKernel GpuKernelSelector::quantizeKernel(const RowQuantization &quantization,
                                                             QuantizeOp op) {
  GpuQuantizeKernel kernel{quantization};
  auto codes =
      RankedTensorType::get({staticDim(op.getInput(), 0), kernel.wordsPerRow()}, b.getI32Type());
  return {kernel.getOrCreate(module), codes, {op.getInput()}};
}

std::optional<RowCodes> GpuKernelSelector::roundedRows(arith::TruncFOp op,
                                                       const GroupLayout &groups,
                                                       const MatrixFragment &fragment) {
  if (!isFloatMatrix(op.getIn())) {
    return std::nullopt;
  }
  return rowsOf(op.getResult(), groups, [&]() -> RowCodes {
    GpuRoundKernel kernel{groups, fragment.element == MatrixElement::F16,
                          fragment.copiesAsynchronously};
    auto words =
        RankedTensorType::get({staticDim(op.getIn(), 0), kernel.wordsPerRow()}, b.getI32Type());
    Value rounded = call(kernel.getOrCreate(module), op.getIn(), emptyLike(words, op.getIn()))[0];
    return {rounded, Value(), Value(), /*rowScales=*/false};
  });
}

Value GpuKernelSelector::roundedFloats(arith::TruncFOp op) {
  auto type = cast<RankedTensorType>(op.getIn().getType());
  const int64_t width = type.getDimSize(1);
  RowCodes rows = rowsOf(op.getResult(), GroupLayout{width, width}, [&]() -> RowCodes {
    func::FuncOp kernel = getOrCreateGpuPointwise(module, GpuPointwise::RoundToHalf, width);
    Value rounded = call(kernel, op.getIn(), emptyLike(type, op.getIn()))[0];
    return {rounded, Value(), Value(), /*rowScales=*/false};
  });
  return rows.codes;
}

std::optional<RowCodes> GpuKernelSelector::quantizedGroups(QuantizeOp op, const GroupLayout &groups,
                                                           bool isHalved) {
  std::optional<GpuQuantizeKernel> kernel = GpuQuantizeKernel::getGrouped(op, groups);
  if (!kernel) {
    return std::nullopt;
  }
  kernel->isHalved = isHalved;
  return rowsOf(op.getResult(), groups, [&]() -> RowCodes {
    Value input = op.getInput();
    const int64_t rows = staticDim(input, 0), number = groups.numGroups();
    auto empty = [&](int64_t columns, Type element) {
      return emptyLike(RankedTensorType::get({rows, columns}, element), input);
    };
    SmallVector<Value> destinations = {empty(kernel->wordsPerRow(), b.getI32Type()),
                                       empty(number, b.getF32Type())};
    if (!kernel->format) {
      destinations.push_back(empty(number, b.getI32Type()));
    }
    SmallVector<Value> results = call(kernel->getOrCreate(module), input, destinations);
    return {results[0], results[1], kernel->format ? Value() : results[2], /*rowScales=*/true};
  });
}

std::optional<CooperativeMatrix> GpuKernelSelector::cooperativeMatrix(StringRef instruction,
                                                                      const PanelLayout &layout,
                                                                      Location loc) const {
  const NativeProduct *product = target.findProduct(instruction);
  if (!product || !product->isCooperative()) {
    return std::nullopt;
  }
  const auto &[rows, columns, depth] = product->shape;
  CooperativeMatrix matrix = {rows, columns, depth, product->weights == NumberType::F16,
                              target.subgroupSize};
  if (!CooperativeTile::fits(matrix, layout)) {
    remark::missed(loc, remark::RemarkOpts::name("no-matrix-instruction").category(DEBUG_TYPE))
        << "multiplied by bytes, not by matrices: no kernel has matrices of " +
               llvm::formatv("{0}x{1}x{2}", rows, columns, depth).str();
    return std::nullopt;
  }
  return matrix;
}

bool GpuKernelSelector::replaceByProduct(Operation *op, Value lhs, std::optional<RowCodes> codes,
                                         WeightOp weight, PanelContainer container,
                                         StringRef instruction, Value bias) {
  bool isFloat = holdsFloats(container);
  auto panels =
      PanelsAttr::get(b.getContext(), target.lanes(), storageType(container, b.getContext()));
  GpuProductKernel kernel;
  kernel.layout = PanelLayout::get(weight.getType(), panels);
  const MatrixFragment *fragment = MatrixFragment::find(instruction);
  if (codes && fragment && fragment->fits(kernel.layout)) {
    kernel.fragment = fragment;
    panels =
        PanelsAttr::get(b.getContext(), target.lanes(), storageType(container, b.getContext()),
                        Type(), b.getDenseI64ArrayAttr(fragment->order.parameters()), /*depth=*/4);
    kernel.layout = PanelLayout::get(weight.getType(), panels);
  } else if (holdsByteFloats(container) || (fragment && fragment->isShort())) {
    return false;
  } else if (codes && fragment) {
    remark::missed(op->getLoc(),
                   remark::RemarkOpts::name("no-matrix-instruction").category(DEBUG_TYPE))
        << "multiplied by bytes, not by matrices: groups do not begin and end with steps of " +
               fragment->instruction.str();
  }
  if (!kernel.fragment) {
    kernel.cooperative = cooperativeMatrix(instruction, kernel.layout, op->getLoc());
  }
  if (auto coded = dyn_cast<QTensorType>(weight.getType()); kernel.shortLhs() && coded) {
    kernel.table = shortFloatsOf(coded.getScheme(), fragment->element == MatrixElement::F16);
  }
  kernel.codedLhs = codes.has_value();
  kernel.bias = bias != nullptr;
  SmallVector<Value> inputs = {lhs};
  if (codes) {
    kernel.rowScales = codes->rowScales;
    kernel.groupScales = codes->scales && staticDim(codes->scales, 1) > 1;
    inputs = {codes->codes};
    for (Value part : {codes->scales, codes->sums}) {
      if (part) {
        inputs.push_back(part);
      }
    }
    // Memory of a group that is there without being asked for, shared by two groups.
    constexpr int64_t kStaticBytes = 48 << 10;
    kernel.sharedBytes = std::min(kStaticBytes, target.l1Bytes / 2);
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
  // A device does so many vector operations in a cycle as it has places for groups of threads.
  kernel.parts = kernel.partsFor(target.vectorOpsPerCycle);
  if (kernel.parts == 1) {
    return replaceByCall(op, kernel.getOrCreate(module), inputs, lhs);
  }
  auto together = RankedTensorType::get({kernel.parts, layout.n}, b.getF32Type());
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  Value destinations[] = {emptyLike(together, lhs), emptyLike(type, lhs)};
  op->replaceAllUsesWith(ValueRange{call(kernel.getOrCreate(module), inputs, destinations)[1]});
  op->erase();
  return true;
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
  GroupLayout groups = GroupLayout::of(rhs);
  if (form == ContractionForm::ShortFloats) {
    auto rounded = op.getLhs().getDefiningOp<arith::TruncFOp>();
    const NativeProduct *product = target.findProduct(realization.getProduct());
    if (product && product->isCooperative()) {
      return rounded && isFloatMatrix(rounded.getIn()) &&
             replaceByProduct(op, roundedFloats(rounded), std::nullopt, weight, container,
                              realization.getProduct(), op.getBias());
    }
    const MatrixFragment *fragment = MatrixFragment::find(realization.getProduct());
    std::optional<RowCodes> words =
        rounded && fragment ? roundedRows(rounded, groups, *fragment) : std::nullopt;
    return words && replaceByProduct(op, rounded.getIn(), words, weight, container,
                                     realization.getProduct(), op.getBias());
  }
  if (!lhs) {
    if (!isFloatMatrix(op.getLhs())) {
      return false;
    }
    if (form == ContractionForm::DecodedWhenPacked) {
      remark::missed(op.getLoc(), remark::RemarkOpts::name("decoded").category(DEBUG_TYPE))
          << "weights are decoded to f32 when packed: no kernel reads these codes";
    }
    return replaceByProduct(op, op.getLhs(), std::nullopt, weight, container,
                            realization.getProduct(), op.getBias());
  }
  auto quantize = op.getLhs().getDefiningOp<QuantizeOp>();
  if ((form != ContractionForm::Integer && form != ContractionForm::FloatCodes) || !quantize) {
    return false;
  }
  const bool isHalved = holdsHalvedFloats(container);
  std::optional<RowCodes> codes = lhs.getScheme().getBlock()[1] == SchemeAttr::kWhole
                                      ? quantizedRows(quantize, groups, isHalved)
                                      : quantizedGroups(quantize, groups, isHalved);
  return codes && replaceByProduct(op, quantize.getInput(), codes, weight, container,
                                   realization.getProduct(), op.getBias());
}

bool GpuKernelSelector::selectLinear(nn::LinearOp op) {
  auto weight = op.getWeight().getDefiningOp<WeightOp>();
  if (!weight || !isFloatMatrix(op.getInput()) || !isa<RankedTensorType>(weight.getType()) ||
      cast<RankedTensorType>(op.getWeight().getType()).getDimSize(0) == 0) {
    return false;
  }
  return replaceByProduct(op, op.getInput(), std::nullopt, weight, PanelContainer::F32,
                          /*instruction=*/"", op.getBias());
}
