//===- Progress.cpp - A progress line for long steps ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/Progress.h"

#include "llvm/Support/Format.h"

using namespace llvm;

namespace quench {

using std::chrono::steady_clock;

/// Seconds between two updates of a line that is redrawn, and between two lines of a log.
static constexpr double redrawSeconds = 0.1;
static constexpr double logSeconds = 10;

static double seconds(steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Progress::Progress(StringRef label, uint64_t total, StringRef unit, bool enabled,
                   raw_ostream &stream, Clock clock)
    : label(label.str()), unit(unit.str()), total(total), enabled(enabled),
      terminal(enabled && stream.is_displayed()), stream(stream), clock(std::move(clock)),
      start(this->clock()), lastDraw(start) {
  if (terminal) {
    draw(start, /*last=*/false);
  }
}

Progress::Progress(StringRef label, uint64_t total, StringRef unit, const ProgressSink &sink)
    : Progress(label, total, unit, sink.stream != nullptr, sink.stream ? *sink.stream : nulls()) {
  listener = sink.listener;
  isCancelled = sink.isCancelled;
  tell(/*last=*/false);
}

Progress::~Progress() {
  if (lineOpen) {
    stream << '\n';
    stream.flush();
  }
}

Error Progress::advance(uint64_t units) {
  done += units;
  if (!finished) {
    tell(/*last=*/false);
    drawIfDue();
  }
  if (isCancelled && isCancelled()) {
    return createStringError(std::errc::operation_canceled, "cancelled");
  }
  return Error::success();
}

void Progress::drawIfDue() {
  if (!enabled) {
    return;
  }
  steady_clock::time_point now = clock();
  double waited = seconds(now - lastDraw);
  // The last unit is left to `finish`, which knows that the step is over.
  bool due = terminal ? waited >= redrawSeconds : waited >= logSeconds;
  if (!terminal && total != 0 && done < total) {
    uint64_t tenth = static_cast<uint64_t>(10.0 * done / total);
    due |= tenth > lastTenth;
    lastTenth = std::max(lastTenth, tenth);
  }
  if (due) {
    draw(now, /*last=*/false);
  }
}

void Progress::finish() {
  if (!finished) {
    tell(/*last=*/true);
  }
  if (enabled && !finished) {
    draw(clock(), /*last=*/true);
  }
  finished = true;
}

void Progress::tell(bool last) {
  if (listener) {
    listener({label, unit, done, total, last});
  }
}

void Progress::draw(steady_clock::time_point now, bool last) {
  double elapsed = seconds(now - start);
  // Return to the first column and erase what was there.
  stream << (terminal ? "\r\x1b[2K" : "") << label << "  " << done;
  if (total != 0) {
    stream << '/' << total;
  }
  stream << ' ' << unit;
  if (total != 0 && !last) {
    stream << format("  %.0f%%", 100.0 * std::min(done, total) / total);
  }
  if (done != 0 && elapsed > 0) {
    double rate = done / elapsed;
    stream << format(rate < 100 ? "  %.1f/s" : "  %.0f/s", rate);
    if (!last && total > done) {
      stream << format("  %.0f s left", (total - done) / rate);
    }
  }
  if (last) {
    stream << format("  done in %.1f s", elapsed);
  }
  lineOpen = terminal && !last;
  if (!lineOpen) {
    stream << '\n';
  }
  stream.flush();
  lastDraw = now;
}

} // namespace quench
