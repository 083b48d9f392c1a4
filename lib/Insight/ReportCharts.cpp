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

/// Ratios before and after; `figures` calls its argument with what it finds.
using FigureSink = function_ref<void(StringRef name, const std::optional<OutlierFigures> &before,
                                     const std::optional<OutlierFigures> &after)>;

static std::string changeSection(ArrayRef<Report> reports, ArrayRef<std::string> titles,
                                 StringRef id, StringRef heading, StringRef explanation,
                                 function_ref<void(const Report &, FigureSink)> figures) {
  FigureTable before(reports.size()), after(reports.size());
  for (size_t i = 0; i < reports.size(); ++i) {
    figures(reports[i], [&](StringRef name, const std::optional<OutlierFigures> &first,
                            const std::optional<OutlierFigures> &last) {
      before.addPlace(name);
      after.addPlace(name);
      if (first && first->ratio) {
        before.set(i, name, *first->ratio);
      }
      if (last && last->ratio) {
        after.set(i, name, *last->ratio);
      }
    });
  }
  if (before.isEmpty() && after.isEmpty()) {
    return "";
  }
  return section(id, heading, explanation,
                 drawChanges(after.places(), before.chart(titles, after.size()),
                             after.chart(titles, after.size())));
}

std::string activationOutlierSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  return changeSection(
      reports, titles, "activation-outliers", "Outliers of activations",
      "Largest magnitude over median magnitude of what layers read. Ring: as imported; disc: right "
      "before quantization. A format spends its range on the largest value, so lower is better.",
      [](const Report &report, FigureSink sink) {
        for (const EdgeReport &edge : report.edges) {
          if (!edge.stages.empty()) {
            sink(edge.name, edge.stages.front(), edge.stages.back());
          }
        }
      });
}

std::string weightOutlierSection(ArrayRef<Report> reports, ArrayRef<std::string> titles) {
  return changeSection(reports, titles, "weight-outliers", "Outliers of weights",
                       "Largest magnitude over median magnitude of every weight. Ring: as "
                       "imported; disc: right before quantization.",
                       [](const Report &report, FigureSink sink) {
                         for (const LayerReport &layer : report.layers) {
                           sink(layer.name, layer.importedWeight, layer.weight);
                         }
                       });
}

} // namespace quench::insight
