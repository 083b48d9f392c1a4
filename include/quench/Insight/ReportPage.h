//===- ReportPage.h - Reports as one page for people ------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One HTML file that needs nothing else: charts are inline SVG drawn here, the style sheet is
// inside (lib/Insight/ReportPage.html), and a script of a few lines only sorts tables. Several
// reports share the charts and stand side by side, so that recipes can be compared.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INSIGHT_REPORTPAGE_H
#define QUENCH_INSIGHT_REPORTPAGE_H

#include "quench/Insight/Report.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>

namespace quench::insight {

/// How many reports a page shows: as many as there are colours.
inline constexpr size_t maxReportsOfPage = 4;

/// What a person should think of a quantized model.
enum class Verdict { Unknown, Close, Degraded, Collapsed };

/// By the divergence from the float model in nats per token, of the evaluation if there is one,
/// else of the measurement: close below 0.1, collapsed from 1 and where it is not finite.
Verdict verdictOf(const Report &report);

/// The page for 1 to maxReportsOfPage reports. Same reports, same bytes. All texts of the reports
/// are escaped.
std::string renderPage(llvm::ArrayRef<Report> reports);

} // namespace quench::insight

#endif // QUENCH_INSIGHT_REPORTPAGE_H
