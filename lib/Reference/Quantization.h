//===- Quantization.h - Codes and values by the text of a scheme *- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the scheme attribute and `quench.quantize` say, one element at a time. Encodings of
// elements, and the rules by which scales are stored in f8E8M0FNU or by a scheme of their own, are
// those of quench/Numerics; they have no other definition.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_REFERENCE_QUANTIZATION_H
#define QUENCH_LIB_REFERENCE_QUANTIZATION_H

#include "quench/Reference/Value.h"

namespace quench::reference {

/// The position in the tensor of scales of the block that holds the element at `index`.
int64_t blockOf(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> shape, SchemeAttr scheme);

/// How scales follow from values.
struct ScaleChoice {
  float clip = 1.0f;
  ScaleRule rule = ScaleRule::Floor;
};

/// Codes of a float tensor for given scales (null: computed from the values) and zero points (null
/// unless the scheme has them and scales are given).
llvm::Expected<Value> quantize(const Value &input, SchemeAttr scheme, const Value *scale,
                               const Value *zeroPoint, ScaleChoice choice);

/// (code - z) * s, or value(code) * s, in f32 with one rounding; code * s - z with real zero
/// points.
std::vector<float> decode(const Value &quantized);

/// `decode`, rounded to the expressed type.
Value dequantize(const Value &quantized);

} // namespace quench::reference

#endif // QUENCH_LIB_REFERENCE_QUANTIZATION_H
