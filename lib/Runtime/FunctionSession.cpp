//===- FunctionSession.cpp - A compiled function, ready to run -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Runtime/FunctionSession.h"

#include "HostProcessor.h"

#include "JitCode.h"

#include "quench/Codegen/FunctionInterface.h"
#include "quench/Device/Device.h"
#include "quench/Runtime/Compilation.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Target/TargetMachine.h"

#include <cstring>

using namespace llvm;
using namespace quench;

struct FunctionSession::Implementation {
  using Call = int32_t(const int64_t *);

  std::unique_ptr<JitCode> code;
  FunctionInterface interface;
};

static int64_t addressOf(const void *data) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(data));
}

FunctionArgument FunctionArgument::tensor(ArrayRef<float> values, ArrayRef<int64_t> shape) {
  FunctionArgument result(Kind::F32, /*isTensor=*/true);
  result.word = addressOf(values.data());
  result.count = values.size();
  result.shape.assign(shape.begin(), shape.end());
  return result;
}

FunctionArgument FunctionArgument::tensor(ArrayRef<int32_t> values, ArrayRef<int64_t> shape) {
  FunctionArgument result(Kind::I32, /*isTensor=*/true);
  result.word = addressOf(values.data());
  result.count = values.size();
  result.shape.assign(shape.begin(), shape.end());
  return result;
}

FunctionArgument FunctionArgument::index(int64_t value) {
  FunctionArgument result(Kind::Index, /*isTensor=*/false);
  result.word = value;
  return result;
}

FunctionArgument FunctionArgument::i32(int32_t value) {
  FunctionArgument result(Kind::I32, /*isTensor=*/false);
  result.word = value;
  return result;
}

FunctionArgument FunctionArgument::f32(float value) {
  FunctionArgument result(Kind::F32, /*isTensor=*/false);
  result.word = bit_cast<uint32_t>(value);
  return result;
}

FunctionResult FunctionResult::tensor(MutableArrayRef<float> values, ArrayRef<int64_t> shape) {
  return FunctionResult(FunctionArgument::tensor(ArrayRef<float>(values), shape));
}

FunctionResult FunctionResult::tensor(MutableArrayRef<int32_t> values, ArrayRef<int64_t> shape) {
  return FunctionResult(FunctionArgument::tensor(ArrayRef<int32_t>(values), shape));
}

FunctionSession::FunctionSession(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
FunctionSession::~FunctionSession() = default;

Expected<std::unique_ptr<FunctionSession>> FunctionSession::create(mlir::ModuleOp module,
                                                                   StringRef name,
                                                                   const WeightStore *weights,
                                                                   FunctionSessionOptions options) {
  if (Error error = prepareHost(options.target)) {
    return std::move(error);
  }
  Expected<FunctionInterface> interface = FunctionInterface::get(module, name);
  if (!interface) {
    return interface.takeError();
  }
  CompilePipelineOptions pipeline;
  pipeline.target = options.target;
  pipeline.observe = options.observers;
  pipeline.threads = options.threads != 1;
  pipeline.function = name.str();
  Expected<CompiledCode> compiled = compileFunction(module, weights, pipeline);
  if (!compiled) {
    return compiled.takeError();
  }
  auto code = JitCode::load(std::move(*compiled), FunctionInterface::kCallFunction, options.threads,
                            options.device);
  if (!code) {
    return code.takeError();
  }
  auto implementation = std::make_unique<Implementation>();
  implementation->code = std::move(*code);
  implementation->interface = std::move(*interface);
  return std::unique_ptr<FunctionSession>(new FunctionSession(std::move(implementation)));
}

Device *FunctionSession::device() const { return implementation->code->getDevice().get(); }

Error FunctionSession::setWeight(StringRef key, ArrayRef<float> values) {
  if (Error error = implementation->code->weights.set(key, values)) {
    return error;
  }
  implementation->code->upload(key);
  return Error::success();
}

/// "tensor<3x4xf32> with 12 values".
static std::string describe(FunctionParameter parameter, size_t count) {
  return parameter.str() +
         (parameter.isTensor ? " with " + std::to_string(count) + " values" : std::string());
}

Error FunctionSession::run(ArrayRef<FunctionArgument> arguments, ArrayRef<FunctionResult> results,
                           const ObserveFunction &observe) {
  const Implementation &impl = *implementation;
  const FunctionInterface &interface = impl.interface;
  if (arguments.size() != interface.arguments.size() ||
      results.size() != interface.results.size()) {
    return createStringError(formatv("expected {0} arguments and {1} results, found {2} and {3}",
                                     interface.arguments.size(), interface.results.size(),
                                     arguments.size(), results.size()));
  }
  SmallVector<int64_t> words;
  const std::shared_ptr<Device> &device = impl.code->getDevice();
  std::vector<DeviceMemory> copies;
  auto pass = [&](StringRef what, size_t index, const FunctionArgument &found,
                  const FunctionParameter &expected) -> Error {
    FunctionParameter type;
    type.kind = static_cast<FunctionParameter::Kind>(found.kind);
    type.isTensor = found.isTensor;
    type.shape.assign(found.shape.begin(), found.shape.end());
    bool fits = type.kind == expected.kind && type.isTensor == expected.isTensor &&
                type.shape.size() == expected.shape.size();
    size_t count = 1;
    for (size_t axis = 0; fits && axis < type.shape.size(); ++axis) {
      int64_t size = type.shape[axis];
      fits = size >= 0 &&
             (mlir::ShapedType::isDynamic(expected.shape[axis]) || size == expected.shape[axis]);
      count *= size;
    }
    if (!fits || (found.isTensor && count != found.count)) {
      return createStringError(formatv("{0} {1}: expected {2}, found {3}", what, index,
                                       expected.str(), describe(type, found.count)));
    }
    words.push_back(found.word);
    if (device && found.isTensor) {
      auto copy = DeviceMemory::allocate(device, found.bytes());
      if (!copy) {
        return copy.takeError();
      }
      std::memcpy(copy->data(), found.data(), found.bytes());
      words.back() = addressOf(copy->data());
      copies.push_back(std::move(*copy));
    }
    words.append(found.shape.begin(), found.shape.end());
    return Error::success();
  };
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (Error error = pass("argument", i, arguments[i], interface.arguments[i])) {
      return error;
    }
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (Error error = pass("result", i, results[i].buffer, interface.results[i])) {
      return error;
    }
  }
  StringRef unset = impl.code->weights.firstUnset();
  if (!unset.empty()) {
    return createStringError("weight '" + unset + "' has not been set");
  }
  int32_t status = 0;
  if (Error error = impl.code->run(
          observe, [&] { status = impl.code->entry<Implementation::Call>()(words.data()); })) {
    return error;
  }
  if (status != 0) {
    return createStringError(formatv("result {0} does not have the shape of its buffer, {1}",
                                     status - 1, interface.results[status - 1].str()));
  }
  for (size_t i = 0; device && i < results.size(); ++i) {
    const FunctionArgument &result = results[i].buffer;
    const DeviceMemory &copy = copies[copies.size() - results.size() + i];
    std::memcpy(result.data(), copy.data(), result.bytes());
  }
  return Error::success();
}
