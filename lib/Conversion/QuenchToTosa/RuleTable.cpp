//===- RuleTable.cpp - What is known of each kind of op -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "RuleTable.h"

using namespace mlir;
using namespace quench;

RuleTable::RuleTable() {
  addQuantizationRules(*this);
  addElementwiseRules(*this);
  addMovementRules(*this);
  addLinearRules(*this);
  addConvolutionRules(*this);
  addPoolingRules(*this);
}

const RuleTable &RuleTable::get() {
  static const RuleTable table;
  return table;
}

const RuleTable::Rule *RuleTable::lookup(Operation *op) const {
  if (auto found = rules.find(op->getName().getStringRef()); found != rules.end()) {
    return &found->second;
  }
  for (const auto &[contains, rule] : families) {
    if (contains(op)) {
      return &rule;
    }
  }
  return nullptr;
}
