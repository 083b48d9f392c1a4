//===- CommandCompile.cpp - quench compile ---------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/KnownNames.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/Compile.h"

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

class CompileCommand : public Command {
public:
  StringRef name() const override { return "compile"; }
  StringRef summary() const override { return "compile a model to a native library"; }
  StringRef description() const override {
    return "The ending of the output says what is written: .so, a library with its weights; .o,\n"
           "an object with its weights; .s and .ll, code without weights; .mlir, the module in\n"
           "the LLVM dialect, or for the target tosa with all that integers compute as functions "
           "in\n"
           "TOSA. A C header is written beside .so and .o. Code for the host and other CPUs takes\n"
           "the threads of OpenMP and needs libomp; with --threads 1 it has no threads.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", request.model, "a model folder");
    options.text("output", 'o', "FILE", request.output,
                 "what to write: .so, .o, .s, .ll, .spv, .ptx, .amdgcn or .mlir",
                 OptionTable::Need::Required);
    options.text("target", 't', "TARGET", request.target, "see `quench targets` (default host)");
    options.suggest("target", targetNames());
    options.integer(
        "rows", "N", request.rows, 1, int64_t(1) << 20,
        "tokens or samples in a call of code for tosa, whose sizes are fixed (default 1)");
    options.text("name", 0, "NAME", request.symbol,
                 "what the C names begin with (default: the output without lib and ending)");
  }
  Error run(const Console &console) override;

private:
  CompileRequest request;
};

} // namespace

Error CompileCommand::run(const Console &console) {
  Expected<CompileResult> result = compileModelTo(request, console.host());
  if (!result) {
    return result.takeError();
  }
  json::Object object{
      {"wrote", request.output}, {"target", result->target}, {"bytes", result->bytes}};
  std::string header;
  if (!result->header.empty()) {
    object["header"] = result->header;
    header = ", and " + result->header;
  }
  console.report("wrote " + request.output + " for " + result->target + ", " +
                     byteCount(result->bytes) + header,
                 std::move(object));
  return Error::success();
}

std::unique_ptr<Command> createCompileCommand() { return std::make_unique<CompileCommand>(); }

} // namespace quench::driver
