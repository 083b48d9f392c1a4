//===- UpstreamModels.h - What passes know of upstream ops ------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All models of upstream dialects, and passes that attach them themselves: a compiler that runs one
// of these need not have registered anything before it parsed its IR.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_EXTERNALMODELS_UPSTREAMMODELS_H
#define QUENCH_EXTERNALMODELS_UPSTREAMMODELS_H

#include "mlir/IR/DialectRegistry.h"

namespace quench {

/// Those of BasisModels.h and QuantizableModels.h.
void registerUpstreamModels(mlir::DialectRegistry &registry);

/// The base class of a pass, as tblgen makes it, with the models of upstream dialects.
template <typename PassBase> struct WithUpstreamModels : PassBase {
  using PassBase::PassBase;

  void getDependentDialects(mlir::DialectRegistry &registry) const override {
    PassBase::getDependentDialects(registry);
    registerUpstreamModels(registry);
  }
};

} // namespace quench

#endif // QUENCH_EXTERNALMODELS_UPSTREAMMODELS_H
