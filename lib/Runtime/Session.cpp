//===- Session.cpp - A compiled model, ready to run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Session.h"

#include "quench/Codegen/EntryInterface.h"
#include "quench/Codegen/NativeCode.h"
#include "quench/Runtime/Compilation.h"

#include "mlir/ExecutionEngine/CRunnerUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

// The two functions of the OpenMP runtime that are needed; <omp.h> is not on every include path.
extern "C" {
void omp_set_num_threads(int count);
int omp_get_num_procs(void);
}

using namespace llvm;
using namespace quench;

struct Session::Implementation {
  using Run = int32_t(const int32_t *, int64_t, int64_t, int64_t, void *, float *);

  std::unique_ptr<orc::LLJIT> jit;
  PackedWeights weights;
  std::vector<std::string> observed;
  ObserveFunction observe;
  unsigned threads = 0;
  int64_t vocabulary = 0;
  int64_t capacity = 0;
  int64_t stateBytes = 0;
  Run *run = nullptr;

  Error load(CompiledModel model);
};

/// The session whose code runs on this thread: observers have no argument to carry it.
static thread_local const std::pair<const std::vector<std::string> *, const ObserveFunction *>
    *observing = nullptr;

static void handleObservation(int64_t index, UnrankedMemRefType<float> *values) {
  if (!observing) {
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

Error Session::Implementation::load(CompiledModel model) {
  weights = std::move(model.weights);
  observed = std::move(model.observed);
  vocabulary = model.vocabulary;
  capacity = model.capacity;
  stateBytes = model.stateBytes;

  SmallVector<char, 0> object;
  if (Error error =
          emitMachineCode(*model.module, *model.machine, MachineCodeKind::Object, object)) {
    return error;
  }
  auto created = orc::LLJITBuilder().create();
  if (!created) {
    return created.takeError();
  }
  jit = std::move(*created);
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess(
      jit->getDataLayout().getGlobalPrefix());
  if (!process) {
    return process.takeError();
  }
  jit->getMainJITDylib().addGenerator(std::move(*process));
  orc::SymbolMap symbols;
  for (const PackedWeights::Blob &blob : weights.blobs()) {
    symbols[jit->mangleAndIntern(blob.symbol)] = {
        orc::ExecutorAddr::fromPtr(const_cast<uint8_t *>(blob.bytes.data())),
        JITSymbolFlags::Exported};
  }
  symbols[jit->mangleAndIntern("_mlir_ciface_quench_observe")] = {
      orc::ExecutorAddr::fromPtr(&handleObservation),
      JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = jit->getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols)))) {
    return error;
  }
  if (Error error = jit->addObjectFile(
          MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()), "quench"))) {
    return error;
  }
  auto address = jit->lookup(EntryInterface::kRunFunction);
  if (!address) {
    return address.takeError();
  }
  run = address->toPtr<Run *>();
  return Error::success();
}

Session::Session(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
Session::~Session() = default;

Expected<std::unique_ptr<Session>>
Session::create(mlir::ModuleOp module, const WeightStore &weights, SessionOptions options) {
  if (!options.target.runsHere()) {
    return createStringError("this machine cannot run code for target '" + options.target.name +
                             "'");
  }
  CompilePipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.observe = static_cast<bool>(options.observe);
  // One thread needs no OpenMP regions, which cost more than a small kernel does.
  pipeline.threads = options.threads != 1;
  auto model = compileModel(module, weights, pipeline);
  if (!model) {
    return model.takeError();
  }
  auto implementation = std::make_unique<Implementation>();
  implementation->observe = std::move(options.observe);
  implementation->threads =
      options.threads ? options.threads : static_cast<unsigned>(omp_get_num_procs());
  if (Error error = implementation->load(std::move(*model))) {
    return error;
  }
  return std::unique_ptr<Session>(new Session(std::move(implementation)));
}

int64_t Session::vocabSize() const { return implementation->vocabulary; }
int64_t Session::maxPositions() const { return implementation->capacity; }
uint64_t Session::packedWeightBytes() const { return implementation->weights.totalBytes(); }

SessionState Session::newState() const {
  SessionState state;
  state.caches.resize(divideCeil(implementation->stateBytes, sizeof(SessionState::Line)));
  return state;
}

Error Session::run(SessionState &state, ArrayRef<int32_t> tokens, int64_t first,
                   MutableArrayRef<float> logits) {
  const Implementation &impl = *implementation;
  int64_t count = static_cast<int64_t>(tokens.size());
  if (state.caches.size() != divideCeil(impl.stateBytes, sizeof(SessionState::Line))) {
    return createStringError("the state belongs to another model");
  }
  if (first < 0 || first > count) {
    return createStringError(
        formatv("expected the first logits at a token in [0, {0}], found {1}", count, first));
  }
  if (static_cast<int64_t>(logits.size()) != (count - first) * impl.vocabulary) {
    return createStringError(formatv("expected room for {0} logits, found {1}",
                                     (count - first) * impl.vocabulary, logits.size()));
  }
  if (count == 0) {
    return Error::success();
  }
  omp_set_num_threads(static_cast<int>(impl.threads));
  std::pair<const std::vector<std::string> *, const ObserveFunction *> context(&impl.observed,
                                                                               &impl.observe);
  observing = &context;
  int32_t status =
      impl.run(tokens.data(), count, state.tokens, first, state.caches.data(), logits.data());
  observing = nullptr;
  switch (status) {
  case 0:
    state.tokens += count;
    return Error::success();
  case EntryInterface::kBadToken:
    for (auto [index, token] : enumerate(tokens)) {
      if (token < 0 || token >= impl.vocabulary) {
        return createStringError(formatv("token {0} is {1}, outside the vocabulary of {2}", index,
                                         token, impl.vocabulary));
      }
    }
    break;
  case EntryInterface::kCacheFull:
    return createStringError(
        formatv("{0} more tokens do not fit: {1} of {2} positions of the cache are taken", count,
                state.tokens, impl.capacity));
  }
  return createStringError(formatv("the compiled code failed with status {0}", status));
}
