//===- Calibrate.cpp - Run a float model over data and keep statistics ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Calibrate.h"

#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/Passes.h"
#include "quench/Workflow/LoadedFunction.h"
#include "quench/Workflow/TokenFile.h"

#include "mlir/Pass/PassManager.h"

using namespace llvm;
using quench::calibration::CalibrationRun;
using quench::calibration::CalibrationRunOptions;
using quench::calibration::Samples;

namespace quench::workflow {

Error checkWindow(int64_t window, const ModelFolder &folder) {
  if (window > folder.maxPositions()) {
    return createStringError("window: expected at most " + Twine(folder.maxPositions()) +
                             ", the number of positions of " + folder.path() + ", found " +
                             Twine(window));
  }
  return Error::success();
}

Expected<Samples> WindowsOfFile::read(const ModelFolder &folder) const {
  Expected<TokenFile> file = TokenFile::open(data);
  if (!file) {
    return file.takeError();
  }
  if (Error failure = checkWindow(window, folder)) {
    return std::move(failure);
  }
  if (file->size() < static_cast<uint64_t>(window)) {
    return createStringError(data + ": expected at least one window of " + Twine(window) +
                             " tokens, found " + Twine(file->size()) + " tokens");
  }
  Samples result;
  result.window = window;
  for (int64_t i = 0; i < count; ++i) {
    uint64_t first = static_cast<unsigned __int128>(i) * (file->size() - window) / count;
    Expected<std::vector<int32_t>> tokens = file->read(first, window, folder.vocabSize());
    if (!tokens) {
      return tokens.takeError();
    }
    append_range(result.tokens, *tokens);
  }
  return std::move(result);
}

/// Runs the samples that are left, and keeps what was seen of each.
static Error runRest(StringRef model, StringRef unit, uint64_t total, const Host &host,
                     CalibrationRun &calibration, function_ref<Error(uint64_t)> runSample) {
  Progress progress("calibrate", total, unit, host.progress);
  if (uint64_t done = calibration.nextSample()) {
    if (Error failure = progress.advance(done)) {
      return failure;
    }
  }
  for (uint64_t i = calibration.nextSample(); i < total; i = calibration.nextSample()) {
    if (Error failure = runSample(i)) {
      return inContext(model + ": sample " + Twine(i), std::move(failure));
    }
    if (Error failure = calibration.finishSample()) {
      return inContext(model, std::move(failure));
    }
    if (Error failure = progress.advance()) {
      return failure;
    }
  }
  progress.finish();
  return Error::success();
}

/// Puts observers on everything that can be quantized.
static Error insertObservers(const LoadedModel &loaded) {
  std::string failed = (loaded.folder->path() + ": cannot insert observers").str();
  return withDiagnostics(*loaded.context, failed, [&] {
    mlir::PassManager manager(loaded.context.get());
    manager.addPass(createInsertObserversPass());
    return manager.run(loaded.folder->module());
  });
}

/// Runs the samples that are left, with observers on everything that can be quantized.
static Error observe(const LoadedModel &loaded, const Host &host, CalibrationRun &calibration) {
  if (!calibration.result().statistics.kinds().edges) {
    return calibration.skipSamples();
  }
  const ModelFolder &folder = *loaded.folder;
  if (Error failure = insertObservers(loaded)) {
    return failure;
  }
  SessionOptions options;
  options.threads = host.threads;
  options.observe = [&](StringRef name, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    calibration.observe(name, values, shape);
  };
  Expected<std::unique_ptr<Session>> session =
      Session::create(folder.module(), folder.weights(), std::move(options));
  if (!session) {
    return inContext(folder.path(), session.takeError());
  }
  const Samples &samples = calibration.result().data;
  std::vector<float> logits((*session)->vocabSize());
  return runRest(folder.path(), "windows", samples.size(), host, calibration, [&](uint64_t i) {
    SessionState state = (*session)->newState();
    return (*session)->run(state, samples[i], samples.window - 1, logits);
  });
}

/// Begins or resumes a run over so many samples, and observes those that are left.
static Expected<CalibrateResult> calibrate(const CalibrateRequest &request,
                                           const LoadedModel &loaded, uint64_t samples,
                                           CalibrationRunOptions options,
                                           function_ref<Error(CalibrationRun &)> observe) {
  const ModelFolder &folder = *loaded.folder;
  CalibrateResult result;
  result.output = request.output.empty() ? folder.filePath(defaultArchiveName) : request.output;
  result.samples = samples;
  options.kinds = request.kinds;
  options.path = result.output;
  options.modelDigest = folder.weights().digest();
  options.totalSamples = samples;
  Expected<CalibrationRun> calibration = CalibrationRun::begin(std::move(options));
  if (!calibration) {
    return calibration.takeError();
  }
  result.resumed = calibration->nextSample();
  if (Error failure = observe(*calibration)) {
    return std::move(failure);
  }
  result.edges = calibration->result().statistics.edges().size();
  return result;
}

Expected<CalibrateResult> calibrateModel(const CalibrateRequest &request, SampleFunction samples,
                                         const Host &host) {
  Expected<LoadedModel> loaded = openModel(request.model, host);
  if (!loaded) {
    return loaded.takeError();
  }
  const ModelFolder &folder = *loaded->folder;
  if (Error failure = folder.requireCausalLM()) {
    return std::move(failure);
  }
  Expected<Samples> data = samples(folder);
  if (!data) {
    return data.takeError();
  }
  CalibrationRunOptions options;
  options.dataDigest = data->digest();
  uint64_t count = data->size();
  options.data = std::move(*data);
  return calibrate(request, *loaded, count, std::move(options), [&](CalibrationRun &calibration) {
    return observe(*loaded, host, calibration);
  });
}

static Error observeFunction(const LoadedModel &loaded, const FunctionData &data, const Host &host,
                             CalibrationRun &calibration) {
  if (Error failure = insertObservers(loaded)) {
    return failure;
  }
  FunctionSessionOptions options;
  options.threads = host.threads;
  options.observers = true;
  Expected<LoadedFunction> function = LoadedFunction::load(loaded, options);
  if (!function) {
    return function.takeError();
  }
  auto observe = [&](StringRef name, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    calibration.observe(name, values, shape);
  };
  StringRef model = loaded.folder->path();
  return runRest(model, "samples", data.size(), host, calibration,
                 [&](uint64_t i) { return function->run(data[i], observe).takeError(); });
}

Expected<CalibrateResult> calibrateFunctionModel(const CalibrateRequest &request, StringRef data,
                                                 int64_t count, const Host &host) {
  Expected<LoadedModel> loaded = openModel(request.model, host);
  if (!loaded) {
    return loaded.takeError();
  }
  const ModelFolder &folder = *loaded->folder;
  if (!request.kinds.edges) {
    return createStringError(folder.path() +
                             ": expected statistics to collect from the function @" +
                             folder.function().getName() + ", found a request for tokens");
  }
  Expected<FunctionData> samples = FunctionData::read(data, folder.function());
  if (!samples) {
    return samples.takeError();
  }
  samples->truncate(count);
  CalibrationRunOptions options;
  options.dataDigest = samples->digest();
  return calibrate(request, *loaded, samples->size(), std::move(options),
                   [&](CalibrationRun &calibration) {
                     return observeFunction(*loaded, *samples, host, calibration);
                   });
}

} // namespace quench::workflow
