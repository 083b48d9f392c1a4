//===- InsertObservers.cpp - Watch activations ----------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Puts a `quench.observe` on every f32 tensor that a quantizable op reads as its activation. Names
// are unique: where two values have readers of the same names (layers that share a weight), the
// later ones get a number.
//
// Input: any module. Output: the same with observers; values that had one keep it.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Transforms/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "quench-insert-observers"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_INSERTOBSERVERSPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

static bool isObserved(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) { return isa<ObserveOp>(user); });
}

static bool isObservable(Value value) {
  auto type = dyn_cast<TensorType>(value.getType());
  return type && type.getElementType().isF32();
}

namespace {

struct InsertObserversPass
    : WithUpstreamModels<quench::impl::InsertObserversPassBase<InsertObserversPass>> {
  void runOnOperation() override;
};

} // namespace

void InsertObserversPass::runOnOperation() {
  ModuleOp module = getOperation();
  LayerNames names(module);
  llvm::MapVector<Value, SmallVector<StringRef>> readers;
  for (QuantizableOpInterface layer : names.layers()) {
    Value value = layer.getActivationOperand().get();
    if (isObservable(value) && !isObserved(value)) {
      readers[value].push_back(names.nameOf(layer));
    }
  }
  llvm::StringSet<> taken;
  module.walk([&](ObserveOp observer) { taken.insert(observer.getName()); });
  OpBuilder builder(module.getContext());
  for (auto &[value, layers] : readers) {
    std::string base = edgeName(layers);
    std::string name = base;
    for (unsigned number = 2; !taken.insert(name).second; ++number) {
      name = base + "#" + std::to_string(number);
    }
    builder.setInsertionPointAfterValue(value);
    ObserveOp::create(builder, value.getLoc(), value, builder.getStringAttr(name),
                      /*range=*/DenseF32ArrayAttr());
  }
}
