//===- TosaWindowOps.cpp - Products, convolutions and pooling of TOSA -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The sums of TOSA 1.0 on floats, in double with one rounding at the end. Images are NHWC; windows
// start at `stride * index - pad` and step by `dilation`, and what they read outside of the image
// is not there: a 0 for convolutions, nothing at all for pooling.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "TosaWindow.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

static Error requireFloatsWithoutZeroPoints(ArrayRef<const Value *> tensors,
                                            ArrayRef<const Value *> zeroPoints) {
  for (const Value *tensor : tensors) {
    if (!isa<FloatType>(tensor->elementType())) {
      return failure("expected tensors of floats");
    }
  }
  for (const Value *zeroPoint : zeroPoints) {
    if (llvm::any_of(zeroPoint->floats, [](float x) { return x != 0.0f; })) {
      return failure("expected zero points of 0");
    }
  }
  return Error::success();
}

/// c[b, m, n] = Σ_k a[b, m, k] b[b, k, n], with batches of size 1 repeated
static Expected<Value> evaluateMatMul(tosa::MatMulOp op, const Frame &frame) {
  const Value &a = frame[op.getA()], &b = frame[op.getB()];
  if (Error error =
          requireFloatsWithoutZeroPoints({&a, &b}, {&frame[op.getAZp()], &frame[op.getBZp()]})) {
    return std::move(error);
  }
  const int64_t batches = std::max(a.shape()[0], b.shape()[0]);
  const int64_t M = a.shape()[1], K = a.shape()[2], N = b.shape()[2];
  if (b.shape()[1] != K ||
      (a.shape()[0] != b.shape()[0] && a.shape()[0] != 1 && b.shape()[0] != 1)) {
    return failure("expected the same batches and the same K on both sides, found %s and %s",
                   shapeString(a.shape()).c_str(), shapeString(b.shape()).c_str());
  }
  Expected<Value> result = makeTensor(a.elementType(), {batches, M, N});
  if (!result) {
    return result;
  }
  int64_t place = 0;
  forEachIndex({batches, M, N}, [&](ArrayRef<int64_t> index) {
    const int64_t left = a.shape()[0] == 1 ? 0 : index[0], right = b.shape()[0] == 1 ? 0 : index[0];
    double sum = 0.0;
    for (int64_t k = 0; k < K; ++k) {
      sum += static_cast<double>(a.floats[(left * M + index[1]) * K + k]) *
             b.floats[(right * K + k) * N + index[2]];
    }
    result->floats[place++] = roundToType(result->elementType(), static_cast<float>(sum));
  });
  return result;
}

/// A new image with what `make({n, y, x, c})` says, of as many pixels as there are windows.
static Expected<Value> makeImage(const Value &input, int64_t channels, const TosaWindow &window,
                                 llvm::function_ref<double(ArrayRef<int64_t>)> make) {
  SmallVector<int64_t> shape = {input.shape()[0], window.countAlong(0, input.shape()[1]),
                                window.countAlong(1, input.shape()[2]), channels};
  Expected<Value> result = makeTensor(input.elementType(), shape);
  if (!result) {
    return result;
  }
  int64_t place = 0;
  forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    result->floats[place++] = roundToType(result->elementType(), static_cast<float>(make(index)));
  });
  return result;
}

/// Bias of an output channel; one of a single element is for all.
static double biasOf(const Value &bias, int64_t channel) {
  return bias.floats[bias.size() == 1 ? 0 : channel];
}

/// With the weight at [output channel, y, x, input channel].
static Expected<Value> evaluateConv2D(tosa::Conv2DOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()], &weight = frame[op.getWeight()];
  const Value &bias = frame[op.getBias()];
  if (Error error = requireFloatsWithoutZeroPoints(
          {&input, &weight, &bias}, {&frame[op.getInputZp()], &frame[op.getWeightZp()]})) {
    return std::move(error);
  }
  const int64_t rows = input.shape()[1], columns = input.shape()[2], channels = input.shape()[3];
  if (weight.shape()[3] != channels) {
    return failure("expected weights for %lld channels, found %s", static_cast<long long>(channels),
                   shapeString(weight.shape()).c_str());
  }
  const TosaWindow window{op.getPad(), op.getStride(), op.getDilation(), weight.shape()[1],
                          weight.shape()[2]};
  return makeImage(input, weight.shape()[0], window, [&](ArrayRef<int64_t> index) {
    double sum = biasOf(bias, index[3]);
    window.forEach(
        index[1], index[2], rows, columns, [&](int64_t i, int64_t j, int64_t row, int64_t column) {
          for (int64_t c = 0; c < channels; ++c) {
            sum += static_cast<double>(
                       input.floats[position({index[0], row, column, c}, input.shape())]) *
                   weight.floats[position({index[3], i, j, c}, weight.shape())];
          }
        });
    return sum;
  });
}

/// With the weight at [y, x, input channel, multiple]; output channel c M + m.
static Expected<Value> evaluateDepthwise(tosa::DepthwiseConv2DOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()], &weight = frame[op.getWeight()];
  const Value &bias = frame[op.getBias()];
  if (Error error = requireFloatsWithoutZeroPoints(
          {&input, &weight, &bias}, {&frame[op.getInputZp()], &frame[op.getWeightZp()]})) {
    return std::move(error);
  }
  const int64_t rows = input.shape()[1], columns = input.shape()[2];
  const int64_t multiples = weight.shape()[3];
  if (weight.shape()[2] != input.shape()[3]) {
    return failure("expected weights for %lld channels, found %s",
                   static_cast<long long>(input.shape()[3]), shapeString(weight.shape()).c_str());
  }
  const TosaWindow window{op.getPad(), op.getStride(), op.getDilation(), weight.shape()[0],
                          weight.shape()[1]};
  return makeImage(input, input.shape()[3] * multiples, window, [&](ArrayRef<int64_t> index) {
    const int64_t channel = index[3] / multiples, multiple = index[3] % multiples;
    double sum = biasOf(bias, index[3]);
    window.forEach(
        index[1], index[2], rows, columns, [&](int64_t i, int64_t j, int64_t row, int64_t column) {
          sum += static_cast<double>(
                     input.floats[position({index[0], row, column, channel}, input.shape())]) *
                 weight.floats[position({i, j, channel, multiple}, weight.shape())];
        });
    return sum;
  });
}

/// The mean of the pixels that are there.
static Expected<Value> evaluateAverage(tosa::AvgPool2dOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  if (Error error = requireFloatsWithoutZeroPoints(
          {&input}, {&frame[op.getInputZp()], &frame[op.getOutputZp()]})) {
    return std::move(error);
  }
  const TosaWindow window{op.getPad(), op.getStride(), noDilation, op.getKernel()[0],
                          op.getKernel()[1]};
  return makeImage(input, input.shape()[3], window, [&](ArrayRef<int64_t> index) {
    double sum = 0.0;
    int64_t count = 0;
    window.forEach(index[1], index[2], input.shape()[1], input.shape()[2],
                   [&](int64_t, int64_t, int64_t row, int64_t column) {
                     sum +=
                         input.floats[position({index[0], row, column, index[3]}, input.shape())];
                     ++count;
                   });
    return sum / static_cast<double>(count);
  });
}

static Expected<Value> evaluateLargest(tosa::MaxPool2dOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  if (Error error = requireFloatsWithoutZeroPoints({&input}, {})) {
    return std::move(error);
  }
  const bool keepsNaN = op.getNanMode() == tosa::NanPropagationMode::PROPAGATE;
  const TosaWindow window{op.getPad(), op.getStride(), noDilation, op.getKernel()[0],
                          op.getKernel()[1]};
  return makeImage(input, input.shape()[3], window, [&](ArrayRef<int64_t> index) -> double {
    float largest = -std::numeric_limits<float>::infinity();
    window.forEach(index[1], index[2], input.shape()[1], input.shape()[2],
                   [&](int64_t, int64_t, int64_t row, int64_t column) {
                     float own =
                         input.floats[position({index[0], row, column, index[3]}, input.shape())];
                     largest = keepsNaN ? maximum(largest, own) : std::fmax(largest, own);
                   });
    return largest;
  });
}

void addTosaWindowOps(OpTable &table) {
  table.add<tosa::MatMulOp>(evaluateMatMul);
  table.add<tosa::Conv2DOp>(evaluateConv2D);
  table.add<tosa::DepthwiseConv2DOp>(evaluateDepthwise);
  table.add<tosa::AvgPool2dOp>(evaluateAverage);
  table.add<tosa::MaxPool2dOp>(evaluateLargest);
}

} // namespace quench::reference
