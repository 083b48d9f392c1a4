//===- IntegerPlan.cpp - Which values can be had as integers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerPlan.h"

#include "RuleTable.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

IntegerPlan::IntegerPlan(func::FuncOp function, const WeightStore *store) : store(store) {
  for (Operation &op : function.front()) {
    if (op.getNumResults() != 1) {
      continue;
    }
    Planned planned = planOp(&op);
    if (!planned) {
      refusals[&op] = llvm::toString(planned.takeError());
      continue;
    }
    for (Value operand : planned->operands) {
      planned->hasProduct |= lookup(operand)->hasProduct;
    }
    if (!planned->note.empty()) {
      refusals[&op] = planned->note;
    }
    values[op.getResult(0)] = std::move(*planned);
  }
}

/// TOSA computes nothing on tensors without axes or without elements.
static bool hasElements(Value value) {
  Type type = value.getType();
  auto quantized = dyn_cast<QTensorType>(type);
  auto tensor = quantized ? quantized.getExpressed() : dyn_cast<RankedTensorType>(type);
  return tensor && tensor.getRank() > 0 && !llvm::is_contained(tensor.getShape(), 0);
}

Planned IntegerPlan::planOp(Operation *op) const {
  const RuleTable::Rule *rule = RuleTable::get().lookup(op);
  if (!rule || !hasElements(op->getResult(0))) {
    return createStringError("");
  }
  return (*rule)(op, *this);
}

const PlannedValue *IntegerPlan::lookup(Value value) const {
  auto found = values.find(value);
  return found == values.end() ? nullptr : &found->second;
}

StringRef IntegerPlan::refusal(Operation *op) const {
  auto found = refusals.find(op);
  return found == refusals.end() ? StringRef() : StringRef(found->second);
}

Expected<const PlannedValue *> IntegerPlan::operand(Value value) const {
  if (const PlannedValue *found = lookup(value)) {
    if (found->hasHoles) {
      return createStringError("elements of an operand are no numbers");
    }
    if (found->scaledBy) {
      return createStringError("scales of activations are computed at run time; expected static "
                               "ones");
    }
    return found;
  }
  auto op = value.getDefiningOp<DequantizeOp>();
  std::string reason = op && op.getInput().getDefiningOp()
                           ? refusal(op.getInput().getDefiningOp()).str()
                           : std::string();
  return createStringError(reason.empty() ? "an operand is no integers" : reason);
}
