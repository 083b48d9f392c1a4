//===- VerifyLegal.cpp - Whether a target can do what the IR asks for -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: IR after quench-legalize, or written by hand. Output: the same, or an error at each
// contraction that the target on the module cannot compute as it says.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "OpenWeights.h"

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/IR/BuiltinOps.h"

namespace quench {
#define GEN_PASS_DEF_VERIFYLEGALPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

static LogicalResult verify(ContractOp op, const Target &target, const WeightStore *store) {
  RealizationAttr realization = op.getRealizationAttr();
  if (!realization) {
    return op.emitError("expected a realization; run quench-legalize first");
  }
  auto weights = dyn_cast<QTensorType>(op.getRhs().getType());
  if (!weights) {
    return op.emitError("expected a quantized right side");
  }
  StringRef product = realization.getProduct();
  if (llvm::none_of(target.products,
                    [&](const NativeProduct &known) { return known.instruction == product; })) {
    return op.emitError() << "target " << target.name << " has no product \"" << product << "\"";
  }
  Type activations = activationsOf(op.getLhs().getType());
  std::optional<BlockSumBound> blockSum;
  if (auto codes = dyn_cast_or_null<QTensorType>(activations)) {
    blockSum = boundBlockSum(codes.getScheme(), op.getRhs(), store);
  }
  for (const ContractionChoice &choice : planContraction(target, weights, activations, blockSum)) {
    if (choice.form != realization.getForm()) {
      continue;
    }
    if (choice.refusal) {
      return op.emitError() << stringify(choice.form) << ": " << *choice.refusal;
    }
    Type container = storageType(choice.container, op.getContext());
    if (container != realization.getContainer() || choice.product->instruction != product) {
      return op.emitError() << "target " << target.name << " computes " << stringify(choice.form)
                            << " with \"" << choice.product->instruction << "\" on weights in "
                            << container << ", found \"" << product << "\" on "
                            << realization.getContainer();
    }
    return success();
  }
  return op.emitError() << "operands of these types have no "
                        << stringify(realization.getForm()).str();
}

namespace {
struct VerifyLegalPass : quench::impl::VerifyLegalPassBase<VerifyLegalPass> {
  using Base::Base;
  explicit VerifyLegalPass(const WeightStore *given) : given(given) {}

  void runOnOperation() override;

  const WeightStore *given = nullptr;
};
} // namespace

void VerifyLegalPass::runOnOperation() {
  FailureOr<Target> target = getTarget(getOperation());
  if (failed(target)) {
    return signalPassFailure();
  }
  FailureOr<StorePointer> store = openWeights(getOperation(), weights, given);
  if (failed(store)) {
    return signalPassFailure();
  }
  bool multipliesFloats = target->findProduct(NumberType::F32, NumberType::F32) != nullptr;
  bool isLegal = true;
  getOperation().walk([&](Operation *op) {
    if (auto contract = dyn_cast<ContractOp>(op)) {
      isLegal &= succeeded(verify(contract, *target, store->get()));
    } else if (isa<nn::LinearOp, nn::AttentionOp>(op) && !multipliesFloats) {
      op->emitError() << "target " << target->name << " has no product of floats";
      isLegal = false;
    }
  });
  if (!isLegal) {
    signalPassFailure();
  }
}

std::unique_ptr<Pass> quench::createVerifyLegalPass(const WeightStore *store) {
  return std::make_unique<VerifyLegalPass>(store);
}
