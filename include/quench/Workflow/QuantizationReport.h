//===- QuantizationReport.h - The report of a quantize command --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_QUANTIZATIONREPORT_H
#define QUENCH_WORKFLOW_QUANTIZATIONREPORT_H

#include "quench/Insight/LayerMeasurement.h"
#include "quench/Insight/PassLog.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workspace/Workspace.h"

#include <optional>
#include <string>

namespace quench::workflow {

/// A recipe that has run.
struct QuantizationReport {
  const Host &host;
  /// The model as the user named it, its weights as they were, and its module as it is now.
  llvm::StringRef path;
  const LoadedModel &model;
  Workspace &workspace;
  insight::PassLog &log;
  /// What --verify-each-numerically saw.
  std::optional<llvm::json::Object> certificate;
  /// How many calibration windows outputs are measured on; 0 for none.
  int64_t windows = 0;
  /// Whether an archive that is of no use is an error; otherwise there is a warning.
  bool needsArchive = false;

  /// Measures what there is to measure and makes the text of report.json, for weights of this size.
  llvm::Expected<std::string> make(uint64_t weightBytes) const;

private:
  llvm::Expected<std::optional<calibration::Samples>> findSamples() const;
  llvm::Error measure(insight::Report &report) const;
  std::vector<const insight::FloatStage *> innerStages() const;
  llvm::Error measureOutputs(const calibration::Samples &samples,
                             const insight::ModelStage &imported,
                             const insight::ModelStage &prepared,
                             const insight::ModelStage &quantized, insight::Report &report) const;
};

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_QUANTIZATIONREPORT_H
