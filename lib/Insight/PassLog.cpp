//===- PassLog.cpp - What the passes of a recipe did ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/PassLog.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Workspace/Workspace.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassInstrumentation.h"

using namespace mlir;

namespace quench::insight {

static StringRef kindName(llvm::remarks::Type type) {
  switch (type) {
  case llvm::remarks::Type::Passed:
    return "passed";
  case llvm::remarks::Type::Missed:
    return "missed";
  case llvm::remarks::Type::Failure:
    return "failed";
  default:
    return "analysis";
  }
}

/// The name that a location has, else its text; empty when nothing is known.
static std::string placeOf(Location location) {
  if (auto named = location->findInstanceOf<NameLoc>()) {
    return named.getName().str();
  }
  if (isa<UnknownLoc>(location)) {
    return "";
  }
  std::string text;
  llvm::raw_string_ostream(text) << location;
  return text;
}

void RemarkLog::add(const remark::detail::Remark &remark) {
  RemarkReport report;
  report.kind = kindName(remark.getRemarkType()).str();
  report.name = remark.getRemarkName().str();
  report.place = placeOf(remark.getLocation());
  for (const remark::detail::Remark::Arg &argument : remark.getArgs()) {
    report.arguments[llvm::json::fixUTF8(argument.key)] = llvm::json::fixUTF8(argument.val);
    if (argument.key == "Layer") {
      report.place = argument.val;
    }
  }
  std::lock_guard<std::mutex> lock(mutex);
  remarks.push_back(std::move(report));
}

std::vector<RemarkReport> RemarkLog::take() {
  std::lock_guard<std::mutex> lock(mutex);
  return std::exchange(remarks, {});
}

/// Whether some value of the module is codes.
static bool hasCodes(ModuleOp module) {
  WalkResult result = module.walk([](Operation *op) {
    return llvm::any_of(op->getResultTypes(), llvm::IsaPred<QTensorType>) ? WalkResult::interrupt()
                                                                          : WalkResult::advance();
  });
  return result.wasInterrupted();
}

namespace {

/// What tells two float models of one workspace apart.
struct ModelIdentity {
  /// Without observers.
  std::string text;
  /// Where the tensors of all weights are.
  std::vector<const uint8_t *> tensors;

  bool operator==(const ModelIdentity &other) const {
    return text == other.text && tensors == other.tensors;
  }
};

} // namespace

static ModelIdentity identityOf(ModuleOp module, Workspace *workspace) {
  ModelIdentity identity;
  OwningOpRef<ModuleOp> copy = module.clone();
  copy->walk([](ObserveOp op) { op.erase(); });
  llvm::raw_string_ostream(identity.text) << *copy;
  const WeightStore *store = workspace ? workspace->weights() : nullptr;
  module.walk([&](WeightOp weight) {
    const TensorView *view = store ? store->lookup(weight.getKey()) : nullptr;
    identity.tensors.push_back(view ? view->bytes.data() : nullptr);
  });
  return identity;
}

static bool hasImportedWeights(ModuleOp module, Workspace *workspace) {
  const WeightStore *store = workspace ? workspace->weights() : nullptr;
  if (!store) {
    return true;
  }
  WalkResult result = module.walk([&](WeightOp weight) {
    return store->fileOf(weight.getKey()) == store->path() ? WalkResult::advance()
                                                           : WalkResult::interrupt();
  });
  return !result.wasInterrupted();
}

/// The pass that evaluates changes of basis and leaves the values on all edges alone.
static constexpr llvm::StringLiteral foldingPass = "quench-fold-weights";

/// Passes that work on a part of the module belong to the pass that runs them there.
class PassListener : public PassInstrumentation {
public:
  PassListener(PassLog &log, ModuleOp module, Workspace *workspace)
      : log(log), module(module), workspace(workspace), isFloat(!hasCodes(module)),
        identity(identityOf(module, workspace)) {}

  void runBeforePass(Pass *, Operation *op) override {
    if (op == module) {
      // Those of others who compiled something in between.
      log.remarks.take();
    }
  }

  void runAfterPass(Pass *pass, Operation *op) override {
    if (op != module) {
      // Several may run at the same time, on functions that come in any order.
      std::lock_guard<std::mutex> lock(mutex);
      inner = pass->getArgument().str();
      return;
    }
    std::string flag = pass->getArgument().empty() ? inner : pass->getArgument().str();
    inner.clear();
    note(flag);
  }

private:
  void note(const std::string &flag);

  PassLog &log;
  ModuleOp module;
  Workspace *workspace;
  /// A pass that ran on a part of the module since the last one on all of it.
  std::mutex mutex;
  std::string inner;
  size_t seenRecords = 0;
  bool isFloat;
  /// Of the last float model.
  ModelIdentity identity;
};

void PassListener::note(const std::string &flag) {
  PassReport report;
  report.pass = flag;
  if (const PassInfo *info = PassInfo::lookup(flag)) {
    report.summary = info->getPassDescription().str();
  }
  report.remarks = log.remarks.take();
  if (workspace) {
    for (const llvm::json::Object &record : workspace->reports().drop_front(seenRecords)) {
      report.records.push_back(record);
      report.records.back().erase("pass");
    }
    seenRecords = workspace->reports().size();
  }
  log.passes.push_back(std::move(report));
  isFloat = isFloat && !hasCodes(module);
  if (!isFloat) {
    return;
  }
  ModelIdentity now = identityOf(module, workspace);
  if (now == identity) {
    return;
  }
  identity = std::move(now);
  std::string name = flag;
  if (flag == foldingPass && !log.stages.empty()) {
    name = log.stages.back().name;
    log.stages.pop_back();
  }
  log.stages.push_back({name, module.clone(), hasImportedWeights(module, workspace)});
}

std::unique_ptr<PassInstrumentation> PassLog::listen(ModuleOp module, Workspace *workspace) {
  imported = module.clone();
  return std::make_unique<PassListener>(*this, module, workspace);
}

} // namespace quench::insight
