//===- CommandExport.cpp - quench export ----------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/Export.h"

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

class ExportCommand : public Command {
public:
  StringRef name() const override { return "export"; }
  StringRef summary() const override { return "write a model for llama.cpp or vLLM"; }
  StringRef description() const override {
    return "Writes a Llama model as a GGUF file, if the name ends in .gguf, or as a Hugging Face\n"
           "folder, quantized layers as compressed-tensors has them. Weights keep their codes and\n"
           "scales; one that the format does not hold exactly is an error.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", request.model, "a model folder");
    options.text("output", 'o', "FILE", request.output, "the .gguf file or the folder to write",
                 OptionTable::Need::Required);
  }
  Error run(const Console &console) override;

private:
  ExportRequest request;
};

} // namespace

Error ExportCommand::run(const Console &console) {
  Expected<ExportSummary> written = exportModel(request, console.host());
  if (!written) {
    return written.takeError();
  }
  console.report("wrote " + request.output + ": " + byteCount(written->bytes),
                 json::Object{{"wrote", request.output},
                              {"format", written->format},
                              {"bytes", written->bytes}});
  return Error::success();
}

std::unique_ptr<Command> createExportCommand() { return std::make_unique<ExportCommand>(); }

} // namespace quench::driver
