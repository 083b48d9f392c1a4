//===- Passes.h - Passes from QDQ models to calls of kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_PASSES_H
#define QUENCH_CODEGEN_PASSES_H

#include "mlir/Pass/Pass.h"

namespace quench {

class PackedWeights;
class WeightStore;
struct Target;

#define GEN_PASS_DECL
#include "quench/Codegen/Passes.h.inc"

/// Attaches a target that need not have a name.
std::unique_ptr<mlir::Pass> createAttachTargetPass(const Target &target);

/// Where the ranges of codes do not prove that sums fit their accumulators, the codes in `store`
/// may; it must outlive the passes and may be null.
std::unique_ptr<mlir::Pass> createLegalizePass(const WeightStore *store);
std::unique_ptr<mlir::Pass> createVerifyLegalPass(const WeightStore *store);

/// Packs from `store` into `packed`; both must outlive the pass. Without a store all weights have
/// to be floats, and their values are set in `packed` later.
std::unique_ptr<mlir::Pass> createPackWeightsPass(const WeightStore *store, PackedWeights &packed);

#define GEN_PASS_REGISTRATION
#include "quench/Codegen/Passes.h.inc"

} // namespace quench

#endif // QUENCH_CODEGEN_PASSES_H
