//===- TestModel.h - Small models as text, compiled and evaluated -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A causal language model is a text and a few tensors. The same model runs compiled, in a Session,
// and in the evaluator, which is the judge. Observed values make inner results visible.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_RUNTIME_TESTMODEL_H
#define QUENCH_UNITTESTS_RUNTIME_TESTMODEL_H

#include "../Support/TemporaryFolder.h"
#include "quench/Codegen/Passes.h"
#include "quench/Device/Device.h"
#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Reference/Evaluator.h"
#include "quench/Runtime/Session.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/APFloat.h"

#include "gtest/gtest.h"

#include <cstring>
#include <functional>
#include <random>

namespace quench {

/// Values with a name and a shape.
struct Observed {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;

  /// Equal bits, NaN included.
  bool operator==(const Observed &other) const {
    return name == other.name && shape == other.shape && values.size() == other.values.size() &&
           std::memcmp(values.data(), other.values.data(), values.size() * sizeof(float)) == 0;
  }
};

class TestModel {
public:
  TestModel() {
    context.loadDialect<mlir::arith::ArithDialect, mlir::func::FuncDialect,
                        mlir::tensor::TensorDialect, QuenchDialect, nn::NNDialect>();
  }

  SchemeAttr scheme(llvm::StringRef text) {
    return llvm::cast<SchemeAttr>(
        mlir::parseAttribute(("#quench.scheme<" + text + ">").str(), &context));
  }

  void add(const std::string &key, std::vector<int64_t> shape, std::vector<float> values,
           ElementKind kind = ElementKind::F32) {
    declarations.push_back([=](SafetensorsWriter &w) { return w.declare(key, kind, shape); });
    contents.push_back([=](SafetensorsWriter &w) {
      if (kind == ElementKind::F32) {
        return w.writeElements<float>(key, values);
      }
      const llvm::fltSemantics &format =
          kind == ElementKind::F16 ? llvm::APFloat::IEEEhalf() : llvm::APFloat::BFloat();
      std::vector<uint16_t> bits;
      for (float value : values) {
        llvm::APFloat narrow(value);
        bool inexact = false;
        narrow.convert(format, llvm::APFloat::rmNearestTiesToEven, &inexact);
        bits.push_back(static_cast<uint16_t>(narrow.bitcastToAPInt().getZExtValue()));
      }
      return w.writeElements<uint16_t>(key, bits);
    });
  }

  void add(const std::string &key, const numerics::Scheme &scheme,
           const numerics::QuantizedTensor &tensor) {
    declarations.push_back(
        [=](SafetensorsWriter &w) { return declareQuantized(w, key, scheme, tensor.shape); });
    contents.push_back(
        [=](SafetensorsWriter &w) { return writeQuantized(w, key, scheme, tensor); });
  }

  /// Writes the tensors and parses a module.
  void build(llvm::StringRef text) {
    std::string path = folder / "weights.safetensors";
    auto writer = llvm::cantFail(SafetensorsWriter::create(path));
    for (auto *steps : {&declarations, &contents}) {
      for (auto &step : *steps) {
        llvm::cantFail(step(*writer));
      }
    }
    llvm::cantFail(writer->commit());
    store = llvm::cantFail(WeightStore::open(path));
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context, "test.mlir");
    ASSERT_TRUE(module) << text.str();
    // What is judged is the arithmetic of the contractions, not whether fusing them is exact.
    legalized = module->clone();
    mlir::PassManager passes(&context);
    passes.addPass(createAttachTargetPass(Target::host()));
    passes.addPass(createLegalizePass(store.get()));
    ASSERT_TRUE(mlir::succeeded(passes.run(*legalized)));
  }

  /// The results of the legalized model and, before them, its observed values.
  std::vector<Observed> evaluate(llvm::ArrayRef<int32_t> tokens, int64_t position = 0,
                                 int64_t first = 0) {
    std::vector<Observed> seen;
    reference::Evaluator evaluator(
        *legalized, store.get(), [&](llvm::StringRef name, const reference::Value &value) {
          seen.push_back({name.str(), value.shape().vec(), value.floats});
          return llvm::Error::success();
        });
    auto function = *legalized->getOps<mlir::func::FuncOp>().begin();
    mlir::Type i32 = mlir::IntegerType::get(&context, 32), index = mlir::IndexType::get(&context);
    std::vector<reference::Value> arguments = {
        reference::Value::tensor(i32, {static_cast<int64_t>(tokens.size())},
                                 std::vector<int64_t>(tokens.begin(), tokens.end())),
        reference::Value::scalar(index, position), reference::Value::scalar(index, first)};
    auto f32 = mlir::Float32Type::get(&context);
    for (mlir::Type type : function.getArgumentTypes().drop_front(3)) {
      auto cache = llvm::cast<mlir::RankedTensorType>(type);
      arguments.push_back(reference::Value::tensor(
          f32, cache.getShape(), std::vector<float>(cache.getNumElements(), 0.0f)));
    }
    auto results = evaluator.call(function.getName(), arguments);
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return seen;
    }
    seen.push_back({"logits", (*results)[0].shape().vec(), (*results)[0].floats});
    return seen;
  }

  /// Compiles the model. What is observed is appended to `sink`.
  std::unique_ptr<Session> compile(const Target &target, unsigned threads = 1,
                                   std::vector<Observed> *sink = nullptr) {
    SessionOptions options;
    options.target = target;
    options.threads = threads;
    if (sink) {
      options.observe = [sink](llvm::StringRef name, llvm::ArrayRef<float> values,
                               llvm::ArrayRef<int64_t> shape) {
        sink->push_back({name.str(), shape.vec(), values.vec()});
      };
    }
    auto session = Session::create(*module, *store, options);
    if (!session) {
      ADD_FAILURE() << llvm::toString(session.takeError());
      return nullptr;
    }
    return std::move(*session);
  }

  /// The logits of `tokens` after those that `state` holds.
  static std::vector<float> run(Session &session, SessionState &state,
                                llvm::ArrayRef<int32_t> tokens, int64_t first = 0) {
    std::vector<float> logits((tokens.size() - first) * session.vocabSize());
    if (llvm::Error error = session.run(state, tokens, first, logits)) {
      ADD_FAILURE() << llvm::toString(std::move(error));
    }
    return logits;
  }

  mlir::MLIRContext context;
  TemporaryFolder folder;
  mlir::OwningOpRef<mlir::ModuleOp> module, legalized;
  std::unique_ptr<WeightStore> store;

private:
  using Step = std::function<llvm::Error(SafetensorsWriter &)>;
  std::vector<Step> declarations, contents;
};

/// The built-in targets that this machine runs.
inline std::vector<Target> targetsHere() {
  std::vector<Target> result;
  for (const Target &target : Target::all()) {
    if (target.runsHere()) {
      result.push_back(target);
    }
  }
  return result;
}

/// The built-in devices that this machine has. There is one of Vulkan where tests are run: in
/// software if there is no other.
inline std::vector<Target> devicesHere() {
  std::vector<Target> result;
  for (const Target &target : Target::all()) {
    if (!target.isDevice()) {
      continue;
    }
    DeviceOptions options;
    options.requiredFeatures = target.required;
    llvm::Expected<std::unique_ptr<Device>> device = Device::open(target.api, options);
    if (device) {
      result.push_back(target);
    } else {
      llvm::errs() << "no " << target.name << ": " << llvm::toString(device.takeError()) << "\n";
    }
  }
  return result;
}

inline std::vector<Target> targetsAndDevicesHere() {
  std::vector<Target> result = targetsHere(), devices = devicesHere();
  result.insert(result.end(), devices.begin(), devices.end());
  return result;
}

/// Uniform in [-1, 1), the same everywhere: distributions of the standard library are not.
inline float uniform(std::mt19937 &random) {
  return static_cast<float>(static_cast<int32_t>(random() >> 8) - (1 << 23)) / (1 << 23);
}

inline std::vector<float> uniforms(std::mt19937 &random, size_t count, float size = 1.0f) {
  std::vector<float> values(count);
  for (float &value : values) {
    value = size * uniform(random);
  }
  return values;
}

} // namespace quench

#endif // QUENCH_UNITTESTS_RUNTIME_TESTMODEL_H
