//===- TokenMutator.h - Mutations of text -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Most texts that differ by a byte from a module do not parse. Those that differ by a token or a
// line often do.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_FUZZ_TOKENMUTATOR_H
#define QUENCH_FUZZ_TOKENMUTATOR_H

#include <cstddef>
#include <cstdint>

/// The mutations of libFuzzer: bytes, the dictionary, other inputs.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize);

namespace quench::fuzz {

/// Changes a text in place as LLVMFuzzerCustomMutator has to, by tokens, by lines, or as libFuzzer
/// would.
size_t mutateTokens(uint8_t *data, size_t size, size_t maxSize, unsigned seed);

} // namespace quench::fuzz

#endif // QUENCH_FUZZ_TOKENMUTATOR_H
