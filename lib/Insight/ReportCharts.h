//===- ReportCharts.h - The charts of the page ------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each function gives a section with a heading, or nothing when no report has such figures. Report
// number i is called titles[i] and has colour i.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_INSIGHT_REPORTCHARTS_H
#define QUENCH_LIB_INSIGHT_REPORTCHARTS_H

#include "quench/Insight/Report.h"

#include "llvm/ADT/ArrayRef.h"

#include <string>

namespace quench::insight {

/// Signal-to-noise ratio of each layer's output, with the residual stream as a line.
std::string outputErrorSection(llvm::ArrayRef<Report> reports, llvm::ArrayRef<std::string> titles);

/// Signal-to-noise ratio of each layer's weights.
std::string weightErrorSection(llvm::ArrayRef<Report> reports, llvm::ArrayRef<std::string> titles);

/// absmax / median of what layers read, as imported and right before quantization.
std::string activationOutlierSection(llvm::ArrayRef<Report> reports,
                                     llvm::ArrayRef<std::string> titles);

/// The same of the weights.
std::string weightOutlierSection(llvm::ArrayRef<Report> reports,
                                 llvm::ArrayRef<std::string> titles);

} // namespace quench::insight

#endif // QUENCH_LIB_INSIGHT_REPORTCHARTS_H
