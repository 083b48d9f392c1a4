//===- ReferenceRun.cpp - Any function, evaluated on inputs of its own ----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/ReferenceRun.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Numerics/RandomSigns.h"
#include "quench/Reference/Evaluator.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <cmath>
#include <map>
#include <memory>

using namespace mlir;
using namespace quench;

using llvm::Expected;

/// The arguments of a causal language model before its caches.
static constexpr unsigned numModelArguments = 3;

/// Box and Muller (1958).
static float nextNormal(numerics::RandomGenerator &random) {
  constexpr double pi = 3.14159265358979323846;
  double radius = std::sqrt(-2.0 * std::log(1.0 - random.nextDouble()));
  return static_cast<float>(radius * std::cos(2.0 * pi * random.nextDouble()));
}

/// Tokens below this are inside of every table that they select from.
static uint32_t vocabularyOf(BlockArgument tokens) {
  int64_t size = 2;
  bool known = false;
  for (Operation *user : tokens.getUsers()) {
    if (auto embedding = dyn_cast<nn::EmbeddingOp>(user)) {
      auto table = dyn_cast<ShapedType>(embedding.getTable().getType());
      int64_t own = table && table.hasStaticShape() ? table.getDimSize(0) : size;
      size = known ? std::min(size, own) : own;
      known = true;
    }
  }
  return static_cast<uint32_t>(std::max<int64_t>(size, 1));
}

/// By function and argument, of the first module that was run: a lowering leaves no embedding to
/// ask.
using Vocabularies = std::map<std::pair<std::string, unsigned>, uint32_t>;

static Expected<reference::Value> inputFor(BlockArgument argument, bool isCache, int64_t rows,
                                           uint32_t vocabulary, numerics::RandomGenerator &random) {
  Type type = argument.getType();
  if (auto scalar = dyn_cast<FloatType>(type)) {
    return reference::Value::scalar(scalar, reference::roundToType(scalar, nextNormal(random)));
  }
  if (type.isIntOrIndex()) {
    return reference::Value::scalar(type, 0);
  }
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.getElementType().isIntOrIndexOrFloat()) {
    std::string text;
    llvm::raw_string_ostream(text) << type;
    return llvm::createStringError("expected arguments that are numbers or tensors of them, found "
                                   "argument %u of type %s",
                                   argument.getArgNumber(), text.c_str());
  }
  SmallVector<int64_t> shape;
  for (int64_t dim : tensor.getShape()) {
    shape.push_back(ShapedType::isDynamic(dim) ? rows : dim);
  }
  Expected<int64_t> count = reference::countElements(shape);
  if (!count) {
    return count.takeError();
  }
  if (auto element = dyn_cast<FloatType>(tensor.getElementType())) {
    std::vector<float> values(*count, 0.0f);
    for (float &value : values) {
      value = isCache ? 0.0f : reference::roundToType(element, nextNormal(random));
    }
    return reference::Value::tensor(element, shape, std::move(values));
  }
  std::vector<int64_t> values(*count);
  for (int64_t &value : values) {
    value = random.nextBelow(vocabulary);
  }
  return reference::Value::tensor(tensor.getElementType(), shape, std::move(values));
}

static llvm::Error runFunction(func::FuncOp function, reference::Evaluator &evaluator, int64_t rows,
                               Vocabularies &vocabularies,
                               std::vector<std::vector<float>> &results) {
  numerics::RandomGenerator random(/*seed=*/0);
  bool isModel = function->hasAttr(causalLMAttrName);
  if (isModel && function.getNumArguments() > numModelArguments) {
    // As many tokens as caches have room for.
    auto cache = dyn_cast<RankedTensorType>(function.getArgument(numModelArguments).getType());
    if (cache && cache.getRank() > 0 && !cache.isDynamicDim(0)) {
      rows = std::min(rows, cache.getDimSize(0));
    }
  }
  SmallVector<reference::Value> arguments;
  for (BlockArgument argument : function.getArguments()) {
    bool isCache = isModel && argument.getArgNumber() >= numModelArguments;
    auto key = std::pair(function.getName().str(), argument.getArgNumber());
    uint32_t vocabulary = vocabularies.try_emplace(key, vocabularyOf(argument)).first->second;
    Expected<reference::Value> value = inputFor(argument, isCache, rows, vocabulary, random);
    if (!value) {
      return value.takeError();
    }
    arguments.push_back(std::move(*value));
  }
  auto values = evaluator.call(function.getName(), arguments);
  if (!values) {
    return values.takeError();
  }
  for (auto &value : isModel ? ArrayRef(*values).take_front(1) : ArrayRef(*values)) {
    if (isa_and_nonnull<RankedTensorType>(value.type) && isa<FloatType>(value.elementType())) {
      results.push_back(value.floats);
    }
  }
  return llvm::Error::success();
}

RunModel quench::referenceRun(std::function<const WeightStore *()> weights, int64_t rows) {
  auto vocabularies = std::make_shared<Vocabularies>();
  return [=](ModuleOp module,
             const EdgeFunction &observe) -> Expected<std::vector<std::vector<float>>> {
    reference::Evaluator evaluator(module, weights ? weights() : nullptr,
                                   [&](StringRef name, const reference::Value &value) {
                                     if (observe) {
                                       observe(name, value.floats);
                                     }
                                     return llvm::Error::success();
                                   });
    std::vector<std::vector<float>> results;
    for (func::FuncOp function : module.getOps<func::FuncOp>()) {
      if (function.isDeclaration()) {
        continue;
      }
      if (llvm::Error error = runFunction(function, evaluator, rows, *vocabularies, results)) {
        return llvm::createStringError("@" + function.getName() + ": " +
                                       llvm::toString(std::move(error)));
      }
    }
    return results;
  };
}
