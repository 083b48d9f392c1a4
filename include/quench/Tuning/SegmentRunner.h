//===- SegmentRunner.h - A model, run piece by piece ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs the samples through one segment of a model after the other:
//
//   SegmentRunner runner(function, samples, weights);
//   while (!runner.isDone()) {
//     … choose taps in runner.segment() …
//     auto code = runner.compile(taps);
//     runner.observe(*code, …);            // the segment as it is
//     code->setWeight(…);                  // any number of times
//     runner.advance(*code);               // on to the next, with what the weights are now
//   }
//
// In memory are the weights of one segment and the hidden states of all samples: so segments behind
// can be measured on what quantized segments before them really compute.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_SEGMENTRUNNER_H
#define QUENCH_TUNING_SEGMENTRUNNER_H

#include "quench/Calibration/Samples.h"
#include "quench/Tuning/ModelSegments.h"
#include "quench/Tuning/SliceCompiler.h"

namespace quench {

/// Called with the number of the sample, the index of the tap, and its values in row-major order.
using SampleTapFunction = llvm::function_ref<void(
    size_t sample, size_t tap, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape)>;

class SegmentRunner {
public:
  /// `function` is a causal language model (see findCausalLM) that does not change while its values
  /// are in use; `samples` fit its vocabulary and positions. `weights` are null for models without
  /// stored weights. All outlive the runner.
  SegmentRunner(mlir::func::FuncOp function, const calibration::Samples &samples,
                const WeightStore *weights, SliceCompilerOptions options = {});

  llvm::ArrayRef<ModelSegment> segments() const { return all; }
  bool isDone() const { return next == all.size(); }
  /// The segment that comes next; not when all are done.
  const ModelSegment &segment() const { return all[next]; }

  /// Compiles the next segment with the weights of the model, and observers of `taps`, values
  /// inside of it or its input. Of the last segment only what the taps need is computed.
  llvm::Expected<SliceCode> compile(llvm::ArrayRef<mlir::Value> taps = {});

  /// Compiles any slice of the function, for runs beside those of the segments.
  llvm::Expected<SliceCode> compileSlice(llvm::ArrayRef<mlir::Value> inputs,
                                         llvm::ArrayRef<mlir::Value> outputs);

  /// Runs all samples through the code of the next segment and forgets what comes out.
  llvm::Error observe(SliceCode &code, SampleTapFunction observe);

  /// Runs all samples through the code of the next segment; what comes out are the hidden states
  /// for the one behind it.
  llvm::Error advance(SliceCode &code);
  llvm::Error advance(SliceCode &code, SampleTapFunction observe);

  /// The hidden state of a sample: what the next segment starts from. Not for the first segment.
  const SliceTensor &hidden(size_t sample) const { return states[sample]; }
  const calibration::Samples &samples() const { return data; }

  /// How many pieces of code were compiled.
  size_t compilations() const { return compiler.compilations(); }

private:
  llvm::Error run(SliceCode &code, bool keep, SampleTapFunction observe);

  mlir::func::FuncOp function;
  const calibration::Samples &data;
  SliceCompiler compiler;
  std::vector<ModelSegment> all;
  size_t next = 0;
  /// One for each sample; empty before the second segment.
  std::vector<SliceTensor> states;
};

} // namespace quench

#endif // QUENCH_TUNING_SEGMENTRUNNER_H
