//===- GgufFormat.h - Element formats of GGUF tensors -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A GGUF tensor is a row-major array of blocks: some consecutive elements of a row with all that
// they share. The quantized formats are schemes:
//
//   Q8_0   {i8, [1, 32], f16}          Q4_0  {i4, ...}       Q5_0  {i5, ...}
//   Q4_1   {ui4, [1, 32], f16, zero point f16}               Q5_1  {ui5, ...}
//   Q4_K   {ui4, [1, 32], {ui6, [1, 8], f16}, zero point {ui6, [1, 8], f16}}
//   Q5_K   {ui5, ...}                  Q6_K  {i6, [1, 16], {i8, [1, 16], f16}}
//   TQ2_0  {i2<-1:1>, [1, 256], f16}
//
// so that reading and writing them moves codes and never rounds.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_GGUF_GGUFFORMAT_H
#define QUENCH_GGUF_GGUFFORMAT_H

#include "quench/Numerics/QuantizeTensor.h"
#include "quench/WeightStore/ElementKind.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quench {

/// The formats that are understood, with their numbers in the file.
enum class GgufType : uint32_t {
  F32 = 0,
  F16 = 1,
  Q4_0 = 2,
  Q4_1 = 3,
  Q5_0 = 6,
  Q5_1 = 7,
  Q8_0 = 8,
  Q4_K = 12,
  Q5_K = 13,
  Q6_K = 14,
  BF16 = 30,
  TQ2_0 = 35,
};

/// Every type, in the order of the numbers.
llvm::ArrayRef<GgufType> allGgufTypes();

/// The type of a number; nothing when it is not understood.
std::optional<GgufType> ggufType(uint32_t number);

/// "Q4_K".
llvm::StringRef name(GgufType type);

/// Elements and bytes of a block; 1 element for floats.
int64_t blockElements(GgufType type);
int64_t blockBytes(GgufType type);

/// Bytes of a tensor; nothing when a dimension is not positive, rows are no multiple of a block, or
/// there are more than 2^56 elements.
std::optional<int64_t> ggufBytes(GgufType type, llvm::ArrayRef<int64_t> shape);

/// The plain element of F32, F16 and BF16, otherwise nothing.
std::optional<ElementKind> ggufElementKind(GgufType type);

/// The scheme of a quantized type, for matrices.
numerics::Scheme ggufScheme(GgufType type);

/// The codes and scales of a matrix of a quantized type. `bytes` are as many as `ggufBytes` says.
/// What a block of GGUF may hold and a quantized tensor may not is replaced by what stands for the
/// same values: codes below a scale of 0 become 0, and the scale 1. Errors name the row and the
/// block: scales that are not finite, codes that TQ2_0 does not have.
llvm::Expected<numerics::QuantizedTensor>
readGgufBlocks(GgufType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<uint8_t> bytes);

/// The blocks of a matrix in the scheme of a quantized type, bit for bit: the inverse of
/// `readGgufBlocks`. Errors: rows that are no multiple of a block; a tensor that is not in the
/// scheme.
llvm::Expected<std::vector<uint8_t>> writeGgufBlocks(GgufType type,
                                                     const numerics::QuantizedTensor &tensor);

} // namespace quench

#endif // QUENCH_GGUF_GGUFFORMAT_H
