//===- RebaseAction.cpp - A change of basis as an action ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Basis/RebaseAction.h"

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"

using namespace quench;

void RebaseAction::print(llvm::raw_ostream &os) const {
  os << tag << ": " << rebasePlan.bases.size() << " values, " << rebasePlan.constants.size()
     << " constants";
  if (!rebasePlan.bases.empty()) {
    os << ", " << describe(rebasePlan.bases.front().second.map);
  }
}
