//===- ImportOnnx.h - Models in ONNX ----------------------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The main graph of an ONNX model becomes a function of linalg, tensor, arith, math and nn ops.
// Shapes are inferred here, node by node; integer tensors that only say shapes are computed at
// import. All floats are f32 and all integers i32 at run time, whatever the file has. One size of
// the inputs may be open, the batch as a rule: it may occur in several inputs under one name.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_ONNX_IMPORTONNX_H
#define QUENCH_ONNX_IMPORTONNX_H

#include "quench/Import/ImportHuggingFace.h"

namespace quench {

/// Bytes that a file may have: what protocol buffers can express.
inline constexpr uint64_t maxOnnxBytes = (uint64_t(1) << 31) - 1;

/// The IR of a model; see above. Large constants are still in it (see `moveConstants`). Errors read
/// "FILE: node 'NAME' (OP, domain 'DOMAIN', version N): expected …, found …", or name the tensor,
/// the input or the output: a file that is no ONNX model; operators, element types and forms of
/// them that are not known; shapes that do not fit; nodes that read what no node before them makes;
/// external data outside of the folder of the file.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxModule(llvm::StringRef file,
                                                                   mlir::MLIRContext &context);

/// The same for a model in memory; external data is looked for in `folder`.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> importOnnxModule(llvm::StringRef bytes,
                                                                   llvm::StringRef file,
                                                                   llvm::StringRef folder,
                                                                   mlir::MLIRContext &context);

/// Writes the model folder of an ONNX file; initializers have their names in the weight store.
/// Same input, same bytes. Errors: all of `importOnnxModule`, values that are not finite, an output
/// that cannot be written; nothing is left behind then.
llvm::Error importOnnx(llvm::StringRef file, llvm::StringRef outputFolder,
                       const ImportOptions &options, mlir::MLIRContext &context);

} // namespace quench

#endif // QUENCH_ONNX_IMPORTONNX_H
