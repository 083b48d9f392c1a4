//===- SegmentRunner.cpp - A model, run piece by piece --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SegmentRunner.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

SegmentRunner::SegmentRunner(func::FuncOp function, const calibration::Samples &samples,
                             const WeightStore *weights, SliceCompilerOptions options)
    : function(function), data(samples), compiler(weights, std::move(options)),
      all(findSegments(function)), states(samples.size()) {}

/// "model.layers.0: message".
static Error inSegment(const ModelSegment &segment, Error error) {
  if (segment.name.empty()) {
    return error;
  }
  return createStringError(segment.name + ": " + llvm::toString(std::move(error)));
}

Expected<SliceCode> SegmentRunner::compile(ArrayRef<Value> taps) {
  const ModelSegment &segment = all[next];
  // Blocks are usually equal; what comes before and behind them is not.
  if (next > 0 && (segment.name.empty() || all[next - 1].name.empty())) {
    compiler.releaseIdle();
  }
  SliceRequest request;
  request.function = function;
  if (segment.input) {
    request.inputs.push_back(segment.input);
  }
  if (next + 1 < all.size()) {
    request.outputs.push_back(segment.output);
  }
  request.taps.assign(taps.begin(), taps.end());
  Expected<SliceCode> code = compiler.compile(request);
  if (!code) {
    return inSegment(segment, code.takeError());
  }
  return code;
}

Expected<SliceCode> SegmentRunner::compileSlice(ArrayRef<Value> inputs, ArrayRef<Value> outputs) {
  SliceRequest request;
  request.function = function;
  request.inputs.assign(inputs.begin(), inputs.end());
  request.outputs.assign(outputs.begin(), outputs.end());
  return compiler.compile(request);
}

Error SegmentRunner::run(SliceCode &code, bool keep, SampleTapFunction observe) {
  const ModelSegment &segment = all[next];
  size_t numOutputs = next + 1 < all.size() ? 1 : 0;
  SliceTensor output;
  for (size_t sample = 0; sample < data.size(); ++sample) {
    SmallVector<const SliceTensor *> inputs;
    if (segment.input) {
      inputs.push_back(&states[sample]);
    }
    Error error = code.run(data[sample], inputs, MutableArrayRef(&output, numOutputs),
                           [&](size_t tap, ArrayRef<float> values, ArrayRef<int64_t> shape) {
                             observe(sample, tap, values, shape);
                           });
    if (error) {
      return inSegment(segment, std::move(error));
    }
    if (keep && numOutputs != 0) {
      std::swap(states[sample], output);
    }
  }
  return Error::success();
}

Error SegmentRunner::observe(SliceCode &code, SampleTapFunction observe) {
  return run(code, /*keep=*/false, observe);
}

Error SegmentRunner::advance(SliceCode &code, SampleTapFunction observe) {
  if (Error error = run(code, /*keep=*/true, observe)) {
    return error;
  }
  ++next;
  return Error::success();
}

Error SegmentRunner::advance(SliceCode &code) {
  return advance(code, [](size_t, size_t, ArrayRef<float>, ArrayRef<int64_t>) {});
}
