//===- QuantToQuench.cpp - Upstream types as schemes ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: IR in which tensors of `!quant.uniform` types are made by `quant.qcast` and `quant.scast`
// and read by `quant.dcast`. Output: the QDQ form of Quench, with the scales as constants beside
// the schemes. Everything is checked before anything changes.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuantToQuench/QuantToQuench.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

#define DEBUG_TYPE "convert-quant-to-quench"

namespace quench {
#define GEN_PASS_DEF_CONVERTQUANTTOQUENCHPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

/// What an upstream type says, in the parts that Quench keeps apart.
struct Parts {
  QTensorType type;
  SmallVector<float> scales;
  /// Empty when all are 0.
  SmallVector<int32_t> zeroPoints;
};

/// One run over a module.
class QuantReader {
public:
  LogicalResult plan(Operation *root);
  void rewrite();

private:
  LogicalResult planOp(Operation *op);

  /// In program order.
  SmallVector<std::pair<Operation *, Parts>> sources;
  SmallVector<quant::DequantizeCastOp> readers;
};

} // namespace

static bool isQuantized(Type type) { return isa<quant::QuantizedType>(getElementTypeOrSelf(type)); }

/// Scales, zero points and blocks of a type with one scale or one for each index of an axis.
static LogicalResult readScales(Operation *op, quant::QuantizedType element, int64_t rank,
                                Parts &parts, SmallVectorImpl<int64_t> &block) {
  block.assign(rank, SchemeAttr::kWhole);
  SmallVector<int64_t> offsets;
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(element)) {
    parts.scales = {static_cast<float>(uniform.getScale())};
    offsets = {uniform.getZeroPoint()};
  } else if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(element)) {
    for (double scale : perAxis.getScales()) {
      parts.scales.push_back(static_cast<float>(scale));
    }
    llvm::append_range(offsets, perAxis.getZeroPoints());
    block[perAxis.getQuantizedDimension()] = 1;
  } else {
    return op->emitError("has no scheme: expected one scale for the tensor or for each index of "
                         "one axis, found ")
           << element;
  }
  for (int64_t offset : offsets) {
    if (offset < element.getStorageTypeMin() || offset > element.getStorageTypeMax()) {
      return op->emitError("has no scheme: expected zero points that are codes, found ") << offset;
    }
    parts.zeroPoints.push_back(static_cast<int32_t>(offset));
  }
  if (llvm::all_of(parts.zeroPoints, [](int32_t zero) { return zero == 0; })) {
    parts.zeroPoints.clear();
  }
  return success();
}

static LogicalResult readType(Operation *op, Type from, Parts &parts) {
  auto tensor = dyn_cast<RankedTensorType>(from);
  if (!tensor || tensor.getRank() == 0) {
    return op->emitError("has no scheme: expected a tensor with at least one axis, found ") << from;
  }
  auto element = cast<quant::QuantizedType>(tensor.getElementType());
  SmallVector<int64_t> block;
  if (failed(readScales(op, element, tensor.getRank(), parts, block))) {
    return failure();
  }
  MLIRContext *context = op->getContext();
  auto sign = element.isSigned() ? IntegerType::Signless : IntegerType::Unsigned;
  Type code = IntegerType::get(context, element.getStorageTypeIntegralWidth(), sign);
  auto report = [&] { return op->emitError("has no scheme: "); };
  Attribute zeroPoint = parts.zeroPoints.empty() ? Attribute() : UnitAttr::get(context);
  Attribute stored = TypeAttr::get(code), scale = TypeAttr::get(Float32Type::get(context));
  auto scheme = SchemeAttr::getChecked(llvm::function_ref<InFlightDiagnostic()>(report), context,
                                       stored, ArrayRef<int64_t>(block), scale, zeroPoint,
                                       element.getStorageTypeMin(), element.getStorageTypeMax());
  if (!scheme) {
    return failure();
  }
  parts.type = QTensorType::get(tensor.clone(element.getExpressedType()), scheme);
  return success();
}

LogicalResult QuantReader::planOp(Operation *op) {
  if (auto reader = dyn_cast<quant::DequantizeCastOp>(op)) {
    readers.push_back(reader);
    return success();
  }
  bool isSource = isa<quant::QuantizeCastOp>(op) ||
                  (isa<quant::StorageCastOp>(op) && isQuantized(op->getResult(0).getType()));
  if (isSource) {
    Parts parts;
    if (failed(readType(op, op->getResult(0).getType(), parts))) {
      return failure();
    }
    sources.emplace_back(op, std::move(parts));
    return success();
  }
  bool hasQuantizedArguments = llvm::any_of(op->getRegions(), [](Region &region) {
    return llvm::any_of(
        region, [](Block &block) { return llvm::any_of(block.getArgumentTypes(), isQuantized); });
  });
  if (hasQuantizedArguments || llvm::any_of(op->getOperandTypes(), isQuantized) ||
      llvm::any_of(op->getResultTypes(), isQuantized)) {
    return op->emitError("has no form in Quench: expected !quant.uniform values to be made by "
                         "quant.qcast or quant.scast and read by quant.dcast");
  }
  return success();
}

LogicalResult QuantReader::plan(Operation *root) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    return failed(planOp(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

void QuantReader::rewrite() {
  DenseMap<Value, Value> values;
  for (const auto &[op, parts] : sources) {
    OpBuilder builder(op);
    Location loc = op->getLoc();
    Value scales = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(parts.type.getScalesTensor(), ArrayRef(parts.scales)));
    Value zeroPoints;
    if (!parts.zeroPoints.empty()) {
      zeroPoints = arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(parts.type.getZeroPointsTensor(), ArrayRef(parts.zeroPoints)));
    }
    Value input = op->getOperand(0);
    if (isa<quant::QuantizeCastOp>(op)) {
      values[op->getResult(0)] =
          QuantizeOp::create(builder, loc, parts.type, input, scales, zeroPoints);
      continue;
    }
    RankedTensorType codes = parts.type.getCodesTensor();
    if (input.getType() != codes) {
      input = tensor::BitcastOp::create(builder, loc, codes, input);
    }
    values[op->getResult(0)] =
        AssembleOp::create(builder, loc, parts.type, input, scales, zeroPoints);
  }
  for (quant::DequantizeCastOp op : readers) {
    OpBuilder builder(op);
    Value floats = DequantizeOp::create(builder, op.getLoc(), op.getResult().getType(),
                                        values.lookup(op.getInput()));
    op.getResult().replaceAllUsesWith(floats);
    op.erase();
  }
  for (const auto &source : llvm::reverse(sources)) {
    source.first->erase();
  }
}

namespace {
struct ConvertQuantToQuenchPass
    : quench::impl::ConvertQuantToQuenchPassBase<ConvertQuantToQuenchPass> {
  void runOnOperation() override {
    QuantReader reader;
    if (failed(reader.plan(getOperation()))) {
      return signalPassFailure();
    }
    reader.rewrite();
  }
};
} // namespace
