//===- Samples.h - The tokens that a model is calibrated on -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Kept in the archive beside the statistics, so that passes which need the model
// to run again need no other file.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CALIBRATION_SAMPLES_H
#define QUENCH_CALIBRATION_SAMPLES_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench::calibration {

/// Sequences of `window` tokens each, every one of which starts at position 0 of an empty cache.
struct Samples {
  /// At least 1, unless there are no samples.
  int64_t window = 0;
  /// [size(), window] in row-major order, none of them negative.
  std::vector<int32_t> tokens;

  size_t size() const { return window == 0 ? 0 : tokens.size() / window; }
  bool empty() const { return tokens.empty(); }

  llvm::ArrayRef<int32_t> operator[](size_t sample) const {
    return llvm::ArrayRef(tokens).slice(sample * window, window);
  }

  /// SHA-256 of the window and all tokens, in hexadecimal.
  std::string digest() const;

  /// Fails on the first token that a model of this vocabulary does not have: "FILE: sample 3, token
  /// 17: expected an id below 256, found 300".
  llvm::Error requireVocabulary(int64_t vocabSize, llvm::StringRef file) const;

  /// Fails when a model with this many positions cannot run a window.
  llvm::Error requirePositions(int64_t maxPositions, llvm::StringRef file) const;
};

} // namespace quench::calibration

#endif // QUENCH_CALIBRATION_SAMPLES_H
