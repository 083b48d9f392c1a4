//===- ArchiveSections.h - Statistics as tensors of an archive --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What CalibrationArchive.h describes as "EDGE.section", both ways. Every section that is written
// here is read here, by the same name.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CALIBRATION_ARCHIVESECTIONS_H
#define QUENCH_LIB_CALIBRATION_ARCHIVESECTIONS_H

#include "quench/Calibration/Statistics.h"
#include "quench/WeightStore/TensorView.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <map>
#include <string>
#include <vector>

namespace quench::calibration {

/// One tensor of an archive that is written.
struct Section {
  std::string name;
  ElementKind kind;
  llvm::SmallVector<int64_t> shape;
  /// The data, unless it is in `large`.
  std::vector<uint8_t> small;
  /// Data that belongs to the statistics.
  llvm::ArrayRef<uint8_t> large;

  llvm::ArrayRef<uint8_t> bytes() const { return small.empty() ? large : llvm::ArrayRef(small); }
};

/// Appends the sections of one edge. They refer to `edge`.
void appendSections(llvm::StringRef name, const EdgeStatistics &edge, const StatisticKinds &kinds,
                    std::vector<Section> &sections);

/// The sections of one edge that is read, by their names without that of the edge.
using EdgeTensors = std::map<std::string, const TensorView *>;

/// Reads one edge and trusts nothing: exactly the sections of `kinds` have to be there, with the
/// types and shapes that follow from the number of channels, and together they have to be what some
/// data has. Errors read "edge 'NAME': …" and "tensor 'NAME': …".
llvm::Expected<EdgeStatistics> readSections(llvm::StringRef name, const EdgeTensors &tensors,
                                            const StatisticKinds &kinds);

} // namespace quench::calibration

#endif // QUENCH_LIB_CALIBRATION_ARCHIVESECTIONS_H
