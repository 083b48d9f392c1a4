//===- CommandRun.cpp - quench run ------------------------------------------ -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/MachineFlags.h"
#include "quench/Driver/TextTable.h"
#include "quench/Driver/TokenSource.h"
#include "quench/Insight/TokenScores.h"
#include "quench/Support/Digest.h"
#include "quench/WeightStore/SafetensorsWriter.h"
#include "quench/Workflow/LoadedFunction.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

#include <cmath>
#include <numeric>

using namespace llvm;
using namespace quench::workflow;
using quench::insight::checkFiniteLogits;
using quench::insight::logSumExp;

namespace quench::driver {

namespace {

class RunCommand : public Command {
public:
  StringRef name() const override { return "run"; }
  StringRef summary() const override { return "run a model on tokens or tensors"; }
  StringRef description() const override {
    return "Of a language model the likeliest tokens behind those that were given are printed. "
           "Any\n"
           "other function is run on all samples of a file of tensors: .npy, or .safetensors with "
           "a\n"
           "tensor for each argument, named by it or numbered. Results are written as .npy, when\n"
           "there is one, or as .safetensors.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    declareMachine(options, machine);
    options.text("tokens", 't', "IDS", source.list, "token ids: 1,2,3");
    options.text("input", 'i', "FILE", source.file,
                 "a file of tokens (.bin, .u16 or .npy) or tensors (.npy, .safetensors)");
    options.integer("top", "N", top, 1, 1000,
                    "how many of the likeliest tokens to print (default 5)");
    options.text("output", 'o', "FILE", output,
                 "write the logits of all tokens (.npy), or the results (.npy, .safetensors)");
  }
  Error run(const Console &console) override;

private:
  Error runFunction(const Console &console) const;
  void print(const Console &console, ArrayRef<int32_t> tokens, ArrayRef<float> logits,
             StringRef digest) const;

  std::string model;
  workflow::MachineChoice machine;
  std::string output;
  TokenSource source;
  int64_t top = 5;
};

} // namespace

static ArrayRef<uint8_t> bytesOf(ArrayRef<float> values) {
  return {reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(float)};
}

void RunCommand::print(const Console &console, ArrayRef<int32_t> tokens, ArrayRef<float> logits,
                       StringRef digest) const {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int32_t a, int32_t b) {
    return std::make_pair(-logits[a], a) < std::make_pair(-logits[b], b);
  });
  order.resize(std::min<size_t>(top, order.size()));
  double sum = logSumExp(logits);
  json::Array list;
  TextTable table({"token", "logit", "probability"});
  for (int32_t token : order) {
    double probability = std::exp(logits[token] - sum);
    list.push_back(json::Object{
        {"token", token}, {"logit", double(logits[token])}, {"probability", probability}});
    table.addRow({std::to_string(token), fixed(logits[token], 4), fixed(probability, 4)});
  }
  if (console.json) {
    json::Object object{
        {"tokens", tokens.size()}, {"top", std::move(list)}, {"logits_sha256", digest}};
    if (!output.empty()) {
      object["wrote"] = output;
    }
    console.printJson(std::move(object));
    return;
  }
  table.print(console.out);
  if (!output.empty()) {
    console.out << "wrote " << output << '\n';
  }
}

static ArrayRef<uint8_t> bytesOf(const NumberTensor &tensor) {
  return tensor.isFloat
             ? bytesOf(tensor.floats)
             : ArrayRef<uint8_t>(reinterpret_cast<const uint8_t *>(tensor.integers.data()),
                                 tensor.integers.size() * sizeof(int32_t));
}

/// Results by their numbers.
static Error writeResults(StringRef path, ArrayRef<NumberTensor> results) {
  if (sys::path::extension(path) == ".npy" && results.size() == 1) {
    return writeNpy(path, results.front());
  }
  if (sys::path::extension(path) != ".safetensors") {
    return createStringError(
        path + ": expected a name that ends in .safetensors" +
        (results.size() == 1 ? " or .npy"
                             : ", since there are " + Twine(results.size()).str() + " results"));
  }
  Expected<std::unique_ptr<SafetensorsWriter>> writer = SafetensorsWriter::create(path);
  if (!writer) {
    return writer.takeError();
  }
  for (auto [index, result] : enumerate(results)) {
    if (Error failure = (*writer)->declare(std::to_string(index),
                                           result.isFloat ? ElementKind::F32 : ElementKind::I32,
                                           result.shape)) {
      return failure;
    }
  }
  for (auto [index, result] : enumerate(results)) {
    if (Error failure = (*writer)->write(std::to_string(index), bytesOf(result))) {
      return failure;
    }
  }
  return (*writer)->commit();
}

Error RunCommand::runFunction(const Console &console) const {
  if (source.file.empty() || !source.list.empty()) {
    return createStringError(model + ": expected the option '--input' for a function on tensors");
  }
  workflow::Host host = console.host();
  FunctionSessionOptions options;
  options.threads = host.threads;
  if (Error failure = machine.apply(options.target, options.device)) {
    return failure;
  }
  Expected<LoadedModel> loaded = openModel(model, host);
  if (!loaded) {
    return loaded.takeError();
  }
  Expected<FunctionData> data = FunctionData::read(source.file, loaded->folder->function());
  if (!data) {
    return data.takeError();
  }
  Expected<LoadedFunction> function = LoadedFunction::load(*loaded, options);
  if (!function) {
    return function.takeError();
  }
  Expected<std::vector<NumberTensor>> results = function->runAll(*data, host);
  if (!results) {
    return results.takeError();
  }
  if (!output.empty()) {
    if (Error failure = writeResults(output, *results)) {
      return failure;
    }
  }
  json::Array list;
  TextTable table({"result", "shape", "sha256"});
  for (auto [index, result] : enumerate(*results)) {
    std::string digest = digestOf(bytesOf(result));
    table.addRow({std::to_string(index), shapeToString(result.shape), digest});
    list.push_back(json::Object{{"shape", ArrayRef(result.shape).vec()}, {"sha256", digest}});
  }
  if (console.json) {
    json::Object object{{"samples", data->size()}, {"results", std::move(list)}};
    if (!output.empty()) {
      object["wrote"] = output;
    }
    console.printJson(std::move(object));
    return Error::success();
  }
  table.print(console.out);
  if (!output.empty()) {
    console.out << "wrote " << output << '\n';
  }
  return Error::success();
}

Error RunCommand::run(const Console &console) {
  if (isFunctionModel(model, console.host())) {
    return runFunction(console);
  }
  Expected<LoadedModel> loaded = LoadedModel::load(model, console.host(), machine);
  if (!loaded) {
    return loaded.takeError();
  }
  Session &session = *loaded->session;
  int64_t vocab = session.vocabSize();
  Expected<std::vector<int32_t>> tokens =
      source.read(vocab, session.maxPositions(), {"", "--tokens", "--input"});
  if (!tokens) {
    return tokens.takeError();
  }
  // The logits of all tokens are only made when somebody wants them.
  size_t first = output.empty() ? tokens->size() - 1 : 0;
  size_t rows = tokens->size() - first;
  std::vector<float> logits(rows * vocab);
  SessionState state = session.newState();
  if (Error failure = session.run(state, *tokens, first, logits)) {
    return inContext(model, std::move(failure));
  }
  if (Error failure = checkFiniteLogits(logits, vocab)) {
    return inContext(model, std::move(failure));
  }
  if (!output.empty()) {
    NumberTensor matrix{{static_cast<int64_t>(rows), vocab}, logits, {}, /*isFloat=*/true};
    if (Error failure = writeNpy(output, matrix)) {
      return failure;
    }
  }
  ArrayRef<float> last = ArrayRef<float>(logits).take_back(vocab);
  print(console, *tokens, last, digestOf(bytesOf(last)));
  return Error::success();
}

std::unique_ptr<Command> createRunCommand() { return std::make_unique<RunCommand>(); }

} // namespace quench::driver
