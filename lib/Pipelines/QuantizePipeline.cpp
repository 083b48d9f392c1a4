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

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace quench;

void quench::buildQuantizePipeline(OpPassManager &pm, const QuantizePipelineOptions &options) {
  pm.addPass(createFoldNormsPass());
  if (options.equalize) {
    pm.addPass(createEqualizePass());
  }
  if (options.rotate) {
    RotatePassOptions rotation;
    // There is no embedding that a residual stream could start from.
    rotation.r1 = false;
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

void quench::registerQuantizePipelines() {
  PassPipelineRegistration<QuantizePipelineOptions>(
      "quench-quantize-functions", "Quantize the layers of all functions, in QDQ form",
      buildQuantizePipeline);
  PassPipelineRegistration<>("quench-to-upstream",
                             "Turn quantized functions into upstream dialects, products of codes",
                             buildUpstreamPipeline);
}
