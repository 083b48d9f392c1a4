//===- EntryInterface.cpp - What a compiled language model looks like from outside -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/EntryInterface.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quench;

llvm::Expected<EntryInterface> EntryInterface::get(ModuleOp module) {
  llvm::Expected<CausalLM> model = findCausalLM(module, "module");
  if (!model) {
    return model.takeError();
  }
  EntryInterface interface;
  interface.model = *model;
  for (Type type : model->function.getArgumentTypes().drop_front(kFirstCache)) {
    auto cache = cast<RankedTensorType>(type);
    interface.cacheOffsets.push_back(interface.stateBytes);
    int64_t bytes = cache.getNumElements() * llvm::divideCeil(cache.getElementTypeBitWidth(), 8);
    interface.stateBytes += llvm::alignTo(bytes, 64);
  }
  return interface;
}
