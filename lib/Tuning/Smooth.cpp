//===- Smooth.cpp - Share the difficulty of activations with weights ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float model and statistics of its channels. Output: the same function, with diagonal
// changes of basis on weights and gains.
// SmoothQuant (Xiao et al., 2022, arXiv 2211.10438).
//
// All scales are chosen on the model as it comes in; the IR changes at the end.
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/Passes.h"

#include "quench/Basis/ScalableInput.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Tuning/SegmentRunner.h"
#include "quench/Tuning/SmoothingSearch.h"
#include "quench/Workspace/RemarkParts.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"

#define DEBUG_TYPE "quench-smooth"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_SMOOTHPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::Error;
using llvm::Expected;

/// The values of alpha that a search tries are 0, 1 / 20, ..., 1.
static constexpr unsigned alphaSteps = 20;

namespace {

/// An input that can be smoothed, and what was chosen.
struct Candidate {
  explicit Candidate(ScalableInput input) : input(std::move(input)) {}

  ScalableInput input;
  /// The largest magnitudes of each channel, and of each class in activations and weights.
  std::vector<float> ofChannels;
  std::vector<double> activations;
  std::vector<double> weights;
  double alpha = 0.0;
  /// One for each class; empty when smoothing makes it worse.
  std::vector<double> scales;
  /// Of the search, relative to none.
  std::optional<double> error;
};

/// Finds candidates and chooses their scales.
class Smoother {
public:
  Smoother(ModuleOp module, Workspace &workspace)
      : module(module), workspace(workspace), evaluator(workspace.weights(), workspace.threads()) {}

  Error findCandidates(bool normsOnly);
  void chooseFixed(double alpha);
  Error search(unsigned rows);

  std::vector<Candidate> candidates;

private:
  Error searchSegment(SegmentRunner &runner, uint64_t rows, Progress &progress);
  Error searchInput(Candidate &candidate, std::vector<float> inputs);
  Expected<std::vector<SmoothedLayer>> layersOf(const ScalableInput &input);

  ModuleOp module;
  Workspace &workspace;
  ConstantEvaluator evaluator;
};

struct SmoothPass : WithUpstreamModels<quench::impl::SmoothPassBase<SmoothPass>>, WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
  Error run();
  Error apply(ArrayRef<Candidate> candidates, Workspace &workspace);
};

} // namespace

//===----------------------------------------------------------------------===//
// Remarks
//===----------------------------------------------------------------------===//

static void remarkMissed(const ScalableInput &input, const Twine &reason) {
  Operation *layer = input.layers().front();
  remark::missed(layer->getLoc(), remarkOptions(DEBUG_TYPE, "NotSmoothed", layer))
      << remark::metric("Input", input.edge()) << remark::metric("Reason", reason.str());
}

//===----------------------------------------------------------------------===//
// Choosing scales
//===----------------------------------------------------------------------===//

/// The scales of the channels.
static std::vector<double> ofChannels(const ScalableInput &input, ArrayRef<double> scales) {
  std::vector<double> result;
  for (int64_t own : input.classes()) {
    result.push_back(scales[own]);
  }
  return result;
}

Error Smoother::findCandidates(bool normsOnly) {
  Expected<const calibration::Statistics *> statistics = workspace.statistics();
  if (!statistics) {
    return statistics.takeError();
  }
  for (const ScalableInput &input : ScalableInput::findAll(module)) {
    if (!input.isQuantizedBy(workspace) ||
        (normsOnly &&
         !isa_and_nonnull<nn::RMSNormOp, nn::LayerNormOp>(input.value().getDefiningOp()))) {
      continue;
    }
    RebaseRefusal refusal{nullptr, input.value().getLoc(), ""};
    std::optional<ScalePlan> plan = ScalePlan::create(input, refusal);
    if (!plan) {
      remarkMissed(input, refusal.message());
      continue;
    }
    const calibration::EdgeStatistics *edge = (*statistics)->lookup(input.edge());
    if (!edge || static_cast<int64_t>(edge->perChannel.absmax.size()) != input.channels()) {
      remarkMissed(input, "calibration has no channels of it");
      continue;
    }
    Candidate candidate(input);
    candidate.ofChannels = edge->perChannel.absmax;
    candidate.activations = input.largestOfClasses(edge->perChannel.absmax);
    Expected<std::vector<double>> weights =
        ScalePlan::largest(plan->readers(), input.numClasses(), evaluator);
    if (!weights) {
      return weights.takeError();
    }
    candidate.weights = std::move(*weights);
    candidates.push_back(std::move(candidate));
  }
  return Error::success();
}

void Smoother::chooseFixed(double alpha) {
  for (Candidate &candidate : candidates) {
    candidate.alpha = alpha;
    candidate.scales = smoothingScales(candidate.activations, candidate.weights, alpha);
  }
}

Expected<std::vector<SmoothedLayer>> Smoother::layersOf(const ScalableInput &input) {
  Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (!recipe) {
    return recipe.takeError();
  }
  std::vector<SmoothedLayer> layers;
  for (auto [op, name] : llvm::zip_equal(input.layers(), input.layerNames())) {
    auto layer = dyn_cast<QuantizableOpInterface>(op);
    if (!layer) {
      return llvm::createStringError("expected a layer that says which its weights are, found '" +
                                     name + "'");
    }
    Value weight = layer.getWeightOperand().get();
    auto type = cast<RankedTensorType>(weight.getType());
    if (type.getRank() != 2 || layer.getWeightReductionAxis() != 1 || !isConstantLike(weight)) {
      return llvm::createStringError("expected weights with one row for each output in layer '" +
                                     name + "'");
    }
    Expected<std::vector<double>> values = evaluator.evaluate(ConstantChain::of(weight));
    if (!values) {
      return values.takeError();
    }
    recipe::LayerFormats formats = (*recipe)->formatsFor(name);
    SmoothedLayer &own = layers.emplace_back();
    own.weights.assign(values->begin(), values->end());
    own.rows = type.getDimSize(0);
    if (formats.weights) {
      own.weightScheme = formats.weights->scheme(2, 0, 1);
    }
    if (formats.activations && !formats.activations->unscaled) {
      own.activationScheme = formats.activations->scheme(2, 1);
      own.dynamic = formats.activations->dynamic;
    }
  }
  return std::move(layers);
}

Error Smoother::searchInput(Candidate &candidate, std::vector<float> inputs) {
  Expected<std::vector<SmoothedLayer>> layers = layersOf(candidate.input);
  if (!layers) {
    return layers.takeError();
  }
  SmoothedInput measured{std::move(*layers), std::move(inputs), candidate.ofChannels};
  std::vector<double> ones(candidate.input.channels(), 1.0);
  Expected<double> none = smoothingError(measured, ones, workspace.threads());
  if (!none) {
    return none.takeError();
  }
  double least = *none;
  for (unsigned step = 0; step <= alphaSteps; ++step) {
    double alpha = static_cast<double>(step) / alphaSteps;
    std::vector<double> scales = smoothingScales(candidate.activations, candidate.weights, alpha);
    Expected<double> error =
        smoothingError(measured, ofChannels(candidate.input, scales), workspace.threads());
    if (!error) {
      return error.takeError();
    }
    if (*error < least) {
      least = *error;
      candidate.alpha = alpha;
      candidate.scales = std::move(scales);
    }
  }
  candidate.error = *none > 0.0 ? least / *none : 1.0;
  return Error::success();
}

Error Smoother::searchSegment(SegmentRunner &runner, uint64_t rows, Progress &progress) {
  std::vector<Candidate *> own;
  llvm::SmallVector<Value> taps;
  for (Candidate &candidate : candidates) {
    auto layer = dyn_cast<QuantizableOpInterface>(candidate.input.layers().front());
    if (layer && llvm::is_contained(runner.segment().layers, layer)) {
      own.push_back(&candidate);
      taps.push_back(candidate.input.value());
    }
  }
  Expected<SliceCode> code = runner.compile(taps);
  if (!code) {
    return code.takeError();
  }
  uint64_t window = runner.samples().window;
  uint64_t stride = std::max<uint64_t>(1, runner.samples().size() * window / rows);
  std::vector<std::vector<float>> kept(own.size());
  Error failure = runner.advance(
      *code, [&](size_t sample, size_t tap, ArrayRef<float> values, ArrayRef<int64_t> shape) {
        size_t width = own[tap]->ofChannels.size();
        for (size_t row = 0; row < values.size() / width; ++row) {
          if ((sample * window + row) % stride == 0) {
            llvm::append_range(kept[tap], values.slice(row * width, width));
          }
        }
      });
  if (failure) {
    return failure;
  }
  for (auto [candidate, inputs] : llvm::zip_equal(own, kept)) {
    if (Error error = searchInput(*candidate, std::move(inputs))) {
      return error;
    }
  }
  return progress.advance();
}

Error Smoother::search(unsigned rows) {
  Expected<CausalLM> model = findCausalLM(module, "module");
  if (!model) {
    return model.takeError();
  }
  Expected<const calibration::Samples *> samples = workspace.samples();
  if (!samples) {
    return samples.takeError();
  }
  if (Error error = (*samples)->requireVocabulary(model->vocabSize, workspace.archivePath())) {
    return error;
  }
  if (Error error = (*samples)->requirePositions(model->maxPositions, workspace.archivePath())) {
    return error;
  }
  SliceCompilerOptions options;
  options.threads = workspace.threads();
  SegmentRunner runner(model->function, **samples, workspace.weights(), options);
  Progress progress = workspace.progress("smooth", runner.segments().size(), "segments");
  while (!runner.isDone()) {
    if (Error error = searchSegment(runner, rows, progress)) {
      return error;
    }
  }
  progress.finish();
  return Error::success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

Error SmoothPass::apply(ArrayRef<Candidate> candidates, Workspace &workspace) {
  llvm::json::Array reports;
  for (const Candidate &candidate : candidates) {
    if (candidate.scales.empty()) {
      remarkMissed(candidate.input, "no alpha helps");
      continue;
    }
    // Planned anew: the weights are those that the inputs before have left.
    RebaseResult result = candidate.input.plan(candidate.scales);
    if (!result.plan) {
      return llvm::createStringError(result.refusal.message());
    }
    if (failed(result.plan->apply())) {
      return llvm::createStringError("changes of basis did not settle");
    }
    double before = 0.0, after = 0.0;
    for (auto [activation, scale] : llvm::zip_equal(candidate.activations, candidate.scales)) {
      before = std::max(before, activation);
      after = std::max(after, activation / scale);
    }
    Operation *layer = candidate.input.layers().front();
    remark::detail::InFlightRemark report =
        remark::passed(layer->getLoc(), remarkOptions(DEBUG_TYPE, "Smoothed", layer));
    report << remark::metric("Input", candidate.input.edge())
           << remark::metric("Alpha", decimals(candidate.alpha))
           << remark::metric("LargestBefore", decimals(before))
           << remark::metric("LargestAfter", decimals(after));
    llvm::json::Object record{{"input", candidate.input.edge()},
                              {"alpha", candidate.alpha},
                              {"largest_before", before},
                              {"largest_after", after}};
    if (candidate.error) {
      report << remark::metric("RelativeError", decimals(*candidate.error));
      record["relative_error"] = *candidate.error;
    }
    reports.push_back(std::move(record));
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"inputs", std::move(reports)}});
  return Error::success();
}

Error SmoothPass::run() {
  if (inputs != "norms" && inputs != "all") {
    return llvm::createStringError("option 'inputs': expected norms or all, found '" + inputs +
                                   "'");
  }
  if (!(alpha >= 0.0 && alpha <= 1.0)) {
    return llvm::createStringError("option 'alpha': expected 0 to 1, found " + decimals(alpha));
  }
  if (rows == 0) {
    return llvm::createStringError("option 'rows': expected at least 1, found 0");
  }
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  Smoother smoother(getOperation(), **workspace);
  if (Error error = smoother.findCandidates(inputs == "norms")) {
    return error;
  }
  if (!search) {
    smoother.chooseFixed(alpha);
  } else if (Error error = smoother.search(rows)) {
    return error;
  }
  return apply(smoother.candidates, **workspace);
}

void SmoothPass::runOnOperation() {
  if (Error error = run()) {
    getOperation().emitError() << llvm::toString(std::move(error));
    signalPassFailure();
  }
}
