//===- LowerContract.cpp - Matrix products of codes in linalg -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loops are named m (row of lhs), n (row of rhs), g (block along K) and j (element of a block).
// A K that is not a multiple of the block is cut in two, its last block continues the sums of the
// others: what is added stays in ascending order.
//
//===----------------------------------------------------------------------===//

#include "BlockParameters.h"
#include "ElementCode.h"
#include "Patterns.h"
#include "QTensorParts.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/CodeTable.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <algorithm>

using namespace mlir;
using namespace quench;

namespace {
/// `lhs * rhs^T` of codes: integers, or floats of eight bits.
class CodeContraction {
public:
  CodeContraction(ContractOp op, QTensorParts lhs, QTensorParts rhs, RewriterBase &rewriter)
      : op(op), lhs(lhs), rhs(rhs), b(op.getLoc(), rewriter),
        resultType(cast<RankedTensorType>(op.getResult().getType())), rows(b.size(lhs.codes, 0)),
        columns(b.size(rhs.codes, 0)),
        table(numerics::CodeTable::get(rhs.type.getScheme().getNumericsScheme().element)) {
    if (lhs.type.getScheme().isByteFloat() && rhs.type.getScheme().isByteFloat()) {
      leftDecoder.emplace(b, lhs.type.getScheme());
      rightDecoder.emplace(b, rhs.type.getScheme());
    }
    if (table) {
      SmallVector<int32_t> values(table->values.begin(), table->values.end());
      auto type = RankedTensorType::get(values.size(), b.getI32Type());
      multiples =
          arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<int32_t>(values)));
    }
  }

  /// Whether the blocks along K are known: all of K is one, or K is static.
  static bool isSupported(QTensorType lhs, QTensorType rhs) {
    return (isOneBlock(lhs) && isOneBlock(rhs)) || !ShapedType::isDynamic(staticK(lhs, rhs));
  }

  Value lower() {
    Value sums = b.filled(resultType, {rows, columns}, b.f32(0.0f));
    if (isOneBlock(lhs.type) && isOneBlock(rhs.type)) {
      sums = addBlocks(sums, /*first=*/0, b.getIndexAttr(1), b.size(lhs.codes, 1), /*step=*/1);
    } else {
      const int64_t K = staticK(lhs.type, rhs.type);
      const int64_t step =
          std::max<int64_t>(std::min(extentAlongK(lhs.type, K), extentAlongK(rhs.type, K)), 1);
      if (K >= step) {
        sums = addBlocks(sums, 0, b.getIndexAttr(K / step), b.getIndexAttr(step), step);
      }
      if (K % step != 0) {
        sums = addBlocks(sums, K / step, b.getIndexAttr(1), b.getIndexAttr(K % step), step);
      }
    }
    return finish(sums);
  }

private:
  static bool isOneBlock(QTensorType type) {
    return isWholeAxis(type.getScheme(), type.getShape(), 1);
  }
  static int64_t staticK(QTensorType lhs, QTensorType rhs) {
    return ShapedType::isDynamic(lhs.getShape()[1]) ? rhs.getShape()[1] : lhs.getShape()[1];
  }
  static int64_t extentAlongK(QTensorType type, int64_t K) {
    return isOneBlock(type) ? K : type.getScheme().getBlock()[1];
  }

  /// Codes [:, first * step : first * step + count * extent] as rows x count x extent.
  Value blocksOf(const QTensorParts &side, int64_t first, OpFoldResult count, OpFoldResult extent,
                 int64_t step) {
    auto type = cast<RankedTensorType>(side.codes.getType());
    Value codes = side.codes;
    std::optional<int64_t> length = getConstantIntValue(extent);
    if (length) {
      length = *length * *getConstantIntValue(count);
    }
    if (length && *length != type.getDimSize(1)) {
      codes = b.slice(codes, {b.getIndexAttr(0), b.getIndexAttr(first * step)},
                      {b.size(codes, 0), b.getIndexAttr(*length)});
    }
    // One of the sides may know K where the other does not.
    const int64_t known = cast<RankedTensorType>(codes.getType()).getDimSize(1);
    const int64_t blocks = *getConstantIntValue(count);
    auto split = type.clone({type.getDimSize(0), blocks,
                             ShapedType::isDynamic(known) ? ShapedType::kDynamic : known / blocks});
    SmallVector<OpFoldResult> sizes = {b.size(codes, 0), count,
                                       ShapedType::isDynamic(known)
                                           ? b.size(codes, 1)
                                           : OpFoldResult(b.getIndexAttr(known / blocks))};
    SmallVector<ReassociationIndices> axes = {{0}, {1, 2}};
    return tensor::ExpandShapeOp::create(b, split, codes, axes, sizes);
  }

  /// The scale or zero point of a side in a body: of the row of loop `row` and block
  /// `first` + loop 2.
  Value parameterAt(TensorBuilder &b, const QTensorParts &side, Value parameters, int64_t row,
                    int64_t first, int64_t step) {
    Value rowIndex =
        isWholeAxis(side.type.getScheme(), side.type.getShape(), 0) ? b.index(0) : b.loopIndex(row);
    if (isOneBlock(side.type)) {
      return tensor::ExtractOp::create(b, parameters, ValueRange{rowIndex, b.index(0)});
    }
    Value block = b.loopIndex(2);
    if (first != 0) {
      block = arith::AddIOp::create(b, block, b.index(first));
    }
    const int64_t ratio = side.type.getScheme().getBlock()[1] / step;
    if (ratio != 1) {
      block = arith::DivUIOp::create(b, block, b.index(ratio));
    }
    return tensor::ExtractOp::create(b, parameters, ValueRange{rowIndex, block});
  }

  /// The integer of a code, less its zero point, or the multiple of the unit that it stands for.
  Value difference(TensorBuilder &b, const QTensorParts &side, Value code, int64_t row,
                   int64_t first, int64_t step) {
    Value wide = widenCode(b, side.type.getScheme(), code);
    if (multiples && &side == &rhs) {
      Value index = arith::IndexCastUIOp::create(b, b.getIndexType(), wide);
      return tensor::ExtractOp::create(b, multiples, ValueRange{index});
    }
    if (!side.zeroPoints) {
      return wide;
    }
    Value zeroPoint = parameterAt(b, side, side.zeroPoints, row, first, step);
    return arith::SubIOp::create(b, wide, zeroPoint);
  }

  /// Blocks first to first + count of the grid of `step`, with `extent` elements each:
  /// t = fma(f32(sum_j differences), scales, t).
  Value addBlocks(Value sums, int64_t first, OpFoldResult count, OpFoldResult extent,
                  int64_t step) {
    Value left = blocksOf(lhs, first, count, extent, step);
    Value right = blocksOf(rhs, first, count, extent, step);
    const bool ofFloats = leftDecoder.has_value();
    auto type = RankedTensorType::get(
        {resultType.getDimSize(0), resultType.getDimSize(1), *getConstantIntValue(count)},
        ofFloats ? Type(b.getF32Type()) : b.getI32Type());
    Value zero = ofFloats ? b.f32(0.0f) : b.i32(0);
    Value accumulators =
        b.generic("pppr", {{left, {0, 2, 3}}, {right, {1, 2, 3}}},
                  {b.filled(type, {rows, columns, count}, zero), {0, 1, 2}},
                  [&](TensorBuilder &b, ValueRange v) -> Value {
                    if (ofFloats) {
                      Value x = leftDecoder->decode(b, v[0], Value());
                      Value y = rightDecoder->decode(b, v[1], Value());
                      return math::FmaOp::create(b, x, y, v[2]);
                    }
                    Value x = difference(b, lhs, v[0], /*row=*/0, first, step);
                    Value y = difference(b, rhs, v[1], /*row=*/1, first, step);
                    return arith::AddIOp::create(b, v[2], arith::MulIOp::create(b, x, y));
                  });
    return b.generic("ppr", {{accumulators, {0, 1, 2}}}, {sums, {0, 1}},
                     [&](TensorBuilder &b, ValueRange v) -> Value {
                       Value scale = parameterAt(b, rhs, rhs.scales, /*row=*/1, first, step);
                       if (table) {
                         scale = arith::MulFOp::create(b, scale, b.f32(table->unit));
                       }
                       if (!isOneBlock(lhs.type)) {
                         Value left = parameterAt(b, lhs, lhs.scales, /*row=*/0, first, step);
                         scale = arith::MulFOp::create(b, left, scale);
                       }
                       Value sum = v[0];
                       if (!ofFloats) {
                         sum = arith::SIToFPOp::create(b, b.getF32Type(), sum);
                       }
                       return math::FmaOp::create(b, sum, scale, v[1]);
                     });
  }

  /// t * sl[m] + bias[n]
  Value finish(Value sums) {
    SmallVector<LoopOperand> operands;
    const bool hasLeftScale = isOneBlock(lhs.type);
    if (hasLeftScale) {
      const bool oneRow = isWholeAxis(lhs.type.getScheme(), lhs.type.getShape(), 0);
      operands.push_back({lhs.scales, {oneRow ? LoopOperand::first : 0, LoopOperand::first}});
    }
    if (op.getBias()) {
      operands.push_back({op.getBias(), {1}});
    }
    if (operands.empty()) {
      return sums;
    }
    return b.generic("pp", operands, {sums, {0, 1}}, [&](TensorBuilder &b, ValueRange v) {
      Value t = v.back();
      if (hasLeftScale) {
        t = arith::MulFOp::create(b, t, v[0]);
      }
      return op.getBias() ? arith::AddFOp::create(b, t, v[v.size() - 2]).getResult() : t;
    });
  }

  ContractOp op;
  QTensorParts lhs;
  QTensorParts rhs;
  TensorBuilder b;
  RankedTensorType resultType;
  OpFoldResult rows;
  OpFoldResult columns;
  /// What the codes of the right side stand for that are not integers.
  std::optional<numerics::CodeTable> table;
  Value multiples;
  /// Of codes that are floats.
  std::optional<ElementDecoder> leftDecoder, rightDecoder;
};

/// quench.contract of codes
///   -> generic(m, n, g, j): acc += (lhs - zl) * (rhs - zr)
///      generic(m, n, g): t = fma(f32(acc), sr[n, g], t)
///      generic(m, n): t * sl[m] + bias[n]
///    where acc is a sum in f32 of fma(lhs, rhs, acc) if the codes are floats
/// quench.contract of a float left side
///   -> the dequantized right side, and the generics of a linear layer
struct LowerContract : public OpConversionPattern<ContractOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(ContractOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    auto left = dyn_cast<QTensorType>(op.getLhs().getType());
    auto right = dyn_cast<QTensorType>(op.getRhs().getType());
    if (left && !CodeContraction::isSupported(left, right)) {
      return rewriter.notifyMatchFailure(op, "expected a static K, or one block along K");
    }
    if (left) {
      QTensorParts lhs(left, adaptor.getLhs()), rhs(right, adaptor.getRhs());
      rewriter.replaceOp(op, CodeContraction(op, lhs, rhs, rewriter).lower());
      return success();
    }
    TensorBuilder b(op.getLoc(), rewriter);
    Value rhs = right ? emitDequantize(b, QTensorParts(right, adaptor.getRhs())) : op.getRhs();
    rewriter.replaceOp(op, b.linear(op.getLhs(), rhs, op.getBias(),
                                    cast<RankedTensorType>(op.getResult().getType())));
    return success();
  }
};
} // namespace

void quench::populateLowerContract(const QTensorExpansion &converter, RewritePatternSet &patterns) {
  patterns.add<LowerContract>(converter, patterns.getContext());
}
