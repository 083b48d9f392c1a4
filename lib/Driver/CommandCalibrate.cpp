//===- CommandCalibrate.cpp - quench calibrate ------------------------------ -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/CalibrationRun.h"
#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/TokenFile.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Pass/PassManager.h"

using namespace llvm;
using quench::calibration::CalibrationRun;
using quench::calibration::CalibrationRunOptions;
using quench::calibration::Samples;
using quench::calibration::StatisticKinds;

namespace quench::driver {

namespace {

class CalibrateCommand : public Command {
public:
  StringRef name() const override { return "calibrate"; }
  StringRef summary() const override { return "run a float model over data and keep statistics"; }
  StringRef description() const override {
    return "Every activation that could be quantized is watched. Sample i of N starts at token\n"
           "floor(i * (size of the data - window) / N). A run that was killed goes on where it\n"
           "was saved last when it is started again with the same model, data and statistics.\n"
           "Of each activation the archive has range, mean, variance and the moving average of\n"
           "the largest magnitude. More is named by --collect, separated by commas:\n"
           "  channels   largest magnitude and means of each channel\n"
           "  histogram  the distribution, for all ways of choosing ranges\n"
           "  gram       sums of products of all pairs of channels, which are large\n"
           "  none       nothing more\n"
           "  tokens     no statistics at all: the model is not run. The tokens are always in the\n"
           "             archive, and some passes run the model on them themselves.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    options.text("data", 'd', "FILE", data, "a file of tokens (.bin, .u16 or .npy)",
                 OptionTable::Need::Required);
    options.integer("samples", "N", samples, 1, INT32_MAX, "windows to run (default 128)");
    options.integer("window", "N", window, 1, INT32_MAX, "tokens of a window (default 256)");
    options.text("collect", 0, "KINDS", collect,
                 "statistics to keep, see above (default channels,histogram)");
    options.text("output", 'o', "ARCHIVE", output,
                 "the archive to write (default MODEL/calibration.safetensors)");
  }
  Error run(const Console &console) override;

private:
  Expected<Samples> readSamples(const ModelFolder &folder, const TokenFile &file) const;
  Expected<CalibrationRun> begin(const ModelFolder &folder, Samples windows,
                                 const StatisticKinds &kinds) const;
  Error observe(const Console &console, const LoadedModel &loaded,
                CalibrationRun &calibration) const;
  Error runWindows(const Console &console, Session &session, CalibrationRun &calibration) const;

  std::string model;
  std::string data;
  std::string output;
  std::string collect = StatisticKinds().str();
  int64_t samples = 128;
  int64_t window = 256;
};

} // namespace

/// All that the model will run on; whatever can be wrong with the data is found here.
Expected<Samples> CalibrateCommand::readSamples(const ModelFolder &folder,
                                                const TokenFile &file) const {
  if (window > folder.maxPositions()) {
    return createStringError("option '--window': expected at most " + Twine(folder.maxPositions()) +
                             ", the number of positions of " + model + ", found " + Twine(window));
  }
  if (file.size() < static_cast<uint64_t>(window)) {
    return createStringError(data + ": expected at least one window of " + Twine(window) +
                             " tokens, found " + Twine(file.size()) + " tokens");
  }
  Samples result;
  result.window = window;
  for (int64_t i = 0; i < samples; ++i) {
    uint64_t first = static_cast<unsigned __int128>(i) * (file.size() - window) / samples;
    Expected<std::vector<int32_t>> tokens = file.read(first, window, folder.vocabSize());
    if (!tokens) {
      return tokens.takeError();
    }
    append_range(result.tokens, *tokens);
  }
  return std::move(result);
}

Expected<CalibrationRun> CalibrateCommand::begin(const ModelFolder &folder, Samples windows,
                                                 const StatisticKinds &kinds) const {
  CalibrationRunOptions options;
  options.kinds = kinds;
  options.path = output;
  options.modelDigest = folder.weights().digest();
  options.dataDigest = windows.digest();
  options.totalSamples = samples;
  options.data = std::move(windows);
  return CalibrationRun::begin(std::move(options));
}

Error CalibrateCommand::runWindows(const Console &console, Session &session,
                                   CalibrationRun &calibration) const {
  Progress progress("calibrate", samples, "windows", /*enabled=*/true, console.err);
  if (uint64_t done = calibration.nextSample()) {
    progress.advance(done);
  }
  std::vector<float> logits(session.vocabSize());
  for (uint64_t i = calibration.nextSample(); i < static_cast<uint64_t>(samples);
       i = calibration.nextSample()) {
    SessionState state = session.newState();
    ArrayRef<int32_t> tokens = calibration.result().data[i];
    if (Error failure = session.run(state, tokens, window - 1, logits)) {
      return inContext(model + ": sample " + Twine(i), std::move(failure));
    }
    if (Error failure = calibration.finishSample()) {
      return inContext(model, std::move(failure));
    }
    progress.advance();
  }
  progress.finish();
  return Error::success();
}

/// Runs the windows that are left, with observers on everything that can be quantized.
Error CalibrateCommand::observe(const Console &console, const LoadedModel &loaded,
                                CalibrationRun &calibration) const {
  if (!calibration.result().statistics.kinds().edges) {
    return calibration.skipSamples();
  }
  const ModelFolder &folder = *loaded.folder;
  Error observed = withDiagnostics(*loaded.context, model + ": cannot insert observers", [&] {
    mlir::PassManager manager(loaded.context.get());
    manager.addPass(createInsertObserversPass());
    return manager.run(folder.module());
  });
  if (observed) {
    return observed;
  }
  SessionOptions options;
  options.threads = static_cast<unsigned>(console.threads);
  options.observe = [&](StringRef name, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    calibration.observe(name, values, shape);
  };
  Expected<std::unique_ptr<Session>> session =
      Session::create(folder.module(), folder.weights(), std::move(options));
  if (!session) {
    return inContext(model, session.takeError());
  }
  return runWindows(console, **session, calibration);
}

Error CalibrateCommand::run(const Console &console) {
  Expected<StatisticKinds> kinds = StatisticKinds::parse(collect);
  if (!kinds) {
    return inContext("option '--collect'", kinds.takeError());
  }
  Expected<TokenFile> file = TokenFile::open(data);
  if (!file) {
    return file.takeError();
  }
  Expected<LoadedModel> loaded = openModel(model, console);
  if (!loaded) {
    return loaded.takeError();
  }
  const ModelFolder &folder = *loaded->folder;
  if (output.empty()) {
    output = folder.filePath(defaultArchiveName);
  }
  Expected<Samples> windows = readSamples(folder, *file);
  if (!windows) {
    return windows.takeError();
  }
  Expected<CalibrationRun> calibration = begin(folder, std::move(*windows), *kinds);
  if (!calibration) {
    return calibration.takeError();
  }
  uint64_t resumed = calibration->nextSample();

  if (Error failure = observe(console, *loaded, *calibration)) {
    return failure;
  }
  uint64_t edges = calibration->result().statistics.edges().size();
  console.report("wrote " + output + ": " + std::to_string(edges) + " edges, " +
                     std::to_string(samples) + " windows of " + std::to_string(window) + " tokens" +
                     (resumed ? ", " + std::to_string(resumed) + " of them from before" : ""),
                 json::Object{{"wrote", output},
                              {"edges", edges},
                              {"samples", samples},
                              {"window", window},
                              {"resumed", resumed}});
  return Error::success();
}

std::unique_ptr<Command> createCalibrateCommand() { return std::make_unique<CalibrateCommand>(); }

} // namespace quench::driver
