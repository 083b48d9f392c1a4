//===- ImportOnnx.cpp - Models in ONNX ------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Onnx/ImportOnnx.h"

#include "GraphImporter.h"

#include "quench/Import/ImportMlir.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/stubs/logging.h>

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace quench {

/// Messages may nest: types and graphs of nodes, which are refused when they are met.
static constexpr int maxNesting = 64;

Expected<OwningOpRef<ModuleOp>> importOnnxModule(StringRef bytes, StringRef file, StringRef folder,
                                                 MLIRContext &context) {
  if (bytes.size() > maxOnnxBytes) {
    return createStringError(file + ": expected at most " + llvm::Twine(maxOnnxBytes) +
                             " bytes, found " + llvm::Twine(bytes.size()));
  }
  // What the parser would print is said below.
  google::protobuf::LogSilencer silence;
  ::onnx::ModelProto model;
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t *>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(maxNesting);
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return createStringError(file + ": expected an ONNX model, found bytes that are none");
  }
  loadModelDialects(context);
  context.loadDialect<linalg::LinalgDialect, math::MathDialect>();
  Expected<OwningOpRef<ModuleOp>> module =
      onnximport::GraphImporter(model, file, folder, context).run();
  if (!module) {
    return module;
  }
  // Operators make constants and sizes that many need or none.
  if (Error failure = withDiagnostics(context, file, [&] {
        PassManager manager(&context);
        manager.addPass(createCanonicalizerPass());
        // Sizes are traced back to the arguments, and read no other values then.
        manager.addPass(memref::createResolveShapedTypeResultDimsPass());
        manager.addPass(createChannelsLastPass());
        manager.addPass(memref::createResolveShapedTypeResultDimsPass());
        manager.addPass(createCanonicalizerPass());
        manager.addPass(createCSEPass());
        return manager.run(**module);
      })) {
    return std::move(failure);
  }
  return module;
}

Expected<OwningOpRef<ModuleOp>> importOnnxModule(StringRef file, MLIRContext &context) {
  llvm::sys::fs::file_status status;
  if (std::error_code code = llvm::sys::fs::status(file, status)) {
    return createStringError(file + ": cannot open: " + code.message());
  }
  if (!llvm::sys::fs::is_regular_file(status)) {
    return createStringError(file + ": expected an ONNX model, found something that is no file");
  }
  llvm::ErrorOr<std::unique_ptr<llvm::MemoryBuffer>> buffer =
      llvm::MemoryBuffer::getFile(file, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (std::error_code code = buffer.getError()) {
    return createStringError(file + ": cannot read: " + code.message());
  }
  return importOnnxModule((*buffer)->getBuffer(), file, llvm::sys::path::parent_path(file),
                          context);
}

Error importOnnx(StringRef file, StringRef outputFolder, const ImportOptions &options,
                 MLIRContext &context) {
  Expected<OwningOpRef<ModuleOp>> module = importOnnxModule(file, context);
  if (!module) {
    return module.takeError();
  }
  return writeFunctionFolder(file, outputFolder, **module, options);
}

} // namespace quench
