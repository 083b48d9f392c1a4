//===- CommandGenerate.cpp - quench generate -------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/MachineFlags.h"
#include "quench/Driver/TokenSource.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/TokenSampler.h"

#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

class GenerateCommand : public Command {
public:
  StringRef name() const override { return "generate"; }
  StringRef summary() const override { return "continue a text"; }
  StringRef description() const override {
    return "Models whose vocabulary is the 256 bytes take and give text; others take and give\n"
           "token ids. Without a temperature the likeliest token is taken, the lowest id of\n"
           "equals; with one, the same seed gives the same text.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    declareMachine(options, machine);
    options.text("prompt", 'p', "TEXT", source.text, "what to continue, for models over bytes");
    options.text("prompt-ids", 0, "IDS", source.list, "what to continue: 1,2,3");
    options.text("tokens-file", 0, "FILE", source.file,
                 "what to continue, a file of tokens (.bin, .u16 or .npy)");
    options.integer("tokens", "N", count, 1, INT32_MAX, "tokens to generate (default 64)");
    options.number("temperature", "T", temperature,
                   "draw from softmax(logits / T) instead of taking the likeliest (default 0)");
    options.integer("seed", "S", seed, 0, INT64_MAX, "seed of the draws (default 0)");
  }
  Error run(const Console &console) override;

private:
  Error generate(const Console &console, Session &session, ArrayRef<int32_t> prompt,
                 std::vector<int32_t> &generated) const;
  void show(const Console &console, int32_t token, bool isText) const;

  std::string model;
  workflow::MachineChoice machine;
  TokenSource source;
  int64_t count = 64;
  double temperature = 0;
  int64_t seed = 0;
};

} // namespace

void GenerateCommand::show(const Console &console, int32_t token, bool isText) const {
  if (isText) {
    console.out << static_cast<char>(token);
  } else {
    console.out << ' ' << token;
  }
  console.out.flush();
}

Error GenerateCommand::generate(const Console &console, Session &session, ArrayRef<int32_t> prompt,
                                std::vector<int32_t> &generated) const {
  bool isText = session.vocabSize() == byteVocabSize;
  std::vector<float> logits(session.vocabSize());
  SessionState state = session.newState();
  TokenSampler sampler(temperature, seed);
  std::vector<int32_t> next = prompt.vec();
  while (generated.size() < static_cast<uint64_t>(count)) {
    if (Error failure = session.run(state, next, next.size() - 1, logits)) {
      return inContext(model, std::move(failure));
    }
    Expected<int32_t> token = sampler.sample(logits);
    if (!token) {
      return inContext(model, token.takeError());
    }
    generated.push_back(*token);
    next = {*token};
    if (!console.json) {
      show(console, *token, isText);
    }
  }
  return Error::success();
}

Error GenerateCommand::run(const Console &console) {
  Expected<LoadedModel> loaded = LoadedModel::load(model, console.host(), machine);
  if (!loaded) {
    return loaded.takeError();
  }
  Session &session = *loaded->session;
  int64_t room = session.maxPositions();
  Expected<std::vector<int32_t>> prompt =
      source.read(session.vocabSize(), room, {"--prompt", "--prompt-ids", "--tokens-file"});
  if (!prompt) {
    return prompt.takeError();
  }
  // The last generated token is never run.
  int64_t allowed = room - static_cast<int64_t>(prompt->size()) + 1;
  if (count > allowed) {
    return createStringError("option '--tokens': expected at most " + Twine(allowed) +
                             " after a prompt of " + Twine(prompt->size()) +
                             ", the model has positions for " + Twine(room) + ", found " +
                             Twine(count));
  }
  if (!console.json && !source.text.empty()) {
    console.out << source.text;
  }
  std::vector<int32_t> generated;
  if (Error failure = generate(console, session, *prompt, generated)) {
    if (!console.json) {
      console.out << '\n';
    }
    return failure;
  }
  if (!console.json) {
    console.out << '\n';
    return Error::success();
  }
  json::Object object{{"prompt_tokens", *prompt}, {"tokens", generated}};
  if (session.vocabSize() == byteVocabSize) {
    std::string text(generated.begin(), generated.end());
    object["text"] = json::fixUTF8(text);
  }
  console.printJson(std::move(object));
  return Error::success();
}

std::unique_ptr<Command> createGenerateCommand() { return std::make_unique<GenerateCommand>(); }

} // namespace quench::driver
