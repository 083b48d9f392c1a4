//===- RuleTable.h - How ops become integer code ----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A rule says what the result of an op is in integers, how they are computed, or why there are
// none.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_RULETABLE_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_RULETABLE_H

#include "IntegerPlan.h"

#include "llvm/ADT/StringMap.h"

namespace quench {

class RuleTable {
public:
  using Rule = std::function<Planned(mlir::Operation *, const IntegerPlan &)>;

  /// All rules that there are.
  static const RuleTable &get();

  /// Null for an op that there is none for.
  const Rule *lookup(mlir::Operation *op) const;

  template <typename OpTy> void add(Planned (*rule)(OpTy, const IntegerPlan &)) {
    rules[OpTy::getOperationName()] = [rule](mlir::Operation *op, const IntegerPlan &plan) {
      return rule(mlir::cast<OpTy>(op), plan);
    };
  }
  /// For all ops without a rule by name that `contains` is true of.
  void addFamily(bool (*contains)(mlir::Operation *), Rule rule) {
    families.push_back({contains, std::move(rule)});
  }

private:
  RuleTable();

  llvm::StringMap<Rule> rules;
  std::vector<std::pair<bool (*)(mlir::Operation *), Rule>> families;
};

// One file each.
void addQuantizationRules(RuleTable &table);
void addElementwiseRules(RuleTable &table);
void addMovementRules(RuleTable &table);
void addLinearRules(RuleTable &table);
void addConvolutionRules(RuleTable &table);
void addPoolingRules(RuleTable &table);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_RULETABLE_H
