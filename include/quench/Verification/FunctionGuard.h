//===- FunctionGuard.h - Runs a model after every pass -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that fold, rotate or smooth promise to preserve the function of a model. The guard holds
// them to it on the user's own model: it runs the model on some tokens before the first pass and
// after each one, and compares logits.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_FUNCTIONGUARD_H
#define QUENCH_VERIFICATION_FUNCTIONGUARD_H

#include "quench/Workspace/Workspace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench {

/// What was seen after one pass.
struct GuardedPass {
  /// The flag of the pass, "quench-rotate".
  std::string pass;
  /// Whether the pass promises to preserve the function; the numbers below mean something only
  /// then.
  bool preserves = true;
  /// The largest difference of a logit to that of the model before the first pass, or after the
  /// last one that approximates, divided by the largest magnitude of a logit.
  double deviation = 0.0;
};

/// Instruments a pass manager for modules that are causal language models. Needs memory for the
/// compiled model, in floats, and compiles it once for each pass.
class FunctionGuard : public mlir::PassInstrumentation {
public:
  /// The deviation from which a pass is at fault. Folding weights in f32 stays below 1e-5.
  static constexpr double kTolerance = 1e-4;
  /// Tokens that are run at most.
  static constexpr int64_t kTokens = 64;

  /// The workspace has the weights, and the tokens if it has samples; otherwise they are drawn at
  /// random, always the same. It outlives the guard.
  explicit FunctionGuard(Workspace &workspace) : workspace(workspace) {}

  void runBeforePass(mlir::Pass *pass, mlir::Operation *op) override;
  void runAfterPass(mlir::Pass *pass, mlir::Operation *op) override;

  /// The passes that ran, in order. After one that broke its promise, none is looked at any more.
  llvm::ArrayRef<GuardedPass> passes() const { return seen; }

  /// What went wrong, once: "pass 'quench-rotate' changed the function of the model: …" or why the
  /// model could not be run. Success when nothing did.
  llvm::Error takeError();

  /// {"tokens", "tolerance", "largest_deviation", "passes": [{"pass", "preserves", "deviation"}]}.
  llvm::json::Object certificate() const;

private:
  llvm::Expected<std::vector<float>> run(mlir::ModuleOp module);
  llvm::Error chooseTokens(int64_t vocabSize, int64_t maxPositions);
  llvm::Error compare(mlir::ModuleOp module, GuardedPass &result);

  Workspace &workspace;
  std::vector<int32_t> tokens;
  /// Logits of the model that the next pass has to preserve; empty before they are needed.
  std::vector<float> expected;
  std::vector<GuardedPass> seen;
  std::string failure;
};

} // namespace quench

#endif // QUENCH_VERIFICATION_FUNCTIONGUARD_H
