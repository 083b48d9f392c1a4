//===- ElementKind.h - Element types that a tensor file can hold -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The element types of safetensors, under the names MLIR uses for the same value
// sets. A kind says how bytes are laid out, nothing about scales.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WEIGHTSTORE_ELEMENTKIND_H
#define QUENCH_WEIGHTSTORE_ELEMENTKIND_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <optional>
#include <string>

namespace quench {

/// How one element is stored, little endian. `Bool` is one byte, 0 or 1. `F4E2M1FN` holds two
/// elements a byte, the first in the low half.
enum class ElementKind : uint8_t {
  F64,
  F32,
  F16,
  BF16,
  F8E4M3FN,
  F8E5M2,
  F8E8M0FNU,
  F4E2M1FN,
  I64,
  I32,
  I16,
  I8,
  U64,
  U32,
  U16,
  U8,
  Bool,
};

/// Every kind, for loops over all of them.
llvm::ArrayRef<ElementKind> allElementKinds();

/// Bits of one element: 4, 8, 16, 32 or 64.
unsigned bitWidth(ElementKind kind);

/// Alignment in bytes that natural access to an element wants: 1, 2, 4 or 8.
unsigned naturalAlignment(ElementKind kind);

/// The name in a safetensors header: "F32", "BF16", "F8_E4M3", "BOOL" …
llvm::StringRef safetensorsName(ElementKind kind);

/// The kind of a safetensors name; nothing when the name is not known.
std::optional<ElementKind> elementKindFromSafetensorsName(llvm::StringRef name);

/// Number of elements of a shape, 1 for a scalar; nothing when a dimension is negative or the
/// product does not fit in 63 bits.
std::optional<int64_t> numElements(llvm::ArrayRef<int64_t> shape);

/// Number of bytes of a tensor; nothing when `numElements` has no value, when the bytes do not fit
/// in 63 bits, or when sub-byte elements do not fill the last byte.
std::optional<int64_t> numBytes(ElementKind kind, llvm::ArrayRef<int64_t> shape);

/// A shape as messages print it: "[2, 3]", "[]".
std::string shapeToString(llvm::ArrayRef<int64_t> shape);

} // namespace quench

#endif // QUENCH_WEIGHTSTORE_ELEMENTKIND_H
