//===- CalibrationRun.cpp - A calibration that can be interrupted ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationRun.h"

#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace quench::calibration;

Expected<CalibrationRun> CalibrationRun::begin(CalibrationRunOptions options) {
  CalibrationRun run(std::move(options));
  const CalibrationRunOptions &wanted = run.options;
  if (sys::fs::exists(wanted.path)) {
    Expected<CalibrationArchive> saved = CalibrationArchive::load(wanted.path);
    if (!saved) {
      return createStringError(toString(saved.takeError()) + " (remove the file to start over)");
    }
    if (saved->modelDigest == wanted.modelDigest && saved->dataDigest == wanted.dataDigest &&
        saved->totalSamples == wanted.totalSamples && saved->statistics.kinds() == wanted.kinds) {
      run.archive = std::move(*saved);
      return std::move(run);
    }
  }
  run.archive.modelDigest = wanted.modelDigest;
  run.archive.dataDigest = wanted.dataDigest;
  run.archive.totalSamples = wanted.totalSamples;
  run.archive.data = wanted.data;
  run.archive.statistics = Statistics(wanted.kinds);
  return std::move(run);
}

void CalibrationRun::observe(StringRef edge, ArrayRef<float> values, ArrayRef<int64_t> shape) {
  if (!failure.empty()) {
    return;
  }
  if (Error error = archive.statistics.observe(edge, archive.samples, values, shape)) {
    failure = toString(std::move(error));
  }
}

Error CalibrationRun::finishSample() {
  if (failure.empty() && archive.isComplete()) {
    failure = ("expected " + Twine(archive.totalSamples) + " samples, found one more").str();
  }
  if (!failure.empty()) {
    return createStringError(failure);
  }
  ++archive.samples;
  bool due = options.saveEvery != 0 && archive.samples % options.saveEvery == 0;
  return due || archive.isComplete() ? save() : Error::success();
}

Error CalibrationRun::skipSamples() {
  archive.samples = archive.totalSamples;
  return save();
}

Error CalibrationRun::save() {
  failure = toString(archive.save(options.path));
  return failure.empty() ? Error::success() : createStringError(failure);
}
