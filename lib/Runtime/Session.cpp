//===- Session.cpp - A compiled model, ready to run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/Session.h"

#include "HostProcessor.h"

#include "JitCode.h"

#include "quench/Codegen/EntryInterface.h"
#include "quench/Device/Device.h"
#include "quench/Runtime/Compilation.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Target/TargetMachine.h"

#include <cstring>

using namespace llvm;
using namespace quench;

struct Session::Implementation {
  using Run = int32_t(const int32_t *, int64_t, int64_t, int64_t, void *, float *);

  std::unique_ptr<JitCode> code;
  ObserveFunction observe;
  int64_t vocabulary = 0;
  int64_t capacity = 0;
  int64_t stateBytes = 0;

  int32_t call(const int32_t *tokens, int64_t count, int64_t position, int64_t first, void *state,
               float *logits) const {
    return code->entry<Run>()(tokens, count, position, first, state, logits);
  }
  /// The same with everything in memory of the device.
  Expected<int32_t> callOnDevice(ArrayRef<int32_t> tokens, int64_t position, int64_t first,
                                 DeviceMemory &state, MutableArrayRef<float> logits) const;
};

Expected<int32_t> Session::Implementation::callOnDevice(ArrayRef<int32_t> tokens, int64_t position,
                                                        int64_t first, DeviceMemory &state,
                                                        MutableArrayRef<float> logits) const {
  const std::shared_ptr<Device> &device = code->getDevice();
  if (state.isLost() || (state.owner() && state.owner() != device.get())) {
    return createStringError("the state is not in memory of the device");
  }
  if (!state.data()) {
    Expected<DeviceMemory> memory =
        DeviceMemory::allocate(device, static_cast<uint64_t>(stateBytes));
    if (!memory) {
      return memory.takeError();
    }
    std::memset(memory->data(), 0, memory->size());
    state = std::move(*memory);
  }
  auto input = DeviceMemory::allocate(device, tokens.size() * sizeof(int32_t));
  if (!input) {
    return input.takeError();
  }
  auto output = DeviceMemory::allocate(device, logits.size() * sizeof(float));
  if (!output) {
    return output.takeError();
  }
  std::memcpy(input->data(), tokens.data(), tokens.size() * sizeof(int32_t));
  int32_t status = 0;
  Error error = code->run(observe, [&] {
    status = call(static_cast<int32_t *>(input->data()), static_cast<int64_t>(tokens.size()),
                  position, first, state.data(), static_cast<float *>(output->data()));
  });
  if (error) {
    return std::move(error);
  }
  std::memcpy(logits.data(), output->data(), logits.size() * sizeof(float));
  return status;
}

Session::Session(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
Session::~Session() = default;

Expected<std::unique_ptr<Session>>
Session::create(mlir::ModuleOp module, const WeightStore &weights, SessionOptions options) {
  if (Error error = prepareHost(options.target)) {
    return std::move(error);
  }
  CompilePipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.observe = static_cast<bool>(options.observe);
  // One thread needs no OpenMP regions, which cost more than a small kernel does.
  pipeline.threads = options.threads != 1 && !options.target.isDevice();
  auto model = compileModel(module, weights, pipeline);
  if (!model) {
    return model.takeError();
  }
  auto implementation = std::make_unique<Implementation>();
  implementation->observe = std::move(options.observe);
  implementation->vocabulary = model->vocabulary;
  implementation->capacity = model->capacity;
  implementation->stateBytes = model->stateBytes;
  auto code = JitCode::load(std::move(*model), EntryInterface::kRunFunction, options.threads,
                            options.device);
  if (!code) {
    return code.takeError();
  }
  implementation->code = std::move(*code);
  return std::unique_ptr<Session>(new Session(std::move(implementation)));
}

int64_t Session::vocabSize() const { return implementation->vocabulary; }
int64_t Session::maxPositions() const { return implementation->capacity; }
uint64_t Session::packedWeightBytes() const { return implementation->code->weights.totalBytes(); }
Device *Session::device() const { return implementation->code->getDevice().get(); }

SessionState Session::newState() const {
  SessionState state;
  if (!implementation->code->getDevice()) {
    state.caches.resize(divideCeil(implementation->stateBytes, sizeof(SessionState::Line)));
  }
  return state;
}

Error Session::run(SessionState &state, ArrayRef<int32_t> tokens, int64_t first,
                   MutableArrayRef<float> logits) {
  const Implementation &impl = *implementation;
  int64_t count = static_cast<int64_t>(tokens.size());
  bool isDevice = impl.code->getDevice() != nullptr;
  if (!isDevice && state.caches.size() != divideCeil(impl.stateBytes, sizeof(SessionState::Line))) {
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
  int32_t status = 0;
  if (isDevice) {
    Expected<int32_t> result =
        impl.callOnDevice(tokens, state.tokens, first, state.onDevice, logits);
    if (!result) {
      return result.takeError();
    }
    status = *result;
  } else if (Error error = impl.code->run(impl.observe, [&] {
               status = impl.call(tokens.data(), count, state.tokens, first, state.caches.data(),
                                  logits.data());
             })) {
    return error;
  }
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
