//===- LowerStorage.cpp - Weights, observers, and the parts of a quantized tensor -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ElementCode.h"
#include "Patterns.h"
#include "QTensorParts.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

/// The codes of a constant as they are stored, null for what is not a constant of elements.
static DenseElementsAttr storedConstant(Value codes, SchemeAttr scheme) {
  auto constant = codes.getDefiningOp<arith::ConstantOp>();
  auto elements = constant ? dyn_cast<DenseElementsAttr>(constant.getValue()) : nullptr;
  if (!elements) {
    return {};
  }
  IntegerType stored = getStoredCodeType(scheme);
  const bool isSigned = scheme.getNumericsScheme().element.isSigned();
  auto widen = [&](const APInt &code) {
    return isSigned ? code.sext(stored.getWidth()) : code.zext(stored.getWidth());
  };
  if (isa<FloatType>(elements.getElementType())) {
    return elements.mapValues(stored,
                              [&](const APFloat &code) { return widen(code.bitcastToAPInt()); });
  }
  return elements.mapValues(stored, widen);
}

/// One element of another type for each element of a tensor.
static Value mapElements(TensorBuilder &b, Value tensor, Type element,
                         function_ref<Value(TensorBuilder &, Value)> body) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<int64_t> loops = allLoops(type.getRank());
  auto result = cast<RankedTensorType>(type.clone(element));
  return b.generic(parallelLoops(type.getRank()), {{tensor, loops}},
                   {b.empty(result, b.sizes(tensor)), loops},
                   [&](TensorBuilder &b, ValueRange v) { return body(b, v[0]); });
}

/// The signless integer type of the width of a code.
static IntegerType signlessCode(TensorBuilder &b, Type element) {
  return b.getIntegerType(element.getIntOrFloatBitWidth());
}

namespace {
/// quench.weight @key : !quench.qtensor
///   -> one quench.weight @key {quench.part, quench.source} for each part
struct ExpandWeight : public OpConversionPattern<WeightOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(WeightOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto type = dyn_cast<QTensorType>(op.getResult().getType());
    if (!type) {
      return rewriter.notifyMatchFailure(op, "expected a quantized weight");
    }
    SmallVector<Value> parts;
    for (auto [index, part] : llvm::enumerate(getExpandedTypes(type))) {
      auto weight = WeightOp::create(rewriter, op.getLoc(), part, op.getKeyAttr());
      StringRef name = stringifyWeightPart(static_cast<WeightPart>(index));
      weight->setDiscardableAttr("quench.part", rewriter.getStringAttr(name));
      weight->setDiscardableAttr("quench.source", TypeAttr::get(type));
      parts.push_back(weight);
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange(parts)});
    return success();
  }
};

/// quench.observe %x -> nothing
struct EraseObserve : public OpConversionPattern<ObserveOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(ObserveOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    rewriter.eraseOp(op);
    return success();
  }
};

/// quench.assemble %codes, %scales -> generic: the codes widened to their stored type; %scales
struct LowerAssemble : public OpConversionPattern<AssembleOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(AssembleOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    SchemeAttr scheme = op.getResult().getType().getScheme();
    SmallVector<Value> parts = {storedCodes(b, op.getCodes(), scheme), op.getScales()};
    if (Value zeroPoints = op.getZeroPoints()) {
      parts.push_back(zeroPoints);
    }
    rewriter.replaceOpWithMultiple(op, {ValueRange(parts)});
    return success();
  }

private:
  static Value storedCodes(TensorBuilder &b, Value codes, SchemeAttr scheme) {
    if (DenseElementsAttr constant = storedConstant(codes, scheme)) {
      return arith::ConstantOp::create(b, constant);
    }
    auto type = cast<RankedTensorType>(codes.getType());
    IntegerType stored = getStoredCodeType(scheme);
    IntegerType signless = signlessCode(b, type.getElementType());
    if (isa<IntegerType>(type.getElementType()) && type.getElementType() != signless) {
      codes = tensor::BitcastOp::create(b, type.clone(signless), codes);
    }
    if (cast<RankedTensorType>(codes.getType()).getElementType() == stored) {
      return codes;
    }
    const bool isSigned = scheme.getNumericsScheme().element.isSigned();
    return mapElements(b, codes, stored, [&](TensorBuilder &b, Value code) -> Value {
      if (code.getType() != signless) {
        code = arith::BitcastOp::create(b, signless, code);
      }
      if (signless == stored) {
        return code;
      }
      return isSigned ? arith::ExtSIOp::create(b, stored, code).getResult()
                      : arith::ExtUIOp::create(b, stored, code).getResult();
    });
  }
};

/// quench.disassemble %q -> generic: the stored codes narrowed to their type; the scales
struct LowerDisassemble : public OpConversionPattern<DisassembleOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(DisassembleOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    QTensorParts parts(op.getInput().getType(), adaptor.getInput());
    SmallVector<Value> results = parts.values();
    results[0] = exactCodes(b, parts.codes, cast<RankedTensorType>(op.getCodes().getType()));
    rewriter.replaceOp(op, results);
    return success();
  }

private:
  static Value exactCodes(TensorBuilder &b, Value codes, RankedTensorType type) {
    Type element = type.getElementType();
    IntegerType signless = signlessCode(b, element);
    const bool isFloat = isa<FloatType>(element);
    if (isFloat || signless != cast<RankedTensorType>(codes.getType()).getElementType()) {
      Type mapped = isFloat ? element : Type(signless);
      codes = mapElements(b, codes, mapped, [&](TensorBuilder &b, Value code) -> Value {
        if (code.getType() != signless) {
          code = arith::TruncIOp::create(b, signless, code);
        }
        return isFloat ? arith::BitcastOp::create(b, element, code).getResult() : code;
      });
    }
    return codes.getType() == type ? codes : tensor::BitcastOp::create(b, type, codes).getResult();
  }
};

/// quench.overlay %x at %indices with %values
///   -> scf.for %i: %row-major x[indices[%i]] = values[%i]
struct LowerOverlay : public OpConversionPattern<OverlayOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(OverlayOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    TensorBuilder b(op.getLoc(), rewriter);
    Value count = b.index(op.getIndices().getType().getDimSize(0));
    auto loop =
        scf::ForOp::create(b, b.index(0), count, b.index(1), op.getInput(),
                           [&](OpBuilder &builder, Location loc, Value i, ValueRange state) {
                             TensorBuilder body(loc, builder);
                             scf::YieldOp::create(body, replaceOne(body, op, i, state.front()));
                           });
    rewriter.replaceOp(op, loop.getResults());
    return success();
  }

private:
  static Value replaceOne(TensorBuilder &b, OverlayOp op, Value i, Value tensor) {
    auto type = cast<RankedTensorType>(op.getType());
    Value index = tensor::ExtractOp::create(b, op.getIndices(), i);
    index = arith::IndexCastOp::create(b, b.getIndexType(), index);
    Value value = tensor::ExtractOp::create(b, op.getValues(), i);
    if (value.getType() != type.getElementType()) {
      value = arith::ExtFOp::create(b, type.getElementType(), value);
    }
    return tensor::InsertOp::create(b, value, tensor, position(b, index, type));
  }

  /// The index of an element along each axis.
  static SmallVector<Value> position(TensorBuilder &b, Value index, RankedTensorType type) {
    SmallVector<Value> result(type.getRank());
    for (int64_t axis = type.getRank() - 1; axis > 0; --axis) {
      Value size = b.index(type.getDimSize(axis));
      result[axis] = arith::RemUIOp::create(b, index, size);
      index = arith::DivUIOp::create(b, index, size);
    }
    if (!result.empty()) {
      result[0] = index;
    }
    return result;
  }
};
} // namespace

void quench::populateLowerStorage(const QTensorExpansion &converter, RewritePatternSet &patterns) {
  patterns.add<ExpandWeight, EraseObserve, LowerAssemble, LowerDisassemble, LowerOverlay>(
      converter, patterns.getContext());
}
