//===- CommandImport.cpp - quench import ------------------------------------ -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/Import.h"

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

class ImportCommand : public Command {
public:
  StringRef name() const override { return "import"; }
  StringRef summary() const override { return "make a model folder of a model of others"; }
  StringRef description() const override {
    return "Reads a Llama, Mistral or Qwen2 model, config.json and safetensors in a folder or one\n"
           "GGUF file, and writes a folder with model.mlir, readable IR, and weights.safetensors.\n"
           "Quantized tensors of GGUF keep their codes and scales. ONNX models (.onnx) and IR "
           "(.mlir,\n"
           ".mlirbc) with one public function on tensors become a function on tensors of f32 and "
           "i32,\n"
           "whose large constants are weights.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("SOURCE", request.source,
                       "a Hugging Face folder, a GGUF file, an ONNX model or a file of IR");
    options.text("output", 'o', "MODEL", request.output, "the model folder to write",
                 OptionTable::Need::Required);
    options.integer("max-positions", "N", request.maxPositions, 1, INT32_MAX,
                    "tokens that the caches hold (default: what the model is made for, "
                    "at most 4096)");
  }
  Error run(const Console &console) override;

private:
  ImportRequest request;
};

} // namespace

Error ImportCommand::run(const Console &console) {
  Expected<ModelSummary> model = importModel(request, console.host());
  if (!model) {
    return model.takeError();
  }
  const ModelSize &size = model->size;
  if (!model->function.empty()) {
    console.report("wrote " + request.output + ": the function @" + model->function + " with " +
                       std::to_string(size.linearLayers) + " linear layers, " +
                       byteCount(size.bytes) + " of weights",
                   json::Object{{"wrote", request.output},
                                {"function", model->function},
                                {"linear_layers", size.linearLayers},
                                {"bits_per_weight", size.bitsPerWeight},
                                {"bytes", size.bytes}});
    return Error::success();
  }
  console.report("wrote " + request.output + ": " + std::to_string(size.linearLayers) +
                     " linear layers, " + byteCount(size.bytes) + " of weights, " +
                     std::to_string(model->maxPositions) + " positions",
                 json::Object{{"wrote", request.output},
                              {"linear_layers", size.linearLayers},
                              {"vocab_size", model->vocabSize},
                              {"max_positions", model->maxPositions},
                              {"bits_per_weight", size.bitsPerWeight},
                              {"bytes", size.bytes}});
  return Error::success();
}

std::unique_ptr<Command> createImportCommand() { return std::make_unique<ImportCommand>(); }

} // namespace quench::driver
