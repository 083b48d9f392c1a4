//===- ReportReading.cpp - Reports from files that may be hostile ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/Report.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Support/JsonFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace llvm;

namespace quench::insight {

namespace {

/// An object whose members are not looked at. llvm::json::ObjectMapper finds the functions below by
/// the namespaces of their arguments, so plain objects will not do.
struct FreeObject {
  json::Object members;
};

bool fromJSON(const json::Value &value, FreeObject &object, json::Path path) {
  if (const json::Object *found = value.getAsObject()) {
    object.members = *found;
    return true;
  }
  path.report("expected object");
  return false;
}

} // namespace

static bool fromJSON(const json::Value &value, OutlierFigures &figures, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("absmax", figures.absmax) && map.map("median", figures.median) &&
         map.map("ratio", figures.ratio) && map.map("kurtosis", figures.kurtosis);
}

static bool fromJSON(const json::Value &value, LayerReport &layer, json::Path path) {
  json::ObjectMapper map(value, path);
  FreeObject metrics;
  bool read =
      map && map.map("name", layer.name) && map.map("shape", layer.shape) &&
      map.map("weights", layer.weights) && map.map("activations", layer.activations) &&
      map.map("bits_per_weight", layer.bitsPerWeight) && map.mapOptional("reason", layer.reason) &&
      map.map("weight_sqnr_db", layer.weightSqnr) && map.map("output_sqnr_db", layer.outputSqnr) &&
      map.map("imported_weight", layer.importedWeight) && map.map("weight", layer.weight) &&
      map.mapOptional("metrics", metrics);
  layer.metrics = std::move(metrics.members);
  return read;
}

namespace {

/// One member of an edge, with the name of its stage.
struct Stage : OutlierFigures {
  std::string stage;
};

struct Edge {
  std::string name;
  std::vector<Stage> stages;
};

bool fromJSON(const json::Value &value, Stage &stage, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("stage", stage.stage) &&
         fromJSON(value, static_cast<OutlierFigures &>(stage), path);
}

bool fromJSON(const json::Value &value, Edge &edge, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", edge.name) && map.map("stages", edge.stages);
}

} // namespace

static bool fromJSON(const json::Value &value, ResidualReport &residual, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", residual.name) && map.map("output_sqnr_db", residual.outputSqnr);
}

static bool fromJSON(const json::Value &value, RemarkReport &remark, json::Path path) {
  json::ObjectMapper map(value, path);
  FreeObject arguments;
  bool read = map && map.map("kind", remark.kind) && map.map("name", remark.name) &&
              map.map("place", remark.place) && map.map("arguments", arguments);
  remark.arguments = std::move(arguments.members);
  return read;
}

static bool fromJSON(const json::Value &value, PassReport &pass, json::Path path) {
  json::ObjectMapper map(value, path);
  std::vector<FreeObject> records;
  bool read = map && map.map("pass", pass.pass) && map.map("summary", pass.summary) &&
              map.map("remarks", pass.remarks) && map.map("records", records);
  for (FreeObject &record : records) {
    pass.records.push_back(std::move(record.members));
  }
  return read;
}

static bool fromJSON(const json::Value &value, MeasurementReport &measurement, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("windows", measurement.windows) && map.map("tokens", measurement.tokens) &&
         map.map("logits_sqnr_db", measurement.logitsSqnr) && map.map("kl", measurement.divergence);
}

namespace {

struct RecipeMember {
  Report &report;
};

bool fromJSON(const json::Value &value, RecipeMember &recipe, json::Path path) {
  json::ObjectMapper map(value, path);
  return map && map.map("name", recipe.report.recipeName) &&
         map.map("summary", recipe.report.recipeSummary) &&
         map.map("text", recipe.report.recipeText);
}

} // namespace

/// Puts the named stages of a file in the order of the report's.
static bool arrangeStages(std::vector<Edge> edges, Report &report, json::Path path) {
  for (size_t i = 0; i < edges.size(); ++i) {
    EdgeReport edge{std::move(edges[i].name), {}};
    edge.stages.resize(report.stages.size());
    for (const Stage &stage : edges[i].stages) {
      auto place = find(report.stages, stage.stage);
      if (place == report.stages.end()) {
        path.field("edges").index(i).field("stages").report("expected stages of the report");
        return false;
      }
      edge.stages[place - report.stages.begin()] = stage;
    }
    report.edges.push_back(std::move(edge));
  }
  return true;
}

static bool fromJSON(const json::Value &value, Report &report, json::Path path) {
  json::ObjectMapper map(value, path);
  RecipeMember recipe{report};
  std::vector<Edge> edges;
  std::optional<FreeObject> certificate;
  bool read = map && map.map("model", report.model) && map.map("recipe", recipe) &&
              map.map("bits_per_weight", report.bitsPerWeight) && map.map("bytes", report.bytes) &&
              map.map("linear_layers", report.linearLayers) &&
              map.map("quantized_layers", report.quantizedLayers) &&
              map.map("stages", report.stages) && map.map("layers", report.layers) &&
              map.map("edges", edges) && arrangeStages(std::move(edges), report, path) &&
              map.map("residual", report.residual) && map.map("passes", report.passes) &&
              map.map("measurement", report.measurement) && map.map("certificate", certificate);
  if (certificate) {
    report.certificate = std::move(certificate->members);
  }
  return read;
}

/// Parsers take 1e999 for infinity; no figure of a report is.
static bool isFinite(const json::Value &value) {
  if (const json::Array *array = value.getAsArray()) {
    return all_of(*array, isFinite);
  }
  if (const json::Object *object = value.getAsObject()) {
    return all_of(*object, [](const auto &member) { return isFinite(member.second); });
  }
  std::optional<double> number = value.getAsNumber();
  return !number || std::isfinite(*number);
}

static Error checkFormat(const json::Value &value, StringRef file) {
  const json::Object *object = value.getAsObject();
  if (!object || object->getString("format") != Report::formatName) {
    return createStringError(file + ": expected a report of Quench, found other JSON");
  }
  const json::Value *stated = object->get("version");
  std::optional<int64_t> version = stated ? integerOf(*stated) : std::nullopt;
  if (version != Report::formatVersion) {
    return createStringError(file + ": expected a report of version " +
                             Twine(Report::formatVersion) + ", found " +
                             (version ? "version " + Twine(*version) : Twine("none")));
  }
  return Error::success();
}

static Expected<Report> fromValue(const json::Value &value, StringRef file) {
  if (Error failure = checkFormat(value, file)) {
    return std::move(failure);
  }
  if (!isFinite(value)) {
    return createStringError(file + ": expected finite numbers, found one that is not");
  }
  Report report;
  json::Path::Root root("report");
  if (!fromJSON(value, report, root)) {
    return createStringError(file + ": " + toString(root.getError()));
  }
  return std::move(report);
}

Expected<Report> parseReport(StringRef text, StringRef file) {
  Expected<json::Value> value = parseJson(text, file);
  if (!value) {
    return value.takeError();
  }
  return fromValue(*value, file);
}

Expected<Report> readReport(StringRef modelFolder) {
  SmallString<128> path(modelFolder);
  sys::path::append(path, ModelFolder::reportFileName);
  if (sys::fs::is_directory(modelFolder) && !sys::fs::exists(path)) {
    return createStringError(modelFolder + ": expected a file " + ModelFolder::reportFileName +
                             ", found none; `quench quantize` writes it");
  }
  Expected<json::Value> value = readJsonFile(path);
  if (!value) {
    return value.takeError();
  }
  return fromValue(*value, path);
}

} // namespace quench::insight
