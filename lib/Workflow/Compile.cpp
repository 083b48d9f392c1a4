//===- Compile.cpp - Compile a model to a file ----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/Compile.h"

#include "quench/Conversion/QuenchToTosa/HoistQuantization.h"
#include "quench/Conversion/QuenchToTosa/QuenchToTosa.h"
#include "quench/Conversion/QuenchToTosa/SplitActivations.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Pipelines/CompilePipeline.h"
#include "quench/Runtime/Emission.h"
#include "quench/Support/AtomicFile.h"
#include "quench/Target/Target.h"
#include "quench/Workflow/LoadedModel.h"
#include "quench/Workflow/OutputPath.h"

#include "mlir/Dialect/Func/Transforms/Passes.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;

namespace quench::workflow {

/// Makes a C identifier of the name of the output, unless one is given.
static Error chooseName(CompileRequest &request) {
  if (request.symbol.empty()) {
    StringRef stem = sys::path::stem(request.output);
    stem.consume_front("lib");
    request.symbol = stem.str();
    for (char &c : request.symbol) {
      c = isAlnum(c) ? c : '_';
    }
  }
  if (!isCIdentifier(request.symbol)) {
    return createStringError("name: expected a C identifier, found '" + request.symbol + "'");
  }
  return Error::success();
}

/// Writes the module in the LLVM dialect.
static Error lower(const CompileRequest &request, const LoadedModel &loaded,
                   const CompilePipelineOptions &options) {
  mlir::MLIRContext &context = *loaded.context;
  mlir::DialectRegistry registry;
  registerCompilePipelineDialects(registry);
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  PackedWeights weights;
  mlir::PassManager manager(&context);
  buildCompilePipeline(manager, options, &loaded.folder->weights(), weights);
  if (Error failure = withDiagnostics(context, request.model + ": cannot compile",
                                      [&] { return manager.run(loaded.folder->module()); })) {
    return failure;
  }
  return writeFileAtomically(request.output, printModule(loaded.folder->module()));
}

/// Writes the module with all that integers compute as functions in TOSA, which upstream's own
/// check of the integer profile has accepted.
static Error exportTosa(const CompileRequest &request, const LoadedModel &loaded) {
  if (sys::path::extension(request.output) != ".mlir") {
    return createStringError("code in TOSA is written as .mlir, found '" + request.output + "'");
  }
  mlir::MLIRContext &context = *loaded.context;
  mlir::DialectRegistry registry;
  registerCompilePipelineDialects(registry);
  registry.insert<mlir::tosa::TosaDialect>();
  context.appendDialectRegistry(registry);
  context.loadAllAvailableDialects();
  mlir::ModuleOp module = loaded.folder->module();
  mlir::PassManager preparation(&context), manager(&context);
  preparation.addNestedPass<mlir::func::FuncOp>(createHoistQuantizationPass());
  preparation.addNestedPass<mlir::func::FuncOp>(createSplitActivationsPass());
  // Both codes of an activation are multiplied by one function.
  manager.addPass(mlir::func::createDuplicateFunctionEliminationPass());
  mlir::tosa::TosaAttachTargetOptions profile;
  profile.profiles = {"pro_int"};
  manager.addPass(mlir::tosa::createTosaAttachTarget(profile));
  mlir::tosa::TosaValidationOptions checks;
  checks.strictOpSpecAlignment = true;
  manager.addPass(mlir::tosa::createTosaValidation(checks));
  Error failure = withDiagnostics(context, request.model + ": cannot compile for tosa", [&] {
    return mlir::success(
        succeeded(preparation.run(module)) &&
        succeeded(convertQuenchToTosa(module, &loaded.folder->weights(), request.rows)) &&
        succeeded(manager.run(module)));
  });
  if (failure) {
    return failure;
  }
  // It names no extensions, which MLIR prints but does not parse.
  module->removeAttr(mlir::tosa::TargetEnvAttr::name);
  return writeFileAtomically(request.output, printModule(module));
}

/// Writes a language model; returns its header.
static Expected<std::string> emitCausalLM(const CompileRequest &request, const LoadedModel &loaded,
                                          const CompilePipelineOptions &options,
                                          EmissionKind kind) {
  Expected<CompiledModel> compiled =
      compileModel(loaded.folder->module(), loaded.folder->weights(), options);
  if (!compiled) {
    return inContext(request.model, compiled.takeError());
  }
  std::string header = headerFor(*compiled, request.symbol);
  if (Error failure = emitModel(std::move(*compiled), kind, request.symbol, request.output)) {
    return std::move(failure);
  }
  return header;
}

/// Writes any other function; returns its header.
static Expected<std::string> emitOther(const CompileRequest &request, const LoadedModel &loaded,
                                       const CompilePipelineOptions &options, EmissionKind kind) {
  mlir::ModuleOp module = loaded.folder->module();
  Expected<FunctionInterface> interface = FunctionInterface::get(module, options.function);
  if (!interface) {
    return inContext(request.model, interface.takeError());
  }
  Expected<CompiledCode> compiled = compileFunction(module, &loaded.folder->weights(), options);
  if (!compiled) {
    return inContext(request.model, compiled.takeError());
  }
  if (Error failure = emitFunction(std::move(*compiled), kind, request.symbol, request.output)) {
    return std::move(failure);
  }
  return headerFor(*interface, request.symbol);
}

static Error emit(const CompileRequest &request, const LoadedModel &loaded,
                  const CompilePipelineOptions &options, CompileResult &result) {
  Expected<EmissionKind> kind = emissionKindFor(request.output);
  if (!kind) {
    return kind.takeError();
  }
  auto write = loaded.folder->isCausalLM() ? emitCausalLM : emitOther;
  Expected<std::string> header = write(request, loaded, options, *kind);
  if (!header) {
    return header.takeError();
  }
  if (*kind == EmissionKind::SharedLibrary || *kind == EmissionKind::Object) {
    SmallString<128> path(sys::path::parent_path(request.output));
    sys::path::append(path, request.symbol + ".h");
    if (Error failure = writeFileAtomically(path, *header)) {
      return failure;
    }
    result.header = path.str().str();
  }
  return Error::success();
}

Expected<CompileResult> compileModelTo(CompileRequest request, const Host &host) {
  Expected<Target> target = Target::find(request.target);
  if (!target) {
    return target.takeError();
  }
  CompilePipelineOptions options;
  options.target = std::move(*target);
  options.threads = host.threads != 1;
  bool isIR = sys::path::extension(request.output) == ".mlir";
  const bool isTosa = options.target.api == "tosa";
  if (!isTosa && request.rows != 0) {
    return createStringError("rows: sizes are open in code for " + options.target.name +
                             ", only code in TOSA has a number of rows");
  }
  request.rows = std::max<int64_t>(request.rows, 1);
  if (!isIR) {
    // Before the work of a compilation is done for nothing.
    if (Error failure = emissionKindFor(request.output).takeError()) {
      return createStringError(toString(std::move(failure)) +
                               "; or in .mlir, for the LLVM dialect");
    }
  }
  if (Error failure = chooseName(request)) {
    return std::move(failure);
  }
  Expected<LoadedModel> loaded = openModel(request.model, host);
  if (!loaded) {
    return loaded.takeError();
  }
  if (!loaded->folder->isCausalLM()) {
    options.function = loaded->folder->function().getName().str();
  }
  if (Error failure =
          requireApart(request.output, loaded->folder->filePath(ModelFolder::moduleFileName))) {
    return std::move(failure);
  }
  CompileResult result;
  result.target = options.target.name;
  if (Error failure = isTosa ? exportTosa(request, *loaded)
                      : isIR ? lower(request, *loaded, options)
                             : emit(request, *loaded, options, result)) {
    return std::move(failure);
  }
  if (std::error_code code = sys::fs::file_size(request.output, result.bytes)) {
    return createStringError(request.output + ": cannot read: " + code.message());
  }
  return result;
}

} // namespace quench::workflow
