//===- Progress.h - A progress line for long steps --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a person looks at while a step takes seconds or minutes:
//   calibrate  37/128 windows  29%  4.1/s  22 s left
// On a terminal the line is redrawn in place; elsewhere (logs, CI) a full line
// appears every tenth of the way, and at least every few seconds when there is
// news.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_PROGRESS_H
#define QUENCH_SUPPORT_PROGRESS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

namespace quench {

/// How far a step has come.
struct ProgressUpdate {
  /// The step, and what is counted.
  llvm::StringRef label, unit;
  uint64_t done = 0;
  /// 0 when it is not known.
  uint64_t total = 0;
  /// Nothing of this step follows.
  bool finished = false;
};

/// Where progress is shown, as text, to a function, or nowhere, and who may end the step.
struct ProgressSink {
  ProgressSink() = default;
  /// Text on a stream that outlives the sink; null for nowhere.
  ProgressSink(llvm::raw_ostream *stream) : stream(stream) {}

  llvm::raw_ostream *stream = nullptr;
  /// Called for each unit, from the thread that advances.
  std::function<void(const ProgressUpdate &)> listener;
  /// Asked after each unit, from the same thread; true ends the step with an error.
  std::function<bool()> isCancelled;
};

/// The progress of one step. Not thread safe: report from one thread.
class Progress {
public:
  using Clock = std::function<std::chrono::steady_clock::time_point()>;

  /// `label` names the step ("calibrate"), `total` is the number of `unit`s ("windows"), 0 when it
  /// is not known. Nothing is ever written when `enabled` is false. `stream`,
  /// standard error in every tool, outlives this object.
  Progress(llvm::StringRef label, uint64_t total, llvm::StringRef unit, bool enabled,
           llvm::raw_ostream &stream, Clock clock = std::chrono::steady_clock::now);

  Progress(llvm::StringRef label, uint64_t total, llvm::StringRef unit, const ProgressSink &sink);

  Progress(const Progress &) = delete;
  Progress &operator=(const Progress &) = delete;

  /// Ends a line that was being redrawn, so that what is written next starts on a line of its own.
  ~Progress();

  /// Adds to the number of finished units and redraws when it is time to. The error "cancelled" if
  /// the step is to end.
  llvm::Error advance(uint64_t units = 1);

  /// Writes the last line, with the time the step took. Later calls do nothing.
  void finish();

private:
  void tell(bool last);
  void drawIfDue();
  void draw(std::chrono::steady_clock::time_point now, bool last);

  std::string label;
  std::string unit;
  uint64_t total;
  uint64_t done = 0;
  bool enabled;
  bool terminal;
  bool finished = false;
  /// Something stands on the terminal's current line.
  bool lineOpen = false;
  llvm::raw_ostream &stream;
  std::function<void(const ProgressUpdate &)> listener;
  std::function<bool()> isCancelled;
  Clock clock;
  std::chrono::steady_clock::time_point start;
  std::chrono::steady_clock::time_point lastDraw;
  /// Tenths of the total that were reported, where lines are not redrawn.
  uint64_t lastTenth = 0;
};

} // namespace quench

#endif // QUENCH_SUPPORT_PROGRESS_H
