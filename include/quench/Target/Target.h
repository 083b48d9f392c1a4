//===- Target.h - What a chip can do -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_TARGET_TARGET_H
#define QUENCH_TARGET_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace quench {

/// How a target multiplies 8-bit integers into 32-bit sums.
enum class IntegerDot {
  /// Widen both sides to 16 bits and multiply-add pairs (`vpmaddwd`, `smull`/`sadalp`).
  Widen,
  /// Four products of unsigned weights and signed activations a lane (`vpdpbusd`).
  UnsignedSigned,
  /// Four products of signed bytes a lane (`sdot`).
  SignedSigned,
};

/// A CPU that code is generated for. A value type; the built-in ones are listed by `all`.
struct Target {
  /// "x86-avx512vnni", "x86-avx2", "arm-dotprod".
  std::string name;
  /// One line for `quench targets`.
  std::string summary;
  /// LLVM triple, CPU and features ("+avx2,+fma").
  std::string triple;
  std::string cpu;
  std::string features;
  /// Bits of a vector register and number of vector registers.
  unsigned vectorBits = 128;
  unsigned vectorRegisters = 16;
  IntegerDot integerDot = IntegerDot::Widen;

  /// 32-bit lanes of a vector register.
  unsigned lanes() const { return vectorBits / 32; }

  /// The best built-in target that this machine runs.
  static Target host();
  /// The built-in targets, in the order in which they are listed.
  static llvm::ArrayRef<Target> all();
  /// Looks up "host" or the name of a built-in target. The error lists the names.
  static llvm::Expected<Target> find(llvm::StringRef name);
  /// Whether this machine can execute code for the target.
  bool runsHere() const;
};

} // namespace quench

#endif // QUENCH_TARGET_TARGET_H
