//===- CalibrationRun.h - A calibration that can be interrupted -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The loop around the model, without the model:
//
//   for (uint64_t sample = run.nextSample(); sample < total; sample = run.nextSample()) {
//     … run the model; every observer calls run.observe(edge, values, shape) …
//     if (Error error = run.finishSample()) return error;
//   }
//
// The archive is saved from time to time; a run that is started again with the same model and data
// goes on where the saved one stopped.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_CALIBRATIONRUN_H
#define QUENCH_CALIBRATION_CALIBRATIONRUN_H

#include "quench/Calibration/CalibrationArchive.h"

namespace quench::calibration {

struct CalibrationRunOptions {
  /// Where the archive is saved.
  std::string path;
  /// What runs and on what, see CalibrationArchive. The digest of the data has to cover everything
  /// that decides what sample `i` is.
  std::string modelDigest;
  std::string dataDigest;
  uint64_t totalSamples = 0;
  /// What is kept of each edge.
  StatisticKinds kinds;
  /// The samples themselves, for the archive: `totalSamples` or none.
  Samples data;
  /// The archive is saved after this many samples, and after the last one; 0 is only then.
  uint64_t saveEvery = 16;
};

class CalibrationRun {
public:
  /// Starts a run, or goes on with the one in the archive at `options.path` when that has the same
  /// digests, total and kinds. Any other archive is replaced at the first save; a
  /// file that is not a valid archive is an error, since it may be anything.
  static llvm::Expected<CalibrationRun> begin(CalibrationRunOptions options);

  /// The index of the sample to run next; `totalSamples` when all are done.
  uint64_t nextSample() const { return archive.samples; }

  /// Adds values of the current sample. An error is kept for `finishSample`, because observers
  /// cannot return one.
  void observe(llvm::StringRef edge, llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape);

  /// Ends the current sample and saves when it is time to. After an error the run is over: it is
  /// returned again by every later call, and nothing is saved any more.
  llvm::Error finishSample();

  /// Ends all samples that are left without looking at them, and saves: for archives without edges.
  llvm::Error skipSamples();

  const CalibrationArchive &result() const { return archive; }

private:
  llvm::Error save();

  explicit CalibrationRun(CalibrationRunOptions options) : options(std::move(options)) {}

  CalibrationRunOptions options;
  CalibrationArchive archive;
  /// The first error; empty while all is well.
  std::string failure;
};

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_CALIBRATIONRUN_H
