//===- TosaIntegerOps.cpp - The integer profile of TOSA -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// TOSA 1.0 on integers (https://www.mlplatform.org/tosa/tosa_spec.html): exact, and an error where
// the specification calls a program unpredictable, as with a sum that leaves its accumulator.
//
//===----------------------------------------------------------------------===//

#include "TosaInteger.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <algorithm>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

using IntegerFunction = Expected<int64_t> (*)(int64_t, int64_t);

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// Where an index of the whole shape is in an operand, whose axes of size 1 are repeated.
static int64_t placeIn(const Value &operand, ArrayRef<int64_t> index) {
  SmallVector<int64_t> own(index);
  for (auto [coordinate, size] : llvm::zip_equal(own, operand.shape())) {
    coordinate = size == 1 ? 0 : coordinate;
  }
  return position(own, operand.shape());
}

Expected<Value> makeIntegers(Type element, ArrayRef<int64_t> shape,
                             llvm::function_ref<Expected<int64_t>(ArrayRef<int64_t>)> make) {
  Expected<Value> result = makeTensor(element, shape);
  if (!result) {
    return result;
  }
  Error error = Error::success();
  int64_t place = 0;
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    Expected<int64_t> value = error ? Expected<int64_t>(0) : make(index);
    if (!value) {
      error = joinErrors(std::move(error), value.takeError());
      return;
    }
    result->integers[place++] = *value;
  });
  if (error) {
    return std::move(error);
  }
  return result;
}

static Expected<Value> evaluateBinary(Operation *op, const Frame &frame,
                                      llvm::function_ref<Expected<int64_t>(int64_t, int64_t)> f) {
  const Value &lhs = frame[op->getOperand(0)], &rhs = frame[op->getOperand(1)];
  SmallVector<int64_t> shape;
  for (auto [a, b] : llvm::zip_equal(lhs.shape(), rhs.shape())) {
    if (a != b && a != 1 && b != 1) {
      return failure("expected operands of the same shape up to axes of size 1, found %s and %s",
                     shapeString(lhs.shape()).c_str(), shapeString(rhs.shape()).c_str());
    }
    shape.push_back(a == 1 ? b : a);
  }
  Type element = getElementTypeOrSelf(op->getResult(0).getType());
  return makeIntegers(element, shape, [&](ArrayRef<int64_t> index) -> Expected<int64_t> {
    Expected<int64_t> value =
        f(lhs.integers[placeIn(lhs, index)], rhs.integers[placeIn(rhs, index)]);
    return value ? fit(*value, element.getIntOrFloatBitWidth()) : std::move(value);
  });
}

/// Products of i32 are shifted to the right, half up.
static Expected<Value> evaluateProduct(tosa::MulOp op, const Frame &frame) {
  const int64_t shift = single(frame, op.getShift());
  if (shift < 0 || shift > 63) {
    return failure("expected a shift from 0 to 63, found %lld", static_cast<long long>(shift));
  }
  return evaluateBinary(op, frame, [shift](int64_t a, int64_t b) -> Expected<int64_t> {
    __int128 product = static_cast<__int128>(a) * b;
    product = shift == 0 ? product : (product + (__int128(1) << (shift - 1))) >> shift;
    return static_cast<int64_t>(product);
  });
}

static Expected<Value> evaluateClamp(tosa::ClampOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const int64_t low = cast<IntegerAttr>(op.getMinVal()).getInt();
  const int64_t high = cast<IntegerAttr>(op.getMaxVal()).getInt();
  for (int64_t &x : result.integers) {
    x = std::min(std::max(x, low), high);
  }
  return result;
}

/// `table[x + 128]` for bytes.
static Expected<Value> evaluateTable(tosa::TableOp op, const Frame &frame) {
  const Value &input = frame[op.getInput1()], &table = frame[op.getTable()];
  if (!input.elementType().isInteger(8) || table.size() != 256) {
    return failure("expected bytes and a table of 256 elements, found one of %lld",
                   static_cast<long long>(table.size()));
  }
  Expected<Value> result = makeTensor(table.elementType(), input.shape());
  if (!result) {
    return result;
  }
  for (auto [element, x] : llvm::zip_equal(result->integers, input.integers)) {
    element = table.integers[x + 128];
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Rescale
//===----------------------------------------------------------------------===//

/// apply_scale_32, with single rounding.
static Expected<int64_t> applyScale(int64_t value, int64_t multiplier, int64_t shift) {
  if (multiplier < 0 || shift < 2 || shift > 62) {
    return failure("expected a multiplier that is not negative and a shift from 2 to 62, found "
                   "%lld and %lld",
                   static_cast<long long>(multiplier), static_cast<long long>(shift));
  }
  if (!isIntN(static_cast<unsigned>(shift), value)) {
    return failure("expected a value of as many bits as the shift, %lld, found %lld",
                   static_cast<long long>(shift), static_cast<long long>(value));
  }
  const __int128 product = static_cast<__int128>(value) * multiplier;
  return fit(static_cast<int64_t>((product + (__int128(1) << (shift - 1))) >> shift), 32);
}

static Expected<Value> evaluateRescale(tosa::RescaleOp op, const Frame &frame) {
  if (!op.getScale32() || op.getRoundingMode() != tosa::RoundingMode::SINGLE_ROUND ||
      op.getInputUnsigned() || op.getOutputUnsigned()) {
    return failure("expected signed integers, multipliers of 32 bits and single rounding");
  }
  const Value &input = frame[op.getInput()];
  const Value &multipliers = frame[op.getMultiplier()], &shifts = frame[op.getShift()];
  const int64_t channels = op.getPerChannel() && !input.shape().empty() ? input.shape().back() : 1;
  if (multipliers.size() != channels || shifts.size() != channels) {
    return failure("expected a multiplier and a shift for each of %lld channels",
                   static_cast<long long>(channels));
  }
  Type element = getElementTypeOrSelf(op.getOutput().getType());
  const unsigned bits = element.getIntOrFloatBitWidth();
  Expected<Value> result = makeTensor(element, input.shape());
  if (!result) {
    return result;
  }
  const int64_t from = single(frame, op.getInputZp()), to = single(frame, op.getOutputZp());
  for (int64_t i = 0; i < input.size(); ++i) {
    const int64_t channel = i % channels;
    Expected<int64_t> difference = fit(input.integers[i] - from, 32);
    Expected<int64_t> scaled = difference ? applyScale(*difference, multipliers.integers[channel],
                                                       shifts.integers[channel])
                                          : std::move(difference);
    if (!scaled) {
      return scaled.takeError();
    }
    result->integers[i] = std::clamp(*scaled + to, minIntN(bits), maxIntN(bits));
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Products of matrices
//===----------------------------------------------------------------------===//

/// c[b, m, n] = Σ_k (a[b, m, k] - za) (b[b, k, n] - zb), no partial sum outside of i32
static Expected<Value> evaluateMatMul(tosa::MatMulOp op, const Frame &frame) {
  const Value &a = frame[op.getA()], &b = frame[op.getB()];
  const int64_t za = single(frame, op.getAZp()), zb = single(frame, op.getBZp());
  const int64_t M = a.shape()[1], K = a.shape()[2], N = b.shape()[2];
  if (b.shape()[0] != a.shape()[0] || b.shape()[1] != K) {
    return failure("expected the same batches and the same K on both sides, found %s and %s",
                   shapeString(a.shape()).c_str(), shapeString(b.shape()).c_str());
  }
  Type element = getElementTypeOrSelf(op.getOutput().getType());
  Expected<Value> result = makeTensor(element, {a.shape()[0], M, N});
  if (!result) {
    return result;
  }
  int64_t place = 0;
  for (int64_t row = 0; row < a.shape()[0] * M; ++row) {
    for (int64_t n = 0; n < N; ++n) {
      int64_t sum = 0;
      for (int64_t k = 0; k < K; ++k) {
        sum += (a.integers[row * K + k] - za) * (b.integers[(row / M * K + k) * N + n] - zb);
        if (Error error = fit(sum, element.getIntOrFloatBitWidth()).takeError()) {
          return std::move(error);
        }
      }
      result->integers[place++] = sum;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

/// Along an axis that stays with size 1.
template <typename OpTy>
static Expected<Value> reduce(OpTy op, const Frame &frame, int64_t start,
                              int64_t (*function)(int64_t, int64_t)) {
  const Value &input = frame[op.getInput()];
  SmallVector<int64_t> shape(input.shape());
  shape[op.getAxis()] = 1;
  Expected<Value> result = makeTensor(input.elementType(), shape);
  if (!result) {
    return result;
  }
  std::fill(result->integers.begin(), result->integers.end(), start);
  const unsigned bits = input.elementType().getIntOrFloatBitWidth();
  Error error = Error::success();
  int64_t place = 0;
  forEachIndex(input.shape(), [&](ArrayRef<int64_t> index) {
    int64_t &element = result->integers[placeIn(*result, index)];
    element = function(element, input.integers[place++]);
    error = joinErrors(std::move(error), fit(element, bits).takeError());
  });
  if (error) {
    return std::move(error);
  }
  return result;
}

static Expected<Value> evaluateReduceSum(tosa::ReduceSumOp op, const Frame &frame) {
  return reduce(op, frame, 0, [](int64_t a, int64_t b) { return a + b; });
}

static Expected<Value> evaluateReduceMax(tosa::ReduceMaxOp op, const Frame &frame) {
  return reduce(op, frame, std::numeric_limits<int32_t>::min(),
                [](int64_t a, int64_t b) { return std::max(a, b); });
}

//===----------------------------------------------------------------------===//
// Registration
//===----------------------------------------------------------------------===//

template <typename OpTy> static void addBinary(OpTable &table, IntegerFunction function) {
  table.addVariant(OpTy::getOperationName(), isOnIntegers,
                   [function](Operation *op, const Frame &frame) {
                     return OpTable::single(evaluateBinary(op, frame, function));
                   });
}

void addTosaIntegerOps(OpTable &table) {
  addBinary<tosa::AddOp>(table, [](int64_t a, int64_t b) -> Expected<int64_t> { return a + b; });
  addBinary<tosa::SubOp>(table, [](int64_t a, int64_t b) -> Expected<int64_t> { return a - b; });
  addBinary<tosa::MaximumOp>(
      table, [](int64_t a, int64_t b) -> Expected<int64_t> { return std::max(a, b); });
  addBinary<tosa::MinimumOp>(
      table, [](int64_t a, int64_t b) -> Expected<int64_t> { return std::min(a, b); });
  addOnIntegers<tosa::MulOp>(table, evaluateProduct);
  addOnIntegers<tosa::ClampOp>(table, evaluateClamp);
  addOnIntegers<tosa::MatMulOp>(table, evaluateMatMul);
  addOnIntegers<tosa::ReduceSumOp>(table, evaluateReduceSum);
  addOnIntegers<tosa::ReduceMaxOp>(table, evaluateReduceMax);
  table.add<tosa::TableOp>(evaluateTable);
  table.add<tosa::RescaleOp>(evaluateRescale);
}

} // namespace quench::reference
