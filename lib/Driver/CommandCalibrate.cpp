//===- CommandCalibrate.cpp - quench calibrate ------------------------------ -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Calibration/StatisticKindNames.h"
#include "quench/Driver/Command.h"
#include "quench/Workflow/Calibrate.h"
#include "quench/Workflow/TokenFile.h"

using namespace llvm;
using namespace quench::workflow;
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
           "  channel-ranges      range and moving average of each channel, for one scale each\n"
           "  channel-histograms  the distribution of each channel, for all ways of choosing them\n"
           "  none       nothing more\n"
           "  tokens     no statistics at all: the model is not run. The tokens are always in the\n"
           "             archive, and some passes run the model on them themselves.\n"
           "A model that is no language model runs on the first N samples of a file of tensors: "
           ".npy,\n"
           "or .safetensors with a tensor for each argument, named by it or numbered.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", request.model, "a model folder");
    options.text("data", 'd', "FILE", windows.data,
                 "a file of tokens (.bin, .u16 or .npy) or tensors (.npy, .safetensors)",
                 OptionTable::Need::Required);
    options.integer("samples", "N", windows.count, 1, INT32_MAX,
                    "windows or samples to run (default 128)");
    options.integer("window", "N", windows.window, 1, INT32_MAX,
                    "tokens of a window (default 256)");
    options.text("collect", 0, "KINDS", collect,
                 "statistics to keep, see above (default channels,histogram)");
    options.suggest("collect", calibration::statisticKindNames(), /*isList=*/true);
    options.text("output", 'o', "ARCHIVE", request.output,
                 "the archive to write (default MODEL/calibration.safetensors)");
  }
  Error run(const Console &console) override;

private:
  CalibrateRequest request;
  WindowsOfFile windows;
  std::string collect = StatisticKinds().str();
};

} // namespace

Error CalibrateCommand::run(const Console &console) {
  Expected<StatisticKinds> kinds = StatisticKinds::parse(collect);
  if (!kinds) {
    return inContext("option '--collect'", kinds.takeError());
  }
  request.kinds = *kinds;
  if (isFunctionModel(request.model, console.host())) {
    Expected<CalibrateResult> result =
        calibrateFunctionModel(request, windows.data, windows.count, console.host());
    if (!result) {
      return result.takeError();
    }
    console.report("wrote " + result->output + ": " + std::to_string(result->edges) + " edges, " +
                       std::to_string(result->samples) + " samples",
                   json::Object{{"wrote", result->output},
                                {"edges", result->edges},
                                {"samples", result->samples},
                                {"resumed", result->resumed}});
    return Error::success();
  }
  // Before a model is run.
  if (Error failure = TokenFile::open(windows.data).takeError()) {
    return failure;
  }
  Expected<CalibrateResult> result = calibrateModel(
      request, [&](const ModelFolder &folder) { return windows.read(folder); }, console.host());
  if (!result) {
    return result.takeError();
  }
  console.report(
      "wrote " + result->output + ": " + std::to_string(result->edges) + " edges, " +
          std::to_string(result->samples) + " windows of " + std::to_string(windows.window) +
          " tokens" +
          (result->resumed ? ", " + std::to_string(result->resumed) + " of them from before" : ""),
      json::Object{{"wrote", result->output},
                   {"edges", result->edges},
                   {"samples", result->samples},
                   {"window", windows.window},
                   {"resumed", result->resumed}});
  return Error::success();
}

std::unique_ptr<Command> createCalibrateCommand() { return std::make_unique<CalibrateCommand>(); }

} // namespace quench::driver
