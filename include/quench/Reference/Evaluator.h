//===- Evaluator.h - Executes IR by the definitions of its ops --*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The judge of every pass and kernel: it executes the ops of `quench` and `nn`, and the upstream
// ops that models use, one at a time and each as its definition reads, slow and obvious. It shares
// no code with what it judges.
//
// What the definitions leave open: sums of products of floats, softmax, norms and trigonometric
// functions are computed in double and rounded once to the type of the result. Integer results
// and the f32 steps that a definition spells out are exact.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_REFERENCE_EVALUATOR_H
#define QUENCH_REFERENCE_EVALUATOR_H

#include "quench/Reference/Value.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>

namespace quench {

class WeightStore;

namespace reference {

/// Sees each value that passes a `quench.observe`; an error ends the evaluation.
using ObserveCallback = std::function<llvm::Error(llvm::StringRef name, const Value &value)>;

class Evaluator {
public:
  /// `weights` is what `quench.weight` reads. Module and weights have to outlive the evaluator.
  explicit Evaluator(mlir::ModuleOp module, const WeightStore *weights = nullptr,
                     ObserveCallback observe = {});

  /// Calls a function with a body of one block. Errors name the location and the op and say what
  /// was expected: an op that the evaluator does not know, arguments that do not fit, shapes that
  /// turn out not to match, tokens outside a table, a full cache, scales that are not finite, sums
  /// that leave their accumulator. The module has to be valid.
  llvm::Expected<llvm::SmallVector<Value>> call(llvm::StringRef function,
                                                llvm::ArrayRef<Value> arguments);

  /// Null without weights.
  const WeightStore *weights() const { return weightStore; }
  const ObserveCallback &observe() const { return observeCallback; }

private:
  mlir::ModuleOp module;
  const WeightStore *weightStore;
  ObserveCallback observeCallback;
  unsigned depth = 0;
};

} // namespace reference
} // namespace quench

#endif // QUENCH_REFERENCE_EVALUATOR_H
