//===- CausalLM.cpp - What a compiled language model looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/CausalLM.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace quench;

static LogicalResult fail(func::FuncOp function) {
  return function.emitOpError() << "expected the type (tokens: tensor<?xi32>, position: index, "
                                   "first: index, caches...) -> "
                                   "(logits: tensor<?xVxf32>, caches...), found "
                                << function.getFunctionType();
}

FailureOr<CausalLM> CausalLM::find(ModuleOp module) {
  CausalLM model;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr("nn.causal_lm")) {
      continue;
    }
    if (model.function) {
      function.emitOpError("expected one nn.causal_lm function in the module, found a second");
      return failure();
    }
    model.function = function;
  }
  if (!model.function) {
    module.emitError("expected a function with the attribute nn.causal_lm");
    return failure();
  }
  func::FuncOp function = model.function;
  ArrayRef<Type> inputs = function.getArgumentTypes(), results = function.getResultTypes();
  auto dynamic = ShapedType::kDynamic;
  auto logits = results.empty() ? RankedTensorType() : dyn_cast<RankedTensorType>(results.front());
  if (function.isExternal() || inputs.size() < kFirstCache || !logits || logits.getRank() != 2 ||
      !logits.isDynamicDim(0) || logits.isDynamicDim(1) || !logits.getElementType().isF32() ||
      inputs[0] != RankedTensorType::get({dynamic}, IntegerType::get(module.getContext(), 32)) ||
      !inputs[1].isIndex() || !inputs[2].isIndex() ||
      inputs.drop_front(kFirstCache) != results.drop_front()) {
    return fail(function);
  }
  model.vocabulary = logits.getDimSize(1);
  model.capacity = std::numeric_limits<int32_t>::max();
  for (Type type : inputs.drop_front(kFirstCache)) {
    auto cache = dyn_cast<RankedTensorType>(type);
    if (!cache || !cache.hasStaticShape() || cache.getRank() == 0) {
      return fail(function);
    }
    model.capacity = std::min(model.capacity, cache.getDimSize(0));
    model.cacheOffsets.push_back(model.stateBytes);
    model.stateBytes += llvm::alignTo(
        cache.getNumElements() * llvm::divideCeil(cache.getElementTypeBitWidth(), 8), 64);
  }
  return model;
}
