//===- RebaseJournal.h - Which values changed basis, and were they right -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// While a journal listens, it notes every plan of changes of basis that is applied (RebaseAction).
// That says for each value of the model what it has to be now: what it was before, times the maps.
// So a pass that breaks a model can be told which edge it broke: the first one whose value is not
// what its own plans say.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_VERIFICATION_REBASEJOURNAL_H
#define QUENCH_VERIFICATION_REBASEJOURNAL_H

#include "quench/Basis/Rebase.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// One plan that was applied.
struct RebaseRecord {
  /// What makes the value that it started from, and its map: "nn.embedding", "hadamard of 256".
  std::string edge;
  std::string map;
  /// How many values live in new bases, how many constants took maps in, and how many changes of
  /// basis are left to run.
  size_t values = 0, absorbed = 0, online = 0;
};

/// A value that is not what it should be.
struct BrokenEdge {
  mlir::Operation *op;
  /// The largest difference relative to the largest magnitude.
  double deviation;
  /// "hadamard of 256", or "identity".
  std::string basis;

  /// "'nn.rms_norm' at layers.0.norm: expected its value in the basis hadamard of 4, …".
  std::string message() const;
};

/// Values in row-major order, as RunModel reports them.
using EdgeFunction = std::function<void(llvm::StringRef name, llvm::ArrayRef<float> values)>;

/// Runs a module, always on the same inputs, and reports what its observers see. Returns the
/// results that count.
using RunModel = std::function<llvm::Expected<std::vector<std::vector<float>>>(
    mlir::ModuleOp module, const EdgeFunction &observe)>;

/// The largest difference of two tensors, relative to the largest magnitude of the first; infinite
/// when their sizes differ or one has a NaN where the other has none.
double relativeDeviation(llvm::ArrayRef<float> before, llvm::ArrayRef<float> after);

class RebaseJournal {
public:
  RebaseJournal() = default;
  ~RebaseJournal() { stop(); }
  RebaseJournal(const RebaseJournal &) = delete;
  RebaseJournal &operator=(const RebaseJournal &) = delete;

  /// Listens to a context until `stop`, and forgets what was noted before. Fails when somebody else
  /// listens: there can be only one.
  mlir::LogicalResult listen(mlir::MLIRContext *context);
  void stop();
  /// Forgets everything, and goes on listening.
  void clear();

  /// The plans, in the order in which they were applied.
  llvm::ArrayRef<RebaseRecord> records() const { return plans; }

  /// The first edge in program order whose value is off by more than `tolerance`, in the module as
  /// it is now. Nothing when all of them are right, or no plan was noted. Weights must be what they
  /// were when the first plan was applied.
  llvm::Expected<std::optional<BrokenEdge>> findBroken(mlir::ModuleOp now, const RunModel &run,
                                                       double tolerance) const;

private:
  struct Edge {
    mlir::Value now, before;
    llvm::SmallVector<BasisUse, 1> uses;
  };

  void note(const RebasePlan &plan);
  void takeSnapshot(mlir::ModuleOp module);

  mlir::MLIRContext *context = nullptr;
  std::vector<RebaseRecord> plans;
  /// The module before the first plan.
  mlir::OwningOpRef<mlir::ModuleOp> snapshot;
  /// In program order.
  llvm::MapVector<mlir::Value, Edge> edges;
};

} // namespace quench

#endif // QUENCH_VERIFICATION_REBASEJOURNAL_H
