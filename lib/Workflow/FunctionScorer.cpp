//===- FunctionScorer.cpp - Scoring functions on samples ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/FunctionScorer.h"

#include "quench/Workflow/LoadedFunction.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace quench::workflow {

namespace {

/// A matrix of the first result.
struct Outputs {
  uint64_t samples = 0;
  size_t columns = 1;
  std::vector<float> values;

  size_t rows() const { return values.size() / columns; }
  /// Where the largest element of each row is.
  std::vector<int32_t> places() const {
    std::vector<int32_t> result;
    for (auto row = values.begin(); row != values.end(); row += columns) {
      result.push_back(static_cast<int32_t>(std::max_element(row, row + columns) - row));
    }
    return result;
  }
};

} // namespace

static Expected<Outputs> runModel(StringRef path, const MachineChoice &machine,
                                  const FunctionScoringOptions &options, const Host &host) {
  Expected<LoadedModel> model = openModel(path, host);
  if (!model) {
    return model.takeError();
  }
  FunctionSessionOptions session;
  if (Error failure = machine.apply(session.target, session.device)) {
    return std::move(failure);
  }
  session.threads = host.threads;
  Expected<LoadedFunction> function = LoadedFunction::load(*model, session);
  if (!function) {
    return function.takeError();
  }
  Expected<FunctionData> data = FunctionData::read(options.data, model->folder->function());
  if (!data) {
    return data.takeError();
  }
  data->truncate(options.limit);
  Expected<std::vector<NumberTensor>> results = function->runAll(*data, host);
  if (!results) {
    return results.takeError();
  }
  NumberTensor &first = results->front();
  if (!first.isFloat || first.shape.empty() || first.floats.empty()) {
    return createStringError(path + ": expected floats as the first result");
  }
  Outputs outputs{data->size(), static_cast<size_t>(first.shape.back()), std::move(first.floats)};
  return std::move(outputs);
}

template <typename T> static double shareOfEquals(ArrayRef<T> a, ArrayRef<T> b) {
  size_t equal = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    equal += a[i] == b[i];
  }
  return static_cast<double>(equal) / static_cast<double>(a.size());
}

/// One label for each row.
static Expected<std::vector<int32_t>> readLabels(StringRef path, const Outputs &outputs,
                                                 bool isLimited) {
  Expected<NumberTensor> labels = readNpy(path, /*asFloat=*/false);
  if (!labels) {
    return labels.takeError();
  }
  size_t found = labels->integers.size();
  if (isLimited ? found < outputs.rows() : found != outputs.rows()) {
    return createStringError(path + ": expected " + Twine(outputs.rows()) +
                             " labels, one for each row of the result, found " + Twine(found));
  }
  labels->integers.resize(outputs.rows());
  for (auto [index, label] : enumerate(labels->integers)) {
    if (label < 0 || static_cast<size_t>(label) >= outputs.columns) {
      return createStringError(path + ": label " + Twine(index) + ": expected a number from 0 to " +
                               Twine(outputs.columns - 1) + ", found " + Twine(label));
    }
  }
  return std::move(labels->integers);
}

static std::optional<double> signalToNoise(ArrayRef<float> exact, ArrayRef<float> found) {
  double signal = 0, noise = 0;
  for (auto [a, b] : zip_equal(exact, found)) {
    double difference = double(a) - double(b);
    signal += double(a) * double(a);
    noise += difference * difference;
  }
  return noise > 0 && signal > 0 ? std::optional(10 * std::log10(signal / noise)) : std::nullopt;
}

Expected<FunctionScores> scoreFunction(const FunctionScoringOptions &options, const Host &host) {
  Expected<Outputs> found = runModel(options.model, options.machine, options, host);
  if (!found) {
    return found.takeError();
  }
  FunctionScores scores;
  scores.samples = found->samples;
  scores.rows = found->rows();
  std::vector<int32_t> places = found->places(), labels;
  if (!options.labels.empty()) {
    Expected<std::vector<int32_t>> read =
        readLabels(options.labels, *found, options.limit != INT64_MAX);
    if (!read) {
      return read.takeError();
    }
    labels = std::move(*read);
    scores.top1 = shareOfEquals<int32_t>(labels, places);
  }
  if (options.baseline.empty()) {
    return scores;
  }
  Expected<Outputs> exact = runModel(options.baseline, MachineChoice(), options, host);
  if (!exact) {
    return exact.takeError();
  }
  if (exact->columns != found->columns || exact->values.size() != found->values.size()) {
    return createStringError(options.baseline + ": expected results of " + Twine(found->rows()) +
                             " x " + Twine(found->columns) + ", found " + Twine(exact->rows()) +
                             " x " + Twine(exact->columns));
  }
  std::vector<int32_t> expected = exact->places();
  scores.agreement = shareOfEquals<int32_t>(expected, places);
  scores.signalToNoise = signalToNoise(exact->values, found->values);
  if (!labels.empty()) {
    scores.baselineTop1 = shareOfEquals<int32_t>(labels, expected);
  }
  return scores;
}

} // namespace quench::workflow
