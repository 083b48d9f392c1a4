//===- RebaseJournal.cpp - Which values changed basis, and were they right -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Verification/RebaseJournal.h"

#include "quench/Basis/ConstantChain.h"
#include "quench/Basis/RebaseAction.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Workspace/RemarkParts.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

using llvm::Expected;

/// Names of observers that are in no model.
static constexpr llvm::StringLiteral edgePrefix = "edge under verification ";

std::string BrokenEdge::message() const {
  return llvm::formatv(
             "'{0}' does not make what it should: expected its value in the basis {1} as before, "
             "found a difference of {2:e2} of the largest magnitude",
             op->getName().getStringRef(), basis, deviation)
      .str();
}

double quench::relativeDeviation(ArrayRef<float> before, ArrayRef<float> after) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (before.size() != after.size()) {
    return infinity;
  }
  double largest = 0.0, magnitude = 0.0;
  for (auto [first, second] : llvm::zip_equal(before, after)) {
    if (first == second || (std::isnan(first) && std::isnan(second))) {
      magnitude = std::max(magnitude, std::isfinite(first) ? std::fabs(double(first)) : 0.0);
      continue;
    }
    double difference = std::fabs(static_cast<double>(second) - first);
    if (!std::isfinite(difference)) {
      return infinity;
    }
    largest = std::max(largest, difference);
    magnitude = std::max(magnitude, std::fabs(static_cast<double>(first)));
  }
  return largest == 0.0 ? 0.0 : largest / magnitude;
}

//===----------------------------------------------------------------------===//
// Listening
//===----------------------------------------------------------------------===//

LogicalResult RebaseJournal::listen(MLIRContext *listened) {
  stop();
  clear();
  if (listened->hasActionHandler()) {
    return failure();
  }
  context = listened;
  context->registerActionHandler([this](function_ref<void()> run, const tracing::Action &action) {
    if (const auto *rebase = dyn_cast<RebaseAction>(&action)) {
      note(rebase->plan());
    }
    run();
  });
  return success();
}

void RebaseJournal::stop() {
  if (context) {
    context->registerActionHandler(nullptr);
    context = nullptr;
  }
}

void RebaseJournal::clear() {
  plans.clear();
  edges.clear();
  snapshot = nullptr;
}

/// Whether the value stays itself however plans rewrite: chains of constants and changes of basis
/// come and go.
static bool isEdge(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  Operation *op = value.getDefiningOp();
  return type && type.getElementType().isF32() && !isConstantLike(value) &&
         !isa_and_nonnull<ChangeBasisOp, arith::ExtFOp>(op);
}

static SmallVector<Value> valuesOf(ModuleOp module) {
  SmallVector<Value> values;
  module.walk<WalkOrder::PreOrder>([&](Operation *op) {
    llvm::append_range(values, op->getResults());
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::append_range(values, block.getArguments());
      }
    }
  });
  return values;
}

void RebaseJournal::takeSnapshot(ModuleOp module) {
  IRMapping mapping;
  snapshot = cast<ModuleOp>(module->clone(mapping));
  edges.clear();
  for (Value value : valuesOf(module)) {
    if (isEdge(value)) {
      edges.insert({value, Edge{value, mapping.lookup(value), {}}});
    }
  }
}

void RebaseJournal::note(const RebasePlan &plan) {
  const auto &[start, use] = plan.bases.front();
  plans.push_back({placeOf(makerOf(start)), describe(use.map), plan.bases.size(),
                   plan.constants.size(), plan.followed.size() + plan.preceded.size()});
  auto module = makerOf(start)->getParentOfType<ModuleOp>();
  if (!snapshot && module) {
    takeSnapshot(module);
  }
  for (const auto &[value, basis] : plan.bases) {
    auto *edge = edges.find(value);
    // What is followed stays as it is; the change behind it is new.
    if (edge != edges.end() && !llvm::is_contained(plan.followed, value)) {
      edge->second.uses.push_back(basis);
    }
  }
}

//===----------------------------------------------------------------------===//
// Looking
//===----------------------------------------------------------------------===//

static void observe(Value value, ArrayRef<BasisUse> uses, StringRef name) {
  OpBuilder builder(value.getContext());
  builder.setInsertionPointAfterValue(value);
  Location loc = value.getLoc();
  for (const BasisUse &use : uses) {
    value = ChangeBasisOp::create(builder, loc, value, use).getResult();
  }
  ObserveOp::create(builder, loc, value, builder.getStringAttr(name), DenseF32ArrayAttr());
}

using EdgeValues = llvm::StringMap<std::vector<float>>;

static llvm::Error runEdges(ModuleOp module, const RunModel &run, EdgeValues &values) {
  auto results = run(module, [&](StringRef name, ArrayRef<float> seen) {
    if (name.starts_with(edgePrefix)) {
      values[name] = seen.vec();
    }
  });
  return results.takeError();
}

Expected<std::optional<BrokenEdge>> RebaseJournal::findBroken(ModuleOp now, const RunModel &run,
                                                              double tolerance) const {
  if (!snapshot) {
    return std::nullopt;
  }
  IRMapping toBefore, toAfter;
  OwningOpRef<ModuleOp> before = cast<ModuleOp>((*snapshot)->clone(toBefore));
  OwningOpRef<ModuleOp> after = cast<ModuleOp>(now->clone(toAfter));
  llvm::DenseSet<Value> present;
  for (Value value : valuesOf(now)) {
    present.insert(value);
  }
  SmallVector<std::pair<std::string, const Edge *>> watched;
  for (const auto &[value, edge] : edges) {
    if (!present.contains(value) || value.getType() != edge.before.getType() ||
        makerOf(value)->getName() != makerOf(edge.before)->getName()) {
      continue;
    }
    std::string name = (edgePrefix + llvm::Twine(watched.size())).str();
    observe(toBefore.lookup(edge.before), edge.uses, name);
    observe(toAfter.lookup(value), {}, name);
    watched.push_back({name, &edge});
  }
  EdgeValues valuesBefore, valuesAfter;
  if (llvm::Error error = runEdges(*before, run, valuesBefore)) {
    return std::move(error);
  }
  if (llvm::Error error = runEdges(*after, run, valuesAfter)) {
    return std::move(error);
  }
  for (const auto &[name, edge] : watched) {
    double deviation = relativeDeviation(valuesBefore[name], valuesAfter[name]);
    if (deviation > tolerance) {
      std::string basis = edge->uses.empty() ? "identity" : "";
      llvm::interleave(
          edge->uses, [&](const BasisUse &use) { basis += describe(use.map); },
          [&] { basis += ", then "; });
      return BrokenEdge{makerOf(edge->now), deviation, basis};
    }
  }
  return std::nullopt;
}
