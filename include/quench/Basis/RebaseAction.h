//===- RebaseAction.h - A change of basis as an action ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every plan that is applied is an action of MLIR's tracing: a handler that is registered with the
// context sees which values get which bases, before the IR changes, whichever pass it is. With
// `--log-actions-to` the actions are in the log.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_BASIS_REBASEACTION_H
#define QUENCH_BASIS_REBASEACTION_H

#include "quench/Basis/Rebase.h"

#include "mlir/IR/Action.h"

namespace quench {

class RebaseAction : public mlir::tracing::ActionImpl<RebaseAction> {
public:
  static constexpr llvm::StringLiteral tag = "quench-rebase";
  static constexpr llvm::StringLiteral desc = "A plan of changes of basis is applied";

  RebaseAction(llvm::ArrayRef<mlir::IRUnit> units, const RebasePlan &plan)
      : ActionImpl(units), rebasePlan(plan) {}

  const RebasePlan &plan() const { return rebasePlan; }
  void print(llvm::raw_ostream &os) const override;

private:
  const RebasePlan &rebasePlan;
};

} // namespace quench

#endif // QUENCH_BASIS_REBASEACTION_H
