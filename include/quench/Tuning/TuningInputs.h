//===- TuningInputs.h - What passes that run the model start from *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TUNING_TUNINGINPUTS_H
#define QUENCH_TUNING_TUNINGINPUTS_H

#include "quench/Model/ModelFolder.h"
#include "quench/Transforms/QuantizationPlan.h"
#include "quench/Tuning/GramMatrix.h"
#include "quench/Tuning/SegmentRunner.h"
#include "quench/Workspace/Workspace.h"

namespace quench {

/// The samples of the workspace. Errors are those of `Workspace::samples`, or say what the model
/// cannot run: a token outside of its vocabulary, more tokens than positions.
llvm::Expected<const calibration::Samples *> samplesFor(const CausalLM &model,
                                                        Workspace &workspace);

/// Layers of a plan that read the same value, in program order.
struct InputGroup {
  mlir::Value input;
  llvm::SmallVector<PlannedLayer *> layers;

  /// The channels of the input.
  int64_t width() const;
  /// The weights of the layers, as indices into the plan, each with the layers that read it.
  llvm::SmallVector<std::pair<size_t, llvm::SmallVector<PlannedLayer *>>> weights() const;
  /// "model.layers.0.mlp.{gate_proj,up_proj}", see edgeName.
  std::string name() const;
  /// The edge under which calibration knows the input: that of its observer, else `name`.
  std::string edge() const;
};

/// What a pass needs of the inputs of layers.
enum class InputSource {
  /// A causal language model and samples to run it on.
  Samples,
  /// The same, or Gram matrices among the statistics for any other module.
  SamplesOrGrams,
};

/// A model, the samples to run it on, and the weights of it that the recipe quantizes.
struct TuningInputs {
  Workspace *workspace = nullptr;
  CausalLM model;
  /// Weights alone, each of them read by layers with one input that the logits depend on.
  QuantizationPlan plan;
  /// Null where there is no causal language model; `model` is empty then.
  std::unique_ptr<SegmentRunner> runner;

  /// Collects everything. Emits a remark of the pass `pass` (its flag) for each layer that is not
  /// in the plan. Fails with a diagnostic at `module`: no recipe, no causal language model, no
  /// samples or samples of another model, a recipe that asks for something impossible. Weights of
  /// which some elements are kept as floats are in the plan if the pass knows `keptElements`.
  static mlir::FailureOr<TuningInputs> open(mlir::ModuleOp module,
                                            llvm::Expected<Workspace *> workspace,
                                            llvm::StringRef pass, bool keptElements = false,
                                            InputSource source = InputSource::Samples);

  /// The layers of the plan in a segment, by what they read. Pointers are valid as long as the
  /// plan has the same layers.
  llvm::SmallVector<InputGroup> groupsOf(const ModelSegment &segment);

  /// Runs the model from the segment where the runner is to the last one that has layers, and calls
  /// `take` with the Gram matrix of what each group reads, segment after segment.
  llvm::Error forEachGram(llvm::function_ref<llvm::Error(const InputGroup &, GramMatrix)> take);

  /// Calls `take` with the Gram matrix of what each group reads as the statistics have it, in
  /// program order, without a runner. Fails on an edge without one, or of another width.
  llvm::Error
  forEachKnownGram(llvm::function_ref<llvm::Error(const InputGroup &, GramMatrix)> take);

  unsigned threads() const { return workspace->threads(); }
};

} // namespace quench

#endif // QUENCH_TUNING_TUNINGINPUTS_H
