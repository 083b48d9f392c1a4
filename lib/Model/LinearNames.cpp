//===- LinearNames.cpp - What users call a linear layer -------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Model/LinearNames.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace quench {

StringRef linearNameOfKey(StringRef key) {
  key.consume_back(".weight");
  return key;
}

WeightOp findWeight(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto weight = dyn_cast<WeightOp>(op)) {
      return weight;
    }
    // Only what gives the same tensor another form; anything else computes something new.
    if (!isa<QuantizeOp, DequantizeOp, FakeQuantizeOp, OverlayOp, arith::ExtFOp, arith::TruncFOp>(
            op)) {
      break;
    }
    value = op->getOperand(0);
  }
  return {};
}

StringRef linearName(QuantizableOpInterface op) {
  WeightOp weight = findWeight(op.getWeightOperand().get());
  return weight ? linearNameOfKey(weight.getKey()) : StringRef();
}

std::vector<std::string> linearNames(Operation *root) {
  std::vector<std::string> names;
  llvm::StringSet<> seen;
  root->walk([&](QuantizableOpInterface op) {
    StringRef name = linearName(op);
    if (!name.empty() && seen.insert(name).second) {
      names.push_back(name.str());
    }
  });
  return names;
}

} // namespace quench
