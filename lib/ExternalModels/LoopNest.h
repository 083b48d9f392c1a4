//===- LoopNest.h - Ops whose basis follows from loops and a body -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What linalg says with indexing maps and a region, and tosa says in prose: a result whose elements
// are a function of elements of the operands, summed over some loops. That is enough to answer for
// a change of basis along one loop, without a list of ops:
//
//   * everything that the loop runs over may be permuted together;
//   * a linear map M of all of it passes where the body is linear in it: sums, and products with
//     what does not depend on the loop (the rows of a matrix product, the output channels of a
//     convolution);
//   * along a summed loop the two factors of a product take M and M⁻ᵀ (the inner dimension of a
//     matrix product, the input channels of a convolution);
//   * operands and result may take powers D, 1, D⁻¹ of a diagonal where the body then scales as a
//     whole: products, quotients, and maxima with 0 for positive D.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_EXTERNALMODELS_LOOPNEST_H
#define QUENCH_LIB_EXTERNALMODELS_LOOPNEST_H

#include "quench/Interfaces/BasisOpInterface.h"

#include "llvm/ADT/SmallBitVector.h"

namespace quench {

/// A step of a body. Operands of steps come before them.
struct BodyStep {
  enum class Kind {
    /// An element of operand `index`.
    Operand,
    /// The constant 0, an infinity, and any other number that is the same for all elements.
    Zero,
    Infinity,
    Uniform,
    /// Of the steps `lhs` and `rhs`; `lhs` alone for Same.
    Same,
    Sum,
    Product,
    Quotient,
    /// The larger or the smaller of both.
    Bound,
    /// Whether `lhs` is positive, in any form.
    Sign,
    /// Of `lhs` and `rhs` and anything else: nothing is known.
    Other,
  };
  Kind kind;
  unsigned index = 0;
  int lhs = -1, rhs = -1;
};

/// An op with one result.
struct LoopNest {
  /// Axes that no loop runs over one by one: broadcast ones, windows.
  static constexpr int64_t noLoop = -1;

  /// The loop of each axis of each operand, and of the result.
  llvm::SmallVector<llvm::SmallVector<int64_t>> operandLoops;
  llvm::SmallVector<int64_t> resultLoops;
  /// Loops that only come in sums with others, such as windows of a convolution.
  llvm::SmallBitVector mixedLoops;
  /// What makes one element; the last step is the result. For a summed loop that is what is added
  /// to the sum.
  llvm::SmallVector<BodyStep> body;
  /// The operand that a reduction starts from, which the result is tied to.
  std::optional<unsigned> initial;
  /// Why permutations of loops are not enough: the body uses indices, or several results.
  std::string refusal;

  int addStep(BodyStep step) {
    body.push_back(step);
    return static_cast<int>(body.size()) - 1;
  }
  int addOperand(unsigned index) { return addStep({BodyStep::Kind::Operand, index}); }
  /// A step for a value that is the same for all elements.
  int addUniform(mlir::Value value);
  /// Refuses where an operand is a constant of another type than f32, which a change of basis would
  /// make f32 and the body would not take.
  void refuseNarrowConstants(mlir::Operation *op);

  BasisAnswer propagate(BasisPort port, const BasisUse &use) const;
};

} // namespace quench

#endif // QUENCH_LIB_EXTERNALMODELS_LOOPNEST_H
