//===- UpstreamModels.cpp - What passes know of upstream ops --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/UpstreamModels.h"

#include "quench/ExternalModels/BasisModels.h"
#include "quench/ExternalModels/QuantizableModels.h"

void quench::registerUpstreamModels(mlir::DialectRegistry &registry) {
  registerBasisModels(registry);
  registerQuantizableModels(registry);
}
