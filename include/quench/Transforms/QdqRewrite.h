//===- QdqRewrite.h - Putting a plan into the IR ----------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TRANSFORMS_QDQREWRITE_H
#define QUENCH_TRANSFORMS_QDQREWRITE_H

#include "quench/Transforms/QuantizationPlan.h"

namespace quench {

/// Wraps the operands of all layers of a plan, whose constants are quantized, in pairs of
/// quantization and dequantization. Equal pairs on one value are shared; weights that nothing reads
/// any more are removed. Cannot fail.
void insertQdq(QuantizationPlan &plan);

} // namespace quench

#endif // QUENCH_TRANSFORMS_QDQREWRITE_H
