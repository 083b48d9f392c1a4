//===- InitAll.cpp - Registration of everything, for tools -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/InitAll.h"

#include "quench/Basis/Passes.h"
#include "quench/Codegen/KernelCallBufferization.h"
#include "quench/Codegen/Passes.h"
#include "quench/Conversion/Passes.h"
#include "quench/Dialect/NN/IR/NNDialect.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Gpu/Passes.h"
#include "quench/Pipelines/QuantizePipeline.h"
#include "quench/Reference/Passes.h"
#include "quench/Transforms/Passes.h"
#include "quench/Tuning/Passes.h"
#include "quench/Verification/Passes.h"

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"

void quench::registerQuenchDialects(mlir::DialectRegistry &registry) {
  registry.insert<QuenchDialect, nn::NNDialect>();
  registerUpstreamModels(registry);
  registerKernelCallBufferization(registry);
}

void quench::registerQuenchPasses() {
  registerQuenchBasisPasses();
  registerQuenchCodegenPasses();
  registerQuenchConversionPasses();
  registerQuenchGpuPasses();
  registerQuenchReferencePasses();
  registerQuenchTransformsPasses();
  registerQuenchTuningPasses();
  registerQuenchVerificationPasses();
  registerQuantizePipelines();
}

void quench::registerAllDialects(mlir::DialectRegistry &registry) {
  mlir::registerAllDialects(registry);
  mlir::registerAllExtensions(registry);
  registerQuenchDialects(registry);
}

void quench::registerAllPasses() {
  mlir::registerAllPasses();
  registerQuenchPasses();
}
