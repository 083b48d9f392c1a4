//===- AttachTarget.cpp - Say what a module is compiled for -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: any module. Output: the same with the device "CPU" of a target.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/DLTI/DLTI.h"

namespace quench {
#define GEN_PASS_DEF_ATTACHTARGETPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
struct AttachTargetPass : quench::impl::AttachTargetPassBase<AttachTargetPass> {
  using Base::Base;
  explicit AttachTargetPass(const Target &value) : value(value) {}

  void runOnOperation() override {
    llvm::Expected<Target> found = value ? llvm::Expected<Target>(*value) : Target::find(target);
    if (!found) {
      getOperation().emitError(llvm::toString(found.takeError()));
      return signalPassFailure();
    }
    setTarget(getOperation(), *found);
  }

private:
  std::optional<Target> value;
};
} // namespace

std::unique_ptr<Pass> quench::createAttachTargetPass(const Target &target) {
  return std::make_unique<AttachTargetPass>(target);
}
