//===- QuantizationOps.cpp - From float tensors to codes and back ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "Quantization.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/IR/TypeUtilities.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

static Expected<Value> evaluateQuantize(QuantizeOp op, const Frame &frame) {
  return quantize(frame[op.getInput()], op.getResult().getType().getScheme(),
                  frame.optional(op.getScale()), frame.optional(op.getZeroPoint()),
                  {static_cast<float>(op.getClip().convertToDouble()), op.getRule()});
}

static Expected<Value> evaluateDequantize(DequantizeOp op, const Frame &frame) {
  return dequantize(frame[op.getInput()]);
}

static Expected<Value> evaluateFakeQuantize(FakeQuantizeOp op, const Frame &frame) {
  Expected<Value> codes =
      quantize(frame[op.getInput()], op.getScheme(), frame.optional(op.getScale()),
               frame.optional(op.getZeroPoint()),
               {static_cast<float>(op.getClip().convertToDouble()), op.getRule()});
  if (!codes) {
    return codes.takeError();
  }
  return dequantize(*codes);
}

static Expected<Results> evaluateSplitOutliers(SplitOutliersOp op, const Frame &frame) {
  Value dense = frame[op.getInput()];
  Value outliers = dense;
  const int64_t channels = dense.shape().back();
  const double threshold = op.getThreshold().convertToDouble();
  std::vector<bool> isLarge(channels, false);
  for (size_t i = 0; i < dense.floats.size(); ++i) {
    if (std::fabs(dense.floats[i]) >= threshold) {
      isLarge[i % channels] = true;
    }
  }
  for (size_t i = 0; i < dense.floats.size(); ++i) {
    (isLarge[i % channels] ? dense : outliers).floats[i] = 0.0f;
  }
  return Results{std::move(dense), std::move(outliers)};
}

//===----------------------------------------------------------------------===//
// Requantize
//===----------------------------------------------------------------------===//

/// Wide enough for the product of a 33-bit difference and a 31-bit multiplier with any rounding.
using Wide = __int128;

static Wide floorShift(Wide value, int shift) { return value >> shift; }

/// Half toward plus infinity.
static Wide roundHalfUp(Wide value, int shift) {
  return floorShift(value + (Wide(1) << (shift - 1)), shift);
}

static Wide roundHalfAway(Wide value, int shift) {
  return value < 0 ? -roundHalfUp(-value, shift) : roundHalfUp(value, shift);
}

/// value * multiplier * 2^-shift. Double rounding goes through the doubling high multiplication, a
/// product in units of 2^31, wherever the shift leaves something to round after it.
static Wide rescale(Wide value, int32_t multiplier, int32_t shift, RequantizeRounding rounding) {
  const Wide product = value * multiplier;
  if (rounding == RequantizeRounding::Double && shift > 31) {
    return roundHalfAway(roundHalfUp(product, 31), shift - 31);
  }
  return roundHalfUp(product, shift);
}

/// y = clamp(round((x - input_zero_point) * multiplier * 2^-shift) + output_zero_point)
static Expected<Value> evaluateRequantize(RequantizeOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const auto resultType = cast<IntegerType>(getElementTypeOrSelf(op.getResult().getType()));
  const ArrayRef<int32_t> multipliers = op.getMultiplier(), shifts = op.getShift();
  const int64_t channels = static_cast<int64_t>(multipliers.size());
  if (channels != 1 && (input.shape().empty() || input.shape().back() != channels)) {
    return failure("expected a last axis of %lld elements, one for each multiplier, found shape "
                   "[%s]",
                   static_cast<long long>(channels), shapeString(input.shape()).c_str());
  }
  Expected<Value> result = makeTensor(resultType, input.shape());
  if (!result) {
    return result;
  }
  for (int64_t i = 0; i < input.size(); ++i) {
    const int64_t channel = channels == 1 ? 0 : i % channels;
    const Wide y = rescale(Wide(input.integers[i]) - static_cast<int32_t>(op.getInputZeroPoint()),
                           multipliers[channel], shifts[channel], op.getRounding()) +
                   static_cast<int32_t>(op.getOutputZeroPoint());
    result->integers[i] = static_cast<int64_t>(
        std::clamp<Wide>(y, minIntN(resultType.getWidth()), maxIntN(resultType.getWidth())));
  }
  return result;
}

void addQuantizationOps(OpTable &table) {
  table.add<QuantizeOp>(evaluateQuantize);
  table.add<DequantizeOp>(evaluateDequantize);
  table.add<FakeQuantizeOp>(evaluateFakeQuantize);
  table.add<SplitOutliersOp>(evaluateSplitOutliers);
  table.add<RequantizeOp>(evaluateRequantize);
}

} // namespace quench::reference
