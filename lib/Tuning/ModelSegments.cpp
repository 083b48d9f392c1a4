//===- ModelSegments.cpp - Where a model can be cut -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/ModelSegments.h"

#include "quench/Model/LinearNames.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace quench;

StringRef quench::blockName(StringRef layer) {
  for (size_t begin = 0; begin < layer.size();) {
    size_t end = std::min(layer.find('.', begin), layer.size());
    StringRef part = layer.slice(begin, end);
    // The last component is a name of its own even if it is a number.
    if (!part.empty() && llvm::all_of(part, llvm::isDigit) && end < layer.size()) {
      return layer.take_front(end);
    }
    begin = end + 1;
  }
  return {};
}

namespace {

/// What flows through the operations that the logits need.
class DataFlow {
public:
  explicit DataFlow(func::FuncOp function);

  struct Step {
    Operation *op;
    /// Operands, those of nested operations included, that were computed from the tokens.
    SmallVector<Value> inputs;
  };
  /// In program order, the return included with the logits as its only input.
  std::vector<Step> steps;
  /// The index of the last step that reads a value.
  DenseMap<Value, size_t> lastUse;

private:
  void findNeeded(func::FuncOp function);
  bool isComputed(Value value) const { return computed.contains(value); }

  DenseSet<Operation *> needed;
  DenseSet<Value> computed;
};

} // namespace

/// Calls `visit` with the operands of an operation and of all inside of it.
static void forOperands(Operation *op, llvm::function_ref<void(Value)> visit) {
  op->walk([&](Operation *inner) { llvm::for_each(inner->getOperands(), visit); });
}

void DataFlow::findNeeded(func::FuncOp function) {
  Block &body = function.getBody().front();
  SmallVector<Operation *> pending;
  auto need = [&](Value value) {
    Operation *op = value.getDefiningOp();
    Operation *top = op ? body.findAncestorOpInBlock(*op) : nullptr;
    if (top && needed.insert(top).second) {
      pending.push_back(top);
    }
  };
  need(body.getTerminator()->getOperand(0));
  while (!pending.empty()) {
    forOperands(pending.pop_back_val(), need);
  }
}

DataFlow::DataFlow(func::FuncOp function) {
  findNeeded(function);
  Block &body = function.getBody().front();
  computed.insert(body.getArgument(0));
  for (Operation &op : body) {
    bool isReturn = &op == body.getTerminator();
    if (!isReturn && !needed.contains(&op)) {
      continue;
    }
    Step step{&op, {}};
    auto add = [&](Value value) {
      // The number of tokens is known everywhere.
      bool isSize = isa<tensor::DimOp>(op) && value == body.getArgument(0);
      if (isComputed(value) && !isSize && !llvm::is_contained(step.inputs, value)) {
        step.inputs.push_back(value);
      }
    };
    if (isReturn) {
      add(op.getOperand(0));
    } else {
      forOperands(&op, add);
    }
    if (!step.inputs.empty()) {
      computed.insert(op.result_begin(), op.result_end());
    }
    for (Value input : step.inputs) {
      lastUse[input] = steps.size();
    }
    steps.push_back(std::move(step));
  }
}

namespace {

/// A segment in the making.
struct Piece {
  std::string block;
  Value output;
  SmallVector<QuantizableOpInterface> layers;
};

} // namespace

/// The block that all layers of a piece are of; empty when there is none.
static std::string commonBlock(ArrayRef<QuantizableOpInterface> layers) {
  StringRef common;
  for (QuantizableOpInterface layer : layers) {
    StringRef block = blockName(linearName(layer));
    if (block.empty() || (!common.empty() && common != block)) {
      return "";
    }
    common = block;
  }
  return common.str();
}

static bool isActivation(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isF32();
}

static std::vector<Piece> findPieces(const DataFlow &flow) {
  std::vector<Piece> pieces;
  Piece piece;
  llvm::SmallVector<Value> live;
  for (auto [index, step] : llvm::enumerate(flow.steps)) {
    if (step.op->hasTrait<OpTrait::IsTerminator>()) {
      break;
    }
    step.op->walk([&](QuantizableOpInterface layer) { piece.layers.push_back(layer); });
    llvm::erase_if(live,
                   [&, index = index](Value value) { return flow.lastUse.lookup(value) <= index; });
    if (!step.inputs.empty()) {
      for (Value result : step.op->getResults()) {
        auto use = flow.lastUse.find(result);
        if (use != flow.lastUse.end()) {
          live.push_back(result);
        }
      }
    }
    if (live.size() == 1 && isActivation(live.front()) &&
        (pieces.empty() || pieces.back().output != live.front())) {
      piece.output = live.front();
      piece.block = commonBlock(piece.layers);
      pieces.push_back(std::move(piece));
      piece = Piece();
    }
  }
  return pieces;
}

/// Gives pieces between two of the same block to that block.
static void fillBlocks(std::vector<Piece> &pieces) {
  size_t last = pieces.size();
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].block.empty()) {
      continue;
    }
    if (last < i && pieces[last].block == pieces[i].block) {
      for (size_t between = last + 1; between < i; ++between) {
        pieces[between].block = pieces[i].block;
      }
    }
    last = i;
  }
}

std::vector<ModelSegment> quench::findSegments(func::FuncOp function) {
  DataFlow flow(function);
  std::vector<Piece> pieces = findPieces(flow);
  fillBlocks(pieces);
  bool hasBlocks = llvm::any_of(pieces, [](const Piece &piece) { return !piece.block.empty(); });
  std::vector<ModelSegment> segments;
  Value before;
  for (Piece &piece : pieces) {
    if (!segments.empty() && hasBlocks && segments.back().name == piece.block) {
      segments.back().output = piece.output;
      segments.back().layers.append(piece.layers);
    } else {
      segments.push_back({piece.block, before, piece.output, std::move(piece.layers)});
    }
    before = segments.back().output;
  }
  // Logits that come from somewhere else than the tokens are one segment.
  Value logits = function.getBody().front().getTerminator()->getOperand(0);
  if (segments.empty()) {
    segments.push_back({"", Value(), logits, {}});
  }
  return segments;
}

size_t quench::segmentOf(Value value, ArrayRef<ModelSegment> segments) {
  Operation *op = value.getDefiningOp();
  size_t index = 0;
  while (op && index + 1 < segments.size()) {
    Operation *cut = segments[index].output.getDefiningOp();
    if (!cut || !cut->isBeforeInBlock(op)) {
      break;
    }
    ++index;
  }
  return index;
}

Value quench::findModuleResult(func::FuncOp function, Value from) {
  DataFlow flow(function);
  DenseSet<Value> effects = {from};
  SmallVector<Value> live = {from};
  Value result;
  for (auto [index, step] : llvm::enumerate(flow.steps)) {
    bool reads = llvm::any_of(step.inputs, [&](Value value) { return effects.contains(value); });
    if (!reads) {
      continue;
    }
    bool meets = !llvm::all_of(step.inputs, [&](Value value) { return effects.contains(value); });
    if (meets || step.op->hasTrait<OpTrait::IsTerminator>()) {
      break;
    }
    effects.insert(step.op->result_begin(), step.op->result_end());
    llvm::erase_if(live,
                   [&, index = index](Value value) { return flow.lastUse.lookup(value) <= index; });
    for (Value value : step.op->getResults()) {
      if (flow.lastUse.count(value)) {
        live.push_back(value);
      }
    }
    if (live.size() == 1 && isActivation(live.front())) {
      result = live.front();
    }
  }
  return result;
}
