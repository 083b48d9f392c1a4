//===- ReportTables.h - The tables of the page ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_REPORTTABLES_H
#define QUENCH_LIB_INSIGHT_REPORTTABLES_H

#include "quench/Insight/Report.h"

#include <string>

namespace quench::insight {

/// Formats, errors and outliers of every layer; what passes recorded fills the last columns.
std::string layerTable(const Report &report);

/// Outliers of every edge at every stage; empty when nothing was measured.
std::string edgeTable(const Report &report);

/// What every pass did, and what it refused and why.
std::string passList(const Report &report);

/// Any JSON as lists and tables. Members come in the order of their names, "layer" and "name"
/// first.
std::string describeJson(const llvm::json::Value &value);

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_REPORTTABLES_H
