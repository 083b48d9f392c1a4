//===- SvgChart.cpp - Charts over the depth of a model --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "SvgChart.h"

#include "Html.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace llvm;

namespace quench::insight {

ChartPlace placeOf(StringRef name) {
  ChartPlace place;
  place.name = name.str();
  StringRef path = name.take_until([](char c) { return c == '{'; });
  StringRef last = name.drop_front(path.size());
  if (last.empty()) {
    last = name.drop_front(name.rfind('.') + 1);
  }
  SmallVector<StringRef> parts;
  last.trim("{}").split(parts, ',');
  for (StringRef &part : parts) {
    part.consume_back("_proj");
  }
  place.label = join(parts, ",");
  SmallVector<StringRef> components;
  path.split(components, '.');
  for (StringRef component : components) {
    if (!component.empty() && all_of(component, isDigit)) {
      place.group = component.str();
      break;
    }
  }
  return place;
}

namespace {

/// A vertical axis: the values at its ends and at its ticks.
struct Axis {
  double low = 0.0;
  double high = 1.0;
  bool logarithmic = false;
  std::vector<double> ticks;

  static Axis linear(double low, double high);
  static Axis logarithm(double low, double high);

  /// 0 at the lower end, 1 at the upper one.
  double position(double value) const {
    if (logarithmic) {
      return std::log10(value / low) / std::log10(high / low);
    }
    return (value - low) / (high - low);
  }
};

/// Draws one chart into a text. Sizes are in units of the view box.
class ChartDrawing {
public:
  ChartDrawing(ArrayRef<ChartPlace> places, Axis axis);

  void bars(ArrayRef<ChartSeries> series, StringRef unit);
  void lines(ArrayRef<ChartSeries> series, StringRef unit);
  void trail(const ChartTrail &trail, double within);
  std::string finish();

private:
  static constexpr double width = 1120, left = 46, right = 8, top = 10, plotHeight = 220;

  void bands();
  void grid();
  double x(size_t place, double within) const { return left + (place + within) * step; }
  double y(double value) const {
    return top + plotHeight * (1 - std::clamp(axis.position(value), 0.0, 1.0));
  }
  static std::string number(double value) { return fixedDigits(value, 1); }
  std::string title(StringRef series, size_t place, const Twine &value) const;

  ArrayRef<ChartPlace> places;
  Axis axis;
  double step;
  double height;
  bool showLabels;
  std::string text;
  raw_string_ostream stream;
};

} // namespace

Axis Axis::linear(double low, double high) {
  Axis axis;
  double range = high > low ? high - low : 1.0;
  double unit = std::pow(10.0, std::floor(std::log10(range / 4)));
  double spacing = unit;
  for (double factor : {2.0, 5.0, 10.0}) {
    if (range / spacing > 6) {
      spacing = unit * factor;
    }
  }
  axis.low = std::floor(low / spacing) * spacing;
  axis.high = std::max(std::ceil(high / spacing), std::floor(low / spacing) + 1) * spacing;
  auto count = static_cast<int>(std::lround((axis.high - axis.low) / spacing));
  for (int i = 0; i <= count; ++i) {
    axis.ticks.push_back(axis.low + i * spacing);
  }
  return axis;
}

Axis Axis::logarithm(double low, double high) {
  Axis axis;
  axis.logarithmic = true;
  int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  int last = std::max(first + 1, static_cast<int>(std::ceil(std::log10(high) - 1e-9)));
  axis.low = std::pow(10.0, first);
  axis.high = std::pow(10.0, last);
  bool isNarrow = last - first <= 2;
  for (int exponent = first; exponent <= last; ++exponent) {
    for (double factor : {1.0, 2.0, 5.0}) {
      if (factor == 1.0 || (isNarrow && exponent < last)) {
        axis.ticks.push_back(factor * std::pow(10.0, exponent));
      }
    }
  }
  return axis;
}

ChartDrawing::ChartDrawing(ArrayRef<ChartPlace> places, Axis axis)
    : places(places), axis(std::move(axis)),
      step((width - left - right) / std::max<size_t>(places.size(), 1)), showLabels(step >= 11),
      stream(text) {
  size_t longest = 0;
  for (const ChartPlace &place : places) {
    longest = std::max(longest, place.label.size());
  }
  double labels = showLabels ? std::min<double>(6.2 * longest, 130) + 10 : 4;
  bool hasGroups = any_of(places, [](const ChartPlace &place) { return !place.group.empty(); });
  height = top + plotHeight + labels + (hasGroups ? 18 : 2);
  stream << "<svg viewBox=\"0 0 " << number(width) << ' ' << number(height)
         << "\" role=\"img\" class=\"chart\">\n";
  bands();
  grid();
}

std::string ChartDrawing::title(StringRef series, size_t place, const Twine &value) const {
  std::string what = places[place].name + ": " + value.str();
  return "<title>" + escapeHtml(series.empty() ? what : series.str() + ", " + what) + "</title>";
}

/// Every other group has a darker ground; its name stands below.
void ChartDrawing::bands() {
  bool isDark = false;
  for (size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    while (end < places.size() && places[end].group == places[begin].group) {
      ++end;
    }
    if (isDark) {
      stream << "<rect class=\"band\" x=\"" << number(x(begin, 0)) << "\" y=\"" << number(top)
             << "\" width=\"" << number((end - begin) * step) << "\" height=\""
             << number(height - top) << "\"/>\n";
    }
    isDark = !isDark;
    if (!places[begin].group.empty()) {
      stream << "<text class=\"group\" x=\"" << number((x(begin, 0) + x(end, 0)) / 2) << "\" y=\""
             << number(height - 5) << "\">" << escapeHtml(places[begin].group) << "</text>\n";
    }
  }
}

void ChartDrawing::grid() {
  for (double tick : axis.ticks) {
    stream << "<line class=\"" << (tick == 0 ? "zero" : "grid") << "\" x1=\"" << number(left)
           << "\" x2=\"" << number(width - right) << "\" y1=\"" << number(y(tick)) << "\" y2=\""
           << number(y(tick)) << "\"/><text class=\"tick\" x=\"" << number(left - 5) << "\" y=\""
           << number(y(tick) + 3.5) << "\">" << format("%g", tick) << "</text>\n";
  }
  if (!showLabels) {
    return;
  }
  for (auto [index, place] : enumerate(places)) {
    std::string at = number(x(index, 0.5) + 3.5) + " " + number(top + plotHeight + 6);
    stream << "<text class=\"label\" transform=\"translate(" << at << ") rotate(-90)\">"
           << escapeHtml(place.label) << "</text>\n";
  }
}

void ChartDrawing::bars(ArrayRef<ChartSeries> series, StringRef unit) {
  double bar = 0.8 / std::max<size_t>(series.size(), 1);
  for (auto [number_, one] : enumerate(series)) {
    for (auto [place, value] : enumerate(one.values)) {
      if (!value) {
        continue;
      }
      double zero = y(0), end = y(*value);
      // Even nothing is seen.
      double size = std::max(std::fabs(zero - end), 0.8);
      stream << "<rect class=\"bar s" << one.color << "\" x=\""
             << number(x(place, 0.1 + bar * number_)) << "\" y=\"" << number(std::min(zero, end))
             << "\" width=\"" << number(bar * step) << "\" height=\"" << number(size) << "\">"
             << title(one.name, place, decibels(value) + " " + unit) << "</rect>\n";
    }
  }
}

void ChartDrawing::lines(ArrayRef<ChartSeries> series, StringRef unit) {
  for (const ChartSeries &one : series) {
    std::string points;
    for (auto [place, value] : enumerate(one.values)) {
      if (value) {
        points += number(x(place, 0.5)) + "," + number(y(*value)) + " ";
      }
    }
    if (points.empty()) {
      continue;
    }
    stream << "<polyline class=\"line s" << one.color << "\" points=\"" << StringRef(points).rtrim()
           << "\"/>\n";
    for (auto [place, value] : enumerate(one.values)) {
      if (value) {
        stream << "<circle class=\"point s" << one.color << "\" cx=\"" << number(x(place, 0.5))
               << "\" cy=\"" << number(y(*value)) << "\" r=\"3.5\">"
               << title(one.name, place, decibels(value) + " " + unit) << "</circle>\n";
      }
    }
  }
}

static bool isPositive(const std::optional<double> &value) { return value && *value > 0.0; }

void ChartDrawing::trail(const ChartTrail &trail, double within) {
  for (size_t place = 0; place < places.size(); ++place) {
    SmallVector<double> values;
    std::string way;
    for (auto [step, name] : enumerate(trail.steps)) {
      if (isPositive(trail.values[step][place])) {
        values.push_back(*trail.values[step][place]);
        way += (way.empty() ? "" : " → ") + name + " " + threeDigits(values.back());
      }
    }
    std::string color = " s" + std::to_string(trail.color), across = number(x(place, within));
    for (size_t i = 1; i < values.size(); ++i) {
      stream << "<line class=\"line" << color << "\" x1=\"" << across << "\" x2=\"" << across
             << "\" y1=\"" << number(y(values[i - 1])) << "\" y2=\"" << number(y(values[i]))
             << "\"/>\n";
    }
    auto circle = [&](StringRef kind, StringRef radius, double value) {
      stream << "<circle class=\"" << kind << color << "\" cx=\"" << across << "\" cy=\""
             << number(y(value)) << "\" r=\"" << radius << "\">" << title(trail.name, place, way)
             << "</circle>\n";
    };
    // Small marks under large ones.
    for (size_t i = 1; i + 1 < values.size(); ++i) {
      circle("point", "2.5", values[i]);
    }
    if (values.size() > 1) {
      circle("ring", "4", values.front());
    }
    if (!values.empty()) {
      circle("point", "4", values.back());
    }
  }
}

std::string ChartDrawing::finish() {
  stream << "</svg>\n";
  return std::move(text);
}

std::string drawColumns(ArrayRef<ChartPlace> places, ArrayRef<ChartSeries> bars,
                        ArrayRef<ChartSeries> lines, StringRef unit, double ceiling) {
  double low = 0.0, high = 0.0;
  for (ArrayRef<ChartSeries> kind : {bars, lines}) {
    for (const ChartSeries &series : kind) {
      for (const std::optional<double> &value : series.values) {
        if (value) {
          low = std::max(std::min(low, *value), -ceiling);
          high = std::min(std::max(high, *value), ceiling);
        }
      }
    }
  }
  ChartDrawing drawing(places, Axis::linear(low, high));
  drawing.bars(bars, unit);
  drawing.lines(lines, unit);
  return drawing.finish();
}

std::string drawTrails(ArrayRef<ChartPlace> places, ArrayRef<ChartTrail> trails) {
  std::optional<double> low, high;
  for (const ChartTrail &trail : trails) {
    for (const auto &step : trail.values) {
      for (const std::optional<double> &value : step) {
        if (isPositive(value)) {
          low = low ? std::min(*low, *value) : *value;
          high = high ? std::max(*high, *value) : *value;
        }
      }
    }
  }
  ChartDrawing drawing(places, Axis::logarithm(low.value_or(1), high.value_or(10)));
  for (auto [index, trail] : enumerate(trails)) {
    drawing.trail(trail, (index + 1.0) / (trails.size() + 1.0));
  }
  return drawing.finish();
}

} // namespace quench::insight
