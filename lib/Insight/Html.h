//===- Html.h - Text that cannot become markup ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_HTML_H
#define QUENCH_LIB_INSIGHT_HTML_H

#include "llvm/ADT/StringRef.h"

#include <optional>
#include <string>

namespace quench::insight {

/// Text for the content of an element or a quoted attribute of HTML or SVG: the five characters of
/// markup are escaped, control characters that HTML does not allow become U+FFFD.
std::string escapeHtml(llvm::StringRef text);

/// A number with as many digits after the point.
std::string fixedDigits(double value, unsigned digits);

/// A number with three significant digits, without an exponent below a million: "0.0123", "4.05",
/// "1210".
std::string threeDigits(double value);

/// `threeDigits`, or a dash when there is no value.
std::string threeDigitsOrDash(const std::optional<double> &value);

/// Decibels: "23.4", "exact" at the upper limit of numerics::SignalToNoise, a dash for no value.
std::string decibels(const std::optional<double> &value);

/// "2.3 MB", powers of 1000.
std::string megabytes(uint64_t bytes);

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_HTML_H
