//===- CausalState.cpp - State that a language model hands itself ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "CausalState.h"

#include "quench/Model/ModelFolder.h"

#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace quench;

/// Arguments and results before the caches: tokens, position, first; logits.
static constexpr unsigned firstArgument = 3, firstResult = 1;

/// Null unless the block is all of a causal language model with as many caches in as out.
static Operation *terminatorOfModel(Block *block) {
  auto function = dyn_cast_or_null<FunctionOpInterface>(block->getParentOp());
  if (!function || !function->hasAttr(causalLMAttrName) ||
      !function.getFunctionBody().hasOneBlock() || function.getNumArguments() < firstArgument ||
      function.getNumArguments() - firstArgument + firstResult != function.getNumResults()) {
    return nullptr;
  }
  Operation *terminator = block->getTerminator();
  return terminator->getNumOperands() == function.getNumResults() ? terminator : nullptr;
}

Value quench::updatedStateOf(BlockArgument argument) {
  Operation *terminator = terminatorOfModel(argument.getOwner());
  if (!terminator || argument.getArgNumber() < firstArgument) {
    return {};
  }
  return terminator->getOperand(argument.getArgNumber() - firstArgument + firstResult);
}

Value quench::stateReturnedAt(OpOperand &operand) {
  Operation *op = operand.getOwner();
  Operation *terminator = terminatorOfModel(op->getBlock());
  if (terminator != op || operand.getOperandNumber() < firstResult) {
    return {};
  }
  return op->getBlock()->getArgument(operand.getOperandNumber() - firstResult + firstArgument);
}
