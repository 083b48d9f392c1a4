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

#include "quench/Dialect/Quench/IR/QuenchOps.h"

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

/// Above which fraction bits of an absolute maximum a rule takes the next power of two: when it is
/// normal, and when it is subnormal but at least 2^-127. Smaller ones have the smallest scale
/// anyway.
struct RoundUp {
  int32_t normal;
  int32_t subnormal;
};

static std::optional<RoundUp> roundUpAbove(ScaleRule rule, const Encoding &element) {
  constexpr int32_t one = 1 << 23;
  const float largest = element.maxMagnitude();
  const int emax = std::ilogb(largest);
  switch (rule) {
  case ScaleRule::Floor:
    return std::nullopt;
  case ScaleRule::Ceil:
    return RoundUp{0, one / 2};
  case ScaleRule::Even: {
    const int fraction =
        element.isFloat() ? static_cast<int>(numerics::mantissaBits(element.floatFormat())) : emax;
    return RoundUp{one - (one >> (fraction + 1)) - 1, one - (one >> (fraction + 2)) - 1};
  }
  case ScaleRule::RoundCeil: {
    const float mantissa = std::ldexp(largest, -emax);
    return RoundUp{static_cast<int32_t>((mantissa - 1.0f) * one),
                   static_cast<int32_t>(mantissa * (one / 2))};
  }
  }
  return std::nullopt;
}

/// 2^(floor(log2 absmax) - emax) with the floor rounded up by the rule, within [2^-127, 2^127]; on
/// the bits of the f32.
static Value powerOfTwoScale(TensorBuilder &b, Value absmax, const Encoding &element,
                             ScaleRule rule) {
  const int emax = std::ilogb(element.maxMagnitude());
  Value bits = arith::BitcastOp::create(b, b.getI32Type(), absmax);
  Value exponent = arith::ShRUIOp::create(b, bits, b.i32(23));
  if (std::optional<RoundUp> above = roundUpAbove(rule, element)) {
    Value fraction = arith::AndIOp::create(b, bits, b.i32(0x007fffff));
    Value isSubnormal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, exponent, b.i32(0));
    Value bound =
        arith::SelectOp::create(b, isSubnormal, b.i32(above->subnormal), b.i32(above->normal));
    Value isAbove = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, fraction, bound);
    Value step = arith::ExtUIOp::create(b, b.getI32Type(), isAbove);
    exponent = arith::AddIOp::create(b, exponent, step);
  }
  exponent = arith::SubIOp::create(b, exponent, b.i32(emax));
  exponent = arith::MaxSIOp::create(b, exponent, b.i32(0));
  exponent = arith::MinSIOp::create(b, exponent, b.i32(254));
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

/// Ranges shrunk by a clip, before scales are computed from them.
static Value clipped(TensorBuilder &b, const SplitTensor &split, Value extent, float clip) {
  if (clip == 1.0f) {
    return extent;
  }
  return mapBlocks(b, split, extent, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) -> Value {
    return arith::MulFOp::create(b, v[0], b.f32(clip));
  });
}

static Value scalesOfMagnitudes(TensorBuilder &b, const SplitTensor &split, SchemeAttr scheme,
                                ScaleChoice choice) {
  const Encoding element = scheme.getNumericsScheme().element;
  Value absmax = clipped(b, split, absoluteMaximum(b, split), choice.clip);
  if (scheme.getNumericsScheme().scale.isPowerOfTwo()) {
    return mapBlocks(b, split, absmax, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
      return powerOfTwoScale(b, v[0], element, choice.rule);
    });
  }
  Value ideal = mapBlocks(b, split, absmax, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
    return idealScale(b, v[0], element.maxMagnitude());
  });
  return storedScales(b, split, ideal, scheme);
}

/// clamp(roundeven(-lo / s) + min, min, max)
static Value integerZeroPoint(TensorBuilder &b, Value low, Value scale, const Encoding &element) {
  Value lowest = b.f32(static_cast<float>(element.minCode()));
  Value highest = b.f32(static_cast<float>(element.maxCode()));
  Value steps = arith::DivFOp::create(b, arith::NegFOp::create(b, low), scale);
  Value zeroPoint = arith::AddFOp::create(b, math::RoundEvenOp::create(b, steps), lowest);
  zeroPoint = arith::MaxNumFOp::create(b, zeroPoint, lowest);
  zeroPoint = arith::MinNumFOp::create(b, zeroPoint, highest);
  return arith::FPToSIOp::create(b, b.getI32Type(), zeroPoint);
}

/// Real zero points min * s - lo after a trip through the type or the scheme they are stored in.
static Value realZeroPoints(TensorBuilder &b, const SplitTensor &split, Value lows, Value scales,
                            SchemeAttr scheme) {
  const Encoding element = scheme.getNumericsScheme().element;
  auto nested = dyn_cast<SchemeAttr>(scheme.getZeroPoint());
  Value exact = mapBlocks(
      b, split, {lows, scales}, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) -> Value {
        Value lowest = arith::MulFOp::create(b, b.f32(static_cast<float>(element.minCode())), v[1]);
        Value zeroPoint = arith::SubFOp::create(b, lowest, v[0]);
        if (nested) {
          return zeroPoint;
        }
        Type stored = cast<TypeAttr>(scheme.getZeroPoint()).getValue();
        return b.toF32(emitNarrowed(b, stored, zeroPoint));
      });
  if (!nested) {
    return exact;
  }
  auto type = cast<RankedTensorType>(exact.getType());
  Value codes = QuantizeOp::create(b, QTensorType::get(type, nested), exact, /*scale=*/Value(),
                                   /*zeroPoint=*/Value());
  return DequantizeOp::create(b, type, codes);
}

static DynamicParameters parametersOfRanges(TensorBuilder &b, const SplitTensor &split,
                                            SchemeAttr scheme, ScaleChoice choice) {
  const Encoding element = scheme.getNumericsScheme().element;
  Value lows = reduceBlocks(b, split, [](TensorBuilder &b, Value x, Value low) -> Value {
    return arith::MinNumFOp::create(b, low, x);
  });
  Value highs = reduceBlocks(b, split, [](TensorBuilder &b, Value x, Value high) -> Value {
    return arith::MaxNumFOp::create(b, high, x);
  });
  lows = clipped(b, split, lows, choice.clip);
  highs = clipped(b, split, highs, choice.clip);
  Value ideal =
      mapBlocks(b, split, {lows, highs}, b.getF32Type(), [&](TensorBuilder &b, ValueRange v) {
        Value width = arith::SubFOp::create(b, v[1], v[0]);
        return idealScale(b, width, static_cast<float>(element.maxCode() - element.minCode()));
      });
  DynamicParameters result;
  result.scales = storedScales(b, split, ideal, scheme);
  if (scheme.hasRealZeroPoints()) {
    result.zeroPoints = realZeroPoints(b, split, lows, result.scales, scheme);
  } else {
    result.zeroPoints = mapBlocks(
        b, split, {lows, result.scales}, b.getI32Type(),
        [&](TensorBuilder &b, ValueRange v) { return integerZeroPoint(b, v[0], v[1], element); });
  }
  return result;
}

DynamicParameters quench::emitDynamicParameters(TensorBuilder &b, Value input, SchemeAttr scheme,
                                                ScaleChoice choice) {
  SplitTensor split = splitBlocks(b, input, scheme);
  if (scheme.hasZeroPoints()) {
    return parametersOfRanges(b, split, scheme, choice);
  }
  return {scalesOfMagnitudes(b, split, scheme, choice), Value()};
}
