//===- FunctionCalibration.cpp - Statistics of any function ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "FunctionCalibration.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Runtime/FunctionSession.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// All samples of one argument.
struct ArgumentSamples {
  /// Of one sample.
  SmallVector<int64_t> shape;
  size_t size = 1;
  std::vector<float> floats;
  std::vector<int32_t> integers;

  FunctionArgument get(size_t sample) const {
    return floats.empty()
               ? FunctionArgument::tensor(ArrayRef(integers).slice(sample * size, size), shape)
               : FunctionArgument::tensor(ArrayRef(floats).slice(sample * size, size), shape);
  }
};

} // namespace

static Expected<func::FuncOp> findObserved(ModuleOp module) {
  func::FuncOp found;
  bool several = false;
  module.walk([&](ObserveOp observer) {
    auto function = observer->getParentOfType<func::FuncOp>();
    several |= found && found != function;
    found = function;
  });
  if (!found) {
    return createStringError("expected observers, found none; run quench-insert-observers first");
  }
  if (several) {
    return createStringError("expected the observers in one function, found them in several");
  }
  return found;
}

static Expected<ArgumentSamples> readArgument(BlockArgument argument, const WeightStore &store,
                                              std::optional<int64_t> count) {
  auto type = dyn_cast<RankedTensorType>(argument.getType());
  bool isFloat = type && type.getElementType().isF32();
  if (!type || !(isFloat || type.getElementType().isInteger(32))) {
    return createStringError(
        "expected arguments that are tensors of f32 or i32, argument %u is not",
        argument.getArgNumber());
  }
  std::string name = std::to_string(argument.getArgNumber());
  Expected<const TensorView *> view = store.require(name);
  if (!view) {
    return view.takeError();
  }
  ArrayRef<int64_t> shape = (*view)->shape;
  if (static_cast<int64_t>(shape.size()) != type.getRank() + 1 ||
      failed(verifyCompatibleShape(shape.drop_front(), type.getShape())) ||
      (count && shape.front() != *count)) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return createStringError("%s: tensor '%s': expected %s of %s, found the shape %s",
                             store.path().str().c_str(), name.c_str(),
                             count ? (std::to_string(*count) + " samples").c_str() : "samples",
                             text.c_str(), shapeToString(shape).c_str());
  }
  ArgumentSamples samples;
  samples.shape.assign(shape.begin() + 1, shape.end());
  for (int64_t dim : samples.shape) {
    samples.size *= dim;
  }
  if (isFloat) {
    Expected<std::vector<float>> values = store.readFiniteFloats(name, shape);
    if (!values) {
      return values.takeError();
    }
    samples.floats = std::move(*values);
  } else if ((*view)->kind != ElementKind::I32) {
    return createStringError(store.path() + ": tensor '" + name + "': expected I32, found " +
                             safetensorsName((*view)->kind));
  } else {
    samples.integers = (*view)->copy<int32_t>();
  }
  return samples;
}

/// Observers are all that counts, and results would need buffers of their shapes.
static void dropResults(func::FuncOp function) {
  function.getBody().front().getTerminator()->setOperands({});
  function.setFunctionType(
      FunctionType::get(function.getContext(), function.getArgumentTypes(), {}));
  function.removeResAttrsAttr();
}

Expected<FunctionCalibration> quench::calibrateFunction(ModuleOp module, const WeightStore &samples,
                                                        const WeightStore *weights,
                                                        const calibration::StatisticKinds &kinds,
                                                        unsigned threads) {
  Expected<func::FuncOp> function = findObserved(module);
  if (!function) {
    return function.takeError();
  }
  std::vector<ArgumentSamples> arguments;
  std::optional<int64_t> count;
  for (BlockArgument argument : function->getArguments()) {
    Expected<ArgumentSamples> read = readArgument(argument, samples, count);
    if (!read) {
      return read.takeError();
    }
    count = samples.lookup(std::to_string(argument.getArgNumber()))->shape.front();
    arguments.push_back(std::move(*read));
  }
  if (!count || *count == 0) {
    return createStringError("expected arguments and samples for them, found none");
  }
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone());
  dropResults(copy->lookupSymbol<func::FuncOp>(function->getName()));
  FunctionSessionOptions options;
  options.threads = threads;
  options.observers = true;
  Expected<std::unique_ptr<FunctionSession>> session =
      FunctionSession::create(*copy, function->getName(), weights, options);
  if (!session) {
    return session.takeError();
  }
  FunctionCalibration result{calibration::Statistics(kinds), static_cast<uint64_t>(*count)};
  // The first thing that goes wrong; a session takes no errors from observers.
  std::string problem;
  for (int64_t sample = 0; sample < *count; ++sample) {
    SmallVector<FunctionArgument> values;
    for (const ArgumentSamples &argument : arguments) {
      values.push_back(argument.get(sample));
    }
    Error failure = (*session)->run(
        values, {}, [&](StringRef edge, ArrayRef<float> seen, ArrayRef<int64_t> shape) {
          if (problem.empty()) {
            problem = llvm::toString(result.statistics.observe(edge, sample, seen, shape));
          }
        });
    if (failure) {
      return std::move(failure);
    }
    if (!problem.empty()) {
      return createStringError(problem);
    }
  }
  return result;
}
