//===- Emission.h - Compiled models as files -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_RUNTIME_EMISSION_H
#define QUENCH_RUNTIME_EMISSION_H

#include "quench/Codegen/FunctionInterface.h"
#include "quench/Runtime/Compilation.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace quench {

/// What a compiled model is written as. Libraries and objects are for CPUs: kernels of a device
/// need a session.
enum class EmissionKind {
  /// `.so`: code and weights, needs the C and mathematics libraries and, unless compiled for one
  /// thread, libomp. Linked by clang or the system's C compiler.
  SharedLibrary,
  /// `.o`: code and weights.
  Object,
  /// `.s` and `.ll`: code alone; the weights are external symbols.
  Assembly,
  LLVMIR,
  /// `.spv`: the kernels of a model for Vulkan; `.ptx`: those of one for NVIDIA devices, as text;
  /// `.amdgcn`: those of one for AMD devices, as assembly.
  Spirv,
  Ptx,
  AmdgpuAssembly,
};

/// The kind that a file name asks for by its ending, or an error that lists the endings.
llvm::Expected<EmissionKind> emissionKindFor(llvm::StringRef path);

/// The text of the C header of a compiled model: `NAME_run` and the constants
/// `NAME_interface_version`, `NAME_vocab_size`, `NAME_max_positions` and `NAME_state_bytes`. `name`
/// must be a C identifier.
std::string headerFor(const CompiledModel &model, llvm::StringRef name);

/// The same for a compiled function: `NAME_call`, which takes words as of `compileFunction`, and
/// `NAME_run`, inline, which makes them of pointers to the tensors and their open sizes.
std::string headerFor(const FunctionInterface &interface, llvm::StringRef name);

/// Whether `name` can begin C identifiers.
bool isCIdentifier(llvm::StringRef name);

/// Writes the model to `path`, atomically, with public symbols that begin with `name`. The model is
/// used up: its weights and its module are taken over.
llvm::Error emitModel(CompiledModel model, EmissionKind kind, llvm::StringRef name,
                      llvm::StringRef path);

/// The same for a compiled function.
llvm::Error emitFunction(CompiledCode code, EmissionKind kind, llvm::StringRef name,
                         llvm::StringRef path);

} // namespace quench

#endif // QUENCH_RUNTIME_EMISSION_H
