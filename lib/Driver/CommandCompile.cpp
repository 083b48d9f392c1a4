//===- CommandCompile.cpp - quench compile ---------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/Command.h"
#include "quench/Driver/LoadedModel.h"
#include "quench/Driver/TextTable.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Pipelines/CompilePipeline.h"
#include "quench/Runtime/Emission.h"
#include "quench/Support/AtomicFile.h"
#include "quench/Target/Target.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quench::driver {

namespace {

class CompileCommand : public Command {
public:
  StringRef name() const override { return "compile"; }
  StringRef summary() const override { return "compile a model to a native library"; }
  StringRef description() const override {
    return "The ending of the output says what is written: .so, a library with its weights; .o,\n"
           "an object with its weights; .s and .ll, code without weights; .mlir, the module in\n"
           "the LLVM dialect. A C header is written beside .so and .o.\n";
  }
  void declare(OptionTable &options) override {
    options.positional("MODEL", model, "a model folder");
    options.text("output", 'o', "FILE", output, "what to write: .so, .o, .s, .ll or .mlir",
                 OptionTable::Need::Required);
    options.text("target", 't', "TARGET", targetName, "see `quench targets` (default host)");
    options.text("name", 0, "NAME", symbol,
                 "what the C names begin with (default: the output without lib and ending)");
  }
  Error run(const Console &console) override;

private:
  Error chooseName();
  Error lower(const LoadedModel &loaded, const CompilePipelineOptions &options) const;
  Error emit(const Console &console, const LoadedModel &loaded,
             const CompilePipelineOptions &options) const;

  std::string model;
  std::string output;
  std::string targetName = "host";
  std::string symbol;
};

} // namespace

/// Makes a C identifier of the name of the output, unless one is given.
Error CompileCommand::chooseName() {
  if (symbol.empty()) {
    StringRef stem = sys::path::stem(output);
    stem.consume_front("lib");
    symbol = stem.str();
    for (char &c : symbol) {
      c = isAlnum(c) ? c : '_';
    }
  }
  if (!isCIdentifier(symbol)) {
    return createStringError("option '--name': expected a C identifier, found '" + symbol + "'");
  }
  return Error::success();
}

/// Writes the module in the LLVM dialect.
Error CompileCommand::lower(const LoadedModel &loaded,
                            const CompilePipelineOptions &options) const {
  mlir::MLIRContext &context = *loaded.context;
  mlir::DialectRegistry registry;
  registerCompilePipelineDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  PackedWeights weights;
  mlir::PassManager manager(&context);
  buildCompilePipeline(manager, options, &loaded.folder->weights(), weights);
  if (Error failure = withDiagnostics(context, model + ": cannot compile",
                                      [&] { return manager.run(loaded.folder->module()); })) {
    return failure;
  }
  return writeFileAtomically(output, printModule(loaded.folder->module()));
}

Error CompileCommand::emit(const Console &console, const LoadedModel &loaded,
                           const CompilePipelineOptions &options) const {
  Expected<EmissionKind> kind = emissionKindFor(output);
  if (!kind) {
    return kind.takeError();
  }
  Expected<CompiledModel> compiled =
      compileModel(loaded.folder->module(), loaded.folder->weights(), options);
  if (!compiled) {
    return inContext(model, compiled.takeError());
  }
  bool linkable = *kind == EmissionKind::SharedLibrary || *kind == EmissionKind::Object;
  std::string header = headerFor(*compiled, symbol);
  if (Error failure = emitModel(std::move(*compiled), *kind, symbol, output)) {
    return failure;
  }
  SmallString<128> headerPath(sys::path::parent_path(output));
  sys::path::append(headerPath, symbol + ".h");
  if (linkable) {
    if (Error failure = writeFileAtomically(headerPath, header)) {
      return failure;
    }
  }
  uint64_t bytes = 0;
  if (std::error_code code = sys::fs::file_size(output, bytes)) {
    return createStringError(output + ": cannot read: " + code.message());
  }
  json::Object object{{"wrote", output}, {"target", options.target.name}, {"bytes", bytes}};
  if (linkable) {
    object["header"] = headerPath.str().str();
  }
  console.report("wrote " + output + " for " + options.target.name + ", " + byteCount(bytes) +
                     (linkable ? ", and " + headerPath.str().str() : ""),
                 std::move(object));
  return Error::success();
}

Error CompileCommand::run(const Console &console) {
  CompilePipelineOptions options;
  Expected<Target> target = Target::find(targetName);
  if (!target) {
    return target.takeError();
  }
  options.target = std::move(*target);
  options.threads = console.threads != 1;
  bool isIR = sys::path::extension(output) == ".mlir";
  if (!isIR) {
    // Before the work of a compilation is done for nothing.
    if (Error failure = emissionKindFor(output).takeError()) {
      return createStringError(toString(std::move(failure)) +
                               "; or in .mlir, for the LLVM dialect");
    }
  }
  if (Error failure = chooseName()) {
    return failure;
  }
  Expected<LoadedModel> loaded = openModel(model, console);
  if (!loaded) {
    return loaded.takeError();
  }
  if (!isIR) {
    return emit(console, *loaded, options);
  }
  if (Error failure = lower(*loaded, options)) {
    return failure;
  }
  console.report("wrote " + output + " for " + options.target.name,
                 json::Object{{"wrote", output}, {"target", options.target.name}});
  return Error::success();
}

std::unique_ptr<Command> createCompileCommand() { return std::make_unique<CompileCommand>(); }

} // namespace quench::driver
