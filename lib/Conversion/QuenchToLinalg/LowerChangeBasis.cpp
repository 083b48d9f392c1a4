//===- LowerChangeBasis.cpp - Changes of basis as loops --------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The plain form: a diagonal multiplies, a permutation gathers, blocks and other maps are products
// with a constant matrix, compositions are one after the other. Kernels do better where code is
// generated for speed (quench/Codegen/BasisKernel.h).
//
//===----------------------------------------------------------------------===//

#include "Patterns.h"

#include "quench/Conversion/TensorBuilder/TensorBuilder.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace quench;

static Value constantOf(TensorBuilder &b, ArrayRef<int64_t> shape, ArrayRef<double> values) {
  SmallVector<float> rounded(values.begin(), values.end());
  auto type = RankedTensorType::get(shape, b.getF32Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef<float>(rounded)));
}

/// f32 as the element type of the op.
static Value narrow(TensorBuilder &b, Value value, Type element) {
  return element.isF32() ? value : arith::TruncFOp::create(b, element, value).getResult();
}

/// Elementwise on `input`, which has one axis for the map.
static Value elementwise(TensorBuilder &b, Value input, ArrayRef<LoopOperand> others,
                         function_ref<Value(TensorBuilder &, ValueRange)> body) {
  auto type = cast<RankedTensorType>(input.getType());
  SmallVector<int64_t> loops = allLoops(type.getRank());
  SmallVector<LoopOperand> operands = {{input, loops}};
  llvm::append_range(operands, others);
  return b.generic(parallelLoops(type.getRank()), operands, {b.empty(type, b.sizes(input)), loops},
                   body);
}

static Value scale(TensorBuilder &b, Value input, int64_t axis, ArrayRef<double> entries,
                   bool inverse) {
  Type element = getElementTypeOrSelf(input.getType());
  Value constant = constantOf(b, {static_cast<int64_t>(entries.size())}, entries);
  return elementwise(b, input, {{constant, {axis}}}, [&](TensorBuilder &b, ValueRange v) -> Value {
    Value value = b.toF32(v[0]);
    value = inverse ? arith::DivFOp::create(b, value, v[1]).getResult()
                    : arith::MulFOp::create(b, value, v[1]).getResult();
    return narrow(b, value, element);
  });
}

static Value gather(TensorBuilder &b, Value input, int64_t axis, ArrayRef<int64_t> sources) {
  auto table = RankedTensorType::get({static_cast<int64_t>(sources.size())}, b.getI64Type());
  Value constant = arith::ConstantOp::create(b, DenseElementsAttr::get(table, sources));
  auto type = cast<RankedTensorType>(input.getType());
  return b.generic(parallelLoops(type.getRank()), {{constant, {axis}}},
                   {b.empty(type, b.sizes(input)), allLoops(type.getRank())},
                   [&](TensorBuilder &b, ValueRange v) -> Value {
                     SmallVector<Value> place;
                     for (int64_t loop = 0; loop < type.getRank(); ++loop) {
                       place.push_back(b.loopIndex(loop));
                     }
                     place[axis] =
                         arith::IndexCastOp::create(b, b.getIndexType(), v[0]).getResult();
                     return tensor::ExtractOp::create(b, input, place);
                   });
}

/// result[.., j, ..] = sum_k input[.., k, ..] * matrix[k, j], summed in f32 in ascending order of k
static Value multiply(TensorBuilder &b, Value input, int64_t axis, ArrayRef<double> matrix) {
  auto type = cast<RankedTensorType>(input.getType());
  int64_t rank = type.getRank(), size = type.getDimSize(axis);
  Value constant = constantOf(b, {size, size}, matrix);
  SmallVector<int64_t> reads = allLoops(rank);
  reads[axis] = rank;
  auto wide = cast<RankedTensorType>(type.clone(b.getF32Type()));
  Value sums = b.filled(wide, b.sizes(input), b.f32(0.0f));
  sums = b.generic(parallelLoops(rank) + "r", {{input, reads}, {constant, {rank, axis}}},
                   {sums, allLoops(rank)}, [](TensorBuilder &b, ValueRange v) -> Value {
                     Value product = arith::MulFOp::create(b, b.toF32(v[0]), v[1]);
                     return arith::AddFOp::create(b, v[2], product);
                   });
  if (type.getElementType().isF32()) {
    return sums;
  }
  return b.generic(parallelLoops(rank), {{sums, allLoops(rank)}},
                   {b.empty(type, b.sizes(input)), allLoops(rank)},
                   [&](TensorBuilder &b, ValueRange v) -> Value {
                     return narrow(b, v[0], type.getElementType());
                   });
}

namespace {
/// quench.change_basis %x by M axes [a] -> generic: %x[.., k, ..] * M[k, j]
struct LowerChangeBasis : public OpConversionPattern<ChangeBasisOp> {
  using Base::Base;

  LogicalResult matchAndRewrite(ChangeBasisOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    BasisUse use = normalize(op.getUse(), op.getInput().getType().getShape());
    if (use.isIdentity()) {
      rewriter.replaceOp(op, op.getInput());
      return success();
    }
    FailureOr<SmallVector<Step>> steps = makeSteps(op, use.map, rewriter);
    if (failed(steps)) {
      return failure();
    }
    TensorBuilder b(op.getLoc(), rewriter);
    SmallVector<ReassociationIndices> groups = groupAxes(op.getInput().getType().getRank(), use);
    Value value = op.getInput();
    SmallVector<OpFoldResult> sizes = b.sizes(value);
    if (use.numAxes > 1) {
      value = tensor::CollapseShapeOp::create(b, value, groups);
    }
    for (const Step &step : *steps) {
      value = emit(b, value, use.firstAxis, step);
    }
    if (use.numAxes > 1) {
      value = tensor::ExpandShapeOp::create(b, op.getResult().getType(), value, groups, sizes);
    }
    rewriter.replaceOp(op, value);
    return success();
  }

private:
  /// One factor: a diagonal or a permutation, else a matrix.
  struct Step {
    MapUse use;
    std::vector<double> entries;
  };

  static SmallVector<ReassociationIndices> groupAxes(int64_t rank, const BasisUse &use) {
    SmallVector<ReassociationIndices> groups;
    for (int64_t axis = 0; axis < rank; ++axis) {
      if (axis > use.firstAxis && axis < use.endAxis()) {
        groups.back().push_back(axis);
      } else {
        groups.push_back({axis});
      }
    }
    return groups;
  }

  static FailureOr<SmallVector<Step>> makeSteps(ChangeBasisOp op, MapUse use,
                                                PatternRewriter &rewriter) {
    SmallVector<MapUse> factors = {use};
    if (auto composed = dyn_cast<ComposedAttr>(use.map)) {
      factors = composed.getFactors();
    }
    SmallVector<Step> steps;
    for (const MapUse &factor : factors) {
      Step &step = steps.emplace_back(Step{factor, {}});
      if (isa<PermutationAttr>(factor.map)) {
        continue;
      }
      llvm::Expected<numerics::BasisMap> map = factor.map.getNumericsMap();
      llvm::Error error =
          map ? map->checkEvaluable({factor.inverse, factor.transposed}) : map.takeError();
      if (error) {
        return rewriter.notifyMatchFailure(op, llvm::toString(std::move(error)));
      }
      if (auto diagonal = dyn_cast<DiagonalAttr>(factor.map)) {
        step.entries = *diagonal.getValues();
      } else {
        step.entries = llvm::cantFail(map->toDense({factor.inverse, factor.transposed}));
      }
    }
    return steps;
  }

  static Value emit(TensorBuilder &b, Value value, int64_t axis, const Step &step) {
    if (auto permutation = dyn_cast<PermutationAttr>(step.use.map)) {
      return gather(b, value, axis, permutation.getSources());
    }
    if (isa<DiagonalAttr>(step.use.map)) {
      return scale(b, value, axis, step.entries, step.use.inverse);
    }
    return multiply(b, value, axis, step.entries);
  }
};
} // namespace

void quench::populateLowerChangeBasis(const QTensorExpansion &converter,
                                      RewritePatternSet &patterns) {
  patterns.add<LowerChangeBasis>(converter, patterns.getContext());
}
