//===- Passes.h - Passes that calibrate and quantize models -----*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_PASSES_H
#define QUENCH_TRANSFORMS_PASSES_H

#include "quench/Recipe/Recipe.h"

#include "mlir/Pass/Pass.h"

#include <functional>
#include <memory>

namespace quench {

class SafetensorsWriter;
class WeightStore;

#define GEN_PASS_DECL
#include "quench/Transforms/Passes.h.inc"

/// What `quench-quantize` works with when it is not driven by its options. All that is pointed to
/// has to outlive the pass.
struct QuantizeInputs {
  recipe::Recipe recipe;
  /// May be null for models whose weights are constants in the IR.
  const WeightStore *weights = nullptr;
  /// Receives all tensors; the caller commits. Needed when `weights` is there.
  SafetensorsWriter *output = nullptr;
  /// Called after each of `total` weights, if set.
  std::function<void(size_t done, size_t total)> progress;
};

std::unique_ptr<mlir::Pass> createQuantizePass(QuantizeInputs inputs);

#define GEN_PASS_REGISTRATION
#include "quench/Transforms/Passes.h.inc"

} // namespace quench

#endif // QUENCH_TRANSFORMS_PASSES_H
