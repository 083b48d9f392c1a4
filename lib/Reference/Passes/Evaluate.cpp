//===- Evaluate.cpp - Print what a function evaluates to ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a module with a function without arguments. Output: the same module, and the results of
// the function on the standard output. It is how tests of passes ask the evaluator.
//
//===----------------------------------------------------------------------===//

#include "quench/Reference/Passes.h"

#include "quench/Reference/Evaluator.h"
#include "quench/WeightStore/WeightStore.h"

#include "llvm/ADT/STLExtras.h"

#define DEBUG_TYPE "quench-evaluate"

namespace quench {
#define GEN_PASS_DEF_EVALUATEPASS
#include "quench/Reference/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
struct EvaluatePass : quench::impl::EvaluatePassBase<EvaluatePass> {
  using EvaluatePassBase::EvaluatePassBase;

  void runOnOperation() override;
};
} // namespace

void EvaluatePass::runOnOperation() {
  markAllAnalysesPreserved();
  std::unique_ptr<WeightStore> store;
  if (!weights.empty()) {
    llvm::Expected<std::unique_ptr<WeightStore>> opened = WeightStore::open(weights);
    if (!opened) {
      getOperation().emitError() << llvm::toString(opened.takeError());
      return signalPassFailure();
    }
    store = std::move(*opened);
  }
  reference::Evaluator evaluator(getOperation(), store.get());
  llvm::Expected<llvm::SmallVector<reference::Value>> results = evaluator.call(entry, {});
  if (!results) {
    getOperation().emitError() << llvm::toString(results.takeError());
    return signalPassFailure();
  }
  for (auto [index, result] : llvm::enumerate(*results)) {
    reference::print(llvm::outs(), entry + "." + std::to_string(index), result);
  }
  llvm::outs().flush();
}
