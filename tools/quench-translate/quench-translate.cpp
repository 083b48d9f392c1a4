//===- quench-translate.cpp - Models in and out of MLIR -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Not built on `mlir::mlirTranslateMain`, whose inputs are single files: models come as folders.
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportGguf.h"
#include "quench/Import/ImportHuggingFace.h"
#include "quench/Support/AtomicFile.h"
#include "quench/Support/RemoveOnSignal.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/WithColor.h"

using namespace llvm;
using namespace quench;

/// Prints a module to a file, "-" for stdout.
static Error writeText(mlir::ModuleOp module, StringRef path) {
  if (path == "-") {
    module->print(outs());
    outs() << '\n';
    outs().flush();
    if (std::error_code code = outs().error()) {
      outs().clear_error();
      return createStringError("<stdout>: cannot write: " + code.message());
    }
    return Error::success();
  }
  std::string text;
  raw_string_ostream stream(text);
  module->print(stream);
  stream << '\n';
  return writeFileAtomically(path, text);
}

int main(int argc, char **argv) {
  enableRemoveOnSignal();
  InitLLVM init(argc, argv);
  cl::OptionCategory category("Translation");
  cl::opt<std::string> huggingFace(
      "import-hf",
      cl::desc("Import a Hugging Face folder (config.json and safetensors) of a "
               "Llama, Mistral or Qwen2 model"),
      cl::value_desc("folder"), cl::cat(category));
  cl::opt<std::string> gguf("import-gguf",
                            cl::desc("Import a GGUF file of the architecture llama or qwen2"),
                            cl::value_desc("file"), cl::cat(category));
  cl::opt<std::string> output("o", cl::desc("Write the IR to a file, - for stdout"),
                              cl::value_desc("file"), cl::init("-"), cl::cat(category));
  cl::opt<std::string> modelFolder(
      "model-folder", cl::desc("Write a model folder, IR and weights, instead of printing the IR"),
      cl::value_desc("folder"), cl::cat(category));
  cl::opt<int64_t> maxPositions(
      "max-positions",
      cl::desc("Length of the key/value caches; default: what the model is made for, at most 4096"),
      cl::value_desc("tokens"), cl::init(0), cl::cat(category));
  cl::opt<bool> quiet("quiet", cl::desc("Show no progress"), cl::cat(category));
  mlir::registerAsmPrinterCLOptions();
  cl::HideUnrelatedOptions(category);
  cl::ParseCommandLineOptions(argc, argv, "Quench translation driver: models in and out of MLIR\n");

  auto report = [&](Error failure) {
    WithColor::error(errs(), "quench-translate") << toString(std::move(failure)) << '\n';
    return 1;
  };
  if (modelFolder.getNumOccurrences() > 0 && output.getNumOccurrences() > 0) {
    return report(createStringError("expected one of -o and --model-folder, found both"));
  }
  if (huggingFace.getNumOccurrences() + gguf.getNumOccurrences() != 1) {
    return report(createStringError("expected one of --import-hf and --import-gguf"));
  }
  bool isGguf = gguf.getNumOccurrences() > 0;
  StringRef source = isGguf ? gguf : huggingFace;
  ImportOptions options;
  options.maxPositions = maxPositions;
  options.progress = quiet ? nullptr : &errs();
  options.warn = [](const std::string &message) {
    WithColor::warning(errs(), "quench-translate") << message << '\n';
  };
  mlir::MLIRContext context(mlir::MLIRContext::Threading::DISABLED);
  if (modelFolder.getNumOccurrences() > 0) {
    Error failure =
        (isGguf ? importGguf : importHuggingFace)(source, modelFolder, options, context);
    return failure ? report(std::move(failure)) : 0;
  }
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module =
      (isGguf ? importGgufModule : importHuggingFaceModule)(source, options, context);
  if (!module) {
    return report(module.takeError());
  }
  Error failure = writeText(**module, output);
  return failure ? report(std::move(failure)) : 0;
}
