//===- SelectNetwork.cpp - Kernels of everything but matrix products -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "KernelSelector.h"

#include "quench/Codegen/AttentionKernel.h"
#include "quench/Codegen/BasisKernel.h"
#include "quench/Codegen/EmbeddingKernel.h"
#include "quench/Codegen/FakeQuantizeKernel.h"
#include "quench/Codegen/NormKernel.h"
#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/RotaryKernel.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;
using namespace quench;

/// Whether an operation is a quantization that kernels compute for integer products alone.
static bool isQuantizedForProducts(Operation *op) {
  auto quantize = dyn_cast<QuantizeOp>(op);
  auto isProduct = [&](OpOperand &use) {
    auto contract = dyn_cast<ContractOp>(use.getOwner());
    RealizationAttr realization = contract ? contract.getRealizationAttr() : RealizationAttr();
    return realization && realization.getForm() == ContractionForm::Integer &&
           use.get() == contract.getLhs() && contract.getRhs().getDefiningOp<WeightOp>();
  };
  int64_t width = quantize ? staticDim(quantize.getInput(), 1) : 0;
  return quantize && RowQuantization::get(quantize, {width, width}) &&
         llvm::all_of(quantize->getUses(), isProduct);
}

bool KernelSelector::selectRMSNorm(nn::RMSNormOp op) {
  if (!isFloatMatrix(op.getInput())) {
    return false;
  }
  if (op->hasOneUse() && isQuantizedForProducts(*op->user_begin())) {
    return leaveToUsers(op);
  }
  SmallVector<Value> inputs(op->getOperands());
  RowNorm norm{op.getEpsilon().convertToFloat(), op.getGain() != nullptr};
  auto kernel = getOrCreateRMSNormKernel(module, target, staticDim(op.getInput(), 1), norm);
  return replaceByCall(op, kernel, inputs, op.getInput());
}

bool KernelSelector::selectSiLU(nn::SiLUOp op) {
  if (!isFloatMatrix(op.getInput())) {
    return false;
  }
  if (op->hasOneUse() && isa<arith::MulFOp>(*op->user_begin())) {
    return leaveToUsers(op);
  }
  auto kernel =
      getOrCreatePointwiseKernel(module, target, Pointwise::SiLU, staticDim(op.getInput(), 1));
  return replaceByCall(op, kernel, op.getInput(), op.getInput());
}

bool KernelSelector::selectMul(arith::MulFOp op) {
  for (auto [gate, other] :
       {std::pair(op.getLhs(), op.getRhs()), std::pair(op.getRhs(), op.getLhs())}) {
    auto silu = gate.getDefiningOp<nn::SiLUOp>();
    if (silu && silu->hasOneUse() && isFloatMatrix(gate)) {
      auto kernel =
          getOrCreatePointwiseKernel(module, target, Pointwise::SiLUMul, staticDim(gate, 1));
      return replaceByCall(op, kernel, {silu.getInput(), other}, other);
    }
  }
  return false;
}

bool KernelSelector::selectAdd(arith::AddFOp op) {
  if (!isFloatMatrix(op.getLhs())) {
    return false;
  }
  auto kernel =
      getOrCreatePointwiseKernel(module, target, Pointwise::Add, staticDim(op.getLhs(), 1));
  return replaceByCall(op, kernel, {op.getLhs(), op.getRhs()}, op.getLhs());
}

bool KernelSelector::selectRounded(arith::ExtFOp op) {
  auto narrow = op.getIn().getDefiningOp<arith::TruncFOp>();
  if (!narrow || !isFloatMatrix(narrow.getIn()) || !isFloatMatrix(op.getOut())) {
    return false;
  }
  bool isHalf = getElementTypeOrSelf(op.getIn()).isF16();
  if (!isHalf && !getElementTypeOrSelf(op.getIn()).isBF16()) {
    return false;
  }
  SmallVector<OpOperand *> readers;
  for (OpOperand &use : op->getUses()) {
    auto linear = dyn_cast<nn::LinearOp>(use.getOwner());
    if (!linear || !multipliesShortFloats(linear)) {
      readers.push_back(&use);
    }
  }
  if (readers.empty()) {
    return false;
  }
  auto kernel = getOrCreatePointwiseKernel(module, target,
                                           isHalf ? Pointwise::RoundToF16 : Pointwise::RoundToBF16,
                                           staticDim(op.getOut(), 1));
  auto type = cast<RankedTensorType>(op.getType());
  Value rounded = call(kernel, narrow.getIn(), emptyLike(type, narrow.getIn())).front();
  for (OpOperand *reader : readers) {
    reader->set(rounded);
  }
  return false;
}

bool KernelSelector::selectRotaryTable(nn::RotaryTableOp op) {
  auto type = cast<RankedTensorType>(op.getCosine().getType());
  if (!type.isDynamicDim(0) || type.isDynamicDim(1) || staticDim(op.getFrequencies(), 0) <= 0) {
    return false;
  }
  auto kernel = getOrCreateRotaryTableKernel(module, target, staticDim(op.getFrequencies(), 0));
  auto empty = [&]() -> Value { return tensor::EmptyOp::create(b, type, op.getLength()); };
  op->replaceAllUsesWith(call(kernel, {op.getFrequencies(), op.getPosition()}, {empty(), empty()}));
  op->erase();
  return true;
}

bool KernelSelector::selectRotary(nn::RotaryEmbeddingOp op) {
  if (!hasStaticRows(op.getInput()) || !hasStaticRows(op.getCosine())) {
    return false;
  }
  auto kernel = getOrCreateRotaryKernel(module, target, staticDim(op.getInput(), 1),
                                        staticDim(op.getInput(), 2));
  SmallVector<Value> inputs(op->getOperands());
  return replaceByCall(op, kernel, inputs, op.getInput());
}

/// The rows that a cache of codes consists of; null for floats.
static UnpackRowsOp findPackedRows(Value cache) {
  auto dequantize = cache.getDefiningOp<DequantizeOp>();
  return dequantize ? dequantize.getInput().getDefiningOp<UnpackRowsOp>() : UnpackRowsOp();
}

bool KernelSelector::selectAttention(nn::AttentionOp op) {
  if (!hasStaticRows(op.getQuery()) || !hasStaticRows(op.getKeys()) ||
      ShapedType::isDynamic(staticDim(op.getKeys(), 0))) {
    return false;
  }
  AttentionKernel kernel{staticDim(op.getQuery(), 1),    staticDim(op.getKeys(), 1),
                         staticDim(op.getQuery(), 2),    staticDim(op.getKeys(), 0),
                         op.getScale().convertToFloat(), std::nullopt};
  SmallVector<Value> inputs(op->getOperands());
  UnpackRowsOp keys = findPackedRows(op.getKeys()), values = findPackedRows(op.getValues());
  auto lanes = static_cast<uint64_t>(target.lanes());
  if (keys && values && keys.getType() == values.getType() && keys.getLanes() == lanes &&
      values.getLanes() == lanes) {
    kernel.packed =
        PackedRows::get(keys.getResult().getType().getScheme(), kernel.headSize, target.lanes());
    inputs[1] = keys.getInput();
    inputs[2] = values.getInput();
  }
  return replaceByCall(op, kernel.getOrCreate(module, target), inputs, op.getQuery());
}

bool KernelSelector::selectCacheUpdate(nn::CacheUpdateOp op) {
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)), strides(3, b.getIndexAttr(1)), sizes;
  offsets[0] = op.getPosition();
  for (int64_t axis = 0; axis < 3; ++axis) {
    sizes.push_back(tensor::getMixedSize(b, b.getLoc(), op.getInput(), axis));
  }
  Value updated =
      tensor::InsertSliceOp::create(b, op.getInput(), op.getCache(), offsets, sizes, strides);
  op.replaceAllUsesWith(updated);
  op.erase();
  return true;
}

bool KernelSelector::selectEmbedding(nn::EmbeddingOp op) {
  auto table = dyn_cast<RankedTensorType>(op.getTable().getType());
  if (!table || !table.hasStaticShape() || table.getNumElements() == 0) {
    return false;
  }
  auto kernel = getOrCreateEmbeddingKernel(module, target, table.getDimSize(0), table.getDimSize(1),
                                           table.getElementType());
  SmallVector<Value> inputs(op->getOperands());
  return replaceByCall(op, kernel, inputs, op.getTokens());
}

bool KernelSelector::selectChangeBasis(ChangeBasisOp op) {
  RankedTensorType type = op.getType();
  ArrayRef<int64_t> shape = type.getShape(), axes = op.getAxes();
  if (!type.getElementType().isF32() || !hasStaticRows(op.getInput())) {
    return false;
  }
  auto product = [](ArrayRef<int64_t> sizes) {
    return std::accumulate(sizes.begin(), sizes.end(), int64_t(1), std::multiplies<>());
  };
  BasisKernel kernel;
  kernel.shape.assign(shape.begin(), shape.end());
  kernel.single = axes.front() == 0;
  // What does not evaluate, an inverse that does not exist, fails where it is lowered, too.
  llvm::Expected<numerics::BasisMap> map = op.getMap().getNumericsMap();
  if (!map) {
    return llvm::consumeError(map.takeError()), false;
  }
  llvm::Expected<BasisPlan> plan =
      BasisPlan::create(*map, {op.getInverse(), op.getTransposed()},
                        kernel.single ? 1 : product(shape.slice(1, axes.front() - 1)),
                        product(shape.drop_front(axes.back() + 1)), target.lanes());
  if (!plan) {
    return llvm::consumeError(plan.takeError()), false;
  }
  kernel.plan = std::move(*plan);
  return replaceByCall(op, kernel.getOrCreate(module, target), op.getInput(), op.getInput());
}

bool KernelSelector::selectDequantize(DequantizeOp op) {
  auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
  auto kernel = quantize ? FakeQuantizeKernel::get(quantize) : std::nullopt;
  if (!kernel || !cast<RankedTensorType>(op.getType()).getElementType().isF32()) {
    return false;
  }
  return replaceByCall(op, kernel->getOrCreate(module, target), quantize.getInput(),
                       quantize.getInput());
}

bool KernelSelector::selectPackRows(PackRowsOp op) {
  auto quantize = op.getInput().getDefiningOp<QuantizeOp>();
  auto kernel = quantize ? FakeQuantizeKernel::get(quantize) : std::nullopt;
  if (!kernel || op.getLanes() != static_cast<uint64_t>(target.lanes())) {
    return false;
  }
  kernel->packed = PackedRows::get(quantize.getResult().getType().getScheme(),
                                   kernel->rowShape.back(), op.getLanes());
  return replaceByCall(op, kernel->getOrCreate(module, target), quantize.getInput(),
                       quantize.getInput());
}
