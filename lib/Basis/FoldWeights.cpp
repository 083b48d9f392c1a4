//===- FoldWeights.cpp - Evaluate changes of basis of weights -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: weights and constants under chains of `quench.change_basis` and `arith.extf`.
// Output: weights and constants, and the tensors that belong to them.
//
// Everything that can fail happens before the IR changes.
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"
#include "quench/Basis/ConstantChain.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/Rebase.h"
#include "quench/Model/LinearNames.h"
#include "quench/Workspace/ReferencedTensors.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringSet.h"

#define DEBUG_TYPE "quench-fold-weights"

using namespace mlir;
using llvm::Error;
using llvm::Expected;

namespace quench {
#define GEN_PASS_DEF_FOLDWEIGHTSPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

/// One tensor that the changes make of a weight or a constant.
struct FoldedTensor {
  ConstantChain chain;
  /// What reads it instead of the ends of such chains.
  SmallVector<OpOperand *> readers;
  /// The key that a weight gets.
  std::string newKey;
  /// The values that a constant gets.
  DenseElementsAttr newValue;
};

/// What is to be done, in program order of the first readers.
struct Plan {
  std::vector<FoldedTensor> tensors;
  /// Keys whose values somebody reads as they are.
  llvm::StringSet<> keptKeys;
};

struct FoldWeightsPass : quench::impl::FoldWeightsPassBase<FoldWeightsPass>, WorkspacePass {
  using FoldWeightsPassBase::FoldWeightsPassBase;

  void runOnOperation() override;
  Error run();
  Error fold(Workspace &workspace);
};

} // namespace

static Plan findTensors(ModuleOp module) {
  Plan plan;
  module.walk([&](Operation *op) {
    if (isChainLink(op)) {
      return;
    }
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isConstantLike(operand.get())) {
        continue;
      }
      ConstantChain chain = ConstantChain::of(operand.get());
      bool foldable = !chain.uses.empty() && getElementTypeOrSelf(operand.get().getType()).isF32();
      if (!foldable) {
        plan.keptKeys.insert(chain.key());
        continue;
      }
      auto place = llvm::find_if(plan.tensors, [&](const FoldedTensor &known) {
        bool sameRoot =
            chain.key().empty() ? known.chain.root == chain.root : known.chain.key() == chain.key();
        return sameRoot && known.chain.uses == chain.uses;
      });
      if (place == plan.tensors.end()) {
        place = plan.tensors.insert(place, FoldedTensor{chain, {}, "", {}});
      }
      place->readers.push_back(&operand);
    }
  });
  return plan;
}

/// "lm_head.weight" for what the layer lm_head reads; the old key with ".folded" for a reader
/// without a name.
static std::string nameByReader(const FoldedTensor &tensor) {
  StringRef stem = linearNameOfKey(tensor.chain.key());
  StringRef suffix = tensor.chain.key().drop_front(stem.size());
  auto named = tensor.readers.front()->getOwner()->getLoc()->findInstanceOf<NameLoc>();
  return named ? (named.getName().getValue() + suffix).str() : (stem + ".folded" + suffix).str();
}

/// Gives every weight its key: the old one to the first that may have it, new ones to the others.
static void chooseKeys(Plan &plan, const WeightStore &store) {
  llvm::StringSet<> taken = plan.keptKeys;
  for (FoldedTensor &tensor : plan.tensors) {
    StringRef key = tensor.chain.key();
    if (key.empty()) {
      continue;
    }
    if (taken.insert(key).second) {
      tensor.newKey = key.str();
      continue;
    }
    std::string base = nameByReader(tensor), candidate = base;
    for (unsigned i = 1; store.lookup(candidate) || !taken.insert(candidate).second; ++i) {
      candidate = base + "." + std::to_string(i);
    }
    tensor.newKey = candidate;
  }
}

static Error foldConstant(FoldedTensor &tensor, ConstantEvaluator &evaluator) {
  Expected<std::vector<double>> values = evaluator.evaluate(tensor.chain);
  if (!values) {
    return values.takeError();
  }
  std::vector<float> rounded(values->begin(), values->end());
  auto type =
      RankedTensorType::get(tensor.chain.shape, Float32Type::get(tensor.chain.root->getContext()));
  tensor.newValue = DenseElementsAttr::get(type, ArrayRef<float>(rounded));
  return Error::success();
}

static Error writeTensors(Plan &plan, ConstantEvaluator &evaluator, Workspace &workspace,
                          SafetensorsWriter &writer) {
  uint64_t total = 0;
  for (const FoldedTensor &tensor : plan.tensors) {
    if (tensor.newKey.empty()) {
      continue;
    }
    ++total;
    if (Error error = writer.declare(tensor.newKey, ElementKind::F32, tensor.chain.shape)) {
      return error;
    }
  }
  Progress progress = workspace.progress("fold weights", total, "tensors");
  for (const FoldedTensor &tensor : plan.tensors) {
    if (tensor.newKey.empty()) {
      continue;
    }
    Error error = evaluator.stream(tensor.chain, [&](ArrayRef<double> values) {
      std::vector<float> rounded(values.begin(), values.end());
      return writer.writeElements(tensor.newKey, ArrayRef<float>(rounded));
    });
    if (error) {
      return error;
    }
    workspace.weights()->release(tensor.chain.key());
    if (Error error = progress.advance()) {
      return error;
    }
  }
  progress.finish();
  return Error::success();
}

/// A constant as the dialect of `root` has them.
static Value constantLike(OpBuilder &builder, Operation *root, DenseElementsAttr value) {
  Operation *constant =
      root->getDialect()->materializeConstant(builder, value, value.getType(), root->getLoc());
  return constant ? constant->getResult(0)
                  : arith::ConstantOp::create(builder, root->getLoc(), value).getResult();
}

static void rewriteReaders(const FoldedTensor &tensor) {
  // One new op behind each old one, so that it stands before whatever read the old one.
  llvm::MapVector<Operation *, Value> replacements;
  auto type =
      RankedTensorType::get(tensor.chain.shape, Float32Type::get(tensor.chain.root->getContext()));
  for (OpOperand *reader : tensor.readers) {
    Operation *root = ConstantChain::of(reader->get()).root;
    Value &replacement = replacements[root];
    if (!replacement) {
      OpBuilder builder(root->getContext());
      builder.setInsertionPointAfter(root);
      replacement =
          tensor.newKey.empty()
              ? constantLike(builder, root, tensor.newValue)
              : WeightOp::create(builder, root->getLoc(), type, tensor.newKey).getResult();
    }
    Value old = reader->get();
    reader->set(replacement);
    eraseUnread(old);
  }
}

static void report(const FoldedTensor &tensor) {
  Operation *reader = tensor.readers.front()->getOwner();
  remark::passed(reader->getLoc(), remark::RemarkOpts::name("Folded").category(DEBUG_TYPE))
      << remark::metric("At", placeOf(reader))
      << remark::metric("Tensor", tensor.newKey.empty() ? "a constant" : tensor.newKey)
      << remark::metric("Changes", tensor.chain.uses.size());
}

Error FoldWeightsPass::fold(Workspace &workspace) {
  Plan plan = findTensors(getOperation());
  ConstantEvaluator evaluator(workspace.weights(), workspace.threads());
  bool writes = false;
  for (FoldedTensor &tensor : plan.tensors) {
    if (!tensor.chain.key().empty()) {
      writes = true;
    } else if (Error error = foldConstant(tensor, evaluator)) {
      return error;
    }
  }
  if (writes) {
    Expected<const WeightStore *> store = workspace.requireWeights();
    if (!store) {
      return store.takeError();
    }
    chooseKeys(plan, **store);
    if (Error error = workspace.edit([&](SafetensorsWriter &writer) {
          return writeTensors(plan, evaluator, workspace, writer);
        })) {
      return error;
    }
  }
  for (const FoldedTensor &tensor : plan.tensors) {
    report(tensor);
    rewriteReaders(tensor);
  }
  return Error::success();
}

Error FoldWeightsPass::run() {
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return workspace.takeError();
  }
  if (output.empty() && (*workspace)->weights() && !isAttached()) {
    return llvm::createStringError("expected an output for the weights, found no option 'output'");
  }
  std::unique_ptr<SafetensorsWriter> writer;
  if (!output.empty()) {
    if (Error error = (*workspace)->requireWeights().takeError()) {
      return error;
    }
    Expected<std::unique_ptr<SafetensorsWriter>> created = SafetensorsWriter::create(output);
    if (!created) {
      return created.takeError();
    }
    writer = std::move(*created);
  }
  if (Error error = fold(**workspace)) {
    return error;
  }
  if (!writer) {
    return Error::success();
  }
  if (Error error = writeReferencedTensors(getOperation(), *(*workspace)->weights(), *writer)) {
    return error;
  }
  return writer->commit();
}

void FoldWeightsPass::runOnOperation() {
  if (Error error = run()) {
    getOperation().emitError() << llvm::toString(std::move(error));
    signalPassFailure();
  }
}
