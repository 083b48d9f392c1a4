//===- ModelSlice.cpp - A part of a model as a function of its own --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/ModelSlice.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/LinearNames.h"
#include "quench/Transforms/WeightOverlay.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static bool isWeightOperand(OpOperand &use) {
  auto layer = dyn_cast<QuantizableOpInterface>(use.getOwner());
  return layer && &layer.getWeightOperand() == &use;
}

static bool isBiasOperand(OpOperand &use) {
  auto linear = dyn_cast<nn::LinearOp>(use.getOwner());
  return linear && linear.getBias() && linear.getBiasMutable().begin() == &use;
}

bool quench::isModelWeight(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !isa<FloatType>(type.getElementType())) {
    return false;
  }
  Operation *op = value.getDefiningOp();
  if (auto overlay = dyn_cast_or_null<OverlayOp>(op); overlay && isReadable(overlay)) {
    op = overlay.getInput().getDefiningOp();
  }
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op)) {
    return isa<DenseFPElementsAttr>(constant.getValue()) && !value.use_empty() &&
           (llvm::all_of(value.getUses(), isWeightOperand) ||
            llvm::all_of(value.getUses(), isBiasOperand));
  }
  return findWeight(value) != nullptr;
}

namespace {

/// Collects what a slice needs, then writes it down in the order of the function.
class SliceExtractor {
public:
  explicit SliceExtractor(const SliceRequest &request)
      : request(request), body(func::FuncOp(request.function).getBody().front()),
        b(body.getParentOp()->getLoc(), body.getParentOp()->getContext()) {}

  Expected<ModelSlice> run();

private:
  Error check() const;
  Error collect();
  Error need(Value value);
  void mapArguments(Block *entry);
  void createWeights();
  void createBody();
  void observe(Value original);

  const SliceRequest &request;
  Block &body;
  ImplicitLocOpBuilder b;
  IRMapping mapping;
  llvm::SetVector<Operation *> ops;
  llvm::SetVector<Value> weights, arguments;
  SmallVector<Value> pending;
  ModelSlice slice;
};

} // namespace

Error SliceExtractor::check() const {
  for (ArrayRef<Value> values :
       {ArrayRef(request.inputs), ArrayRef(request.outputs), ArrayRef(request.taps)}) {
    for (Value value : values) {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || !type.getElementType().isF32()) {
        std::string text;
        llvm::raw_string_ostream(text) << value.getType();
        return createStringError("expected a slice between tensors of f32, found " + text);
      }
    }
  }
  return Error::success();
}

Error SliceExtractor::need(Value value) {
  if (llvm::is_contained(request.inputs, value) || weights.contains(value)) {
    return Error::success();
  }
  if (isModelWeight(value)) {
    weights.insert(value);
    return Error::success();
  }
  if (isa<BlockArgument>(value)) {
    arguments.insert(value);
    return Error::success();
  }
  Operation *op = value.getDefiningOp();
  if (op->getBlock() != &body) {
    return createStringError("expected a function of one block, found values of several");
  }
  if (ops.insert(op)) {
    pending.push_back(value);
  }
  return Error::success();
}

Error SliceExtractor::collect() {
  for (ArrayRef<Value> values : {ArrayRef(request.outputs), ArrayRef(request.taps)}) {
    for (Value value : values) {
      if (Error error = need(value)) {
        return error;
      }
    }
  }
  while (!pending.empty()) {
    Operation *top = pending.pop_back_val().getDefiningOp();
    Error failure = Error::success();
    top->walk([&](Operation *op) {
      for (Value operand : op->getOperands()) {
        if (failure || (op != top && top->isAncestor(operand.getParentBlock()->getParentOp()))) {
          continue;
        }
        failure = need(operand);
      }
    });
    if (failure) {
      return failure;
    }
  }
  return Error::success();
}

void SliceExtractor::mapArguments(Block *entry) {
  mapping.map(body.getArgument(0), entry->getArgument(0));
  for (auto [index, input] : llvm::enumerate(request.inputs)) {
    mapping.map(input, entry->getArgument(index + 1));
  }
  for (Value argument : arguments) {
    if (argument == body.getArgument(0)) {
      continue;
    }
    // The position and the first token are 0, caches hold nothing yet.
    Value start;
    if (auto type = dyn_cast<RankedTensorType>(argument.getType())) {
      start = tensor::EmptyOp::create(b, type.getShape(), type.getElementType());
    } else {
      start = arith::ConstantIndexOp::create(b, 0);
    }
    mapping.map(argument, start);
  }
}

void SliceExtractor::createWeights() {
  // In the order in which the slice first reads them, which does not depend on where they stand.
  llvm::SetVector<Value> ordered;
  for (Operation &op : body) {
    if (!ops.contains(&op)) {
      continue;
    }
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands()) {
        if (weights.contains(operand)) {
          ordered.insert(operand);
        }
      }
    });
  }
  // A weight may itself be observed or returned.
  ordered.insert(weights.begin(), weights.end());
  for (auto [index, value] : llvm::enumerate(ordered)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (llvm::all_of(value.getUses(), isWeightOperand)) {
      type = type.clone(b.getF32Type());
    }
    mapping.map(value, WeightOp::create(b, type, std::to_string(index)).getResult());
    slice.weights.push_back(value);
  }
}

void SliceExtractor::observe(Value original) {
  for (auto [index, tap] : llvm::enumerate(request.taps)) {
    if (tap == original) {
      ObserveOp::create(b, mapping.lookup(tap), b.getStringAttr(std::to_string(index)),
                        /*range=*/DenseF32ArrayAttr());
    }
  }
}

void SliceExtractor::createBody() {
  for (Value input : request.inputs) {
    observe(input);
  }
  for (Operation &op : body) {
    if (ops.contains(&op)) {
      b.clone(op, mapping);
      for (Value result : op.getResults()) {
        observe(result);
      }
    }
  }
}

Expected<ModelSlice> SliceExtractor::run() {
  if (Error error = check()) {
    return std::move(error);
  }
  if (Error error = collect()) {
    return std::move(error);
  }
  OwningOpRef<ModuleOp> module = ModuleOp::create(b.getLoc());
  SmallVector<Type> inputs = {body.getArgument(0).getType()}, outputs;
  llvm::append_range(inputs, ValueRange(request.inputs).getTypes());
  llvm::append_range(outputs, ValueRange(request.outputs).getTypes());
  b.setInsertionPointToEnd(module->getBody());
  auto function =
      func::FuncOp::create(b, ModelSlice::kFunction, b.getFunctionType(inputs, outputs));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToEnd(entry);
  mapArguments(entry);
  createWeights();
  createBody();
  SmallVector<Value> results;
  for (Value output : request.outputs) {
    results.push_back(mapping.lookup(output));
  }
  func::ReturnOp::create(b, results);
  llvm::raw_string_ostream os(slice.text);
  module->print(os);
  return std::move(slice);
}

Expected<ModelSlice> ModelSlice::extract(const SliceRequest &request) {
  return SliceExtractor(request).run();
}
