//===- FunctionGuard.cpp - Runs a model after every pass -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/FunctionGuard.h"

#include "quench/Model/ModelFolder.h"
#include "quench/Numerics/RandomSigns.h"
#include "quench/Runtime/Session.h"
#include "quench/Workspace/ApproximatingPass.h"

#include "mlir/Pass/Pass.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace llvm;
using namespace quench;

/// Modules alone are looked at: what runs inside of one is part of the pass that runs it.
static mlir::ModuleOp guardedModule(mlir::Pass *pass, mlir::Operation *op) {
  auto module = dyn_cast<mlir::ModuleOp>(op);
  return module && !module->getParentOp() ? module : mlir::ModuleOp();
}

static std::string nameOf(mlir::Pass &pass) {
  StringRef flag = pass.getArgument();
  return (flag.empty() ? pass.getName() : flag).str();
}

Error FunctionGuard::chooseTokens(int64_t vocabSize, int64_t maxPositions) {
  if (!workspace.archivePath().empty()) {
    Expected<const calibration::Samples *> samples = workspace.samples();
    if (!samples) {
      return samples.takeError();
    }
    if (Error error = (*samples)->requireVocabulary(vocabSize, workspace.archivePath())) {
      return error;
    }
    if (!(*samples)->empty()) {
      ArrayRef<int32_t> first = (**samples)[0];
      tokens = first.take_front(std::min<int64_t>(kTokens, maxPositions)).vec();
      return Error::success();
    }
  }
  numerics::RandomGenerator random(/*seed=*/0);
  for (int64_t i = 0; i < std::min<int64_t>(kTokens, maxPositions); ++i) {
    tokens.push_back(static_cast<int32_t>(random.nextBelow(static_cast<uint32_t>(vocabSize))));
  }
  return Error::success();
}

Expected<std::vector<float>> FunctionGuard::run(mlir::ModuleOp module,
                                                const EdgeFunction &observe) {
  Expected<const WeightStore *> weights = workspace.requireWeights();
  if (!weights) {
    return weights.takeError();
  }
  SessionOptions options;
  options.threads = workspace.threads();
  if (observe) {
    options.observe = [&](StringRef name, ArrayRef<float> values, ArrayRef<int64_t>) {
      observe(name, values);
    };
  }
  Expected<std::unique_ptr<Session>> session =
      Session::create(module, **weights, std::move(options));
  if (!session) {
    return session.takeError();
  }
  if (tokens.empty()) {
    if (Error error = chooseTokens((*session)->vocabSize(), (*session)->maxPositions())) {
      return std::move(error);
    }
  }
  std::vector<float> logits(tokens.size() * (*session)->vocabSize());
  SessionState state = (*session)->newState();
  if (Error error = (*session)->run(state, tokens, /*first=*/0, logits)) {
    return std::move(error);
  }
  return logits;
}

Error FunctionGuard::compare(mlir::ModuleOp module, GuardedPass &result) {
  Expected<std::vector<float>> found = run(module);
  if (!found) {
    return createStringError("cannot run the model after pass '" + result.pass +
                             "': " + toString(found.takeError()));
  }
  if (found->size() != expected.size()) {
    return createStringError("pass '" + result.pass + "' changed the size of the vocabulary");
  }
  result.deviation = relativeDeviation(expected, *found);
  if (result.deviation <= kTolerance) {
    return Error::success();
  }
  return createStringError(
      formatv("pass '{0}' changed the function of the model: expected the same logits within "
              "{1:e1} of the largest, found a difference of {2:e2} on {3} tokens{4}",
              result.pass, kTolerance, result.deviation, tokens.size(), findEdge(module))
          .str());
}

std::string FunctionGuard::findEdge(mlir::ModuleOp module) {
  auto runModel = [&](mlir::ModuleOp watched,
                      const EdgeFunction &observe) -> Expected<std::vector<std::vector<float>>> {
    Expected<std::vector<float>> logits = run(watched, observe);
    if (!logits) {
      return logits.takeError();
    }
    return std::vector<std::vector<float>>{std::move(*logits)};
  };
  Expected<std::optional<BrokenEdge>> edge = journal.findBroken(module, runModel, kTolerance);
  if (!edge) {
    return " (the edge is not known: " + toString(edge.takeError()) + ")";
  }
  return *edge ? "; at " + (*edge)->message() : "";
}

void FunctionGuard::runBeforePass(mlir::Pass *pass, mlir::Operation *op) {
  mlir::ModuleOp module = guardedModule(pass, op);
  if (!module || !failure.empty()) {
    return;
  }
  if (failed(journal.listen(module.getContext()))) {
    failure = "expected no other handler of actions, such as a debugger";
    return;
  }
  if (!expected.empty() || isApproximating(*pass)) {
    return;
  }
  Expected<std::vector<float>> logits = run(module);
  if (!logits) {
    failure =
        "cannot run the model before pass '" + nameOf(*pass) + "': " + toString(logits.takeError());
    return;
  }
  expected = std::move(*logits);
}

void FunctionGuard::runAfterPass(mlir::Pass *pass, mlir::Operation *op) {
  mlir::ModuleOp module = guardedModule(pass, op);
  if (module) {
    journal.stop();
  }
  if (!module || !failure.empty()) {
    return;
  }
  GuardedPass result;
  result.pass = nameOf(*pass);
  result.rewrites = journal.records().vec();
  if (isApproximating(*pass)) {
    result.preserves = false;
    expected.clear();
  } else if (Error error = compare(module, result)) {
    failure = toString(std::move(error));
  }
  journal.clear();
  seen.passes.push_back(std::move(result));
}

Error FunctionGuard::takeError() {
  return failure.empty() ? Error::success() : createStringError(failure);
}

json::Object FunctionGuard::certificate() const {
  Certificate certificate = seen;
  certificate.tolerance = kTolerance;
  json::Object object = certificate.toJson();
  object["tokens"] = static_cast<int64_t>(tokens.size());
  return object;
}
