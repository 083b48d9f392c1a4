//===- QuantizePipeline.cpp - Quantize IR of other compilers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Pipelines/QuantizePipeline.h"

#include "quench/Basis/Passes.h"
#include "quench/Conversion/Passes.h"
#include "quench/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace quench;

void quench::buildQuantizePipeline(OpPassManager &pm, const QuantizePipelineOptions &options) {
  pm.addPass(createNormalizeLayersPass());
  pm.addPass(createFoldNormsPass());
  if (options.equalize) {
    pm.addPass(createEqualizePass());
  }
  if (options.rotate) {
    RotatePassOptions rotation;
    // There is no embedding that a residual stream could start from.
    rotation.r1 = false;
    // Any width is rotated, if need be in smaller blocks.
    rotation.fallback = "blocks";
    pm.addPass(createRotatePass(rotation));
  }
  pm.addPass(createFoldWeightsPass());
  QuantizePassOptions quantization;
  quantization.recipe = options.recipe;
  pm.addPass(createQuantizePass(quantization));
}

void quench::buildUpstreamPipeline(OpPassManager &pm) {
  pm.addPass(createStripObserversPass());
  // One quantization of an activation serves all its readers.
  pm.addPass(createCSEPass());
  pm.addPass(createMultiplyCodesPass());
  pm.addPass(createConvertQuenchToLinalgPass());
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// Registers a pipeline of passes on modules. A `PassPipelineRegistration` would end the process
/// where the pipeline is named on another op, and complain of options on stderr instead of to the
/// parser of pipelines.
template <typename Options>
static void registerModulePipeline(StringRef name, StringRef description,
                                   std::function<void(OpPassManager &, const Options &)> build) {
  using ErrorHandler = function_ref<LogicalResult(const Twine &)>;
  auto parse = [=](OpPassManager &pm, StringRef text, ErrorHandler onError) -> LogicalResult {
    std::optional<StringRef> anchor = pm.getOpName();
    if (pm.getNesting() == OpPassManager::Nesting::Explicit && anchor &&
        *anchor != ModuleOp::getOperationName()) {
      return onError("expected '" + name + "' in builtin.module(...), found it in " + *anchor +
                     "(...)");
    }
    Options options;
    std::string problem;
    llvm::raw_string_ostream stream(problem);
    if (failed(options.parseFromString(text, stream))) {
      // What is wrong with a value is on stderr already.
      return problem.empty() ? failure() : onError(StringRef(problem).rtrim());
    }
    build(pm, options);
    return success();
  };
  registerPassPipeline(
      name, description, parse,
      [](function_ref<void(const mlir::detail::PassOptions &)> handler) { handler(Options()); });
}

void quench::registerQuantizePipelines() {
  registerModulePipeline<QuantizePipelineOptions>(
      "quench-quantize-functions", "Quantize the layers of all functions, in QDQ form",
      buildQuantizePipeline);
  registerModulePipeline<EmptyPipelineOptions>(
      "quench-to-upstream", "Turn quantized functions into upstream dialects, products of codes",
      [](OpPassManager &pm, const EmptyPipelineOptions &) { buildUpstreamPipeline(pm); });
}
