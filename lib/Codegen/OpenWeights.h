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

/// Null if `path` is empty; failure with a diagnostic on the module if there is no store.
mlir::FailureOr<std::unique_ptr<WeightStore>> openWeights(mlir::ModuleOp module,
                                                          llvm::StringRef path);

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_OPENWEIGHTS_H
