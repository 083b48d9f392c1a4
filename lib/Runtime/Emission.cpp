//===- Emission.cpp - Compiled models as files -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Emission.h"

#include "FeatureGuard.h"

#include "quench/Codegen/EntryInterface.h"
#include "quench/Codegen/NativeCode.h"
#include "quench/Support/AtomicFile.h"
#include "quench/Support/RemoveOnSignal.h"

#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;
using namespace quench;

Expected<EmissionKind> quench::emissionKindFor(StringRef path) {
  StringRef ending = sys::path::extension(path);
  if (ending == ".so") {
    return EmissionKind::SharedLibrary;
  }
  if (ending == ".o") {
    return EmissionKind::Object;
  }
  if (ending == ".s") {
    return EmissionKind::Assembly;
  }
  if (ending == ".ll") {
    return EmissionKind::LLVMIR;
  }
  if (ending == ".spv") {
    return EmissionKind::Spirv;
  }
  if (ending == ".ptx") {
    return EmissionKind::Ptx;
  }
  if (ending == ".amdgcn") {
    return EmissionKind::AmdgpuAssembly;
  }
  return createStringError("cannot tell what to write from the name '" + path +
                           "', expected it to end in .so, .o, .s, .ll, .spv, .ptx or .amdgcn");
}

bool quench::isCIdentifier(StringRef name) {
  return !name.empty() && !isDigit(name.front()) &&
         all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

/// Gives the external weight symbols their contents.
static void embedWeights(CompiledCode &model) {
  for (const PackedWeights::Blob &blob : model.weights.blobs()) {
    GlobalVariable *declared = model.module->getNamedGlobal(blob.symbol);
    if (!declared) {
      continue;
    }
    StringRef bytes(reinterpret_cast<const char *>(blob.bytes.data()), blob.bytes.size());
    Constant *contents =
        ConstantDataArray::getRaw(bytes, bytes.size(), Type::getInt8Ty(*model.context));
    auto *defined = new GlobalVariable(*model.module, contents->getType(), /*isConstant=*/true,
                                       GlobalValue::InternalLinkage, contents);
    defined->setAlignment(Align(PackedWeights::kAlignment));
    declared->replaceAllUsesWith(defined);
    defined->takeName(declared);
    declared->eraseFromParent();
  }
}

/// A public constant.
static void addNumber(CompiledCode &model, const Twine &name, int64_t value) {
  Type *i64 = Type::getInt64Ty(*model.context);
  new GlobalVariable(*model.module, i64, /*isConstant=*/true, GlobalValue::ExternalLinkage,
                     ConstantInt::get(i64, value), name);
}

/// Makes the entry public, which returns `missing` on a processor that lacks a feature.
static void addEntry(CompiledCode &model, StringRef entry, StringRef name, StringRef suffix,
                     int32_t missing) {
  Function *run = model.module->getFunction(entry);
  run->setName(name + suffix);
  if (!model.requiredFeatures.empty()) {
    guardByFeatures(*run, model.requiredFeatures, missing);
  }
  Constant *features =
      ConstantDataArray::getString(*model.context, join(model.requiredFeatures, " "));
  new GlobalVariable(*model.module, features->getType(), /*isConstant=*/true,
                     GlobalValue::ExternalLinkage, features, name + "_required_features");
  // docs/compiled-model.md says what changes it.
  addNumber(model, name + "_interface_version", 1);
}

/// Links an object file into a shared library beside `path`.
static Error linkSharedLibrary(StringRef object, StringRef output, const TargetMachine &machine,
                               bool threads) {
  ErrorOr<std::string> linker = sys::findProgramByName("clang-22");
  for (const char *name : {"clang", "cc"}) {
    if (!linker) {
      linker = sys::findProgramByName(name);
    }
  }
  if (!linker) {
    return createStringError("cannot link a shared library: neither clang nor cc is installed; "
                             "write a .o file instead");
  }
  std::string target = "--target=" + machine.getTargetTriple().str();
  SmallVector<StringRef> arguments = {*linker, "-shared", "-o", output, object, "-lm"};
  if (sys::path::filename(*linker).starts_with("clang")) {
    arguments.push_back(target);
  }
  if (threads) {
    arguments.push_back("-l:libomp.so.5");
  }
  std::string message;
  int status = sys::ExecuteAndWait(*linker, arguments, std::nullopt, {}, 0, 0, &message);
  if (status != 0) {
    return createStringError(formatv("'{0}' could not link '{1}' (exit status {2}) {3}", *linker,
                                     output, status, message));
  }
  return Error::success();
}

static Error writeSharedLibrary(StringRef object, StringRef path, const TargetMachine &machine,
                                bool threads) {
  SmallString<128> objectPath, libraryPath;
  scope_exit removeBoth([&] {
    for (StringRef file : {objectPath.str(), libraryPath.str()}) {
      if (!file.empty()) {
        sys::fs::remove(file);
        keepOnSignal(file);
      }
    }
  });
  if (std::error_code error = createUniqueFileUntilSignal(path + ".%%%%%%.o", objectPath)) {
    return createStringError(error, "cannot write beside '" + path + "': " + error.message());
  }
  if (std::error_code error = createUniqueFileUntilSignal(path + ".%%%%%%.so", libraryPath)) {
    return createStringError(error, "cannot write beside '" + path + "': " + error.message());
  }
  if (Error error = writeFileAtomically(objectPath, object)) {
    return error;
  }
  if (Error error = linkSharedLibrary(objectPath, libraryPath, machine, threads)) {
    return error;
  }
  sys::fs::setPermissions(libraryPath, sys::fs::perms::all_read | sys::fs::perms::all_exe |
                                           sys::fs::perms::owner_write);
  if (std::error_code error = sys::fs::rename(libraryPath, path)) {
    return createStringError(error, "cannot write '" + path + "': " + error.message());
  }
  keepOnSignal(libraryPath);
  libraryPath.clear();
  return Error::success();
}

/// Fails for what cannot be written; writes what has no public symbols.
static Expected<bool> emitKernels(const CompiledCode &model, EmissionKind kind, StringRef name,
                                  StringRef path) {
  if (!isCIdentifier(name)) {
    return createStringError("'" + name + "' cannot begin C identifiers");
  }
  bool isDevice = !model.deviceApi.empty();
  for (auto [kernels, api, what] :
       {std::tuple(EmissionKind::Spirv, "vulkan", "SPIR-V"),
        std::tuple(EmissionKind::Ptx, "cuda", "PTX"),
        std::tuple(EmissionKind::AmdgpuAssembly, "hip", "assembly of AMD")}) {
    if (kind == kernels) {
      if (model.deviceApi != api) {
        return createStringError(Twine("only models compiled for ") + api + " have kernels in " +
                                 what);
      }
      if (Error failure = writeFileAtomically(path, model.device.binary)) {
        return std::move(failure);
      }
      return true;
    }
  }
  if (isDevice && (kind == EmissionKind::SharedLibrary || kind == EmissionKind::Object)) {
    return createStringError(
        "models compiled for " + model.deviceApi +
        " run in a session; write their kernels as .spv, .ptx or .amdgcn, or the code that "
        "launches them as .ll, .s or .mlir");
  }
  return false;
}

/// Writes the module, its public symbols in place.
static Error emitCode(CompiledCode &model, EmissionKind kind, StringRef path) {
  if (kind == EmissionKind::LLVMIR) {
    std::string text;
    raw_string_ostream(text) << *model.module;
    return writeFileAtomically(path, text);
  }
  if (kind != EmissionKind::Assembly) {
    embedWeights(model);
  }
  SmallVector<char, 0> code;
  auto machineCode =
      kind == EmissionKind::Assembly ? MachineCodeKind::Assembly : MachineCodeKind::Object;
  if (Error error = emitMachineCode(*model.module, *model.machine, machineCode, code)) {
    return error;
  }
  StringRef bytes(code.data(), code.size());
  if (kind == EmissionKind::SharedLibrary) {
    bool threads = model.module->getFunction("__kmpc_fork_call") != nullptr ||
                   model.module->getFunction("__kmpc_fork_call_if") != nullptr;
    return writeSharedLibrary(bytes, path, *model.machine, threads);
  }
  return writeFileAtomically(path, bytes);
}

Error quench::emitModel(CompiledModel model, EmissionKind kind, StringRef name, StringRef path) {
  Expected<bool> isDone = emitKernels(model, kind, name, path);
  if (!isDone || *isDone) {
    return isDone.takeError();
  }
  addEntry(model, EntryInterface::kRunFunction, name, "_run", EntryInterface::kMissingFeatures);
  addNumber(model, name + "_vocab_size", model.vocabulary);
  addNumber(model, name + "_max_positions", model.capacity);
  addNumber(model, name + "_state_bytes", model.stateBytes);
  return emitCode(model, kind, path);
}

Error quench::emitFunction(CompiledCode code, EmissionKind kind, StringRef name, StringRef path) {
  Expected<bool> isDone = emitKernels(code, kind, name, path);
  if (!isDone || *isDone) {
    return isDone.takeError();
  }
  addEntry(code, FunctionInterface::kCallFunction, name, "_call",
           FunctionInterface::kMissingFeatures);
  return emitCode(code, kind, path);
}
