//===- Calibrate.cpp - Statistics of the model as it is now ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a causal language model with observers, and samples. Output: the same, and a workspace
// whose statistics are those of the observed edges.
//
//===----------------------------------------------------------------------===//

#include "FunctionCalibration.h"

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Tuning/Passes.h"

#include "quench/Calibration/CalibrationArchive.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Recipe/Recipe.h"
#include "quench/Support/Digest.h"
#include "quench/Tuning/SegmentRunner.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

#define DEBUG_TYPE "quench-calibrate"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_CALIBRATEPASS
#include "quench/Tuning/Passes.h.inc"
} // namespace quench

using namespace quench;

using calibration::CalibrationArchive;
using calibration::Samples;
using calibration::StatisticKinds;
using calibration::Statistics;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// Observed values of a segment, each with the names of its edges.
using Taps = llvm::MapVector<Value, SmallVector<StringRef>>;

struct CalibratePass : WithUpstreamModels<quench::impl::CalibratePassBase<CalibratePass>>,
                       WorkspacePass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;

  Error run();
  Expected<func::FuncOp> checkModel(const Samples &samples, StringRef file);
  Expected<std::vector<Taps>> findTaps(func::FuncOp function, const SegmentRunner &runner);
  Expected<Statistics> runModel(Workspace &workspace, const StatisticKinds &kinds,
                                CalibrationArchive &archive);
  Expected<Statistics> runFunction(Workspace &workspace, const StatisticKinds &kinds,
                                   CalibrationArchive &archive);
  Error save(CalibrationArchive archive, const Statistics &statistics, const Workspace &workspace);
};

} // namespace

/// The function, if samples suit it.
Expected<func::FuncOp> CalibratePass::checkModel(const Samples &samples, StringRef file) {
  Expected<CausalLM> model = findCausalLM(getOperation(), "the module");
  if (!model) {
    return model.takeError();
  }
  if (Error error = samples.requireVocabulary(model->vocabSize, file)) {
    return std::move(error);
  }
  if (Error error = samples.requirePositions(model->maxPositions, file)) {
    return std::move(error);
  }
  return model->function;
}

/// The observers of each segment, in program order.
Expected<std::vector<Taps>> CalibratePass::findTaps(func::FuncOp function,
                                                    const SegmentRunner &runner) {
  std::vector<Taps> taps(runner.segments().size());
  bool found = false;
  Error failure = Error::success();
  getOperation().walk([&](ObserveOp observer) {
    if (observer->getBlock() != &function.front()) {
      failure = createStringError("edge '" + observer.getName() +
                                  "': expected the observer in the "
                                  "body of @" +
                                  function.getName());
      return WalkResult::interrupt();
    }
    size_t segment = segmentOf(observer.getInput(), runner.segments());
    taps[segment][observer.getInput()].push_back(observer.getName());
    found = true;
    return WalkResult::advance();
  });
  if (failure) {
    return std::move(failure);
  }
  if (!found) {
    return createStringError("expected observers, found none; run quench-insert-observers first");
  }
  return std::move(taps);
}

/// Runs the next segment on all samples.
static Error runSegment(SegmentRunner &runner, const Taps &taps, Statistics &statistics) {
  SmallVector<Value> values(llvm::make_first_range(taps));
  Expected<SliceCode> code = runner.compile(values);
  if (!code) {
    return code.takeError();
  }
  // The first thing that goes wrong; the runner takes no errors from observers.
  std::string problem;
  Error failure = runner.advance(
      *code, [&](size_t sample, size_t tap, ArrayRef<float> batch, ArrayRef<int64_t> shape) {
        for (StringRef edge : std::next(taps.begin(), tap)->second) {
          if (problem.empty()) {
            problem = llvm::toString(statistics.observe(edge, sample, batch, shape));
          }
        }
      });
  if (failure) {
    return failure;
  }
  return problem.empty() ? Error::success() : createStringError(problem);
}

Error CalibratePass::save(CalibrationArchive archive, const Statistics &statistics,
                          const Workspace &workspace) {
  archive.modelDigest = workspace.weights() ? workspace.weights()->digest() : "none";
  Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (recipe) {
    archive.recipeDigest = digestOf((*recipe)->text);
  } else {
    llvm::consumeError(recipe.takeError());
  }
  archive.samples = archive.totalSamples;
  archive.statistics = statistics;
  return archive.save(output);
}

/// A causal language model on the tokens of the archive. `archive` takes what is known of the data.
Expected<Statistics> CalibratePass::runModel(Workspace &workspace, const StatisticKinds &kinds,
                                             CalibrationArchive &archive) {
  Expected<const Samples *> samples = workspace.samples();
  if (!samples) {
    return samples.takeError();
  }
  Expected<func::FuncOp> function = checkModel(**samples, workspace.archivePath());
  if (!function) {
    return function.takeError();
  }
  archive.data = **samples;
  archive.dataDigest = archive.data.digest();
  archive.totalSamples = archive.data.size();
  SliceCompilerOptions options;
  options.threads = workspace.threads();
  SegmentRunner runner(*function, **samples, workspace.weights(), options);
  Expected<std::vector<Taps>> taps = findTaps(*function, runner);
  if (!taps) {
    return taps.takeError();
  }
  // What is behind the last observer need not run.
  while (taps->back().empty()) {
    taps->pop_back();
  }
  Statistics statistics(kinds);
  Progress progress = workspace.progress("calibrate", taps->size(), "segments");
  for (const Taps &segment : *taps) {
    if (Error error = runSegment(runner, segment, statistics)) {
      return std::move(error);
    }
    if (Error error = progress.advance()) {
      return std::move(error);
    }
  }
  progress.finish();
  return std::move(statistics);
}

/// Any function on tensors of a file.
Expected<Statistics> CalibratePass::runFunction(Workspace &workspace, const StatisticKinds &kinds,
                                                CalibrationArchive &archive) {
  Expected<std::unique_ptr<WeightStore>> tensors = WeightStore::open(samples);
  if (!tensors) {
    return tensors.takeError();
  }
  Expected<FunctionCalibration> result =
      calibrateFunction(getOperation(), **tensors, workspace.weights(), kinds, workspace.threads());
  if (!result) {
    return result.takeError();
  }
  archive.dataDigest = (*tensors)->digest();
  archive.totalSamples = result->samples;
  return std::move(result->statistics);
}

Error CalibratePass::run() {
  Expected<StatisticKinds> kinds = StatisticKinds::parse(collect);
  if (!kinds) {
    return createStringError("option 'collect': " + llvm::toString(kinds.takeError()));
  }
  if (!kinds->edges) {
    return createStringError("option 'collect': expected statistics to keep, found '" + collect +
                             "'");
  }
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  CalibrationArchive made;
  Expected<Statistics> statistics = samples.empty() ? runModel(**workspace, *kinds, made)
                                                    : runFunction(**workspace, *kinds, made);
  if (!statistics) {
    return statistics.takeError();
  }
  (*workspace)
      ->report(llvm::json::Object{{"pass", DEBUG_TYPE},
                                  {"samples", made.totalSamples},
                                  {"edges", statistics->edges().size()}});
  if (!output.empty()) {
    if (Error error = save(std::move(made), *statistics, **workspace)) {
      return error;
    }
  }
  (*workspace)->setStatistics(std::move(*statistics));
  return Error::success();
}

void CalibratePass::runOnOperation() {
  markAllAnalysesPreserved();
  if (Error error = run()) {
    getOperation().emitError() << llvm::toString(std::move(error));
    signalPassFailure();
  }
}
