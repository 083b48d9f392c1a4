//===- ScaleOfBlocks.cpp - Scales and zero points computed at run time -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each axis of the input is split into blocks x elements of a block, after zeros have filled the
// last block; zeros change neither an absolute maximum nor a range that has to hold 0. The elements
// are reduced, the blocks remain, and what follows is one generic over the blocks.
//
//===----------------------------------------------------------------------===//

#include "ScaleOfBlocks.h"

#include "BlockParameters.h"
#include "ElementCode.h"
#include "FloatCode.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using numerics::Encoding;
using numerics::FloatFormat;

namespace {
/// A tensor with its axes split into blocks and their elements.
struct SplitTensor {
  Value tensor;
  /// Loops in the order of the axes of `tensor`.
  std::string iterators;
  LoopOperand operand;
  /// The loops over blocks, the axes of the tensor of scales.
  SmallVector<int64_t> blockLoops;
  SmallVector<OpFoldResult> blockCounts;
  RankedTensorType scalesType;
};
} // namespace

/// Splits axes whose blocks are not single indices. The shape stays static where it was.
static SplitTensor splitBlocks(TensorBuilder &b, Value input, SchemeAttr scheme) {
  auto type = cast<RankedTensorType>(input.getType());
  ArrayRef<int64_t> shape = type.getShape();
  SplitTensor split;
  SmallVector<OpFoldResult> sizes = b.sizes(input), high(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> splitSizes;
  SmallVector<int64_t> paddedShape(shape), splitShape;
  SmallVector<ReassociationIndices> axes(sizes.size());
  AffineExpr size = b.getAffineSymbolExpr(0);
  bool isPadded = false;
  for (int64_t axis : allLoops(type.getRank())) {
    const int64_t extent = scheme.getBlock()[axis];
    auto addAxis = [&](OpFoldResult count, int64_t dim, char iterator) {
      axes[axis].push_back(splitSizes.size());
      splitSizes.push_back(count);
      splitShape.push_back(dim);
      split.iterators.push_back(iterator);
    };
    split.blockLoops.push_back(splitSizes.size());
    if (extent == 1) {
      addAxis(sizes[axis], shape[axis], 'p');
    } else if (isWholeAxis(scheme, shape, axis)) {
      addAxis(b.getIndexAttr(1), 1, 'p');
      addAxis(sizes[axis], shape[axis], 'r');
    } else {
      OpFoldResult count =
          affine::makeComposedFoldedAffineApply(b, b.getLoc(), size.ceilDiv(extent), sizes[axis]);
      high[axis] = affine::makeComposedFoldedAffineApply(
          b, b.getLoc(), size.ceilDiv(extent) * extent - size, sizes[axis]);
      isPadded |= getConstantIntValue(high[axis]) != 0;
      std::optional<int64_t> known = getConstantIntValue(count);
      paddedShape[axis] = known ? *known * extent : ShapedType::kDynamic;
      addAxis(count, known.value_or(ShapedType::kDynamic), 'p');
      addAxis(b.getIndexAttr(extent), extent, 'r');
    }
    split.blockCounts.push_back(splitSizes[split.blockLoops.back()]);
  }
  if (isPadded) {
    SmallVector<OpFoldResult> low(sizes.size(), b.getIndexAttr(0));
    Value zero = arith::ConstantOp::create(b, b.getFloatAttr(type.getElementType(), 0.0));
    input = tensor::PadOp::create(b, type.clone(paddedShape), input, low, high, zero);
  }
  split.tensor = input;
  if (splitShape.size() != paddedShape.size()) {
    split.tensor =
        tensor::ExpandShapeOp::create(b, type.clone(splitShape), input, axes, splitSizes);
  }
  split.operand = {split.tensor, allLoops(splitShape.size())};
  split.scalesType = RankedTensorType::get(scheme.getScaleShape(shape), b.getF32Type());
  return split;
}

/// Reduces the elements of each block from 0.
static Value reduceBlocks(TensorBuilder &b, const SplitTensor &split,
                          function_ref<Value(TensorBuilder &, Value element, Value sum)> combine) {
  Value zeros = b.filled(split.scalesType, split.blockCounts, b.f32(0.0f));
  return b.generic(split.iterators, split.operand, {zeros, split.blockLoops},
                   [&](TensorBuilder &b, ValueRange v) { return combine(b, b.toF32(v[0]), v[1]); });
}

static Value absoluteMaximum(TensorBuilder &b, const SplitTensor &split) {
  return reduceBlocks(b, split, [](TensorBuilder &b, Value element, Value maximum) -> Value {
    Value magnitude = math::AbsFOp::create(b, element);
    return arith::MaxNumFOp::create(b, maximum, magnitude);
  });
}

/// One value for each block from those of other tensors over the blocks.
static Value mapBlocks(TensorBuilder &b, const SplitTensor &split, ValueRange inputs, Type element,
                       function_ref<Value(TensorBuilder &, ValueRange)> body) {
  const int64_t rank = split.scalesType.getRank();
  SmallVector<LoopOperand> operands;
  for (Value input : inputs) {
    operands.push_back({input, allLoops(rank)});
  }
  auto type = RankedTensorType::get(split.scalesType.getShape(), element);
  return b.generic(parallelLoops(rank), operands,
                   {b.empty(type, split.blockCounts), allLoops(rank)}, body);
}

static Value isZero(TensorBuilder &b, Value value) {
  return arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, value, b.f32(0.0f));
}

/// 2^(floor(log2 absmax) - emax), at least 2^-127: the OCP rule, on the bits of the f32.
static Value powerOfTwoScale(TensorBuilder &b, Value absmax, const Encoding &element) {
  const int emax = std::ilogb(element.maxMagnitude());
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), absmax);
  Value exponent = arith::ShRUIOp::create(b, bits, b.i32(23));
  exponent = arith::SubIOp::create(b, exponent, b.i32(emax));
  exponent = arith::MaxSIOp::create(b, exponent, b.i32(0));
  Value normal = arith::ShLIOp::create(b, exponent, b.i32(23));
  // 2^-127 is subnormal.
  Value isSmallest = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent, b.i32(0));
  Value result = arith::SelectOp::create(b, isSmallest, b.i32(0x00400000), normal);
  return arith::BitcastOp::create(b, b.getF32Type(), result);
}

/// Ideal scales (0 for blocks of zeros) after a trip through a scheme of their own. Codes that
/// stand for nothing positive are raised to the smallest that does; blocks of zeros take the code
/// of 1.
static Value nestedScales(TensorBuilder &b, Value ideal, SchemeAttr nested) {
  auto type = cast<RankedTensorType>(ideal.getType());
  const Encoding element = nested.getNumericsScheme().element;
  const float one = element.decodeCode(element.encodeValue(1.0f));
  const float smallest = element.decodeCode(element.smallestPositiveCode().value_or(0));
  Value outer = emitDynamicParameters(b, ideal, nested).scales;
  ElementEncoder encoder(b, nested);
  ElementDecoder decoder(b, nested);
  SmallVector<int64_t> loops = allLoops(type.getRank());
  SmallVector<LoopOperand> operands = {{ideal, loops}};
  BlockParameters parameters(nested, type.getShape());
  parameters.add(operands, outer);
  return b.generic(parallelLoops(type.getRank()), operands, {b.empty(type, b.sizes(ideal)), loops},
                   [&](TensorBuilder &b, ValueRange v) -> Value {
                     Value scale = parameters.read(b, v, 0);
                     Value code = encoder.encode(b, v[0], scale, /*zeroPoint=*/nullptr);
                     Value value = decoder.decode(b, code, /*zeroPoint=*/nullptr);
                     value = arith::SelectOp::create(b, isZero(b, v[0]), b.f32(one), value);
                     Value isPositive =
                         arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, value, b.f32(0.0f));
                     value = arith::SelectOp::create(b, isPositive, value, b.f32(smallest));
                     return arith::MulFOp::create(b, value, scale);
                   });
}

/// What is stored for the ideal scales.
static Value storedScales(TensorBuilder &b, const SplitTensor &split, Value ideal,
                          SchemeAttr scheme) {
  if (SchemeAttr nested = scheme.getScaleScheme()) {
    return nestedScales(b, ideal, nested);
  }
  const FloatFormat format = scheme.getNumericsScheme().scale.format;
  return mapBlocks(b, split, ideal, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) -> Value {
    Value stored = emitRoundedScale(b, format, v[0]);
    return arith::SelectOp::create(b, isZero(b, v[0]), b.f32(1.0f), stored);
  });
}

/// extent / steps, above zero whenever the extent is.
static Value idealScale(TensorBuilder &b, Value extent, float steps) {
  Value scale = arith::DivFOp::create(b, extent, b.f32(steps));
  scale = arith::MaxNumFOp::create(b, scale, b.f32(numerics::minPositive(FloatFormat::F32)));
  return arith::SelectOp::create(b, isZero(b, extent), b.f32(0.0f), scale);
}

static Value scalesOfMagnitudes(TensorBuilder &b, const SplitTensor &split, SchemeAttr scheme) {
  const Encoding element = scheme.getNumericsScheme().element;
  Value absmax = absoluteMaximum(b, split);
  if (scheme.getNumericsScheme().scale.isPowerOfTwo()) {
    return mapBlocks(b, split, absmax, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
      return powerOfTwoScale(b, v[0], element);
    });
  }
  Value ideal = mapBlocks(b, split, absmax, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
    return idealScale(b, v[0], element.maxMagnitude());
  });
  return storedScales(b, split, ideal, scheme);
}

static DynamicParameters parametersOfRanges(TensorBuilder &b, const SplitTensor &split,
                                            SchemeAttr scheme) {
  const Encoding element = scheme.getNumericsScheme().element;
  const float low = static_cast<float>(element.minCode());
  const float high = static_cast<float>(element.maxCode());
  Value lows = reduceBlocks(b, split, [](TensorBuilder &b, Value x, Value low) -> Value {
    return arith::MinNumFOp::create(b, low, x);
  });
  Value highs = reduceBlocks(b, split, [](TensorBuilder &b, Value x, Value high) -> Value {
    return arith::MaxNumFOp::create(b, high, x);
  });
  DynamicParameters result;
  if (scheme.getNumericsScheme().scale.isPowerOfTwo()) {
    result.scales = scalesOfMagnitudes(b, split, scheme);
  } else {
    Value ideal =
        mapBlocks(b, split, {lows, highs}, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
          Value width = arith::SubFOp::create(b, v[1], v[0]);
          return idealScale(b, width, high - low);
        });
    result.scales = storedScales(b, split, ideal, scheme);
  }
  // clamp(roundeven(-lo / s) + min, min, max)
  result.zeroPoints = mapBlocks(b, split, {lows, result.scales}, b.getI32Type(),
                                [&](TensorBuilder &b, ValueRange v) -> Value {
                                  Value negated = arith::NegFOp::create(b, v[0]);
                                  Value steps = arith::DivFOp::create(b, negated, v[1]);
                                  steps = math::RoundEvenOp::create(b, steps);
                                  Value zeroPoint = arith::AddFOp::create(b, steps, b.f32(low));
                                  zeroPoint = arith::MaxNumFOp::create(b, zeroPoint, b.f32(low));
                                  zeroPoint = arith::MinNumFOp::create(b, zeroPoint, b.f32(high));
                                  return arith::FPToSIOp::create(b, b.getI32Type(), zeroPoint);
                                });
  return result;
}

DynamicParameters quench::emitDynamicParameters(TensorBuilder &b, Value input, SchemeAttr scheme) {
  SplitTensor split = splitBlocks(b, input, scheme);
  if (scheme.getZeroPoint()) {
    return parametersOfRanges(b, split, scheme);
  }
  return {scalesOfMagnitudes(b, split, scheme), Value()};
}
