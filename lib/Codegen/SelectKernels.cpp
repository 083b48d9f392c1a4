//===- SelectKernels.cpp - Replace operations by calls of kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a legalized model on tensors. Output: `quench.kernel_call`s of kernels emitted into the
// module. What no kernel computes is left alone and reported.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/AttentionKernel.h"
#include "quench/Codegen/BasisKernel.h"
#include "quench/Codegen/ContractKernel.h"
#include "quench/Codegen/EmbeddingKernel.h"
#include "quench/Codegen/FakeQuantizeKernel.h"
#include "quench/Codegen/NormKernel.h"
#include "quench/Codegen/PointwiseKernel.h"
#include "quench/Codegen/QuantizeKernel.h"
#include "quench/Codegen/RotaryKernel.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/TypeSwitch.h"

#include <map>
#include <numeric>

#define DEBUG_TYPE "quench-select-kernels"

namespace quench {
#define GEN_PASS_DEF_SELECTKERNELSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
/// Quantized activations as kernels pass them on.
struct RowCodes {
  Value codes, scales, sums;
};

/// Replaces the operations of one function, in order.
class KernelSelector {
public:
  KernelSelector(func::FuncOp function, const Target &target)
      : module(function->getParentOfType<ModuleOp>()), function(function), target(target),
        b(function.getLoc(), function.getContext()) {}

  void run();

private:
  bool select(Operation *op);
  bool selectContract(ContractOp op);
  bool selectLinear(nn::LinearOp op);
  bool selectRMSNorm(nn::RMSNormOp op);
  bool selectSiLU(nn::SiLUOp op);
  bool selectMul(arith::MulFOp op);
  bool selectAdd(arith::AddFOp op);
  bool selectRotaryTable(nn::RotaryTableOp op);
  bool selectRotary(nn::RotaryEmbeddingOp op);
  bool selectAttention(nn::AttentionOp op);
  bool selectCacheUpdate(nn::CacheUpdateOp op);
  bool selectEmbedding(nn::EmbeddingOp op);
  bool selectChangeBasis(ChangeBasisOp op);
  bool selectDequantize(DequantizeOp op);

  /// The product of `lhs` with the stored weight `key`; `codes` when the left side is quantized.
  void replaceByProduct(Operation *op, Value lhs, std::optional<RowCodes> codes, bool rowScales,
                        WeightOp weight, PanelContainer container, Value bias);
  Value packedWeight(WeightPart part, WeightOp weight, PanelsAttr panels, int64_t elements,
                     Type element);
  /// The codes of `op` with groups laid out for a weight; emitted once for each layout. Nothing if
  /// no kernel computes them.
  std::optional<RowCodes> quantizedRows(QuantizeOp op, const GroupLayout &groups);

  /// An empty tensor with the static sizes of `type` and the first size of `like`.
  Value emptyLike(RankedTensorType type, Value like);
  SmallVector<Value> call(func::FuncOp kernel, ValueRange inputs, ValueRange destinations);
  /// Replaces a one-result operation by a call whose only destination is that result.
  bool replaceByCall(Operation *op, func::FuncOp kernel, ValueRange inputs, Value like);

  ModuleOp module;
  func::FuncOp function;
  const Target &target;
  ImplicitLocOpBuilder b;
  std::map<std::pair<Operation *, int64_t>, RowCodes> rowCodes;
};
} // namespace

static int64_t staticDim(Value value, unsigned axis) {
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

/// Whether all axes but the first have static sizes.
static bool hasStaticRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 &&
         llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic) &&
         llvm::none_of(type.getShape().drop_front(), [](int64_t size) { return size == 0; });
}

static bool isFloatMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32() && hasStaticRows(value);
}

void KernelSelector::run() {
  SmallVector<Operation *> operations;
  function.walk([&](Operation *op) { operations.push_back(op); });
  llvm::SmallPtrSet<Operation *, 16> gone;
  for (Operation *op : operations) {
    b.setInsertionPoint(op);
    b.setLoc(op->getLoc());
    Location loc = op->getLoc();
    StringRef name = op->getName().getStringRef();
    // A silu may be taken along by the product behind it.
    auto dequantize = dyn_cast<DequantizeOp>(op);
    bool expected = isa<ContractOp, ChangeBasisOp>(op) ||
                    (name.starts_with("nn.") && !isa<nn::SiLUOp>(op)) ||
                    (dequantize && dequantize.getInput().getDefiningOp<QuantizeOp>());
    if (select(op)) {
      gone.insert(op);
    } else if (expected) {
      remark::missed(loc, remark::RemarkOpts::name("no-kernel").category(DEBUG_TYPE))
          << (name + " has no kernel for these types and is lowered to linalg").str();
    }
  }
  // Quantize, silu and weight ops whose only users are gone.
  for (Operation *op : llvm::reverse(operations)) {
    if (!gone.contains(op) && isa<QuantizeOp, WeightOp, nn::SiLUOp>(op) && op->use_empty()) {
      op->erase();
    }
  }
}

bool KernelSelector::select(Operation *op) {
  return llvm::TypeSwitch<Operation *, bool>(op)
      .Case([&](ContractOp op) { return selectContract(op); })
      .Case([&](nn::LinearOp op) { return selectLinear(op); })
      .Case([&](nn::RMSNormOp op) { return selectRMSNorm(op); })
      .Case([&](nn::SiLUOp op) { return selectSiLU(op); })
      .Case([&](arith::MulFOp op) { return selectMul(op); })
      .Case([&](arith::AddFOp op) { return selectAdd(op); })
      .Case([&](nn::RotaryTableOp op) { return selectRotaryTable(op); })
      .Case([&](nn::RotaryEmbeddingOp op) { return selectRotary(op); })
      .Case([&](nn::AttentionOp op) { return selectAttention(op); })
      .Case([&](nn::CacheUpdateOp op) { return selectCacheUpdate(op); })
      .Case([&](nn::EmbeddingOp op) { return selectEmbedding(op); })
      .Case([&](ChangeBasisOp op) { return selectChangeBasis(op); })
      .Case([&](DequantizeOp op) { return selectDequantize(op); })
      .Default([](Operation *) { return false; });
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

Value KernelSelector::emptyLike(RankedTensorType type, Value like) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0)) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    sizes.push_back(tensor::DimOp::create(b, like, zero));
  }
  return tensor::EmptyOp::create(b, type, sizes);
}

SmallVector<Value> KernelSelector::call(func::FuncOp kernel, ValueRange inputs,
                                        ValueRange destinations) {
  auto call =
      KernelCallOp::create(b, destinations.getTypes(), kernel.getSymName(), inputs, destinations);
  return SmallVector<Value>(call.getResults());
}

bool KernelSelector::replaceByCall(Operation *op, func::FuncOp kernel, ValueRange inputs,
                                   Value like) {
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  op->replaceAllUsesWith(call(kernel, inputs, emptyLike(type, like)));
  op->erase();
  return true;
}

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

std::optional<RowCodes> KernelSelector::quantizedRows(QuantizeOp op, const GroupLayout &groups) {
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
  auto [entry, isNew] = rowCodes.try_emplace({op, groups.group});
  if (!isNew) {
    return entry->second;
  }
  QuantizeKernel kernel{groups, static_cast<int32_t>(scheme.getCodeMin()),
                        static_cast<int32_t>(scheme.getCodeMax()), op.isDynamic(),
                        static_cast<float>(op.getClip().convertToDouble())};
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(op);
  int64_t rows = staticDim(op.getInput(), 0);
  Value input = op.getInput();
  auto empty = [&](int64_t columns, Type element) {
    return emptyLike(RankedTensorType::get({rows, columns}, element), input);
  };
  SmallVector<Value> inputs = {input}, destinations = {empty(groups.paddedK(), b.getI8Type())};
  if (op.isDynamic()) {
    destinations.push_back(empty(1, b.getF32Type()));
  } else {
    inputs.push_back(op.getScale());
  }
  destinations.push_back(empty(groups.numGroups(), b.getI32Type()));
  SmallVector<Value> results = call(kernel.getOrCreate(module, target), inputs, destinations);
  entry->second = {results.front(), op.isDynamic() ? results[1] : op.getScale(), results.back()};
  return entry->second;
}

Value KernelSelector::packedWeight(WeightPart part, WeightOp weight, PanelsAttr panels,
                                   int64_t elements, Type element) {
  return PackedWeightOp::create(b, RankedTensorType::get({elements}, element), part,
                                weight.getKey(), weight.getType(), panels);
}

void KernelSelector::replaceByProduct(Operation *op, Value lhs, std::optional<RowCodes> codes,
                                      bool rowScales, WeightOp weight, PanelContainer container,
                                      Value bias) {
  Type containerType = container == PanelContainer::F32  ? Type(b.getF32Type())
                       : container == PanelContainer::I8 ? Type(b.getI8Type())
                                                         : Type(b.getIntegerType(4));
  auto panels = PanelsAttr::get(b.getContext(), target.lanes(), containerType);
  ContractKernel kernel;
  kernel.layout = PanelLayout::get(weight.getType(), panels);
  kernel.integerLhs = codes.has_value();
  kernel.rowScales = rowScales;
  kernel.bias = bias != nullptr;
  SmallVector<Value> inputs;
  if (codes) {
    inputs = {codes->codes, codes->scales, codes->sums};
  } else {
    inputs = {lhs};
  }
  const PanelLayout &layout = kernel.layout;
  if (container == PanelContainer::F32) {
    inputs.push_back(
        packedWeight(WeightPart::Codes, weight, panels, layout.numWords(), b.getF32Type()));
  } else {
    SchemeAttr scheme = cast<QTensorType>(weight.getType()).getScheme();
    bool isUnsigned = cast<IntegerType>(scheme.getElementType()).isUnsigned();
    kernel.zeroPoints = scheme.hasZeroPoints() || isUnsigned;
    inputs.push_back(
        packedWeight(WeightPart::Codes, weight, panels, 4 * layout.numWords(), b.getI8Type()));
    inputs.push_back(
        packedWeight(WeightPart::Scales, weight, panels, layout.numScales(), b.getF32Type()));
    if (kernel.zeroPoints) {
      inputs.push_back(
          packedWeight(WeightPart::ZeroPoints, weight, panels, layout.numScales(), b.getI32Type()));
    }
  }
  if (bias) {
    inputs.push_back(bias);
  }
  replaceByCall(op, kernel.getOrCreate(module, target), inputs, lhs);
}

bool KernelSelector::selectContract(ContractOp op) {
  auto weight = op.getRhs().getDefiningOp<WeightOp>();
  auto rhs = dyn_cast<QTensorType>(op.getRhs().getType());
  if (!weight || !rhs || rhs.getShape()[0] == 0 || rhs.getShape()[1] == 0) {
    return false;
  }
  std::optional<PanelContainer> container = integerContainer(rhs.getScheme());
  if (isa<QTensorType>(op.getLhs().getType())) {
    auto quantize = op.getLhs().getDefiningOp<QuantizeOp>();
    if (!container || !quantize) {
      return false;
    }
    int64_t group = std::min(rhs.getShape()[1], rhs.getScheme().getBlockShape(rhs.getShape())[1]);
    std::optional<RowCodes> codes = quantizedRows(quantize, {rhs.getShape()[1], group});
    if (!codes) {
      return false;
    }
    replaceByProduct(op, quantize.getInput(), codes, quantize.isDynamic(), weight, *container,
                     op.getBias());
    return true;
  }
  if (!isFloatMatrix(op.getLhs())) {
    return false;
  }
  if (!container) {
    remark::missed(op.getLoc(), remark::RemarkOpts::name("decoded").category(DEBUG_TYPE))
        << "weights are decoded to f32 when packed: no kernel reads these codes";
  }
  replaceByProduct(op, op.getLhs(), std::nullopt, false, weight,
                   container.value_or(PanelContainer::F32), op.getBias());
  return true;
}

bool KernelSelector::selectLinear(nn::LinearOp op) {
  auto weight = op.getWeight().getDefiningOp<WeightOp>();
  if (!weight || !isFloatMatrix(op.getInput()) || staticDim(op.getWeight(), 0) == 0) {
    return false;
  }
  replaceByProduct(op, op.getInput(), std::nullopt, false, weight, PanelContainer::F32,
                   op.getBias());
  return true;
}

//===----------------------------------------------------------------------===//
// Everything else
//===----------------------------------------------------------------------===//

bool KernelSelector::selectRMSNorm(nn::RMSNormOp op) {
  if (!isFloatMatrix(op.getInput())) {
    return false;
  }
  SmallVector<Value> inputs(op->getOperands());
  auto kernel = getOrCreateRMSNormKernel(module, target, staticDim(op.getInput(), 1),
                                         op.getEpsilon().convertToFloat(), op.getGain() != nullptr);
  return replaceByCall(op, kernel, inputs, op.getInput());
}

bool KernelSelector::selectSiLU(nn::SiLUOp op) {
  // A silu that a product takes along is computed there.
  auto isFused = [](Operation *user) { return isa<arith::MulFOp>(user); };
  if (!isFloatMatrix(op.getInput()) || (op->hasOneUse() && isFused(*op->user_begin()))) {
    return false;
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

bool KernelSelector::selectAttention(nn::AttentionOp op) {
  if (!hasStaticRows(op.getQuery()) || !hasStaticRows(op.getKeys()) ||
      ShapedType::isDynamic(staticDim(op.getKeys(), 0))) {
    return false;
  }
  AttentionKernel kernel{staticDim(op.getQuery(), 1), staticDim(op.getKeys(), 1),
                         staticDim(op.getQuery(), 2), staticDim(op.getKeys(), 0),
                         op.getScale().convertToFloat()};
  SmallVector<Value> inputs(op->getOperands());
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
  if (!quantize || !quantize.isDynamic()) {
    return false;
  }
  SchemeAttr scheme = quantize.getResult().getType().getScheme();
  auto type = dyn_cast<RankedTensorType>(op.getType());
  bool isByte = scheme.isInteger() && scheme.getCodeMax() - scheme.getCodeMin() < 256;
  bool hasRows =
      type && (type.getRank() == 2 || type.getRank() == 3) && type.isDynamicDim(0) &&
      type.getElementType().isF32() && hasStaticRows(op.getResult()) &&
      llvm::all_of(scheme.getBlock().drop_back(), [](int64_t size) { return size == 1; });
  if (!isByte || !hasRows || scheme.hasRealZeroPoints() || scheme.getScaleScheme() ||
      !scheme.getScaleType().isF32() || scheme.getCodeMax() <= 0 ||
      !cast<RankedTensorType>(quantize.getInput().getType()).getElementType().isF32()) {
    return false;
  }
  ArrayRef<int64_t> rowShape = type.getShape().drop_front();
  FakeQuantizeKernel kernel{SmallVector<int64_t>(rowShape),
                            scheme.getBlockShape(type.getShape()).back(),
                            static_cast<int32_t>(scheme.getCodeMin()),
                            static_cast<int32_t>(scheme.getCodeMax()),
                            scheme.hasZeroPoints(),
                            static_cast<float>(quantize.getClip().convertToDouble())};
  return replaceByCall(op, kernel.getOrCreate(module, target), quantize.getInput(),
                       quantize.getInput());
}

namespace {
struct SelectKernelsPass : quench::impl::SelectKernelsPassBase<SelectKernelsPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void SelectKernelsPass::runOnOperation() {
  llvm::Expected<Target> found = Target::find(target);
  if (!found) {
    getOperation().emitError(llvm::toString(found.takeError()));
    return signalPassFailure();
  }
  SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
  for (func::FuncOp function : functions) {
    if (!function.isExternal()) {
      KernelSelector(function, *found).run();
    }
  }
}
