//===- OutputMeasurement.cpp - What quantization costs every layer --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/OutputMeasurement.h"

#include "StageRun.h"

#include "quench/Insight/TokenScores.h"
#include "quench/Numerics/OutlierStatistics.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringMap.h"

#include <cmath>
#include <map>

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace quench::insight {

calibration::Samples pickSamples(const calibration::Samples &samples, size_t count) {
  calibration::Samples picked;
  picked.window = samples.window;
  count = std::min(count, samples.size());
  for (size_t i = 0; i < count; ++i) {
    llvm::append_range(picked.tokens, samples[i * samples.size() / count]);
  }
  return picked;
}

namespace {

/// A map that remembers in which order names came.
template <typename T>
using ByName = llvm::MapVector<std::string, T, std::map<std::string, unsigned>>;

/// One measurement as it goes on.
class Measurement {
public:
  Measurement(const OutputMeasurement &inputs, Report &report) : inputs(inputs), report(report) {}

  Error run();

private:
  void takeFloat(size_t stage, const Tap &tap, size_t sample, ArrayRef<float> values);
  void takeQuantized(const Tap &tap, size_t sample, ArrayRef<float> values);
  void compareLogits(ArrayRef<float> expected, ArrayRef<float> found);
  void step() const {
    if (inputs.step) {
      inputs.step();
    }
  }
  Error runStage(size_t stage);
  Error runLockstep();
  Error finishStage(size_t stage);
  void writeReport();

  const OutputMeasurement &inputs;
  Report &report;
  /// Of the stage that runs now.
  ByName<numerics::OutlierStatistics> edges;
  /// The first value that is not finite.
  std::string failure;
  /// What the float model computed and the quantized one has not yet, by key and sample.
  llvm::StringMap<std::map<size_t, std::vector<float>>> expected;
  /// Logits of the imported model by sample.
  std::map<size_t, std::vector<float>> logits;
  ByName<numerics::SignalToNoise> layers, residual;
  numerics::SignalToNoise logitsRatio;
  CompensatedSum divergenceSum;
  uint64_t tokens = 0;
};

} // namespace

void Measurement::takeFloat(size_t stage, const Tap &tap, size_t sample, ArrayRef<float> values) {
  const float *bad = llvm::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end() && failure.empty()) {
    failure = inputs.stages[stage].name + ": '" + tap.name + "', sample " + std::to_string(sample) +
              ": expected finite values, found " + (std::isnan(*bad) ? "nan" : "infinity");
  }
  bool isPrepared = stage + 1 == inputs.stages.size();
  switch (tap.kind) {
  case Tap::Kind::Edge:
    edges[tap.name].add(values);
    break;
  case Tap::Kind::Logits:
    if (stage == 0) {
      logits[sample] = values.vec();
    }
    break;
  case Tap::Kind::Layer:
  case Tap::Kind::Residual:
    if (isPrepared) {
      expected[tap.key()][sample] = values.vec();
    }
    break;
  }
}

/// Rows of two arrays of logits; the vocabulary follows from the number of tokens.
void Measurement::compareLogits(ArrayRef<float> expected, ArrayRef<float> found) {
  size_t rows = inputs.samples.window;
  size_t vocabulary = expected.size() / rows;
  if (expected.size() != found.size() || vocabulary * rows != expected.size()) {
    return;
  }
  logitsRatio.add(expected, found);
  // As in ScoreSums: nobody knows what follows the last token.
  for (size_t row = 0; row + 1 < rows; ++row) {
    divergenceSum.add(divergence(expected.slice(row * vocabulary, vocabulary),
                                 found.slice(row * vocabulary, vocabulary)));
  }
  tokens += rows - 1;
}

void Measurement::takeQuantized(const Tap &tap, size_t sample, ArrayRef<float> values) {
  if (tap.kind == Tap::Kind::Logits) {
    compareLogits(logits[sample], values);
    logits.erase(sample);
    return;
  }
  auto place = expected.find(tap.key());
  if (place == expected.end()) {
    return;
  }
  std::vector<float> reference = std::move(place->second[sample]);
  place->second.erase(sample);
  if (reference.size() == values.size()) {
    (tap.kind == Tap::Kind::Layer ? layers : residual)[tap.name].add(reference, values);
  }
}

/// Turns what was seen of edges into figures of the report.
Error Measurement::finishStage(size_t stage) {
  if (!failure.empty()) {
    return llvm::createStringError(failure);
  }
  for (auto &[name, statistics] : edges) {
    auto place = llvm::find_if(
        report.edges, [&, &name = name](const EdgeReport &edge) { return edge.name == name; });
    if (place == report.edges.end()) {
      report.edges.push_back({name, {}});
      place = std::prev(report.edges.end());
      place->stages.resize(inputs.stages.size());
    }
    place->stages[stage] = OutlierFigures::of(statistics);
  }
  edges.clear();
  return Error::success();
}

Error Measurement::runStage(size_t stage) {
  StageRun run(inputs.stages[stage], inputs.samples, inputs.threads, /*watchEdges=*/true);
  while (!run.isDone()) {
    Error error = run.advance([&](const Tap &tap, size_t sample, ArrayRef<float> values) {
      takeFloat(stage, tap, sample, values);
    });
    if (error) {
      return error;
    }
    step();
  }
  return finishStage(stage);
}

Error Measurement::runLockstep() {
  size_t stage = inputs.stages.size() - 1;
  StageRun exact(inputs.stages[stage], inputs.samples, inputs.threads, /*watchEdges=*/true);
  StageRun quantized(inputs.quantized, inputs.samples, inputs.threads, /*watchEdges=*/false);
  // As long as both have the same segments, only one of them waits to be compared.
  while (!exact.isDone() || !quantized.isDone()) {
    if (!exact.isDone()) {
      Error error = exact.advance([&](const Tap &tap, size_t sample, ArrayRef<float> values) {
        takeFloat(stage, tap, sample, values);
      });
      if (error) {
        return error;
      }
      step();
    }
    if (!quantized.isDone()) {
      Error error = quantized.advance([&](const Tap &tap, size_t sample, ArrayRef<float> values) {
        takeQuantized(tap, sample, values);
      });
      if (error) {
        return error;
      }
      step();
    }
    llvm::SmallVector<std::string> done;
    for (const auto &entry : expected) {
      if (entry.second.empty()) {
        done.push_back(entry.getKey().str());
      }
    }
    for (const std::string &key : done) {
      expected.erase(key);
    }
  }
  return finishStage(stage);
}

void Measurement::writeReport() {
  for (LayerReport &layer : report.layers) {
    auto place = layers.find(layer.name);
    if (place != layers.end()) {
      layer.outputSqnr = place->second.decibels();
    }
  }
  for (const auto &[name, ratio] : residual) {
    report.residual.push_back({name, ratio.decibels()});
  }
  MeasurementReport measurement;
  measurement.windows = inputs.samples.size();
  measurement.tokens = tokens;
  measurement.logitsSqnr = logitsRatio.decibels();
  double divergence = divergenceSum.value() / static_cast<double>(std::max<uint64_t>(tokens, 1));
  if (std::isfinite(divergence)) {
    measurement.divergence = divergence;
  }
  report.measurement = measurement;
}

Error Measurement::run() {
  for (const ModelStage &stage : inputs.stages) {
    report.stages.push_back(stage.name);
  }
  for (size_t stage = 0; stage + 1 < inputs.stages.size(); ++stage) {
    if (Error error = runStage(stage)) {
      return error;
    }
  }
  if (Error error = runLockstep()) {
    return error;
  }
  writeReport();
  return Error::success();
}

size_t OutputMeasurement::numSteps() const {
  size_t steps = findSegments(quantized.function).size();
  for (const ModelStage &stage : stages) {
    steps += findSegments(stage.function).size();
  }
  return steps;
}

Error OutputMeasurement::run(Report &report) const { return Measurement(*this, report).run(); }

} // namespace quench::insight
