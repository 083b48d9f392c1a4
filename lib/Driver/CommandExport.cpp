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
  StringRef summary() const override { return "write a model for llama.cpp"; }
  StringRef description() const override {
    return "Writes a Llama model as a GGUF file. Weights keep their codes and scales, in the\n"
           "format of GGUF that holds them exactly; a weight that none holds is an error.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", request.model, "a model folder");
    options.text("output", 'o', "FILE", request.output, "the .gguf file to write",
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
