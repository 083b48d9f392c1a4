//===- QuenchToQuant.cpp - Codes in upstream types ------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: IR whose codes are made by `quench.quantize` and `quench.assemble` with constant scales,
// and read by `quench.dequantize`. Output: `quant.qcast`, `quant.scast` and `quant.dcast` of
// `!quant.uniform` types, which carry the scales. Types follow from values, so this walks instead
// of converting types; everything is checked before anything changes.
//
//===----------------------------------------------------------------------===//

#include "quench/Conversion/QuenchToQuant/QuenchToQuant.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Quant/IR/Quant.h"
#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

#define DEBUG_TYPE "convert-quench-to-quant"

namespace quench {
#define GEN_PASS_DEF_CONVERTQUENCHTOQUANTPASS
#include "quench/Conversion/Passes.h.inc"
} // namespace quench

using namespace quench;

/// The axis along which scales vary, -1 when there is one scale, nothing when neither is so.
static std::optional<int32_t> scaleAxis(SchemeAttr scheme, ArrayRef<int64_t> shape) {
  int32_t axis = -1;
  for (auto [index, block] : llvm::enumerate(scheme.getBlockShape(shape))) {
    if (block == shape[index]) {
      continue;
    }
    if (block != 1 || axis >= 0) {
      return std::nullopt;
    }
    axis = static_cast<int32_t>(index);
  }
  return axis;
}

/// The upstream type of codes with these scales and zero points; null after an error.
static RankedTensorType uniformType(Operation *op, QTensorType type, Value scale, Value zeroPoint) {
  SchemeAttr scheme = type.getScheme();
  auto integer = dyn_cast<IntegerType>(scheme.getElementType());
  if (!integer || isa<CodebookAttr>(scheme.getElement()) || scheme.hasRealZeroPoints()) {
    op->emitError("cannot be a !quant.uniform type: expected integers without real zero points, "
                  "found ")
        << scheme;
    return {};
  }
  std::optional<int32_t> axis = scaleAxis(scheme, type.getShape());
  if (!axis) {
    op->emitError("cannot be a !quant.uniform type: expected one scale for the tensor or for each "
                  "index of one axis, found ")
        << scheme;
    return {};
  }
  DenseElementsAttr scales, zeros;
  if (!scale || !matchPattern(scale, m_Constant(&scales)) ||
      (zeroPoint && !matchPattern(zeroPoint, m_Constant(&zeros)))) {
    op->emitError("cannot be a !quant.uniform type: expected constant scales and zero points, "
                  "found ones that are computed");
    return {};
  }
  SmallVector<double> factors;
  for (float factor : scales.getValues<float>()) {
    factors.push_back(factor);
  }
  SmallVector<int64_t> offsets(factors.size(), 0);
  if (zeros) {
    llvm::copy(zeros.getValues<int32_t>(), offsets.begin());
  }
  unsigned flags = integer.isUnsigned() ? 0 : quant::QuantizationFlags::Signed;
  auto storage = IntegerType::get(op->getContext(), integer.getWidth());
  Type expressed = type.getExpressed().getElementType();
  auto report = [&] { return op->emitError("cannot be a !quant.uniform type: "); };
  Type element;
  if (*axis < 0) {
    element = quant::UniformQuantizedType::getChecked(report, flags, storage, expressed,
                                                      factors.front(), offsets.front(),
                                                      scheme.getCodeMin(), scheme.getCodeMax());
  } else {
    element = quant::UniformQuantizedPerAxisType::getChecked(
        report, flags, storage, expressed, factors, offsets, *axis, scheme.getCodeMin(),
        scheme.getCodeMax());
  }
  return element ? RankedTensorType::get(type.getShape(), element) : RankedTensorType();
}

namespace {
/// One run over a module.
class QuantWriter {
public:
  LogicalResult plan(Operation *root);
  void rewrite();

private:
  LogicalResult planOp(Operation *op);

  /// In program order.
  SmallVector<std::pair<Operation *, RankedTensorType>> sources;
  SmallVector<DequantizeOp> readers;
};
} // namespace

static bool isQuantized(Type type) { return isa<QTensorType>(type); }

LogicalResult QuantWriter::planOp(Operation *op) {
  RankedTensorType type;
  if (auto quantize = dyn_cast<QuantizeOp>(op)) {
    type = uniformType(op, quantize.getResult().getType(), quantize.getScale(),
                       quantize.getZeroPoint());
  } else if (auto assemble = dyn_cast<AssembleOp>(op)) {
    type = uniformType(op, assemble.getResult().getType(), assemble.getScales(),
                       assemble.getZeroPoints());
  } else if (auto dequantize = dyn_cast<DequantizeOp>(op)) {
    readers.push_back(dequantize);
    return success();
  } else if (llvm::any_of(op->getOperandTypes(), isQuantized) ||
             llvm::any_of(op->getResultTypes(), isQuantized) ||
             llvm::any_of(op->getRegions(), [](Region &region) {
               return llvm::any_of(region, [](Block &block) {
                 return llvm::any_of(block.getArgumentTypes(), isQuantized);
               });
             })) {
    return op->emitError("has no form on !quant.uniform types: expected codes to be made by "
                         "quench.quantize or quench.assemble and read by quench.dequantize");
  } else {
    return success();
  }
  if (!type) {
    return failure();
  }
  sources.emplace_back(op, type);
  return success();
}

LogicalResult QuantWriter::plan(Operation *root) {
  WalkResult result = root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    return failed(planOp(op)) ? WalkResult::interrupt() : WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

/// Codes in an integer type without a sign, as storage casts want them.
static Value signlessCodes(OpBuilder &builder, Location loc, Value codes) {
  auto type = cast<RankedTensorType>(codes.getType());
  auto integer = cast<IntegerType>(type.getElementType());
  if (integer.isSignless()) {
    return codes;
  }
  auto signless = IntegerType::get(builder.getContext(), integer.getWidth());
  return tensor::BitcastOp::create(builder, loc, type.clone(signless), codes);
}

void QuantWriter::rewrite() {
  DenseMap<Value, Value> values;
  for (auto [op, type] : sources) {
    OpBuilder builder(op);
    if (auto quantize = dyn_cast<QuantizeOp>(op)) {
      values[quantize.getResult()] =
          quant::QuantizeCastOp::create(builder, op->getLoc(), type, quantize.getInput());
    } else {
      auto assemble = cast<AssembleOp>(op);
      Value codes = signlessCodes(builder, op->getLoc(), assemble.getCodes());
      values[assemble.getResult()] =
          quant::StorageCastOp::create(builder, op->getLoc(), type, codes);
    }
  }
  for (DequantizeOp op : readers) {
    OpBuilder builder(op);
    Value floats = quant::DequantizeCastOp::create(builder, op.getLoc(), op.getType(),
                                                   values.lookup(op.getInput()));
    op.getResult().replaceAllUsesWith(floats);
    op.erase();
  }
  for (auto [op, type] : llvm::reverse(sources)) {
    SmallVector<Value> operands(op->getOperands());
    op->erase();
    for (Value operand : operands) {
      auto constant = operand.getDefiningOp<arith::ConstantOp>();
      if (constant && constant->use_empty()) {
        constant.erase();
      }
    }
  }
}

namespace {
struct ConvertQuenchToQuantPass
    : quench::impl::ConvertQuenchToQuantPassBase<ConvertQuenchToQuantPass> {
  void runOnOperation() override {
    QuantWriter writer;
    if (failed(writer.plan(getOperation()))) {
      return signalPassFailure();
    }
    writer.rewrite();
  }
};
} // namespace
