//===- ApproximatingPass.h - Passes that change what a model computes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// All passes of a recipe preserve the function of the model, in real arithmetic, except those that
// round something. These say so by a base class, so that whoever verifies the others leaves them
// alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKSPACE_APPROXIMATINGPASS_H
#define QUENCH_WORKSPACE_APPROXIMATINGPASS_H

namespace mlir {
class Pass;
} // namespace mlir

namespace quench {

/// A base class of passes, beside that of TableGen.
class ApproximatingPass {
public:
  virtual ~ApproximatingPass();
};

/// Whether a pass says that it changes what the model computes.
bool isApproximating(mlir::Pass &pass);

} // namespace quench

#endif // QUENCH_WORKSPACE_APPROXIMATINGPASS_H
