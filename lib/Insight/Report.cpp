//===- Report.cpp - What quantization did to a model ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/Report.h"

#include "quench/Numerics/OutlierStatistics.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llvm;

namespace quench::insight {

OutlierFigures OutlierFigures::of(const numerics::OutlierStatistics &statistics) {
  return {statistics.absmax(), statistics.median(), statistics.ratio(), statistics.kurtosis()};
}

/// Numbers that JSON has no words for become null; texts that are not UTF-8 are repaired.
static json::Value printable(const json::Value &value) {
  if (const json::Array *array = value.getAsArray()) {
    json::Array result;
    for (const json::Value &element : *array) {
      result.push_back(printable(element));
    }
    return std::move(result);
  }
  if (const json::Object *object = value.getAsObject()) {
    json::Object result;
    for (const auto &[key, element] : *object) {
      result[key] = printable(element);
    }
    return std::move(result);
  }
  if (std::optional<double> number = value.getAsNumber(); number && !std::isfinite(*number)) {
    return nullptr;
  }
  return value;
}

/// Texts come from names in models, which may hold any bytes.
static std::string text(StringRef bytes) { return json::fixUTF8(bytes); }

static void set(json::Object &object, StringRef key, const std::optional<double> &value) {
  if (value) {
    object[key] = *value;
  }
}

static json::Object toObject(const OutlierFigures &figures) {
  json::Object object{{"absmax", figures.absmax}, {"median", figures.median}};
  set(object, "ratio", figures.ratio);
  set(object, "kurtosis", figures.kurtosis);
  return object;
}

static json::Value toJSON(const LayerReport &layer) {
  json::Object object{{"name", text(layer.name)},
                      {"shape", json::Array(layer.shape)},
                      {"weights", text(layer.weights)},
                      {"activations", text(layer.activations)},
                      {"bits_per_weight", layer.bitsPerWeight}};
  if (!layer.reason.empty()) {
    object["reason"] = text(layer.reason);
  }
  set(object, "weight_sqnr_db", layer.weightSqnr);
  set(object, "output_sqnr_db", layer.outputSqnr);
  if (layer.importedWeight) {
    object["imported_weight"] = toObject(*layer.importedWeight);
  }
  if (layer.weight) {
    object["weight"] = toObject(*layer.weight);
  }
  if (!layer.metrics.empty()) {
    object["metrics"] = printable(json::Object(layer.metrics));
  }
  return std::move(object);
}

static json::Value toJSON(const EdgeReport &edge, ArrayRef<std::string> stageNames) {
  json::Array stages;
  for (size_t i = 0; i < edge.stages.size() && i < stageNames.size(); ++i) {
    if (edge.stages[i]) {
      json::Object stage = toObject(*edge.stages[i]);
      stage["stage"] = text(stageNames[i]);
      stages.push_back(std::move(stage));
    }
  }
  return json::Object{{"name", text(edge.name)}, {"stages", std::move(stages)}};
}

static json::Value toJSON(const PassReport &pass) {
  json::Array remarks, records;
  for (const RemarkReport &remark : pass.remarks) {
    remarks.push_back(json::Object{{"kind", remark.kind},
                                   {"name", text(remark.name)},
                                   {"place", text(remark.place)},
                                   {"arguments", printable(json::Object(remark.arguments))}});
  }
  for (const json::Object &record : pass.records) {
    records.push_back(printable(json::Object(record)));
  }
  return json::Object{{"pass", text(pass.pass)},
                      {"summary", text(pass.summary)},
                      {"remarks", std::move(remarks)},
                      {"records", std::move(records)}};
}

static json::Object toObject(const EvaluationReport &evaluation) {
  json::Object object{{"tokens", evaluation.tokens},
                      {"perplexity", evaluation.perplexity},
                      {"nll", evaluation.nll}};
  set(object, "kl", evaluation.divergence);
  set(object, "baseline_perplexity", evaluation.baselinePerplexity);
  return object;
}

template <typename T> static json::Array toArray(ArrayRef<T> values) {
  json::Array array;
  for (const T &value : values) {
    array.push_back(toJSON(value));
  }
  return array;
}

json::Value toJSON(const Report &report) {
  json::Array stages, edges, residual;
  for (const std::string &stage : report.stages) {
    stages.push_back(text(stage));
  }
  for (const EdgeReport &edge : report.edges) {
    edges.push_back(toJSON(edge, report.stages));
  }
  for (const ResidualReport &value : report.residual) {
    residual.push_back(
        json::Object{{"name", text(value.name)}, {"output_sqnr_db", value.outputSqnr}});
  }
  json::Object object{{"format", Report::formatName},
                      {"version", Report::formatVersion},
                      {"model", text(report.model)},
                      {"recipe", json::Object{{"name", text(report.recipeName)},
                                              {"summary", text(report.recipeSummary)},
                                              {"text", text(report.recipeText)}}},
                      {"bits_per_weight", report.bitsPerWeight},
                      {"bytes", report.bytes},
                      {"linear_layers", report.linearLayers},
                      {"quantized_layers", report.quantizedLayers},
                      {"stages", std::move(stages)},
                      {"layers", toArray(ArrayRef(report.layers))},
                      {"edges", std::move(edges)},
                      {"residual", std::move(residual)},
                      {"passes", toArray(ArrayRef(report.passes))}};
  if (report.measurement) {
    json::Object measurement{{"windows", report.measurement->windows},
                             {"tokens", report.measurement->tokens},
                             {"logits_sqnr_db", report.measurement->logitsSqnr}};
    set(measurement, "kl", report.measurement->divergence);
    object["measurement"] = std::move(measurement);
  }
  if (report.evaluation) {
    object["evaluation"] = toObject(*report.evaluation);
  }
  if (report.certificate) {
    object["certificate"] = printable(json::Object(*report.certificate));
  }
  return std::move(object);
}

std::string printReport(const Report &report) { return formatv("{0:2}\n", toJSON(report)).str(); }

} // namespace quench::insight
