//===- FunctionGuard.h - Runs a model after every pass -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Passes that fold, rotate or smooth promise to preserve the function of a model. The guard holds
// them to it on the user's own model: it runs the model on some tokens before the first pass and
// after each one, and compares logits. Of a pass that breaks its promise it says which edge broke.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_FUNCTIONGUARD_H
#define QUENCH_VERIFICATION_FUNCTIONGUARD_H

#include "quench/Verification/Certificate.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quench {

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
  llvm::ArrayRef<GuardedPass> passes() const { return seen.passes; }

  /// What went wrong, once: "pass 'quench-rotate' changed the function of the model: …" or why the
  /// model could not be run. Success when nothing did.
  llvm::Error takeError();

  /// That of Certificate.h, and "tokens": how many were run.
  llvm::json::Object certificate() const;

private:
  llvm::Expected<std::vector<float>> run(mlir::ModuleOp module, const EdgeFunction &observe = {});
  llvm::Error chooseTokens(int64_t vocabSize, int64_t maxPositions);
  llvm::Error compare(mlir::ModuleOp module, GuardedPass &result);
  /// Where the function broke, as far as the journal tells: " at …", or "".
  std::string findEdge(mlir::ModuleOp module);

  Workspace &workspace;
  std::vector<int32_t> tokens;
  /// Logits of the model that the next pass has to preserve; empty before they are needed.
  std::vector<float> expected;
  Certificate seen;
  RebaseJournal journal;
  std::string failure;
};

} // namespace quench

#endif // QUENCH_VERIFICATION_FUNCTIONGUARD_H
