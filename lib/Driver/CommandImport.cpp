//===- CommandImport.cpp - quench import ------------------------------------ -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/ModelSize.h"
#include "quench/Driver/TextTable.h"
#include "quench/Import/ImportHuggingFace.h"

#include "mlir/IR/MLIRContext.h"

using namespace llvm;

namespace quench::driver {

namespace {

class ImportCommand : public Command {
public:
  StringRef name() const override { return "import"; }
  StringRef summary() const override { return "make a model folder of a Hugging Face folder"; }
  StringRef description() const override {
    return "Reads config.json and the safetensors of a Llama, Mistral or Qwen2 model and writes\n"
           "a folder with model.mlir, readable IR, and weights.safetensors.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("FOLDER", source, "a Hugging Face folder");
    options.text("output", 'o', "MODEL", output, "the model folder to write",
                 OptionTable::Need::Required);
    options.integer("max-positions", "N", maxPositions, 1, INT32_MAX,
                    "tokens that the caches hold (default: what the model is made for, "
                    "at most 4096)");
  }
  Error run(const Console &console) override;

private:
  std::string source;
  std::string output;
  int64_t maxPositions = 0;
};

} // namespace

Error ImportCommand::run(const Console &console) {
  ImportOptions options;
  options.maxPositions = maxPositions;
  options.progress = &console.err;
  options.warn = [&](const std::string &message) {
    console.err << "quench: warning: " << message << '\n';
  };
  std::unique_ptr<mlir::MLIRContext> context = console.makeContext();
  if (Error failure = importHuggingFace(source, output, options, *context)) {
    return failure;
  }
  Expected<LoadedModel> model = openModel(output, console);
  if (!model) {
    return model.takeError();
  }
  ModelSize size = measureModel(*model->folder);
  console.report("wrote " + output + ": " + std::to_string(size.linearLayers) + " linear layers, " +
                     byteCount(size.bytes) + " of weights, " +
                     std::to_string(model->folder->maxPositions()) + " positions",
                 json::Object{{"wrote", output},
                              {"linear_layers", size.linearLayers},
                              {"vocab_size", model->folder->vocabSize()},
                              {"max_positions", model->folder->maxPositions()},
                              {"bits_per_weight", size.bitsPerWeight},
                              {"bytes", size.bytes}});
  return Error::success();
}

std::unique_ptr<Command> createImportCommand() { return std::make_unique<ImportCommand>(); }

} // namespace quench::driver
