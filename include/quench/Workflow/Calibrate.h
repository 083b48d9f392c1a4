//===- Calibrate.h - Run a float model over data and keep statistics *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_CALIBRATE_H
#define QUENCH_WORKFLOW_CALIBRATE_H

#include "quench/Calibration/CalibrationRun.h"
#include "quench/Workflow/Host.h"
#include "quench/Workflow/LoadedModel.h"

#include <string>

namespace quench::workflow {

struct CalibrateRequest {
  /// A model folder.
  std::string model;
  /// The archive to write; empty for MODEL/calibration.safetensors.
  std::string output;
  calibration::StatisticKinds kinds;
};

struct CalibrateResult {
  std::string output;
  uint64_t edges = 0;
  uint64_t samples = 0;
  /// Samples that an earlier run, which was interrupted, had finished.
  uint64_t resumed = 0;
};

/// Fails when a model has not as many positions as a window has tokens.
llvm::Error checkWindow(int64_t window, const ModelFolder &folder);

/// Windows of a token file: sample i of `count` starts at floor(i * (size - window) / count).
struct WindowsOfFile {
  std::string data;
  int64_t count = 128;
  int64_t window = 256;

  /// Reads them for a model. Errors: fewer tokens than a window, more than the model has positions,
  /// an id that it does not have.
  llvm::Expected<calibration::Samples> read(const ModelFolder &folder) const;
};

/// What a model is to run on; it is given the open model, and finds whatever is wrong with the
/// data.
using SampleFunction =
    llvm::function_ref<llvm::Expected<calibration::Samples>(const ModelFolder &folder)>;

/// Watches every activation that could be quantized while the model runs on the samples. A run that
/// was killed goes on where it was saved last when it is started again with the same model, samples
/// and statistics.
llvm::Expected<CalibrateResult> calibrateModel(const CalibrateRequest &request,
                                               SampleFunction samples, const Host &host);

/// The same for a model that is any other function, on the first `count` samples of a file (see
/// FunctionData.h). They are not part of the archive. Errors also: a request
/// for tokens alone.
llvm::Expected<CalibrateResult> calibrateFunctionModel(const CalibrateRequest &request,
                                                       llvm::StringRef data, int64_t count,
                                                       const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_CALIBRATE_H
