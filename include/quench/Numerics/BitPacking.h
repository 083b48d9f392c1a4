//===- BitPacking.h - Dense streams of n-bit codes --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Code i of n bits takes the bits [i n, (i + 1) n) of a stream in which bit k is bit k mod 8 of
// byte k / 8. So 4-bit code 2i is the low nibble of byte i and code 2i + 1 the high one (the order
// of ONNX and of torchao); 16-bit codes are little endian. Signed codes are two's complement of
// n bits. The unused bits of the last byte are zero.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_NUMERICS_BITPACKING_H
#define QUENCH_NUMERICS_BITPACKING_H

#include "quench/Numerics/CodeArray.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace quench::numerics {

/// Bytes of `count` packed codes of `bits` bits.
size_t packedSize(size_t count, unsigned bits);

/// The stream of `codes`; each keeps its low `codes.bitWidth()` bits.
std::vector<uint8_t> packCodes(const CodeArray &codes);

/// The inverse of `packCodes`. Fails when `bits` is not 1 to 8 or 16, when `bytes` is not exactly
/// `packedSize(count, bits)` long, or when an unused bit of the last byte is set.
llvm::Expected<CodeArray> unpackCodes(llvm::ArrayRef<uint8_t> bytes, unsigned bits, bool isSigned,
                                      size_t count);

} // namespace quench::numerics

#endif // QUENCH_NUMERICS_BITPACKING_H
