//===- WindowOps.cpp - Windows of images ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each element of the result names the pixels that it is made of. Sums of floats are in double with
// one rounding at the end, those of codes exact.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "Quantization.h"

#include "quench/Dialect/NN/IR/NNOps.h"

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// N, OH and OW.
template <typename OpTy>
static Expected<SmallVector<int64_t>> countWindows(OpTy op, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> windows = {shape[0]};
  for (const int axis : {0, 1}) {
    const int64_t room = shape[axis + 1] - op.getDilations()[axis] * (op.getKernel()[axis] - 1) - 1;
    if (room < 0) {
      return failure("expected windows that fit into the image, found images of %s",
                     shapeString(shape).c_str());
    }
    windows.push_back(room / op.getStrides()[axis] + 1);
  }
  return windows;
}

/// Where pixel (i, j) of the window (n, y, x) is.
template <typename OpTy>
static int64_t pixelOf(OpTy op, ArrayRef<int64_t> shape, ArrayRef<int64_t> window, int64_t i,
                       int64_t j, int64_t channel) {
  const int64_t pixel[] = {window[0], window[1] * op.getStrides()[0] + i * op.getDilations()[0],
                           window[2] * op.getStrides()[1] + j * op.getDilations()[1], channel};
  return position(pixel, shape);
}

/// result[(n OH + y) OW + x, (i KW + j) C + c] = input[n, y sy + i dy, x sx + j dx, c]
static Expected<Value> evaluateUnfold(nn::UnfoldOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const ArrayRef<int64_t> shape = input.shape(), kernel = op.getKernel();
  Expected<SmallVector<int64_t>> windows = countWindows(op, shape);
  if (!windows) {
    return windows.takeError();
  }
  const int64_t rows = (*windows)[0] * (*windows)[1] * (*windows)[2],
                columns = kernel[0] * kernel[1] * shape[3];
  windows->append({kernel[0], kernel[1], shape[3]});
  SmallVector<int64_t> taken;
  forEachIndex(*windows, [&](ArrayRef<int64_t> at) {
    taken.push_back(pixelOf(op, shape, at, at[3], at[4], at[5]));
  });
  if (!input.isQuantized()) {
    std::vector<float> floats;
    for (const int64_t from : taken) {
      floats.push_back(input.floats[from]);
    }
    return Value::tensor(cast<FloatType>(input.elementType()), {rows, columns}, std::move(floats));
  }
  Value result = input;
  result.type = nn::UnfoldOp::rowsOf(input.type, rows, columns);
  result.codes.clear();
  for (const int64_t from : taken) {
    result.codes.push_back(input.codes[from]);
  }
  return result;
}

/// Codes without their zero points.
static std::vector<int64_t> differences(const Value &value) {
  const SchemeAttr scheme = cast<QTensorType>(value.type).getScheme();
  std::vector<int64_t> result;
  forEachIndex(value.shape(), [&](ArrayRef<int64_t> index) {
    const int64_t zeroPoint =
        value.zeroPoints.empty() ? 0 : value.zeroPoints[blockOf(index, value.shape(), scheme)];
    result.push_back(value.codes[result.size()] - zeroPoint);
  });
  return result;
}

/// result[window, c] = sum_ij input[pixel (i, j) of the window, c] * filter[i KW + j, c] + bias[c]
static Expected<Value> evaluateDepthwiseConv(nn::DepthwiseConvOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()], &filter = frame[op.getFilter()];
  const Value *bias = frame.optional(op.getBias());
  const ArrayRef<int64_t> shape = input.shape(), kernel = op.getKernel();
  const int64_t channels = shape[3], taps = kernel[0] * kernel[1];
  Expected<SmallVector<int64_t>> windows = countWindows(op, shape);
  if (!windows) {
    return windows.takeError();
  }
  if (filter.shape()[0] != taps || filter.shape()[1] != channels ||
      (bias && bias->shape()[0] != channels)) {
    return failure("expected a filter and a bias for each of %lld channels, found %s",
                   static_cast<long long>(channels), shapeString(filter.shape()).c_str());
  }
  const int64_t rows = (*windows)[0] * (*windows)[1] * (*windows)[2];
  Expected<Value> result = makeTensor(
      cast<RankedTensorType>(op.getResult().getType()).getElementType(), {rows, channels});
  if (!result) {
    return result;
  }
  std::vector<int64_t> codes, weights;
  if (input.isQuantized()) {
    codes = differences(input);
    weights = differences(filter);
  }
  windows->push_back(channels);
  int64_t element = 0;
  forEachIndex(*windows, [&](ArrayRef<int64_t> at) {
    const int64_t c = at[3];
    double sum = 0.0;
    int64_t exact = 0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t from = pixelOf(op, shape, at, tap / kernel[1], tap % kernel[1], c);
      const int64_t weight = tap * channels + c;
      if (input.isQuantized()) {
        exact += codes[from] * weights[weight];
      } else {
        sum += static_cast<double>(input.floats[from]) * filter.floats[weight];
      }
    }
    float &t = result->floats[element++];
    if (!input.isQuantized()) {
      t = static_cast<float>(bias ? sum + bias->floats[c] : sum);
      return;
    }
    t = static_cast<float>(exact) * filter.scales[filter.scales.size() == 1 ? 0 : c];
    t = t * input.scales[0];
    t = bias ? t + bias->floats[c] : t;
  });
  return result;
}

void addWindowOps(OpTable &table) {
  table.add<nn::DepthwiseConvOp>(evaluateDepthwiseConv);
  table.add<nn::UnfoldOp>(evaluateUnfold);
}

} // namespace quench::reference
