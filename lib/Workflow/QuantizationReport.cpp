//===- QuantizationReport.cpp - The report of a quantize command ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/QuantizationReport.h"

#include "quench/Insight/FoldedStage.h"
#include "quench/Insight/OutputMeasurement.h"
#include "quench/Support/Progress.h"
#include "quench/Tuning/ModelSegments.h"
#include "quench/Workflow/ModelSize.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using quench::insight::ModelStage;

namespace quench::workflow {

/// What the report calls the model: the folder without the way to it.
static std::string modelName(StringRef path) {
  SmallString<128> real;
  if (sys::fs::real_path(path, real)) {
    real = path;
  }
  return sys::path::filename(real).str();
}

/// The windows to measure on; none when the user wants none or there is no archive.
Expected<std::optional<calibration::Samples>> QuantizationReport::findSamples() const {
  StringRef archive = workspace.archivePath();
  // Outputs of other functions are compared by `quench eval`: the archive has no samples for them.
  if (windows == 0 || archive.empty() || !model.folder->isCausalLM()) {
    return std::nullopt;
  }
  Expected<const calibration::Samples *> samples = workspace.samples();
  Error failure = samples.takeError();
  if (!failure) {
    failure = (*samples)->requireVocabulary(model.folder->vocabSize(), archive);
  }
  if (!failure) {
    failure = (*samples)->requirePositions(model.folder->maxPositions(), archive);
  }
  if (!failure) {
    return insight::pickSamples(**samples, windows);
  }
  if (needsArchive) {
    return std::move(failure);
  }
  host.warn("outputs are not measured: " + toString(std::move(failure)));
  return std::nullopt;
}

static Expected<ModelStage> makeStage(StringRef name, mlir::ModuleOp module,
                                      const WeightStore *weights) {
  Expected<mlir::func::FuncOp> function = findModelFunction(module, name);
  if (!function) {
    return function.takeError();
  }
  return ModelStage{name.str(), *function, weights};
}

/// The float models of which activations are measured, behind the imported one and before the last.
std::vector<const insight::FloatStage *> QuantizationReport::innerStages() const {
  std::vector<const insight::FloatStage *> stages;
  if (!log.floatStages().empty()) {
    for (const insight::FloatStage &stage : log.floatStages().drop_back()) {
      // Others are gone: their tensors were replaced by those of later passes.
      if (stage.hasImportedWeights) {
        stages.push_back(&stage);
      }
    }
  }
  return stages;
}

Error QuantizationReport::measureOutputs(const calibration::Samples &samples,
                                         const ModelStage &imported, const ModelStage &prepared,
                                         const ModelStage &quantized,
                                         insight::Report &report) const {
  bool isChanged = !log.floatStages().empty();
  std::vector<const insight::FloatStage *> inner = innerStages();
  size_t runs = 2 + isChanged + inner.size();
  Progress progress("measure", runs * findSegments(quantized.function).size(), "segments",
                    host.progress);
  insight::OutputMeasurement measurement(samples, host.threads, [&] { return progress.advance(); });
  if (isChanged) {
    if (Error failure = measurement.runStage(imported)) {
      return failure;
    }
  }
  for (const insight::FloatStage *stage : inner) {
    Expected<insight::FoldedStage> folded =
        insight::FoldedStage::create(stage->name, *stage->module, model.folder->weights().path(),
                                     workspace.scratch(), host.threads);
    if (!folded) {
      return folded.takeError();
    }
    if (Error failure = measurement.runStage(folded->stage())) {
      return failure;
    }
  }
  if (Error failure = measurement.runLockstep(prepared, quantized)) {
    return failure;
  }
  measurement.write(report);
  progress.finish();
  return Error::success();
}

Error QuantizationReport::measure(insight::Report &report) const {
  auto imported = makeStage("imported", log.importedModule(), &model.folder->weights());
  auto prepared = log.floatStages().empty()
                      ? makeStage("imported", log.importedModule(), workspace.weights())
                      : makeStage(log.floatStages().back().name, *log.floatStages().back().module,
                                  workspace.weights());
  auto quantized = makeStage("quantized", model.folder->module(), workspace.weights());
  Error failure =
      joinErrors(joinErrors(imported.takeError(), prepared.takeError()), quantized.takeError());
  if (failure) {
    return failure;
  }
  failure = insight::measureWeights(*imported, *prepared, *quantized, host.threads, report);
  if (failure) {
    return failure;
  }
  auto samples = findSamples();
  if (!samples || !*samples) {
    return samples.takeError();
  }
  return inContext(path + ": cannot measure",
                   measureOutputs(**samples, *imported, *prepared, *quantized, report));
}

Expected<std::string> QuantizationReport::make(uint64_t weightBytes) const {
  Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (!recipe) {
    return recipe.takeError();
  }
  Expected<mlir::func::FuncOp> function = findModelFunction(model.folder->module(), path);
  if (!function) {
    return function.takeError();
  }
  insight::Report report;
  report.model = modelName(path);
  report.recipeName = (*recipe)->name;
  report.recipeSummary = (*recipe)->summary;
  report.recipeText = (*recipe)->text;
  ModelSize size = measureFunction(*function);
  report.bitsPerWeight = size.bitsPerWeight;
  report.bytes = weightBytes;
  report.linearLayers = size.linearLayers;
  report.quantizedLayers = size.quantizedLayers;
  report.passes = log.takePasses();
  report.certificate = certificate;
  insight::describeLayers(*function, report);
  if (Error failure = measure(report)) {
    return std::move(failure);
  }
  insight::emitRemarks(*function, report);
  return insight::printReport(report);
}

} // namespace quench::workflow
