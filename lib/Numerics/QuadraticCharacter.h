//===- QuadraticCharacter.h - Squares in finite fields ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The field GF(p^k) is the polynomials over GF(p) modulo an irreducible one of degree k. The number
// c0 + c1 p + c2 p^2 + ... stands for the element c0 + c1 x + c2 x^2 + ...; for k = 1 that is the
// residue itself.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_QUADRATICCHARACTER_H
#define QUENCH_LIB_NUMERICS_QUADRATICCHARACTER_H

#include <cstdint>
#include <optional>
#include <vector>

namespace quench::numerics {

/// The quadratic character of GF(q), q an odd prime power.
class QuadraticCharacter {
public:
  /// Fails (empty) when `order` is not the power of an odd prime.
  static std::optional<QuadraticCharacter> create(int64_t order);

  int64_t order() const { return static_cast<int64_t>(values.size()); }

  /// χ(a - b): 0 when a = b, 1 when the difference is a square, -1 otherwise.
  int ofDifference(int64_t a, int64_t b) const;

private:
  QuadraticCharacter(int64_t prime, std::vector<int8_t> values)
      : prime(prime), values(std::move(values)) {}

  int64_t prime;
  std::vector<int8_t> values;
};

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_QUADRATICCHARACTER_H
