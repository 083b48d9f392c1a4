//===- ModuleFile.h - IR text from outside, with its diagnostics *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parsing for code that reports through `llvm::Error`: what the parser and the
// verifier would print goes into the error instead, with file, line and column.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_MODEL_MODULEFILE_H
#define QUENCH_MODEL_MODULEFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace quench {

/// How deep brackets may nest in IR text.
inline constexpr unsigned maxModuleDepth = 500;

/// Loads the dialects that models are written in: nn, quench, func, arith and tensor.
void loadModelDialects(mlir::MLIRContext &context);

/// Reads, parses and verifies one module of IR, text or bytecode. The error has one line for each
/// diagnostic: "FILE:LINE:COLUMN: message", with "note: " before the message of a note. Calls
/// `loadModelDialects`; other dialects are parsed as far as the context knows them. Text that nests
/// deeper than `maxModuleDepth` brackets is refused: the parser recurses without a limit.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> parseModuleFile(llvm::StringRef path,
                                                                  mlir::MLIRContext &context);

/// The same for text in memory; `name` stands for the file in messages and locations.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
parseModuleText(llvm::StringRef text, llvm::StringRef name, mlir::MLIRContext &context);

/// The textual form of a module as Quench writes it: places are kept as names
/// (`loc("model.layers.0.mlp.up_proj")`), positions in files are dropped, so that the text depends
/// on the module alone.
std::string printModule(mlir::ModuleOp module);

/// Collects the diagnostics of `work` on `context`. Success when `work` succeeds, whatever it said;
/// otherwise an error with one line for each diagnostic as above. Lines of places that are not in a
/// file start with `where` (a file, a step) and the name of the place.
llvm::Error withDiagnostics(mlir::MLIRContext &context, llvm::StringRef where,
                            llvm::function_ref<mlir::LogicalResult()> work);

} // namespace quench

#endif // QUENCH_MODEL_MODULEFILE_H
