//===- Hqq.cpp - Quantize weights by half-quadratic splitting -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: any module with float weights. Output: the same with the weights whose formats have real
// zero points as codes, by quench/Numerics/Hqq.h.
//
// Everything that can fail happens before the IR changes.
//
//===----------------------------------------------------------------------===//

#include "WeightQuantization.h"

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Numerics/Hqq.h"
#include "quench/Transforms/Passes.h"
#include "quench/Transforms/QdqRewrite.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "llvm/Support/Format.h"

#include <cmath>

#define DEBUG_TYPE "quench-hqq"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_HQQPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

using llvm::Expected;

static Expected<numerics::QuantizedTensor>
roundHalfQuadratic(ArrayRef<float> values, const PlannedWeight &weight, unsigned threads) {
  return numerics::quantizeHalfQuadratic(values, weight.shape, weight.numericsScheme, threads);
}

/// Takes layers out of the plan whose formats have no real zero points, with a remark for each.
static void removeUnsuitable(QuantizationPlan &plan) {
  eraseLayers(plan, [&](PlannedLayer &layer) {
    if (plan.weights[*layer.weight].numericsScheme.realZeroPoint) {
      return false;
    }
    remark::missed(
        layer.op->getLoc(),
        remark::RemarkOpts::name("LeftInFloat").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name)
        << remark::metric("Reason", "its format has no real zero points");
    return true;
  });
}

static void report(const QuantizationPlan &plan, Workspace &workspace) {
  llvm::json::Array layers;
  for (const PlannedLayer &layer : plan.layers) {
    const PlannedWeight &weight = plan.weights[*layer.weight];
    std::string ratio;
    llvm::raw_string_ostream(ratio) << llvm::format("%.2f", weight.signalToNoise);
    remark::passed(
        layer.op->getLoc(),
        remark::RemarkOpts::name("Quantized").category(DEBUG_TYPE).function(layer.function))
        << remark::metric("Layer", layer.name) << remark::metric("Weights", weight.format.str())
        << remark::metric("SignalToNoiseDb", ratio);
    llvm::json::Object object{{"layer", layer.name},
                              {"weights", weight.format.str()},
                              {"bits_per_weight", weight.scheme.getBitsPerElement(weight.shape)}};
    if (std::isfinite(weight.signalToNoise)) {
      object["signal_to_noise_db"] = weight.signalToNoise;
    }
    layers.push_back(std::move(object));
  }
  workspace.report(llvm::json::Object{{"pass", DEBUG_TYPE}, {"layers", std::move(layers)}});
}

namespace {

struct HqqPass : WithUpstreamModels<quench::impl::HqqPassBase<HqqPass>>,
                 WorkspacePass,
                 ApproximatingPass {
  using WithUpstreamModels::WithUpstreamModels;

  void runOnOperation() override {
    if (failed(run())) {
      signalPassFailure();
    }
  }
  LogicalResult run();
};

} // namespace

LogicalResult HqqPass::run() {
  ModuleOp module = getOperation();
  Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return module.emitError() << llvm::toString(workspace.takeError());
  }
  Expected<const recipe::Recipe *> formats = (*workspace)->recipe();
  if (!formats) {
    return module.emitError() << llvm::toString(formats.takeError());
  }
  PlanOptions options;
  options.activations = false;
  options.keptElements = false;
  options.pass = DEBUG_TYPE;
  FailureOr<QuantizationPlan> plan =
      planQuantization(module, **formats, (*workspace)->weights(), options);
  if (failed(plan)) {
    return failure();
  }
  removeUnsuitable(*plan);
  if (failed(quantizeConstants(*plan, roundHalfQuadratic)) ||
      failed(quantizeStoredWeights(*plan, **workspace, module, roundHalfQuadratic))) {
    return failure();
  }
  insertQdq(*plan);
  report(*plan, **workspace);
  return success();
}
