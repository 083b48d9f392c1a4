//===- FunctionBench.cpp - The speed of a function on tensors ------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Driver/FunctionBench.h"

#include "quench/Driver/KernelProfile.h"
#include "quench/Driver/RepeatedPasses.h"
#include "quench/Driver/TextTable.h"
#include "quench/Workflow/LoadedFunction.h"

#include <chrono>
#include <cmath>

using namespace llvm;
using namespace quench::workflow;

namespace quench::driver {

namespace {

/// What a function can be called with: tensors of sines or of zeros.
class MadeUpArguments {
public:
  MadeUpArguments(mlir::FunctionType type, int64_t batch);

  ArrayRef<FunctionArgument> get() const { return arguments; }

private:
  FunctionArgument makeTensor(mlir::RankedTensorType type, int64_t batch);

  std::vector<std::vector<float>> floats;
  std::vector<std::vector<int32_t>> integers;
  std::vector<FunctionArgument> arguments;
};

} // namespace

MadeUpArguments::MadeUpArguments(mlir::FunctionType type, int64_t batch) {
  for (mlir::Type each : type.getInputs()) {
    if (auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(each)) {
      arguments.push_back(makeTensor(tensor, batch));
    } else {
      arguments.push_back(each.isIndex() ? FunctionArgument::index(batch)
                          : each.isF32() ? FunctionArgument::f32(1.0f)
                                         : FunctionArgument::i32(0));
    }
  }
}

FunctionArgument MadeUpArguments::makeTensor(mlir::RankedTensorType type, int64_t batch) {
  SmallVector<int64_t> shape(type.getShape());
  llvm::replace(shape, mlir::ShapedType::kDynamic, batch);
  size_t elements = mlir::ShapedType::getNumElements(shape);
  if (!type.getElementType().isF32()) {
    return FunctionArgument::tensor(integers.emplace_back(elements), shape);
  }
  std::vector<float> &values = floats.emplace_back(elements);
  for (size_t i = 0; i < elements; ++i) {
    values[i] = std::sin(0.7f * static_cast<float>(i % 65536));
  }
  return FunctionArgument::tensor(values, shape);
}

Error benchFunction(const Console &console, StringRef model, const MachineChoice &machine,
                    int64_t batch) {
  FunctionSessionOptions options;
  if (Error failure = machine.apply(options.target, options.device)) {
    return failure;
  }
  options.threads = numThreads(console);
  Expected<LoadedModel> loaded = openModel(model, console.host());
  if (!loaded) {
    return loaded.takeError();
  }
  Expected<LoadedFunction> function = LoadedFunction::load(*loaded, options);
  if (!function) {
    return function.takeError();
  }
  MadeUpArguments arguments(loaded->folder->function().getFunctionType(), batch);
  std::vector<double> seconds;
  if (Error failure = repeatPasses(console, "calls", [&]() -> Error {
        auto begin = std::chrono::steady_clock::now();
        Error failed = function->run(arguments.get()).takeError();
        std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        seconds.push_back(time.count());
        return failed;
      })) {
    return inContext(model, std::move(failure));
  }
  double call = medianOfPasses(std::move(seconds));
  std::optional<KernelProfile> profile;
  if (Device *device = function->device()) {
    auto pass = [&] { return function->run(arguments.get()).takeError(); };
    if (Error failure = profileKernels(console, *device, 1, pass).moveInto(profile)) {
      return inContext(model, std::move(failure));
    }
  }
  if (console.json) {
    json::Object object{{"batch", batch},
                        {"threads", options.threads},
                        {"ms_per_call", 1e3 * call},
                        {"samples_per_s", batch / call}};
    if (Device *device = function->device()) {
      object["target"] = machine.target;
      object["device"] = device->name();
    }
    if (profile) {
      profile->addTo(object, "");
    }
    console.printJson(std::move(object));
    return Error::success();
  }
  TextTable table({"ms a call", "samples/s", "threads"});
  table.addRow({fixed(1e3 * call, 3), fixed(batch / call, 1), std::to_string(options.threads)});
  table.print(console.out);
  if (profile) {
    profile->print(console.out, "a call", "call");
  }
  return Error::success();
}

} // namespace quench::driver
