//===- BasisModels.cpp - Upstream ops under a change of basis -------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/BasisModels.h"

#include "mlir/IR/DialectRegistry.h"

void quench::registerBasisModels(mlir::DialectRegistry &registry) {
  registerArithBasisModels(registry);
  registerLinalgBasisModels(registry);
  registerTensorBasisModels(registry);
  registerTosaBasisModels(registry);
}
