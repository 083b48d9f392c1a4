//===- OpenWeights.h - The store that an option of a pass names -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_OPENWEIGHTS_H
#define QUENCH_LIB_CODEGEN_OPENWEIGHTS_H

#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace quench {

/// Owned or not.
using StorePointer = std::shared_ptr<const WeightStore>;

/// The store at `path`, or the one given, which may be null, if that is empty; failure with a
/// diagnostic on the module if there is no store.
mlir::FailureOr<StorePointer> openWeights(mlir::ModuleOp module, llvm::StringRef path,
                                          const WeightStore *given);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_OPENWEIGHTS_H
