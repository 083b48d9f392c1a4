//===- TosaIntegerWindowOps.cpp - Windows in TOSA's integer profile -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions and pooling of TOSA 1.0 on integers: exact sums, of which no partial one may leave
// the accumulator. What a window reads outside of its image is the zero point for convolutions,
// nothing for pooling. The last window has to end where the padded image does.
//
//===----------------------------------------------------------------------===//

#include "TosaInteger.h"
#include "TosaWindow.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

#include <algorithm>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// A new image with what `make({n, y, x, c})` says.
static Expected<Value> makeImage(Type element, const Value &input, int64_t channels,
                                 const TosaWindow &window,
                                 llvm::function_ref<Expected<int64_t>(ArrayRef<int64_t>)> make) {
  SmallVector<int64_t> shape = {input.shape()[0], 0, 0, channels};
  for (unsigned axis : {0, 1}) {
    const int64_t size = input.shape()[axis + 1];
    if (!window.fits(axis, size)) {
      return failure("expected windows whose last one ends where the padded image does, found %lld "
                     "pixels and a stride of %lld",
                     static_cast<long long>(size), static_cast<long long>(window.stride[axis]));
    }
    shape[axis + 1] = window.countAlong(axis, size);
  }
  return makeIntegers(element, shape, make);
}

/// Adds the products of differences from zero points to a bias.
template <typename OpTy>
static Expected<Value> convolve(OpTy op, const Frame &frame, int64_t channels,
                                const TosaWindow &window,
                                llvm::function_ref<void(ArrayRef<int64_t>, ArrayRef<int64_t>,
                                                        llvm::function_ref<void(int64_t, int64_t)>)>
                                    forEachProduct) {
  const Value &input = frame[op.getInput()], &weight = frame[op.getWeight()];
  const Value &bias = frame[op.getBias()];
  const int64_t inputZero = single(frame, op.getInputZp());
  const int64_t weightZero = single(frame, op.getWeightZp());
  Type element = getElementTypeOrSelf(op.getOutput().getType());
  const unsigned bits = element.getIntOrFloatBitWidth();
  return makeImage(element, input, channels, window, [&](ArrayRef<int64_t> index) {
    Expected<int64_t> sum = bias.integers[bias.size() == 1 ? 0 : index[3]];
    window.forEach(index[1], index[2], input.shape()[1], input.shape()[2],
                   [&](int64_t i, int64_t j, int64_t row, int64_t column) {
                     forEachProduct(index, {i, j, row, column}, [&](int64_t x, int64_t w) {
                       if (sum) {
                         sum = fit(*sum + (input.integers[x] - inputZero) *
                                              (weight.integers[w] - weightZero),
                                   bits);
                       }
                     });
                   });
    return sum;
  });
}

/// With the weight at [output channel, y, x, input channel].
static Expected<Value> evaluateConv2D(tosa::Conv2DOp op, const Frame &frame) {
  ArrayRef<int64_t> input = frame[op.getInput()].shape(), weight = frame[op.getWeight()].shape();
  if (weight[3] != input[3]) {
    return failure("expected weights for %lld channels, found %s", static_cast<long long>(input[3]),
                   shapeString(weight).c_str());
  }
  const TosaWindow window{op.getPad(), op.getStride(), op.getDilation(), weight[1], weight[2]};
  return convolve(op, frame, weight[0], window,
                  [&](ArrayRef<int64_t> index, ArrayRef<int64_t> at,
                      llvm::function_ref<void(int64_t, int64_t)> add) {
                    for (int64_t c = 0; c < input[3]; ++c) {
                      add(position({index[0], at[2], at[3], c}, input),
                          position({index[3], at[0], at[1], c}, weight));
                    }
                  });
}

/// With the weight at [y, x, input channel, multiple]; output channel c M + m.
static Expected<Value> evaluateDepthwise(tosa::DepthwiseConv2DOp op, const Frame &frame) {
  ArrayRef<int64_t> input = frame[op.getInput()].shape(), weight = frame[op.getWeight()].shape();
  if (weight[2] != input[3]) {
    return failure("expected weights for %lld channels, found %s", static_cast<long long>(input[3]),
                   shapeString(weight).c_str());
  }
  const TosaWindow window{op.getPad(), op.getStride(), op.getDilation(), weight[0], weight[1]};
  const int64_t multiples = weight[3];
  return convolve(op, frame, input[3] * multiples, window,
                  [&](ArrayRef<int64_t> index, ArrayRef<int64_t> at,
                      llvm::function_ref<void(int64_t, int64_t)> add) {
                    const int64_t c = index[3] / multiples;
                    add(position({index[0], at[2], at[3], c}, input),
                        position({at[0], at[1], c, index[3] % multiples}, weight));
                  });
}

static Expected<Value> evaluateLargest(tosa::MaxPool2dOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const TosaWindow window{op.getPad(), op.getStride(), noDilation, op.getKernel()[0],
                          op.getKernel()[1]};
  const int64_t least = minIntN(input.elementType().getIntOrFloatBitWidth());
  return makeImage(
      input.elementType(), input, input.shape()[3], window,
      [&](ArrayRef<int64_t> index) -> Expected<int64_t> {
        int64_t largest = least;
        window.forEach(
            index[1], index[2], input.shape()[1], input.shape()[2],
            [&](int64_t, int64_t, int64_t row, int64_t column) {
              largest = std::max(
                  largest,
                  input.integers[position({index[0], row, column, index[3]}, input.shape())]);
            });
        return largest;
      });
}

void addTosaIntegerWindowOps(OpTable &table) {
  addOnIntegers<tosa::Conv2DOp>(table, evaluateConv2D);
  addOnIntegers<tosa::DepthwiseConv2DOp>(table, evaluateDepthwise);
  addOnIntegers<tosa::MaxPool2dOp>(table, evaluateLargest);
}

} // namespace quench::reference
