//===- JitCode.cpp - Compiled code in this process -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "JitCode.h"

#include "quench/Codegen/NativeCode.h"
#include "quench/Device/Device.h"
#include "quench/Device/DeviceCalls.h"

#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <string>

// The two functions of the OpenMP runtime that are needed; <omp.h> is not on every include path.
extern "C" {
void omp_set_num_threads(int count);
int omp_get_num_procs(void);
}

using namespace llvm;
using namespace quench;

/// The code that runs on this thread: observers have no argument to carry it.
static thread_local const std::pair<const std::vector<std::string> *, const ObserveFunction *>
    *observing = nullptr;

static void handleObservation(int64_t index, UnrankedMemRefType<float> *values) {
  if (!observing || !*observing->second) {
    return;
  }
  DynamicMemRefType<float> buffer(*values);
  ArrayRef<int64_t> shape(buffer.sizes, buffer.rank);
  int64_t count = 1;
  for (int64_t size : shape) {
    count *= size;
  }
  (*observing->second)((*observing->first)[index],
                       ArrayRef<float>(buffer.data + buffer.offset, count), shape);
}

/// Finds what compiled code calls: in the process, or, where Quench is in a library that was opened
/// for its user alone, as plugins and modules of Python are, in what that library brings along.
static Error addLibraries(orc::LLJIT &jit) {
  char prefix = jit.getDataLayout().getGlobalPrefix();
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(prefix);
  if (!process) {
    return process.takeError();
  }
  jit.getMainJITDylib().addGenerator(std::move(*process));
  Dl_info here;
  if (dladdr(reinterpret_cast<void *>(&handleObservation), &here) && here.dli_fname) {
    auto library = orc::DynamicLibrarySearchGenerator::Load(here.dli_fname, prefix);
    if (library) {
      jit.getMainJITDylib().addGenerator(std::move(*library));
    } else {
      // A program, which cannot be opened and need not be.
      consumeError(library.takeError());
    }
  }
  return Error::success();
}

JitCode::JitCode() = default;
JitCode::~JitCode() = default;

/// A built-in target of the same interface with fewer demands, for which there is a device of that
/// name; empty if there is none.
static std::string humblerTarget(const CompiledCode &code, StringRef device) {
  for (const quench::Target &target : quench::Target::all()) {
    auto isMet = [&](const std::string &feature) {
      return is_contained(code.deviceFeatures, feature);
    };
    DeviceOptions options;
    options.requiredFeatures = target.deviceFeatures();
    options.name = device.str();
    if (target.api != code.deviceApi ||
        options.requiredFeatures.size() >= code.deviceFeatures.size() ||
        !all_of(options.requiredFeatures, isMet)) {
      continue;
    }
    if (Expected<std::unique_ptr<Device>> found = Device::open(target.api, options)) {
      return "; target " + target.name + " runs on " + (*found)->name().str();
    } else {
      consumeError(found.takeError());
    }
  }
  return "";
}

Error JitCode::openDevice(const CompiledCode &code, DeviceOptions options) {
  options.requiredFeatures = code.deviceFeatures;
  Expected<std::unique_ptr<Device>> opened = Device::open(code.deviceApi, options);
  if (!opened) {
    return createStringError(toString(opened.takeError()) + humblerTarget(code, options.name));
  }
  device = std::move(*opened);
  // Where the host computes everything there is no binary.
  if (!code.device.kernels.empty()) {
    Expected<std::vector<DeviceKernelHandle *>> handles =
        device->load(code.device.binary, code.device.kernels);
    if (!handles) {
      return handles.takeError();
    }
    for (auto [kernel, handle] : zip_equal(code.device.kernels, *handles)) {
      kernels.emplace_back(kernelSymbol(kernel.name), handle);
    }
  }
  for (const PackedWeights::Blob &blob : weights.blobs()) {
    Expected<DeviceMemory> memory = DeviceMemory::allocate(device, blob.bytes.size());
    if (!memory) {
      return memory.takeError();
    }
    std::memcpy(memory->data(), blob.bytes.data(), blob.bytes.size());
    uploaded.push_back(std::move(*memory));
  }
  return Error::success();
}

void JitCode::upload(StringRef key) {
  for (auto [blob, memory] : zip(weights.blobs(), uploaded)) {
    if (blob.key == key) {
      std::memcpy(memory.data(), blob.bytes.data(), blob.bytes.size());
    }
  }
}

Expected<std::unique_ptr<JitCode>> JitCode::load(CompiledCode code, StringRef entry,
                                                 unsigned threads, const DeviceOptions &options) {
  std::unique_ptr<JitCode> result(new JitCode);
  result->weights = std::move(code.weights);
  result->observed = std::move(code.observed);
  result->threads = threads ? threads : static_cast<unsigned>(omp_get_num_procs());

  if (!code.deviceApi.empty()) {
    if (Error error = result->openDevice(code, options)) {
      return std::move(error);
    }
  }

  SmallVector<char, 0> object;
  if (Error error = emitMachineCode(*code.module, *code.machine, MachineCodeKind::Object, object)) {
    return error;
  }
  auto created = orc::LLJITBuilder().create();
  if (!created) {
    return created.takeError();
  }
  result->jit = std::move(*created);
  orc::LLJIT &jit = *result->jit;
  // The session says what is missing to a reporter, by default on stderr; a lookup that fails only
  // says that it did.
  auto reported = std::make_shared<std::string>();
  jit.getExecutionSession().setErrorReporter([reported](Error error) {
    *reported += (reported->empty() ? "" : "\n") + toString(std::move(error));
  });
  if (Error error = addLibraries(jit)) {
    return error;
  }
  orc::SymbolMap symbols;
  for (auto [index, blob] : enumerate(result->weights.blobs())) {
    void *contents =
        result->device ? result->uploaded[index].data() : const_cast<uint8_t *>(blob.bytes.data());
    symbols[jit.mangleAndIntern(blob.symbol)] = {orc::ExecutorAddr::fromPtr(contents),
                                                 JITSymbolFlags::Exported};
  }
  for (auto &[symbol, handle] : result->kernels) {
    symbols[jit.mangleAndIntern(symbol)] = {orc::ExecutorAddr::fromPtr(&handle),
                                            JITSymbolFlags::Exported};
  }
  if (result->device) {
    for (const auto &[name, function] : deviceCalls()) {
      symbols[jit.mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function),
                                            JITSymbolFlags::Exported | JITSymbolFlags::Callable};
    }
  }
  symbols[jit.mangleAndIntern("_mlir_ciface_quench_observe")] = {
      orc::ExecutorAddr::fromPtr(&handleObservation),
      JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = jit.getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)))) {
    return error;
  }
  if (Error error = jit.addObjectFile(
          MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()), "quench"))) {
    return error;
  }
  auto address = jit.lookup(entry);
  if (!address) {
    std::string failure = toString(address.takeError());
    return createStringError("cannot link: " + (reported->empty() ? failure : *reported));
  }
  result->entryAddress = address->toPtr<void *>();
  return std::move(result);
}

Error JitCode::run(const ObserveFunction &observe, function_ref<void()> work) const {
  omp_set_num_threads(static_cast<int>(threads));
  std::pair<const std::vector<std::string> *, const ObserveFunction *> context(&observed, &observe);
  observing = &context;
  DeviceScope scope(device.get());
  work();
  observing = nullptr;
  return device ? device->synchronize() : Error::success();
}
