//===- toy-compile.cpp - A compiler that quantizes with Quench ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// toy-compile model.mlir --quantize=w8a8-dynamic --rotate
//
// Reads functions of toy.dense and prints what they are in linalg, quantized if asked for. With
// --emit=quantized it stops before its own lowering.
//
//===----------------------------------------------------------------------===//

#include "Toy.h"

#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/Pipelines/QuantizePipeline.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

namespace {

enum class Emit { Quantized, Upstream };

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  llvm::cl::opt<std::string> input(llvm::cl::Positional, llvm::cl::desc("<model.mlir>"),
                                   llvm::cl::init("-"));
  llvm::cl::opt<std::string> recipe("quantize",
                                    llvm::cl::desc("A recipe of Quench, or a file; float without"));
  llvm::cl::opt<bool> rotate("rotate",
                             llvm::cl::desc("Rotate the inputs of layers before quantizing"));
  llvm::cl::opt<Emit> emit(
      "emit", llvm::cl::init(Emit::Upstream), llvm::cl::desc("What to print"),
      llvm::cl::values(clEnumValN(Emit::Quantized, "quantized", "toy.dense on quantized operands"),
                       clEnumValN(Emit::Upstream, "upstream", "upstream dialects alone")));
  llvm::cl::ParseCommandLineOptions(argc, argv, "A compiler that quantizes with Quench\n");

  mlir::DialectRegistry registry;
  registry.insert<toy::ToyDialect, mlir::arith::ArithDialect, mlir::func::FuncDialect>();
  toy::registerQuenchModels(registry);
  mlir::MLIRContext context(registry);

  llvm::SourceMgr sources;
  mlir::SourceMgrDiagnosticHandler diagnostics(sources, &context);
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::parseSourceFile<mlir::ModuleOp>(input, sources, &context);
  if (!module) {
    return 1;
  }

  mlir::PassManager pm(&context);
  if (!recipe.empty()) {
    quench::QuantizePipelineOptions options;
    options.recipe = recipe;
    options.rotate = rotate;
    quench::buildQuantizePipeline(pm, options);
  }
  if (emit == Emit::Upstream) {
    pm.addPass(toy::createToyToLinalgPass());
    quench::buildUpstreamPipeline(pm);
  }
  if (mlir::failed(pm.run(*module))) {
    return 1;
  }
  module->print(llvm::outs());
  return 0;
}
