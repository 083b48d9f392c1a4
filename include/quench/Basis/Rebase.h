//===- Rebase.h - Let a value live in another basis -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The engine under every function-preserving trick. "Let x live in the basis x' = x M" is a
// question about all ops that make or read x: what must their other operands and results become, so
// that the model computes what it did? BasisOpInterface answers for one op. A plan follows the
// answers through the function until nothing is open:
//
//   * an operand made of weights and constants alone takes a `quench.change_basis` of its own,
//     which quench-fold-weights evaluates later;
//   * the caches of a causal language model are private to it: one may change its basis when what
//     it is updated to does;
//   * `quench.observe` watches whatever its value becomes;
//   * a `quench.change_basis` that is there already takes the map in;
//   * what refuses, such as a nonlinear op or the end of the function, keeps the old basis behind
//   an
//     online `quench.change_basis` where the policy allows one. Where it does not there is no plan,
//     and the reason names the op.
//
// Where an op has several answers, the first that leads to a plan is taken, those without an online
// op first. Plans depend on the order of ops and operands and on nothing else.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_BASIS_REBASE_H
#define QUENCH_BASIS_REBASE_H

#include "quench/Interfaces/BasisUse.h"

#include "mlir/IR/Operation.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SmallVector.h"

#include <functional>
#include <optional>
#include <string>

namespace quench {

/// Where a change of basis may stay in the IR and run. A function that is not set allows nothing.
struct RebasePolicy {
  /// The op that makes this value keeps making it as it is; a change follows.
  std::function<bool(mlir::Value)> mayFollow;
  /// This reader keeps reading the old basis; an inverse change precedes it.
  std::function<bool(mlir::OpOperand &)> mayPrecede;
  /// The caller rewrites what makes the value that is rebased, so nobody asks it.
  bool callerMakesValue = false;
  /// The same of all that reads it.
  bool callerReadsValue = false;
};

/// Who refused, and why: a clause like "its gain is not folded into what reads it".
struct RebaseRefusal {
  /// Null when it is the function around, whose argument the value is.
  mlir::Operation *op = nullptr;
  mlir::Location location;
  std::string reason;

  /// "'nn.silu' refuses: only permutations pass …".
  std::string message() const;
};

/// A consistent set of changes. Valid as long as the IR is not changed otherwise.
class RebasePlan {
public:
  /// New bases of values, in the order in which they were found.
  llvm::MapVector<mlir::Value, BasisUse> bases;
  /// What operands that hold constants are multiplied by, along axes that do not meet.
  llvm::MapVector<mlir::OpOperand *, llvm::SmallVector<BasisUse, 1>> constants;
  /// Values that are made in the old basis, and readers that want it.
  llvm::SmallVector<mlir::Value> followed;
  llvm::SmallVector<mlir::OpOperand *> preceded;

  /// Rewrites the IR and composes neighbouring changes. Fails only when composing does not end,
  /// which leaves valid IR.
  mlir::LogicalResult apply() const;
};

struct RebaseResult {
  std::optional<RebasePlan> plan;
  /// Says something when there is no plan.
  RebaseRefusal refusal;
};

/// Looks for a way to let `value` live in the basis that `use` says, which fits its shape. Does not
/// change the IR.
RebaseResult planRebase(mlir::Value value, const BasisUse &use, const RebasePolicy &policy = {});

/// Whether a value is made of weights and constants of the IR by extensions and changes of basis
/// alone, and is not quantized.
bool isConstantLike(mlir::Value value);

} // namespace quench

#endif // QUENCH_BASIS_REBASE_H
