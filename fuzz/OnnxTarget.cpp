//===- OnnxTarget.cpp - ONNX models -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A model that is accepted is a module that verifies, and the same one each time.
//
//===----------------------------------------------------------------------===//

#include "FuzzContext.h"
#include "FuzzTarget.h"

#ifdef QUENCH_HAS_ONNX

#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Onnx/ImportOnnx.h"

#include "mlir/IR/Verifier.h"

using namespace llvm;
using namespace quench;
using namespace quench::fuzz;

static std::optional<std::string> importText(StringRef bytes) {
  mlir::MLIRContext &context = fuzzContext();
  // External data is looked for in a folder that is not there.
  Expected<mlir::OwningOpRef<mlir::ModuleOp>> module =
      importOnnxModule(bytes, "model.onnx", "/nonexistent", context);
  if (!module) {
    consumeError(module.takeError());
    return std::nullopt;
  }
  if (failed(mlir::verify(**module))) {
    finding("a model that was imported does not verify", "");
  }
  return printModule(**module);
}

void fuzz::fuzzOnnx(StringRef bytes) {
  if (importText(bytes) != importText(bytes)) {
    finding("a model is imported in two ways", "");
  }
}

#else

void quench::fuzz::fuzzOnnx(llvm::StringRef) {}

#endif
