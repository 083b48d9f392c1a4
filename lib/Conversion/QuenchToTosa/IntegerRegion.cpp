//===- IntegerRegion.cpp - Ops that become one function ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerRegion.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace quench;

IntegerRegion quench::collectRegion(const IntegerPlan &plan, ArrayRef<Value> outputs) {
  IntegerRegion region;
  region.outputs.assign(outputs.begin(), outputs.end());
  llvm::SetVector<Operation *> ops;
  SmallVector<Value> open(outputs);
  while (!open.empty()) {
    Operation *op = open.pop_back_val().getDefiningOp();
    if (ops.insert(op) && !plan.lookup(op->getResult(0))->isLeaf) {
      llvm::append_range(open, plan.lookup(op->getResult(0))->operands);
    }
  }
  SmallVector<Operation *> sorted = ops.takeVector();
  llvm::sort(sorted, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  for (Operation *op : sorted) {
    if (plan.lookup(op->getResult(0))->isLeaf) {
      region.inputs.push_back(cast<QuantizeOp>(op));
    } else {
      region.ops.push_back(op);
    }
  }
  return region;
}

bool quench::isAbsorbed(const IntegerPlan &plan, Operation *op) {
  const PlannedValue *value = op->getNumResults() == 1 ? plan.lookup(op->getResult(0)) : nullptr;
  return value && !value->isLeaf;
}

SmallVector<Value> quench::outputsOf(func::FuncOp function, const IntegerPlan &plan) {
  SmallVector<Value> outputs;
  for (Operation &op : function.front()) {
    const PlannedValue *value = op.getNumResults() == 1 ? plan.lookup(op.getResult(0)) : nullptr;
    if (!value || !value->hasProduct || value->hasHoles || isa<QuantizeOp>(op)) {
      continue;
    }
    if (llvm::any_of(op.getUsers(), [&](Operation *user) { return !isAbsorbed(plan, user); })) {
      outputs.push_back(op.getResult(0));
    }
  }
  return outputs;
}

/// Whether both make the same codes.
static bool isSameQuantization(const IntegerPlan &plan, QuantizeOp a, QuantizeOp b) {
  const IntegerForm &left = plan.lookup(a.getResult())->form;
  const IntegerForm &right = plan.lookup(b.getResult())->form;
  return a.getResult().getType() == b.getResult().getType() && left.scales == right.scales &&
         left.zeroPoint == right.zeroPoint;
}

std::optional<IntegerRegion> quench::wholeRegion(func::FuncOp function, const IntegerPlan &plan) {
  Operation *end = function.front().getTerminator();
  SmallVector<Value> results(end->getOperands());
  if (results.empty() || llvm::any_of(results, [&](Value value) {
        const PlannedValue *planned = plan.lookup(value);
        return !planned || planned->hasHoles || planned->scaledBy ||
               isa<QTensorType>(value.getType());
      })) {
    return std::nullopt;
  }
  IntegerRegion region = collectRegion(plan, results);
  for (BlockArgument argument : function.getArguments()) {
    QuantizeOp first;
    for (Operation *user : argument.getUsers()) {
      if (isa<tensor::DimOp>(user)) {
        continue;
      }
      auto leaf = dyn_cast<QuantizeOp>(user);
      if (!leaf || !llvm::is_contained(region.inputs, leaf) ||
          (first && !isSameQuantization(plan, first, leaf))) {
        return std::nullopt;
      }
      first = leaf;
    }
    if (!first) {
      return std::nullopt;
    }
  }
  if (llvm::any_of(region.inputs,
                   [](QuantizeOp leaf) { return !isa<BlockArgument>(leaf.getInput()); })) {
    return std::nullopt;
  }
  return region;
}

std::string quench::nameOf(func::FuncOp function, const IntegerRegion &region) {
  std::string name = "integers";
  for (Operation *op : region.ops) {
    for (Value operand : op->getOperands()) {
      auto decoded = operand.getDefiningOp<DequantizeOp>();
      if (auto weight = decoded ? decoded.getInput().getDefiningOp<WeightOp>() : WeightOp()) {
        StringRef key = weight.getKey();
        key.consume_back(".weight");
        name = key.str();
      }
    }
  }
  return (function.getSymName() + "." + name).str();
}
