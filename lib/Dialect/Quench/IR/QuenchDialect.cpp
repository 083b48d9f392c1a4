//===- QuenchDialect.cpp - The quench dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace quench;

#include "quench/Dialect/Quench/IR/QuenchDialect.cpp.inc"

namespace {
/// Prints schemes and long maps once, at the top of a module: `#scheme`, `#scheme1`, ...
struct AttributeAliases : OpAsmDialectInterface {
  using OpAsmDialectInterface::OpAsmDialectInterface;

  AliasResult getAlias(Attribute attribute, raw_ostream &os) const override {
    StringRef name = llvm::TypeSwitch<Attribute, StringRef>(attribute)
                         .Case([](SchemeAttr) { return "scheme"; })
                         .Case([](DiagonalAttr) { return "diagonal"; })
                         .Case([](PermutationAttr) { return "permutation"; })
                         .Case([](OrthogonalAttr) { return "orthogonal"; })
                         .Default([](Attribute) { return ""; });
    if (name.empty()) {
      return AliasResult::NoAlias;
    }
    os << name;
    return AliasResult::FinalAlias;
  }
};
} // namespace

void QuenchDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "quench/Dialect/Quench/IR/QuenchOps.cpp.inc"
      >();
  addInterfaces<AttributeAliases>();
}
