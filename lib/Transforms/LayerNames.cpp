//===- LayerNames.cpp - Names of layers and of edges ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Transforms/LayerNames.h"

#include "quench/Model/LinearNames.h"
#include "quench/Workspace/RemarkParts.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace quench;

LayerNames::LayerNames(ModuleOp module) {
  module.walk([&](QuantizableOpInterface op) {
    std::string name = linearName(op).str();
    if (name.empty()) {
      if (auto loc = op.getLoc()->findInstanceOf<NameLoc>()) {
        name = loc.getName().str();
      } else {
        name = (op->getName().getStringRef() + "#" + Twine(ops.size())).str();
      }
    }
    ops.push_back(op);
    names[op] = llvm::json::fixUTF8(name);
  });
}

StringRef LayerNames::nameOf(QuantizableOpInterface layer) const {
  auto place = names.find(layer);
  return place == names.end() ? StringRef() : StringRef(place->second);
}

std::string quench::tableName(QuantizableTableOpInterface op) {
  if (WeightOp weight = findWeight(op.getTableOperand().get())) {
    return llvm::json::fixUTF8(linearNameOfKey(weight.getKey()));
  }
  return placeOf(op);
}

/// The dotted path before the last component.
static StringRef moduleOf(StringRef name) {
  return name.contains('.') ? name.rsplit('.').first : "";
}

std::string quench::edgeName(ArrayRef<StringRef> layers) {
  SmallVector<StringRef> names(layers);
  llvm::sort(names);
  names.erase(llvm::unique(names), names.end());
  if (names.size() == 1) {
    return names.front().str();
  }
  // Sorted names have the common part of the first and the last.
  StringRef common = names.empty() ? "" : moduleOf(names.front());
  auto isInCommon = [&](StringRef name) {
    return common.empty() ||
           (name.starts_with(common) && name.drop_front(common.size()).starts_with("."));
  };
  while (!llvm::all_of(names, isInCommon)) {
    common = moduleOf(common);
  }
  size_t skip = common.empty() ? 0 : common.size() + 1;
  for (StringRef &name : names) {
    name = name.drop_front(skip);
  }
  return (common + (common.empty() ? "{" : ".{") + llvm::join(names, ",") + "}").str();
}
