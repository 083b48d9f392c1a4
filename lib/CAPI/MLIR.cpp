//===- MLIR.cpp - Quench for users of the C interface of MLIR -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench-c/MLIR.h"

#include "ContextState.h"

#include "quench/InitAll.h"

#include "mlir/CAPI/IR.h"

void quenchMlirRegisterDialects(MlirDialectRegistry registry) {
  quench::registerQuenchDialects(*unwrap(registry));
}

void quenchMlirRegisterPasses(void) { quench::capi::registerPasses(); }
