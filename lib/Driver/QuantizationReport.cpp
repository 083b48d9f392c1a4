//===- QuantizationReport.cpp - The report of a quantize command ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/QuantizationReport.h"

#include "quench/Driver/ModelSize.h"
#include "quench/Insight/OutputMeasurement.h"
#include "quench/Support/Progress.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using quench::insight::ModelStage;

namespace quench::driver {

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
  if (windows == 0 || archive.empty()) {
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
  console.err << "quench: warning: outputs are not measured: " << toString(std::move(failure))
              << '\n';
  return std::nullopt;
}

static Expected<ModelStage> makeStage(StringRef name, mlir::ModuleOp module,
                                      const WeightStore *weights) {
  Expected<CausalLM> model = findCausalLM(module, name);
  if (!model) {
    return model.takeError();
  }
  return ModelStage{name.str(), model->function, weights};
}

Error QuantizationReport::measure(insight::Report &report) const {
  auto imported = makeStage("imported", log.importedModule(), &model.folder->weights());
  auto prepared = makeStage(log.floatStage(), log.floatModule(), workspace.weights());
  auto quantized = makeStage("quantized", model.folder->module(), workspace.weights());
  Error failure =
      joinErrors(joinErrors(imported.takeError(), prepared.takeError()), quantized.takeError());
  if (failure) {
    return failure;
  }
  auto threads = static_cast<unsigned>(console.threads);
  failure = insight::measureWeights(*imported, *prepared, *quantized, threads, report);
  if (failure) {
    return failure;
  }
  auto samples = findSamples();
  if (!samples || !*samples) {
    return samples.takeError();
  }
  std::vector<ModelStage> stages = {*imported};
  if (!log.isFloatModuleImported()) {
    stages.push_back(*prepared);
  }
  insight::OutputMeasurement measurement{stages, *quantized, **samples, threads, {}};
  Progress progress("measure", measurement.numSteps(), "segments", /*enabled=*/true, console.err);
  measurement.step = [&] { progress.advance(); };
  if (Error error = measurement.run(report)) {
    return inContext(path + ": cannot measure", std::move(error));
  }
  progress.finish();
  return Error::success();
}

Expected<std::string> QuantizationReport::make(uint64_t weightBytes) const {
  Expected<const recipe::Recipe *> recipe = workspace.recipe();
  if (!recipe) {
    return recipe.takeError();
  }
  Expected<CausalLM> causal = findCausalLM(model.folder->module(), path);
  if (!causal) {
    return causal.takeError();
  }
  insight::Report report;
  report.model = modelName(path);
  report.recipeName = (*recipe)->name;
  report.recipeSummary = (*recipe)->summary;
  report.recipeText = (*recipe)->text;
  ModelSize size = measureFunction(causal->function);
  report.bitsPerWeight = size.bitsPerWeight;
  report.bytes = weightBytes;
  report.linearLayers = size.linearLayers;
  report.quantizedLayers = size.quantizedLayers;
  report.passes = log.takePasses();
  report.certificate = certificate;
  insight::describeLayers(causal->function, report);
  if (Error failure = measure(report)) {
    return std::move(failure);
  }
  return insight::printReport(report);
}

} // namespace quench::driver
