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
#include "quench/Support/AtomicFile.h"
#include "quench/Support/Digest.h"
#include "quench/Workflow/LoadedModel.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Endian.h"

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
  StringRef summary() const override { return "run a model on tokens and print what comes next"; }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    declareMachine(options, machine);
    options.text("tokens", 't', "IDS", source.list, "token ids: 1,2,3");
    options.text("input", 'i', "FILE", source.file, "a file of tokens (.bin, .u16 or .npy)");
    options.integer("top", "N", top, 1, 1000,
                    "how many of the likeliest tokens to print (default 5)");
    options.text("output", 'o', "FILE.npy", output, "write the logits of all tokens, f32");
  }
  Error run(const Console &console) override;

private:
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

/// Writes a matrix as NumPy does: format version 1, data at a multiple of 64 bytes.
static Error writeNpy(StringRef path, ArrayRef<float> values, size_t rows, size_t columns) {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (" +
                       std::to_string(rows) + ", " + std::to_string(columns) + "), }";
  // Magic bytes, version and size take 10 bytes, the final newline 1.
  header.append(63 - (10 + header.size()) % 64, ' ');
  header += '\n';
  std::string start("\x93NUMPY\x01\x00\x00\x00", 10);
  support::endian::write16le(start.data() + 8, header.size());
  Expected<std::unique_ptr<AtomicFile>> file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  for (ArrayRef<uint8_t> part :
       {arrayRefFromStringRef(start), arrayRefFromStringRef(header), bytesOf(values)}) {
    if (Error failure = (*file)->write(part)) {
      return failure;
    }
  }
  return (*file)->commit();
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

Error RunCommand::run(const Console &console) {
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
    if (Error failure = writeNpy(output, logits, rows, vocab)) {
      return failure;
    }
  }
  ArrayRef<float> last = ArrayRef<float>(logits).take_back(vocab);
  print(console, *tokens, last, digestOf(bytesOf(last)));
  return Error::success();
}

std::unique_ptr<Command> createRunCommand() { return std::make_unique<RunCommand>(); }

} // namespace quench::driver
