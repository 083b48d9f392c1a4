//===- ContractionPlan.h - The cheapest way to compute a matrix product -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A search over what can be done with quantized weights on a target. Costs are those of a core: the
// larger of the time for products and unpacking at the rates that the target states, and of the
// time to read the weights from memory once.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_CONTRACTIONPLAN_H
#define QUENCH_CODEGEN_CONTRACTIONPLAN_H

#include "quench/Codegen/BlockSum.h"
#include "quench/Codegen/PanelLayout.h"
#include "quench/Dialect/Quench/IR/QuenchAttributes.h"
#include "quench/Target/Target.h"

#include <optional>
#include <string>

namespace quench {

/// "products of codes", "fixed point", "weights decoded in registers", "weights decoded when
/// packed", "products of 16-bit floats", "products of eight-bit floats"
llvm::StringRef stringify(ContractionForm form);

/// Whether codes of both sides are multiplied.
inline bool multipliesCodes(ContractionForm form) {
  return form == ContractionForm::Integer || form == ContractionForm::FloatCodes;
}

/// One way, and its cost or why it is out of the question.
struct ContractionChoice {
  ContractionForm form;
  /// How weights are stored.
  PanelContainer container = PanelContainer::F32;
  /// The instruction; null when there is none, with a refusal.
  const NativeProduct *product = nullptr;
  std::optional<std::string> refusal = std::nullopt;
  /// Seconds for 1 row and for 64 rows.
  double oneRow = 0.0, manyRows = 0.0;
  static constexpr int64_t kManyRows = 64;

  /// What is to be small: as many tokens generated one by one as read at once.
  double cost() const { return kManyRows * oneRow + manyRows; }
};

/// All forms, those that are possible first: products of codes, whose sums are exact and the same
/// on all targets, then the others from the cheapest one on. `weights` is `N x K`; `activations` is
/// the type of quantized ones, f16 or bf16 for such floats, or null for f32. Only f16 and bf16 have
/// products of 16-bit floats among their choices. At least one choice is not refused, because any
/// weights can be decoded when they are packed. Without `blockSum`, sums are bounded by the ranges
/// of the codes.
llvm::SmallVector<ContractionChoice> planContraction(const Target &target, QTensorType weights,
                                                     mlir::Type activations,
                                                     std::optional<BlockSumBound> blockSum = {});

/// What `planContraction` is told about the left side of a contraction.
mlir::Type activationsOf(mlir::Type lhs);

} // namespace quench

#endif // QUENCH_CODEGEN_CONTRACTIONPLAN_H
