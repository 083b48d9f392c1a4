//===- StripObservers.cpp - Remove all observers --------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Transforms/Passes.h"

#include "mlir/IR/BuiltinOps.h"

#define DEBUG_TYPE "quench-strip-observers"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_STRIPOBSERVERSPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

namespace {

struct StripObserversPass : quench::impl::StripObserversPassBase<StripObserversPass> {
  void runOnOperation() override {
    getOperation().walk([](quench::ObserveOp observer) { observer.erase(); });
  }
};

} // namespace
