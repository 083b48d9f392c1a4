//===- SvgChart.h - Charts over the depth of a model ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The horizontal axis of all charts is a list of named places in program order, grouped by block;
// the vertical axis is a quantity. Charts are inline SVG whose colours are classes of the page's
// style sheet, so that they follow its theme; every mark has a tooltip.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_SVGCHART_H
#define QUENCH_LIB_INSIGHT_SVGCHART_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>
#include <vector>

namespace quench::insight {

/// A place on the horizontal axis.
struct ChartPlace {
  /// The whole name, for tooltips.
  std::string name;
  /// What stands at the axis.
  std::string label;
  /// Neighbours with the same group share a band; may be empty.
  std::string group;
};

/// The place that a layer or an edge has: "model.layers.0.mlp.{gate_proj,up_proj}" is labelled
/// "gate,up" in group "0", the first number of its path.
ChartPlace placeOf(llvm::StringRef name);

/// Values of one model, one for each place; colours are those of class s0, s1, ….
struct ChartSeries {
  std::string name;
  unsigned color = 0;
  std::vector<std::optional<double>> values;
};

/// Bars from zero and, over them, lines with points. Values are shown up to `ceiling`, so that
/// exactness does not flatten everything else; tooltips say `unit`.
std::string drawColumns(llvm::ArrayRef<ChartPlace> places, llvm::ArrayRef<ChartSeries> bars,
                        llvm::ArrayRef<ChartSeries> lines, llvm::StringRef unit, double ceiling);

/// Values of one model on the way from what was to what is.
struct ChartTrail {
  std::string name;
  unsigned color = 0;
  /// What the steps are called, and for each the values, one for each place.
  std::vector<std::string> steps;
  std::vector<std::vector<std::optional<double>>> values;
};

/// What was first (a ring), in between (dots) and last (a disc), joined, on a logarithmic axis.
/// Values that are not positive are left out.
std::string drawTrails(llvm::ArrayRef<ChartPlace> places, llvm::ArrayRef<ChartTrail> trails);

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_SVGCHART_H
