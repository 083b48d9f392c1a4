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

/// A map that remembers in which order names came.
template <typename T>
using ByName = llvm::MapVector<std::string, T, std::map<std::string, unsigned>>;

struct OutputMeasurement::Implementation {
  Implementation(const calibration::Samples &samples, unsigned threads, std::function<Error()> step)
      : samples(samples), threads(threads), step(std::move(step)) {}

  const calibration::Samples &samples;
  unsigned threads;
  std::function<Error()> step;

  std::vector<std::string> stages;
  std::vector<EdgeReport> edges;
  /// Of the stage that runs now.
  ByName<numerics::OutlierStatistics> statistics;
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

  void takeFloat(bool isPrepared, const Tap &tap, size_t sample, ArrayRef<float> values);
  void takeQuantized(const Tap &tap, size_t sample, ArrayRef<float> values);
  void compareLogits(ArrayRef<float> expected, ArrayRef<float> found);
  Error advance(StageRun &run, TapSink sink);
  Error finishStage();
};

void OutputMeasurement::Implementation::takeFloat(bool isPrepared, const Tap &tap, size_t sample,
                                                  ArrayRef<float> values) {
  const float *bad = llvm::find_if(values, [](float value) { return !std::isfinite(value); });
  if (bad != values.end() && failure.empty()) {
    failure = stages.back() + ": '" + tap.name + "', sample " + std::to_string(sample) +
              ": expected finite values, found " + (std::isnan(*bad) ? "nan" : "infinity");
  }
  switch (tap.kind) {
  case Tap::Kind::Edge:
    statistics[tap.name].add(values);
    break;
  case Tap::Kind::Logits:
    if (stages.size() == 1) {
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
void OutputMeasurement::Implementation::compareLogits(ArrayRef<float> expected,
                                                      ArrayRef<float> found) {
  size_t rows = samples.window;
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

void OutputMeasurement::Implementation::takeQuantized(const Tap &tap, size_t sample,
                                                      ArrayRef<float> values) {
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
  if (place->second.empty()) {
    expected.erase(place);
  }
  if (reference.size() == values.size()) {
    (tap.kind == Tap::Kind::Layer ? layers : residual)[tap.name].add(reference, values);
  }
}

Error OutputMeasurement::Implementation::advance(StageRun &run, TapSink sink) {
  if (Error error = run.advance(sink)) {
    return error;
  }
  return step ? step() : Error::success();
}

/// Turns what was seen of edges into figures.
Error OutputMeasurement::Implementation::finishStage() {
  if (!failure.empty()) {
    return llvm::createStringError(failure);
  }
  for (auto &[name, seen] : statistics) {
    auto place = llvm::find_if(
        edges, [&, &name = name](const EdgeReport &edge) { return edge.name == name; });
    if (place == edges.end()) {
      edges.push_back({name, {}});
      place = std::prev(edges.end());
    }
    place->stages.resize(stages.size());
    place->stages.back() = OutlierFigures::of(seen);
  }
  for (EdgeReport &edge : edges) {
    edge.stages.resize(stages.size());
  }
  statistics.clear();
  return Error::success();
}

OutputMeasurement::OutputMeasurement(const calibration::Samples &samples, unsigned threads,
                                     std::function<Error()> step)
    : implementation(new Implementation(samples, threads, std::move(step))) {}
OutputMeasurement::~OutputMeasurement() = default;

Error OutputMeasurement::runStage(const ModelStage &stage) {
  Implementation &impl = *implementation;
  impl.stages.push_back(stage.name);
  StageRun run(stage, impl.samples, impl.threads, /*watchEdges=*/true);
  while (!run.isDone()) {
    auto take = [&](const Tap &tap, size_t sample, ArrayRef<float> values) {
      impl.takeFloat(/*isPrepared=*/false, tap, sample, values);
    };
    if (Error error = impl.advance(run, take)) {
      return error;
    }
  }
  return impl.finishStage();
}

Error OutputMeasurement::runLockstep(const ModelStage &prepared, const ModelStage &quantized) {
  Implementation &impl = *implementation;
  impl.stages.push_back(prepared.name);
  StageRun exact(prepared, impl.samples, impl.threads, /*watchEdges=*/true);
  StageRun rounded(quantized, impl.samples, impl.threads, /*watchEdges=*/false);
  auto takeExact = [&](const Tap &tap, size_t sample, ArrayRef<float> values) {
    impl.takeFloat(/*isPrepared=*/true, tap, sample, values);
  };
  auto takeRounded = [&](const Tap &tap, size_t sample, ArrayRef<float> values) {
    impl.takeQuantized(tap, sample, values);
  };
  // As long as both have the same segments, only those of one wait to be compared.
  while (!exact.isDone() || !rounded.isDone()) {
    if (!exact.isDone()) {
      if (Error error = impl.advance(exact, takeExact)) {
        return error;
      }
    }
    if (!rounded.isDone()) {
      if (Error error = impl.advance(rounded, takeRounded)) {
        return error;
      }
    }
  }
  return impl.finishStage();
}

void OutputMeasurement::write(Report &report) const {
  const Implementation &impl = *implementation;
  report.stages = impl.stages;
  report.edges = impl.edges;
  for (LayerReport &layer : report.layers) {
    auto place = impl.layers.find(layer.name);
    if (place != impl.layers.end()) {
      layer.outputSqnr = place->second.decibels();
    }
  }
  for (const auto &[name, ratio] : impl.residual) {
    report.residual.push_back({name, ratio.decibels()});
  }
  MeasurementReport measurement;
  measurement.windows = impl.samples.size();
  measurement.tokens = impl.tokens;
  measurement.logitsSqnr = impl.logitsRatio.decibels();
  double divergence =
      impl.divergenceSum.value() / static_cast<double>(std::max<uint64_t>(impl.tokens, 1));
  if (std::isfinite(divergence)) {
    measurement.divergence = divergence;
  }
  report.measurement = measurement;
}

} // namespace quench::insight
