//===- CalibrationArchive.h - Statistics on disk ----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An archive is a safetensors file. Its metadata say which model saw which data:
//
//   format         quench-calibration
//   version        3
//   model, data    SHA-256 of what was run and of what it was run on
//   recipe         SHA-256 of the recipe whose passes came before, or "none"
//   samples        how many samples are in the statistics
//   samples_total  how many the run was asked for
//   statistics     what is kept of each edge beyond what always is: "channels,histogram",
//                  or "tokens" when there are no edges
//   checksum       SHA-256 of all of the above and of all tensors
//
// The tensor `tokens`, I32 [samples_total, window], is the data itself, so that the model can be
// run on it again; archives of models without tokens have none. Every edge has one tensor for each
// kind of statistic:
//
//   EDGE.count            I64 [1]     number of values
//   EDGE.channels         I64 [1]     K, the size of their last axis
//   EDGE.range            F32 [2]     smallest, largest
//   EDGE.moments          F64 [2]     mean, sum of squared deviations
//   EDGE.batches          I64 [1]     number of batches
//   EDGE.moving_average   F64 [1]     of the largest magnitudes of the batches
//   EDGE.channel_absmax   F32 [K]     channels: largest magnitudes
//   EDGE.channel_sum      F64 [K]     channels: sums
//   EDGE.channel_abs_sum  F64 [K]     channels: sums of magnitudes
//   EDGE.histogram        I64 [B]     histogram: see LogHistogram::binCounts
//   EDGE.histogram_tiny   I64 [1]     histogram: values near zero
//   EDGE.gram             F64 [K, K]  gram: sum of the outer products of rows
//
// Same statistics, same bytes. Numbers are stored exactly, so a run that was killed and resumed
// ends with the archive of a run that was not.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_CALIBRATIONARCHIVE_H
#define QUENCH_CALIBRATION_CALIBRATIONARCHIVE_H

#include "quench/Calibration/Samples.h"
#include "quench/Calibration/Statistics.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace quench::calibration {

struct CalibrationArchive {
  static constexpr unsigned formatVersion = 3;

  /// SHA-256 in hexadecimal, or any text that identifies the model and the data.
  std::string modelDigest;
  std::string dataDigest;
  /// That of the text of the recipe in the middle of which the model was run.
  std::string recipeDigest = "none";
  /// Samples seen, of those that were asked for.
  uint64_t samples = 0;
  uint64_t totalSamples = 0;
  /// All `totalSamples` samples, or none when the model does not run on tokens.
  Samples data;
  Statistics statistics;

  bool isComplete() const { return samples == totalSamples; }

  /// Reads and validates an archive. Errors start with the path: not safetensors, not an archive,
  /// another version, a checksum that does not match, sections that are unknown, missing or
  /// misshapen, negative tokens, statistics that no data has (a range that is not ordered, a
  /// negative variance, counts that do not add up).
  static llvm::Expected<CalibrationArchive> load(llvm::StringRef path);

  /// Writes the archive in one step (see AtomicFile).
  llvm::Error save(llvm::StringRef path) const;

  /// Fails when the archive was made from another model: it is stale. `path` is for the message.
  llvm::Error requireModel(llvm::StringRef digest, llvm::StringRef path) const;

  /// Fails when the run that made the archive did not see all its samples.
  llvm::Error requireComplete(llvm::StringRef path) const;
};

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_CALIBRATIONARCHIVE_H
