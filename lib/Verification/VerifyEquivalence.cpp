//===- VerifyEquivalence.cpp - Evaluate functions before and after passes -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: any module that the reference evaluator knows. Output: what the passes make of it, if all
// that promise to preserve the functions do.
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/Passes.h"

#include "quench/Support/AtomicFile.h"
#include "quench/Verification/Certificate.h"
#include "quench/Verification/ReferenceRun.h"
#include "quench/Workspace/ApproximatingPass.h"
#include "quench/Workspace/WorkspacePass.h"

#include "mlir/IR/Remarks.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#define DEBUG_TYPE "quench-verify-equivalence"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_VERIFYEQUIVALENCEPASS
#include "quench/Verification/Passes.h.inc"
} // namespace quench

using namespace quench;

using Results = std::vector<std::vector<float>>;

namespace {

struct VerifyEquivalencePass : quench::impl::VerifyEquivalencePassBase<VerifyEquivalencePass>,
                               WorkspacePass {
  using VerifyEquivalencePassBase::VerifyEquivalencePassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    VerifyEquivalencePassBase::getDependentDialects(registry);
    OpPassManager pipeline(ModuleOp::getOperationName());
    // What is wrong with the text is said when the pass runs.
    if (succeeded(parsePassPipeline(passes, pipeline, llvm::nulls()))) {
      pipeline.getDependentDialects(registry);
    }
  }
  void runOnOperation() override;
  LogicalResult run(ModuleOp module);
};

/// Runs passes and compares.
class Verifier {
public:
  Verifier(ModuleOp module, Workspace &workspace, int64_t rows, double tolerance)
      : module(module), workspace(workspace),
        run(referenceRun([&workspace] { return workspace.weights(); }, rows)) {
    seen.tolerance = tolerance;
  }

  /// `apply` runs a pass that is the only one of a pipeline.
  LogicalResult verify(Pass &pass, function_ref<LogicalResult(OpPassManager &)> apply, bool attach);

  Certificate seen;

private:
  LogicalResult compare(GuardedPass &result);

  ModuleOp module;
  Workspace &workspace;
  /// Gives functions the same inputs whatever became of them.
  RunModel run;
  RebaseJournal journal;
  /// What the next pass has to preserve.
  std::optional<Results> expected;
};

} // namespace

static double largestDeviation(const Results &before, const Results &after) {
  double largest = 0.0;
  for (auto [first, second] : llvm::zip_equal(before, after)) {
    largest = std::max(largest, relativeDeviation(first, second));
  }
  return largest;
}

LogicalResult Verifier::compare(GuardedPass &result) {
  llvm::Expected<Results> found = run(module, {});
  if (!found) {
    return module.emitError() << "cannot evaluate the module after pass '" << result.pass
                              << "': " << llvm::toString(found.takeError());
  }
  if (found->size() != expected->size()) {
    return module.emitError() << "pass '" << result.pass << "' changed how many results there are";
  }
  result.deviation = largestDeviation(*expected, *found);
  if (result.deviation <= seen.tolerance) {
    return success();
  }
  auto edge = journal.findBroken(module, run, seen.tolerance);
  if (!edge) {
    return module.emitError() << "cannot look for the edge that pass '" << result.pass
                              << "' broke: " << llvm::toString(edge.takeError());
  }
  std::string summary =
      llvm::formatv("pass '{0}' changed what the module computes: expected the same results within "
                    "{1:e1} of the largest, found a difference of {2:e2}",
                    result.pass, seen.tolerance, result.deviation);
  if (!*edge) {
    return module.emitError() << summary;
  }
  InFlightDiagnostic diagnostic = (*edge)->op->emitError() << summary;
  diagnostic.attachNote((*edge)->op->getLoc()) << (*edge)->message();
  return diagnostic;
}

static void remarkVerified(ModuleOp module, const GuardedPass &result) {
  auto options = remark::RemarkOpts::name(result.preserves ? "Equivalent" : "NotCompared")
                     .category(DEBUG_TYPE);
  std::string deviation;
  llvm::raw_string_ostream(deviation) << llvm::format("%.2e", result.deviation);
  remark::detail::InFlightRemark report = remark::passed(module.getLoc(), options);
  report << remark::metric("Pass", result.pass)
         << remark::metric("Rewrites", result.rewrites.size());
  if (result.preserves) {
    report << remark::metric("Deviation", deviation);
  }
}

LogicalResult Verifier::verify(Pass &pass, function_ref<LogicalResult(OpPassManager &)> apply,
                               bool attach) {
  GuardedPass &result = seen.passes.emplace_back();
  std::string text;
  llvm::raw_string_ostream stream(text);
  pass.printAsTextualPipeline(stream);
  result.pass = pass.getArgument().empty() ? text : pass.getArgument().str();
  result.preserves = !isApproximating(pass);
  if (result.preserves && !expected) {
    llvm::Expected<Results> results = run(module, {});
    if (!results) {
      return module.emitError() << "cannot evaluate the module before pass '" << result.pass
                                << "': " << llvm::toString(results.takeError());
    }
    expected = std::move(*results);
  }
  OpPassManager pipeline(ModuleOp::getOperationName());
  if (failed(parsePassPipeline(text, pipeline))) {
    return failure();
  }
  if (attach) {
    attachWorkspace(pipeline, workspace);
  }
  if (failed(journal.listen(module.getContext()))) {
    return module.emitError("expected no other handler of actions, such as a debugger");
  }
  LogicalResult ran = apply(pipeline);
  journal.stop();
  if (failed(ran)) {
    return failure();
  }
  result.rewrites = journal.records().vec();
  if (!result.preserves) {
    expected.reset();
  } else if (failed(compare(result))) {
    return failure();
  }
  remarkVerified(module, result);
  return success();
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

static llvm::Error writeJson(llvm::StringRef path, llvm::json::Object object) {
  auto file = AtomicFile::create(path);
  if (!file) {
    return file.takeError();
  }
  std::string text = llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
  if (llvm::Error error = (*file)->write(text)) {
    return error;
  }
  return (*file)->commit();
}

LogicalResult VerifyEquivalencePass::run(ModuleOp module) {
  if (rows < 1 || !(tolerance >= 0.0)) {
    return module.emitError("options 'rows' and 'tolerance': expected at least 1 and at least 0");
  }
  OpPassManager all(ModuleOp::getOperationName());
  std::string message;
  llvm::raw_string_ostream stream(message);
  if (failed(parsePassPipeline(passes, all, stream))) {
    return module.emitError() << "option 'passes': expected a pass pipeline, found '"
                              << passes.getValue() << "': " << StringRef(message).trim();
  }
  llvm::Expected<Workspace *> workspace = openWorkspace({weights, archive, recipe});
  if (!workspace) {
    return module.emitError() << llvm::toString(workspace.takeError());
  }
  bool attach = isAttached() || !weights.empty() || !archive.empty() || !recipe.empty();
  Verifier verifier(module, **workspace, rows, tolerance);
  auto apply = [&](OpPassManager &pipeline) { return runPipeline(pipeline, module); };
  for (Pass &pass : all.getPasses()) {
    if (failed(verifier.verify(pass, apply, attach))) {
      return failure();
    }
  }
  if (certificate.empty()) {
    return success();
  }
  if (llvm::Error error = writeJson(certificate, verifier.seen.toJson())) {
    return module.emitError() << llvm::toString(std::move(error));
  }
  return success();
}

void VerifyEquivalencePass::runOnOperation() {
  ModuleOp module = getOperation();
  OwningOpRef<ModuleOp> before = cast<ModuleOp>(module->clone());
  if (failed(run(module))) {
    module.getBodyRegion().takeBody(before->getBodyRegion());
    signalPassFailure();
  }
}
