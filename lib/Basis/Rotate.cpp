//===- Rotate.cpp - Rotate the activations of a transformer ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a float transformer without norm gains (quench-fold-norms). Output: the same function in
// reals, with changes of basis on its weights and, for r3 and r4, online.
// QuaRot (Ashkboos et al., 2024, arXiv 2404.00456), SpinQuant (Liu et al., 2024, arXiv 2405.16406).
//
// The pass says which value is rotated by which matrix and what may stay online; the rest is the
// engine's.
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"
#include "RotationMatrices.h"

#include "quench/Basis/Passes.h"
#include "quench/Basis/Rebase.h"
#include "quench/Basis/ScalableInput.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/ExternalModels/UpstreamModels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#define DEBUG_TYPE "quench-rotate"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_ROTATEPASS
#include "quench/Basis/Passes.h.inc"
} // namespace quench

using namespace quench;

namespace {

struct RotatePass : WithUpstreamModels<quench::impl::RotatePassBase<RotatePass>> {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override;
  LogicalResult rotate(ModuleOp module, RotationMatrices &rotations);
  LogicalResult rotateResidual(ModuleOp module, RotationMatrices &rotations);
  LogicalResult rotateHeads(ModuleOp module, RotationMatrices &rotations);
  LogicalResult rotateInputs(ModuleOp module, RotationMatrices &rotations);
};

} // namespace

/// Rebases `value` along its last axis; `name` is for remarks.
static LogicalResult rotateValue(Value value, llvm::Expected<MapUse> map, StringRef name,
                                 const RebasePolicy &policy) {
  Operation *maker = makerOf(value);
  if (!map) {
    return maker->emitError() << name << ": " << llvm::toString(map.takeError());
  }
  auto type = cast<RankedTensorType>(value.getType());
  RebaseResult result = planRebase(value, BasisUse{type.getRank() - 1, 1, *map}, policy);
  if (!result.plan) {
    remarkMissed(DEBUG_TYPE, name, maker, result.refusal);
    InFlightDiagnostic diagnostic = emitError(result.refusal.location)
                                    << "cannot rotate (" << name
                                    << "): " << result.refusal.message();
    diagnostic.attachNote(maker->getLoc()) << "the value that was to be rotated";
    return diagnostic;
  }
  remarkPassed(DEBUG_TYPE, name, maker, *result.plan);
  if (failed(result.plan->apply())) {
    return maker->emitError("changes of basis did not settle");
  }
  return success();
}

LogicalResult RotatePass::rotateResidual(ModuleOp module, RotationMatrices &rotations) {
  SmallVector<nn::EmbeddingOp> embeddings;
  module.walk([&](nn::EmbeddingOp embedding) {
    if (isa<RankedTensorType>(embedding.getType())) {
      embeddings.push_back(embedding);
    }
  });
  if (embeddings.size() != 1) {
    return module.emitError() << "cannot rotate (r1): expected one embedding whose result starts "
                                 "the residual stream, found "
                              << embeddings.size();
  }
  return rotateValue(embeddings.front().getResult(), rotations.residual(), "r1", {});
}

/// The values of each attention, and its queries and keys.
LogicalResult RotatePass::rotateHeads(ModuleOp module, RotationMatrices &rotations) {
  SmallVector<nn::AttentionOp> attentions;
  module.walk([&](nn::AttentionOp attention) { attentions.push_back(attention); });
  for (auto [layer, attention] : llvm::enumerate(attentions)) {
    int64_t headSize = attention.getQuery().getType().getDimSize(2);
    // Drawn even when it is not used, so that one option does not change what another means.
    llvm::Expected<MapUse> values = rotations.values(static_cast<int64_t>(layer), headSize);
    if (!r2) {
      llvm::consumeError(values.takeError());
    } else if (failed(rotateValue(attention.getValues(), std::move(values), "r2", {}))) {
      return failure();
    }
    RebasePolicy behindPositions;
    behindPositions.mayFollow = [](Value value) {
      return value.getDefiningOp<nn::RotaryEmbeddingOp>() != nullptr;
    };
    if (r3 && failed(rotateValue(attention.getQuery(), rotations.plain(headSize), "r3",
                                 behindPositions))) {
      return failure();
    }
  }
  return success();
}

/// Elementwise, and not linear in all operands together.
static bool isNonlinear(Operation *op) {
  return op && op->hasTrait<OpTrait::Elementwise>() &&
         !isa<arith::AddFOp, arith::SubFOp, arith::NegFOp, arith::ExtFOp, arith::TruncFOp>(op);
}

static RebasePolicy behind(Value input) {
  RebasePolicy policy;
  policy.mayFollow = [input](Value value) { return value == input; };
  return policy;
}

/// What other dialects make for a layer. A transformer is known as a whole; this may be anything,
/// so that a refusal is no error.
static LogicalResult rotateIfPossible(const ScalableInput &input, RotationMatrices &rotations) {
  Operation *maker = makerOf(input.value());
  llvm::Expected<MapUse> map = rotations.plain(input.channels());
  if (!map) {
    return maker->emitError() << "r4: " << llvm::toString(map.takeError());
  }
  RebaseResult result =
      planRebase(input.value(), BasisUse{input.axis(), 1, *map}, behind(input.value()));
  if (!result.plan) {
    remarkMissed(DEBUG_TYPE, "r4", maker, result.refusal);
    return success();
  }
  remarkPassed(DEBUG_TYPE, "r4", maker, *result.plan);
  if (failed(result.plan->apply())) {
    return maker->emitError("changes of basis did not settle");
  }
  return success();
}

LogicalResult RotatePass::rotateInputs(ModuleOp module, RotationMatrices &rotations) {
  for (const ScalableInput &input : ScalableInput::findAll(module)) {
    Operation *maker = input.value().getDefiningOp();
    if (!isa<nn::LinearOp>(input.layers().front())) {
      if (maker && failed(rotateIfPossible(input, rotations))) {
        return failure();
      }
    } else if (isNonlinear(maker) &&
               failed(rotateValue(input.value(), rotations.plain(input.channels()), "r4",
                                  behind(input.value())))) {
      return failure();
    }
  }
  return success();
}

LogicalResult RotatePass::rotate(ModuleOp module, RotationMatrices &rotations) {
  module.walk([&](nn::EmbeddingOp embedding) {
    if (auto rows = dyn_cast<RankedTensorType>(embedding.getType())) {
      rotations.setResidualSize(rows.getDimSize(1));
    }
  });
  return success(succeeded(r1 ? rotateResidual(module, rotations) : success()) &&
                 succeeded(rotateHeads(module, rotations)) &&
                 succeeded(r4 ? rotateInputs(module, rotations) : success()));
}

void RotatePass::runOnOperation() {
  llvm::Expected<RotationMatrices> rotations =
      RotationMatrices::create(&getContext(), {kind, seed, matrices, fallback});
  if (!rotations) {
    getOperation().emitError() << llvm::toString(rotations.takeError());
    return signalPassFailure();
  }
  if (failed(changeCopy(getOperation(),
                        [&](ModuleOp module) { return rotate(module, *rotations); }))) {
    signalPassFailure();
  }
}
