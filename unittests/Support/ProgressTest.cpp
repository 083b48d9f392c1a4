//===- ProgressTest.cpp ---------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/Progress.h"

#include "gtest/gtest.h"

using namespace llvm;
using namespace quench;

namespace {

/// A stream into a string that may say it is a terminal.
class FakeStream : public raw_ostream {
public:
  explicit FakeStream(bool terminal) : terminal(terminal) { SetUnbuffered(); }
  std::string text;

private:
  bool is_displayed() const override { return terminal; }
  void write_impl(const char *data, size_t size) override { text.append(data, size); }
  uint64_t current_pos() const override { return text.size(); }
  bool terminal;
};

struct FakeClock {
  std::chrono::steady_clock::time_point now;
  void pass(double seconds) {
    now += std::chrono::duration_cast<std::chrono::steady_clock::duration>(
        std::chrono::duration<double>(seconds));
  }
  Progress::Clock clock() {
    return [this] { return now; };
  }
};

TEST(Progress, LogsEveryTenthAndTheEnd) {
  FakeStream stream(/*terminal=*/false);
  FakeClock time;
  Progress progress("calibrate", 40, "windows", /*enabled=*/true, stream, time.clock());
  for (unsigned i = 0; i < 40; ++i) {
    time.pass(0.25);
    cantFail(progress.advance());
  }
  progress.finish();
  progress.finish();
  StringRef text = stream.text;
  EXPECT_TRUE(text.starts_with("calibrate  4/40 windows  10%  4.0/s  9 s left\n"
                               "calibrate  8/40 windows  20%  4.0/s  8 s left\n"))
      << stream.text;
  EXPECT_TRUE(text.ends_with("calibrate  36/40 windows  90%  4.0/s  1 s left\n"
                             "calibrate  40/40 windows  4.0/s  done in 10.0 s\n"))
      << stream.text;
  EXPECT_EQ(text.count('\n'), 10u);
  EXPECT_FALSE(text.contains('\r'));
}

TEST(Progress, LogsSlowStepsEverySoOften) {
  FakeStream stream(/*terminal=*/false);
  FakeClock time;
  Progress progress("quantize", 1000, "tensors", /*enabled=*/true, stream, time.clock());
  time.pass(9);
  cantFail(progress.advance());
  EXPECT_EQ(stream.text, "");
  time.pass(1);
  cantFail(progress.advance());
  EXPECT_EQ(stream.text, "quantize  2/1000 tensors  0%  0.2/s  4990 s left\n");
}

TEST(Progress, RedrawsOneLineOnATerminal) {
  FakeStream stream(/*terminal=*/true);
  FakeClock time;
  {
    Progress progress("read", 4, "files", /*enabled=*/true, stream, time.clock());
    EXPECT_EQ(stream.text, "\r\x1b[2Kread  0/4 files  0%");
    stream.text.clear();
    time.pass(0.01);
    cantFail(progress.advance());
    EXPECT_EQ(stream.text, "");
    time.pass(0.99);
    cantFail(progress.advance());
    EXPECT_EQ(stream.text, "\r\x1b[2Kread  2/4 files  50%  2.0/s  1 s left");
    stream.text.clear();
  }
  // A step that ends early leaves the terminal on a line of its own.
  EXPECT_EQ(stream.text, "\n");
}

TEST(Progress, TotalMayBeUnknown) {
  FakeStream stream(/*terminal=*/false);
  FakeClock time;
  Progress progress("generate", 0, "tokens", /*enabled=*/true, stream, time.clock());
  time.pass(10);
  cantFail(progress.advance(2000));
  progress.finish();
  EXPECT_EQ(stream.text, "generate  2000 tokens  200/s\n"
                         "generate  2000 tokens  200/s  done in 10.0 s\n");
}

TEST(Progress, TellsAListener) {
  std::string told;
  ProgressSink sink;
  sink.listener = [&](const ProgressUpdate &update) {
    told += update.label.str() + " " + std::to_string(update.done) + "/" +
            std::to_string(update.total) + " " + update.unit.str() +
            (update.finished ? ".\n" : "\n");
  };
  Progress progress("import", 2, "tensors", sink);
  cantFail(progress.advance());
  cantFail(progress.advance());
  progress.finish();
  progress.finish();
  cantFail(progress.advance());
  EXPECT_EQ(told, "import 0/2 tensors\nimport 1/2 tensors\nimport 2/2 tensors\n"
                  "import 2/2 tensors.\n");
}

TEST(Progress, SilentWhenDisabled) {
  for (bool terminal : {false, true}) {
    FakeStream stream(terminal);
    FakeClock time;
    {
      Progress progress("x", 2, "y", /*enabled=*/false, stream, time.clock());
      time.pass(100);
      cantFail(progress.advance(2));
      progress.finish();
    }
    EXPECT_EQ(stream.text, "");
  }
}

TEST(Progress, EndsAStepThatIsCancelled) {
  bool isCancelled = false;
  ProgressSink sink;
  sink.isCancelled = [&] { return isCancelled; };
  Progress progress("x", 3, "y", sink);
  cantFail(progress.advance());
  isCancelled = true;
  EXPECT_EQ(toString(progress.advance()), "cancelled");
}

} // namespace
