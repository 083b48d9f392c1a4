//===- ReportTables.cpp - The tables of the page --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReportTables.h"

#include "Html.h"

#include "quench/Support/JsonFile.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <map>
#include <set>

using namespace llvm;

namespace quench::insight {

/// A number of a table; empty cells sort below all others.
static std::string numberCell(StringRef text, const std::optional<double> &value) {
  std::string html = "<td class=\"number\"";
  if (value) {
    html += " data-value=\"" + threeDigits(*value) + "\"";
  }
  return html + ">" + escapeHtml(text) + "</td>";
}

static std::string textCell(StringRef text) { return "<td>" + escapeHtml(text) + "</td>"; }

//===----------------------------------------------------------------------===//
// Any JSON
//===----------------------------------------------------------------------===//

/// Names and layers before everything else, which is in alphabetical order.
static std::vector<std::string> orderedKeys(const std::set<std::string> &keys) {
  std::vector<std::string> names, others;
  for (const std::string &key : keys) {
    (key == "layer" || key == "name" ? names : others).push_back(key);
  }
  append_range(names, others);
  return names;
}

static std::set<std::string> keysOf(const json::Object &object) {
  std::set<std::string> keys;
  for (const auto &[key, value] : object) {
    keys.insert(StringRef(key).str());
  }
  return keys;
}

/// "largest_deviation" as people write it.
static std::string keyTitle(StringRef key) {
  std::string title = key.str();
  std::replace(title.begin(), title.end(), '_', ' ');
  return escapeHtml(title);
}

static std::string jsonCell(const json::Value *value) {
  if (!value) {
    return "<td></td>";
  }
  if (std::optional<double> number = value->getAsNumber()) {
    return numberCell(threeDigits(*number), number);
  }
  return "<td>" + describeJson(*value) + "</td>";
}

static std::string jsonTable(const json::Array &rows) {
  std::set<std::string> keys;
  for (const json::Value &row : rows) {
    keys.merge(keysOf(*row.getAsObject()));
  }
  std::vector<std::string> columns = orderedKeys(keys);
  std::string html = "<div class=\"wide\"><table class=\"sortable\"><thead><tr>";
  for (const std::string &column : columns) {
    html += "<th>" + keyTitle(column) + "</th>";
  }
  html += "</tr></thead><tbody>\n";
  for (const json::Value &row : rows) {
    html += "<tr>";
    for (const std::string &column : columns) {
      html += jsonCell(row.getAsObject()->get(column));
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>";
}

std::string describeJson(const json::Value &value) {
  if (std::optional<StringRef> text = value.getAsString()) {
    return escapeHtml(*text);
  }
  if (std::optional<int64_t> integer = integerOf(value)) {
    return std::to_string(*integer);
  }
  if (std::optional<double> number = value.getAsNumber()) {
    return threeDigits(*number);
  }
  if (std::optional<bool> flag = value.getAsBoolean()) {
    return *flag ? "yes" : "no";
  }
  if (const json::Array *array = value.getAsArray()) {
    if (!array->empty() && all_of(*array, [](const json::Value &v) { return v.getAsObject(); })) {
      return jsonTable(*array);
    }
    return join(map_range(*array, describeJson), ", ");
  }
  if (const json::Object *object = value.getAsObject()) {
    std::string html = "<dl>";
    for (const std::string &key : orderedKeys(keysOf(*object))) {
      html += "<dt>" + keyTitle(key) + "</dt><dd>" + describeJson(*object->get(key)) + "</dd>";
    }
    return html + "</dl>";
  }
  return "–";
}

//===----------------------------------------------------------------------===//
// Layers and edges
//===----------------------------------------------------------------------===//

/// "1210 → 8.4", or one of them.
static std::string change(const std::optional<OutlierFigures> &before,
                          const std::optional<OutlierFigures> &after,
                          std::optional<double> OutlierFigures::*member) {
  std::optional<double> from = before ? (*before).*member : std::nullopt;
  std::optional<double> to = after ? (*after).*member : std::nullopt;
  std::string old = threeDigitsOrDash(from), now = threeDigitsOrDash(to);
  return !from || old == now ? now : old + " → " + now;
}

static std::string changeCell(const LayerReport &layer,
                              std::optional<double> OutlierFigures::*member) {
  return numberCell(change(layer.importedWeight, layer.weight, member),
                    layer.weight ? (*layer.weight).*member : std::nullopt);
}

/// What stands in columns of its own is not repeated among what passes recorded.
static bool hasColumn(StringRef key) {
  return key == "layer" || key == "weights" || key == "activations" || key == "bits_per_weight" ||
         key == "signal_to_noise_db" || key == "reason";
}

static std::vector<std::string> metricColumns(const Report &report) {
  std::set<std::string> keys;
  for (const LayerReport &layer : report.layers) {
    keys.merge(keysOf(layer.metrics));
  }
  std::vector<std::string> columns;
  copy_if(keys, std::back_inserter(columns), [](StringRef key) { return !hasColumn(key); });
  return columns;
}

static std::string layerRow(const LayerReport &layer, ArrayRef<std::string> metrics) {
  std::string html = "<tr" + std::string(layer.weights.empty() ? " class=\"float\"" : "") + ">";
  html += "<th>" + escapeHtml(layer.name) + "</th>";
  html += textCell(layer.weights.empty() ? "float" : layer.weights);
  html += textCell(layer.activations.empty() ? "float" : layer.activations);
  html += numberCell(fixedDigits(layer.bitsPerWeight, 2), layer.bitsPerWeight);
  html += numberCell(decibels(layer.weightSqnr), layer.weightSqnr);
  html += numberCell(decibels(layer.outputSqnr), layer.outputSqnr);
  html += changeCell(layer, &OutlierFigures::ratio);
  html += changeCell(layer, &OutlierFigures::kurtosis);
  for (const std::string &metric : metrics) {
    html += jsonCell(layer.metrics.get(metric));
  }
  return html + textCell(layer.reason) + "</tr>\n";
}

std::string layerTable(const Report &report) {
  std::vector<std::string> metrics = metricColumns(report);
  std::string html =
      "<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>layer</th><th>weights</th>"
      "<th>activations</th><th>bits per weight</th><th>weight SQNR, dB</th>"
      "<th>output SQNR, dB</th><th>weight max/median</th><th>weight kurtosis</th>";
  for (const std::string &metric : metrics) {
    html += "<th>" + keyTitle(metric) + "</th>";
  }
  html += "<th>why</th></tr></thead><tbody>\n";
  for (const LayerReport &layer : report.layers) {
    html += layerRow(layer, metrics);
  }
  return html + "</tbody></table></div>\n";
}

std::string edgeTable(const Report &report) {
  if (report.edges.empty() || report.stages.empty()) {
    return "";
  }
  std::string html = "<div class=\"wide\"><table class=\"sortable\"><thead><tr><th>read by</th>"
                     "<th>stage</th><th>largest</th><th>median</th><th>max/median</th>"
                     "<th>kurtosis</th></tr></thead><tbody>\n";
  for (const EdgeReport &edge : report.edges) {
    for (size_t i = 0; i < edge.stages.size() && i < report.stages.size(); ++i) {
      if (const std::optional<OutlierFigures> &figures = edge.stages[i]) {
        html += "<tr><th>" + escapeHtml(edge.name) + "</th>" + textCell(report.stages[i]) +
                numberCell(threeDigits(figures->absmax), figures->absmax) +
                numberCell(threeDigits(figures->median), figures->median) +
                numberCell(threeDigitsOrDash(figures->ratio), figures->ratio) +
                numberCell(threeDigitsOrDash(figures->kurtosis), figures->kurtosis) + "</tr>\n";
      }
    }
  }
  return html + "</tbody></table></div>\n";
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

/// Places, of which only the first few are spelt out.
static std::string listPlaces(ArrayRef<std::string> places) {
  constexpr size_t shown = 8;
  std::string html;
  for (size_t i = 0; i < places.size() && i < shown; ++i) {
    html += (i ? ", <code>" : "<code>") + escapeHtml(places[i]) + "</code>";
  }
  if (places.size() > shown) {
    html += " and " + std::to_string(places.size() - shown) + " more";
  }
  return html;
}

/// One line for each reason that something was not done.
static std::string refusals(const PassReport &pass) {
  MapVector<std::string, std::vector<std::string>, std::map<std::string, unsigned>> byReason;
  for (const RemarkReport &remark : pass.remarks) {
    if (remark.kind == "missed" || remark.kind == "failed") {
      std::optional<StringRef> reason = remark.arguments.getString("Reason");
      byReason[reason ? reason->str() : remark.name].push_back(remark.place);
    }
  }
  if (byReason.empty()) {
    return "";
  }
  std::string html = "<ul class=\"refused\">\n";
  for (const auto &[reason, places] : byReason) {
    html += "<li>not done: " + escapeHtml(reason) + " – " + listPlaces(places) + "</li>\n";
  }
  return html + "</ul>\n";
}

/// What was done, in one table for each kind of decision.
static std::string decisions(const PassReport &pass) {
  MapVector<std::string, json::Array, std::map<std::string, unsigned>> byName;
  for (const RemarkReport &remark : pass.remarks) {
    if (remark.kind == "missed" || remark.kind == "failed") {
      continue;
    }
    json::Object row = remark.arguments;
    row.erase("Layer");
    if (row.getString("At") == remark.place) {
      row.erase("At");
    }
    row["name"] = remark.place;
    byName[remark.name].push_back(std::move(row));
  }
  std::string html;
  for (auto &[name, rows] : byName) {
    html += "<details><summary>" + escapeHtml(name) + ": " + std::to_string(rows.size()) +
            "</summary>" + describeJson(std::move(rows)) + "</details>\n";
  }
  return html;
}

/// Records beyond what the table of layers has.
static std::string records(const PassReport &pass) {
  std::string html;
  for (const json::Object &record : pass.records) {
    json::Object rest = record;
    rest.erase("layers");
    if (!rest.empty()) {
      html += describeJson(std::move(rest)) + "\n";
    }
  }
  return html;
}

std::string passList(const Report &report) {
  std::string html = "<ol class=\"passes\">\n";
  for (const PassReport &pass : report.passes) {
    html += "<li><code>" + escapeHtml(pass.pass) + "</code>";
    if (!pass.summary.empty()) {
      html += " <span class=\"note\">" + escapeHtml(pass.summary) + "</span>";
    }
    html += "\n" + refusals(pass) + records(pass) + decisions(pass) + "</li>\n";
  }
  return html + "</ol>\n";
}

} // namespace quench::insight
