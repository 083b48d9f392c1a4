//===- Report.h - What quantization did to a model --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `quench quantize` leaves a file `report.json` in the model folder. It says what every pass did
// and refused, and what was measured of every layer and of every edge; `quench report` shows it.
// docs/report.md explains all keys. Keys are added, never renamed; unknown ones are ignored.
//
// Members that were not measured are absent from the file and empty here. Ratios are in decibels,
// as numerics::SignalToNoise has them.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_REPORT_H
#define QUENCH_INSIGHT_REPORT_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench::numerics {
class OutlierStatistics;
} // namespace quench::numerics

namespace quench::insight {

/// How far the largest values of a tensor stand out; see numerics::OutlierStatistics.
struct OutlierFigures {
  double absmax = 0.0;
  double median = 0.0;
  /// absmax / median; none when the median is 0.
  std::optional<double> ratio;
  std::optional<double> kurtosis;

  static OutlierFigures of(const numerics::OutlierStatistics &statistics);
};

struct LayerReport {
  /// As in recipes; see LinearNames.h.
  std::string name;
  /// Of the weight.
  std::vector<int64_t> shape;
  /// Schemes, without brackets; empty where the operand is float.
  std::string weights, activations;
  double bitsPerWeight = 0.0;
  /// What passes had against doing more to the layer; empty when they said nothing.
  std::string reason;
  /// Of the weight as stored against the float one that it was made from.
  std::optional<double> weightSqnr;
  /// Of the layer's output in the quantized model against that in the float one, with everything
  /// before it quantized too.
  std::optional<double> outputSqnr;
  /// Of the weight as imported and of the one that was quantized.
  std::optional<OutlierFigures> importedWeight, weight;
  /// What passes recorded about the layer, by key; later passes win.
  llvm::json::Object metrics;
};

/// The activations that one or more layers read, at each stage; empty where a stage has no such
/// edge.
struct EdgeReport {
  std::string name;
  std::vector<std::optional<OutlierFigures>> stages;
};

/// The residual stream behind a block.
struct ResidualReport {
  /// "model.layers.0".
  std::string name;
  double outputSqnr = 0.0;
};

/// A decision of a pass, from an `mlir::remark`.
struct RemarkReport {
  /// "passed", "missed", "failed" or "analysis".
  std::string kind;
  std::string name;
  /// The layer or the place in the model; may be empty.
  std::string place;
  /// The remark's other arguments, all texts.
  llvm::json::Object arguments;
};

/// One run of a pass, in order.
struct PassReport {
  /// The flag.
  std::string pass;
  std::string summary;
  std::vector<RemarkReport> remarks;
  /// What it left in Workspace::report, without "pass".
  std::vector<llvm::json::Object> records;
};

/// What running the model on calibration windows showed.
struct MeasurementReport {
  uint64_t windows = 0;
  /// All tokens of the windows but the last of each.
  uint64_t tokens = 0;
  /// Of the logits against those of the imported model.
  double logitsSqnr = 0.0;
  /// Mean over the tokens of sum_v p (ln p - ln q), p from the imported model; none when the
  /// quantized model computes NaN or infinity.
  std::optional<double> divergence;
};

/// What `quench report --data` computed; not in the file.
struct EvaluationReport {
  uint64_t tokens = 0;
  double perplexity = 0.0;
  double nll = 0.0;
  std::optional<double> divergence;
  std::optional<double> baselinePerplexity;
};

struct Report {
  static constexpr llvm::StringLiteral formatName = "quench-report";
  static constexpr int64_t formatVersion = 1;

  /// The last component of the name of the folder that was quantized.
  std::string model;
  std::string recipeName, recipeSummary, recipeText;
  double bitsPerWeight = 0.0;
  uint64_t bytes = 0;
  uint64_t linearLayers = 0;
  uint64_t quantizedLayers = 0;
  /// What the stages of edges are called: "imported", then passes.
  std::vector<std::string> stages;
  std::vector<LayerReport> layers;
  std::vector<EdgeReport> edges;
  std::vector<ResidualReport> residual;
  std::vector<PassReport> passes;
  std::optional<MeasurementReport> measurement;
  std::optional<EvaluationReport> evaluation;
  /// What --verify-each-numerically wrote down; see there.
  std::optional<llvm::json::Object> certificate;
};

llvm::json::Value toJSON(const Report &report);

/// The text of a report file.
std::string printReport(const Report &report);

/// Reads a report back. Errors start with `file`: not JSON, not a report, another version, a known
/// key of the wrong type or out of range, with its place: "expected number at report.layers[3].…".
llvm::Expected<Report> parseReport(llvm::StringRef text, llvm::StringRef file);

/// The report of a model folder (ModelFolder::reportFileName). Errors as above; one that is missing
/// says how to get it.
llvm::Expected<Report> readReport(llvm::StringRef modelFolder);

} // namespace quench::insight

#endif // QUENCH_INSIGHT_REPORT_H
