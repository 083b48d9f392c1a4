//===- ReferencedTensors.cpp - The tensors that a module needs ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/ReferencedTensors.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include <map>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace {

/// Names of tensors, each with the key of the weight that it belongs to, in order.
using Owners = std::map<std::string, std::string>;

} // namespace

/// Adds one tensor; the store has to have it in this shape.
static Error addTensor(const WeightStore &store, StringRef name, ArrayRef<int64_t> shape,
                       StringRef owner, Owners &owners) {
  if (Error failure = store.requireShape(name, shape).takeError()) {
    return failure;
  }
  auto [place, isNew] = owners.try_emplace(name.str(), owner.str());
  if (!isNew && place->second != owner) {
    return createStringError(store.fileOf(name) + ": tensor '" + name +
                             "': expected one use, found that it belongs to weight '" +
                             place->second + "' and to weight '" + owner + "'");
  }
  return Error::success();
}

static Error addWeight(WeightOp weight, const WeightStore &store, Owners &owners) {
  StringRef key = weight.getKey();
  auto quantized = dyn_cast<QTensorType>(weight.getType());
  if (!quantized) {
    return addTensor(store, key, cast<RankedTensorType>(weight.getType()).getShape(), key, owners);
  }
  Expected<std::vector<QuantizedWeightPart>> parts =
      quantizedWeightParts(key, quantized.getScheme().getNumericsScheme(), quantized.getShape());
  if (!parts) {
    return parts.takeError();
  }
  for (const QuantizedWeightPart &part : *parts) {
    if (Error failure = addTensor(store, part.name, part.shape, key, owners)) {
      return failure;
    }
  }
  return Error::success();
}

Error quench::writeReferencedTensors(ModuleOp module, const WeightStore &store,
                                     SafetensorsWriter &output) {
  Owners owners;
  Error failure = Error::success();
  module.walk([&](WeightOp weight) {
    failure = addWeight(weight, store, owners);
    return failure ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (failure) {
    return failure;
  }
  for (const auto &[key, value] : store.metadata()) {
    if (Error error = output.setMetadata(key, value)) {
      return error;
    }
  }
  for (const auto &[name, owner] : owners) {
    const TensorView &view = *store.lookup(name);
    if (Error error = output.declare(name, view.kind, view.shape)) {
      return error;
    }
  }
  for (const auto &[name, owner] : owners) {
    if (Error error = output.write(name, store.lookup(name)->bytes)) {
      return error;
    }
    store.release(name);
  }
  return Error::success();
}
