//===- OpenWeights.cpp - The store that an option of a pass names ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "OpenWeights.h"

using namespace mlir;
using namespace quench;

FailureOr<StorePointer> quench::openWeights(ModuleOp module, StringRef path,
                                            const WeightStore *given) {
  if (path.empty()) {
    return StorePointer(StorePointer(), given);
  }
  llvm::Expected<std::unique_ptr<WeightStore>> opened = WeightStore::open(path);
  if (!opened) {
    return module.emitError(llvm::toString(opened.takeError()));
  }
  return StorePointer(std::move(*opened));
}
