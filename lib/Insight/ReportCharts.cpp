//===- ReportCharts.cpp - The charts of the page --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReportCharts.h"

#include "Html.h"
#include "SvgChart.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringMap.h"

using namespace llvm;

namespace quench::insight {

/// Bars stop here: more is as good as exact.
static constexpr double highestBar = 80.0;

namespace {

/// Named figures of several reports: a chart before it is drawn.
class FigureTable {
public:
  explicit FigureTable(size_t reports) : series(reports) {}

  void set(size_t report, StringRef name, double value) {
    auto [place, isNew] = indexOf.try_emplace(name, names.size());
    if (isNew) {
      names.push_back(name.str());
    }
    std::vector<std::optional<double>> &values = series[report];
    if (values.size() <= place->second) {
      values.resize(place->second + 1);
    }
    values[place->second] = value;
  }

  /// Makes room for a place whether there is a value or not, so that the order is that of the
  /// model.
  void addPlace(StringRef name) {
    if (indexOf.try_emplace(name, names.size()).second) {
      names.push_back(name.str());
    }
  }

  bool isEmpty() const {
    return all_of(series, [](const auto &values) { return values.empty(); });
  }

  std::vector<ChartPlace> places() const {
    auto all = map_range(names, placeOf);
    return {all.begin(), all.end()};
  }

  /// One series for each report, all as long as `length`; reports without figures have none.
  std::vector<ChartSeries> chart(ArrayRef<std::string> titles, size_t length) const {
    std::vector<ChartSeries> result;
    for (auto [index, values] : enumerate(series)) {
      ChartSeries one{titles.size() > 1 ? titles[index] : "", static_cast<unsigned>(index), values};
      one.values.resize(length);
      result.push_back(std::move(one));
    }
    return result;
  }

  size_t size() const { return names.size(); }

private:
  std::vector<std::string> names;
  StringMap<size_t> indexOf;
  std::vector<std::vector<std::optional<double>>> series;
};

} // namespace

static std::string section(StringRef id, StringRef heading, StringRef explanation,
                           StringRef chart) {
  return ("<section id=\"" + id + "\"><h2>" + heading + "</h2>\n<p class=\"note\">" + explanation +
          "</p>\n<div class=\"wide\">" + chart + "</div></section>\n")
      .str();
}

std::string outputErrorSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  FigureTable layers(reports.size()), residual(reports.size());
  for (auto [index, report] : enumerate(reports)) {
    for (const LayerReport &layer : report.layers) {
      layers.addPlace(layer.name);
      residual.addPlace(layer.name);
      if (layer.outputSqnr) {
        layers.set(index, layer.name, *layer.outputSqnr);
      }
    }
    for (const ResidualReport &value : report.residual) {
      // A block ends with its last layer.
      auto last = find_if(reverse(report.layers), [&](const LayerReport &layer) {
        return StringRef(layer.name).starts_with(value.name + ".");
      });
      if (last != report.layers.rend()) {
        residual.set(index, last->name, value.outputSqnr);
      }
    }
  }
  if (layers.isEmpty()) {
    return "";
  }
  return section("output-error", "Output error of every layer",
                 "Signal-to-noise ratio in dB of what each layer computes, against the float model "
                 "on the same tokens; errors of earlier layers are included. Higher is better; at "
                 "0 dB the error is as large as the signal. The line is the residual stream.",
                 drawColumns(layers.places(), layers.chart(titles, layers.size()),
                             residual.chart(titles, layers.size()), "dB", highestBar));
}

std::string weightErrorSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  FigureTable layers(reports.size());
  for (auto [index, report] : enumerate(reports)) {
    for (const LayerReport &layer : report.layers) {
      layers.addPlace(layer.name);
      if (layer.weightSqnr) {
        layers.set(index, layer.name, *layer.weightSqnr);
      }
    }
  }
  if (layers.isEmpty()) {
    return "";
  }
  return section(
      "weight-error", "Weight error of every layer",
      "Signal-to-noise ratio in dB of the stored weights against the float ones that "
      "they were made from. One bit is worth about 6 dB.",
      drawColumns(layers.places(), layers.chart(titles, layers.size()), {}, "dB", highestBar));
}

namespace {

/// Outliers on their way through stages, of one report.
struct StagedFigures {
  std::vector<std::string> stages;
  /// By name, in the order of the model; one for each stage.
  std::vector<std::pair<std::string, std::vector<std::optional<OutlierFigures>>>> figures;
};

} // namespace

static std::string outlierSection(ArrayRef<StagedFigures> reports, ArrayRef<std::string> titles,
                                  StringRef id, StringRef heading, StringRef explanation) {
  // A place for each name; reports may have different ones.
  std::vector<ChartPlace> places;
  StringMap<size_t> indexOf;
  for (const StagedFigures &report : reports) {
    for (const auto &[name, figures] : report.figures) {
      if (indexOf.try_emplace(name, places.size()).second) {
        places.push_back(placeOf(name));
      }
    }
  }
  if (places.empty()) {
    return "";
  }
  std::vector<ChartTrail> trails;
  for (auto [index, report] : enumerate(reports)) {
    ChartTrail trail{
        titles.size() > 1 ? titles[index] : "", static_cast<unsigned>(index), report.stages, {}};
    trail.values.resize(report.stages.size(), std::vector<std::optional<double>>(places.size()));
    for (const auto &[name, figures] : report.figures) {
      for (size_t stage = 0; stage < figures.size() && stage < report.stages.size(); ++stage) {
        if (figures[stage]) {
          trail.values[stage][indexOf.lookup(name)] = figures[stage]->ratio;
        }
      }
    }
    trails.push_back(std::move(trail));
  }
  return section(id, heading, explanation, drawTrails(places, trails));
}

std::string activationOutlierSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  std::vector<StagedFigures> figures;
  for (const Report &report : reports) {
    figures.push_back({report.stages, {}});
    for (const EdgeReport &edge : report.edges) {
      figures.back().figures.push_back({edge.name, edge.stages});
    }
  }
  return outlierSection(
      figures, titles, "activation-outliers", "Outliers of activations",
      "Largest magnitude over median magnitude of what layers read. Ring: as imported; disc: right "
      "before quantization; dots: after the passes between. A format spends its range on the "
      "largest value, so lower is better.");
}

std::string weightOutlierSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  std::vector<StagedFigures> figures;
  for (const Report &report : reports) {
    figures.push_back({{"imported", "before quantization"}, {}});
    for (const LayerReport &layer : report.layers) {
      if (layer.importedWeight || layer.weight) {
        figures.back().figures.push_back({layer.name, {layer.importedWeight, layer.weight}});
      }
    }
  }
  return outlierSection(figures, titles, "weight-outliers", "Outliers of weights",
                        "Largest magnitude over median magnitude of every weight. Ring: as "
                        "imported; disc: right before quantization.");
}

} // namespace quench::insight
