//===- BasisOpInterface.h - What an op does when a basis changes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_INTERFACES_BASISOPINTERFACE_H
#define QUENCH_INTERFACES_BASISOPINTERFACE_H

#include "quench/Interfaces/BasisUse.h"

#include "mlir/IR/OpDefinition.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"

#include <string>

namespace quench {

/// An operand or a result of an op.
struct BasisPort {
  bool isResult;
  unsigned index;

  static constexpr BasisPort operand(unsigned index) { return {false, index}; }
  static constexpr BasisPort result(unsigned index) { return {true, index}; }
  friend bool operator==(BasisPort lhs, BasisPort rhs) {
    return lhs.isResult == rhs.isResult && lhs.index == rhs.index;
  }
  friend bool operator!=(BasisPort lhs, BasisPort rhs) { return !(lhs == rhs); }
};

/// What other ports have to be.
using BasisAlternative = llvm::SmallVector<std::pair<BasisPort, BasisUse>, 2>;

/// Alternatives, or the reason why there is none: a clause like "a rotation does not pass it".
struct BasisAnswer {
  llvm::SmallVector<BasisAlternative, 1> alternatives;
  std::string refusal;

  static BasisAnswer refuse(const llvm::Twine &reason) { return {{}, reason.str()}; }
  static BasisAnswer of(BasisAlternative alternative) { return {{std::move(alternative)}, ""}; }
};

} // namespace quench

#include "quench/Interfaces/BasisOpInterface.h.inc"

#endif // QUENCH_INTERFACES_BASISOPINTERFACE_H
