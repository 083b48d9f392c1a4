//===- Html.cpp - Text that cannot become markup --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Html.h"

#include "quench/Numerics/OutlierStatistics.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace llvm;

namespace quench::insight {

std::string escapeHtml(StringRef text) {
  std::string allowed;
  for (char c : text) {
    bool isControl = (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7f;
    allowed += isControl ? StringRef("\xEF\xBF\xBD") : StringRef(&c, 1);
  }
  std::string result;
  raw_string_ostream stream(result);
  printHTMLEscaped(allowed, stream);
  return result;
}

std::string fixedDigits(double value, unsigned digits) {
  std::string text;
  raw_string_ostream(text) << format("%.*f", static_cast<int>(digits), value);
  return text;
}

std::string threeDigits(double value) {
  double magnitude = std::fabs(value);
  if (magnitude >= 1e6 || (magnitude < 1e-4 && magnitude > 0.0)) {
    std::string text;
    raw_string_ostream(text) << format("%.2e", value);
    return text;
  }
  unsigned digits = 0;
  for (double limit = 99.95; digits < 6 && magnitude < limit && magnitude > 0.0; limit /= 10) {
    ++digits;
  }
  return fixedDigits(value, digits);
}

std::string threeDigitsOrDash(const std::optional<double> &value) {
  return value ? threeDigits(*value) : "–";
}

std::string decibels(const std::optional<double> &value) {
  if (!value) {
    return "–";
  }
  return *value >= numerics::SignalToNoise::limit ? "exact" : fixedDigits(*value, 1);
}

std::string megabytes(uint64_t bytes) {
  const char *units[] = {"bytes", "kB", "MB", "GB", "TB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 999.95 && unit < 4) {
    value /= 1000.0;
    ++unit;
  }
  return fixedDigits(value, unit == 0 ? 0 : 1) + " " + units[unit];
}

} // namespace quench::insight
