//===- ApproximatingPass.cpp - Passes that change what a model computes ---===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workspace/ApproximatingPass.h"

#include "mlir/Pass/Pass.h"

using namespace quench;

ApproximatingPass::~ApproximatingPass() = default;

bool quench::isApproximating(mlir::Pass &pass) {
  return dynamic_cast<ApproximatingPass *>(&pass) != nullptr;
}
