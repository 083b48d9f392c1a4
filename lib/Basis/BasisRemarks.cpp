//===- BasisRemarks.cpp - What passes say about changes of basis ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BasisRemarks.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace quench;

void quench::remarkPassed(StringRef pass, StringRef name, Operation *op, const RebasePlan &plan,
                          ArrayRef<std::pair<StringRef, double>> metrics) {
  remark::detail::InFlightRemark report =
      remark::passed(op->getLoc(), remarkOptions(pass, name, op));
  report << remark::metric("At", placeOf(op))
         << remark::metric("Map", plan.bases.empty() ? "identity"
                                                     : describe(plan.bases.front().second.map))
         << remark::metric("Values", plan.bases.size())
         << remark::metric("Absorbed", plan.constants.size())
         << remark::metric("Online", plan.followed.size() + plan.preceded.size());
  for (const auto &[key, value] : metrics) {
    report << remark::metric(key, decimals(value));
  }
}

void quench::remarkMissed(StringRef pass, StringRef name, Operation *op, const Twine &reason) {
  remark::missed(op->getLoc(), remarkOptions(pass, name, op))
      << remark::metric("At", placeOf(op)) << remark::metric("Reason", reason.str());
}

void quench::remarkMissed(StringRef pass, StringRef name, Operation *op,
                          const RebaseRefusal &refusal) {
  std::string where = refusal.op ? " at " + placeOf(refusal.op) : "";
  remarkMissed(pass, name, op, refusal.message() + where);
}

LogicalResult quench::changeCopy(ModuleOp module,
                                 llvm::function_ref<LogicalResult(ModuleOp)> change) {
  OwningOpRef<ModuleOp> copy = cast<ModuleOp>(module->clone());
  if (failed(change(*copy))) {
    return failure();
  }
  module.getBodyRegion().takeBody(copy->getBodyRegion());
  return success();
}
