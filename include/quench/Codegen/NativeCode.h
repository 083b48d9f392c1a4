//===- NativeCode.h - From the LLVM dialect to machine code -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_NATIVECODE_H
#define QUENCH_CODEGEN_NATIVECODE_H

#include "quench/Target/Target.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
class TargetMachine;
} // namespace llvm

namespace mlir {
class DialectRegistry;
class ModuleOp;
} // namespace mlir

namespace quench {

/// Registers the translations of the dialects that a lowered module consists of.
void registerNativeCodeDialects(mlir::DialectRegistry &registry);

/// Position-independent code for `target`. Fails if LLVM was built without it.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(const Target &target);

/// Translates a module in the LLVM dialect and optimizes it (-O3) for `machine`.
llvm::Expected<std::unique_ptr<llvm::Module>> translateAndOptimize(mlir::ModuleOp module,
                                                                   llvm::LLVMContext &context,
                                                                   llvm::TargetMachine &machine);

enum class MachineCodeKind { Object, Assembly };

/// Appends machine code for an optimized module to `output`.
llvm::Error emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                            MachineCodeKind kind, llvm::SmallVectorImpl<char> &output);

} // namespace quench

#endif // QUENCH_CODEGEN_NATIVECODE_H
