//===- QuadraticCharacter.cpp - Squares in finite fields ------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuadraticCharacter.h"

#include <cassert>

using namespace quench::numerics;

namespace {

/// Coefficients, lowest degree first.
using Polynomial = std::vector<int64_t>;

} // namespace

/// The prime p and exponent k with order = p^k; exponent 0 when there is none.
static std::pair<int64_t, unsigned> primePower(int64_t order) {
  if (order < 2) {
    return {0, 0};
  }
  int64_t prime = 2;
  while (order % prime != 0) {
    prime = prime * prime > order ? order : prime + 1;
  }
  unsigned exponent = 0;
  for (; order % prime == 0; order /= prime) {
    ++exponent;
  }
  return order == 1 ? std::make_pair(prime, exponent) : std::make_pair(int64_t(0), 0u);
}

/// The polynomial of degree `degree` with leading coefficient 1 and the digits of `index` below.
static Polynomial monic(int64_t index, unsigned degree, int64_t prime) {
  Polynomial result(degree + 1, 1);
  for (unsigned i = 0; i < degree; ++i, index /= prime) {
    result[i] = index % prime;
  }
  return result;
}

/// Reduces `value` modulo the monic `divisor`, in place.
static void reduce(Polynomial &value, const Polynomial &divisor, int64_t prime) {
  const size_t degree = divisor.size() - 1;
  while (value.size() > degree) {
    const int64_t leading = value.back();
    const size_t shift = value.size() - divisor.size();
    for (size_t i = 0; i < divisor.size(); ++i) {
      value[shift + i] = (value[shift + i] + (prime - leading) * divisor[i]) % prime;
    }
    value.pop_back();
  }
}

static int64_t powerOf(int64_t base, unsigned exponent) {
  int64_t result = 1;
  for (unsigned i = 0; i < exponent; ++i) {
    result *= base;
  }
  return result;
}

static bool isIrreducible(const Polynomial &candidate, int64_t prime) {
  const unsigned degree = candidate.size() - 1;
  for (unsigned factorDegree = 1; 2 * factorDegree <= degree; ++factorDegree) {
    for (int64_t index = 0; index < powerOf(prime, factorDegree); ++index) {
      Polynomial remainder = candidate;
      reduce(remainder, monic(index, factorDegree, prime), prime);
      bool divides = true;
      for (int64_t coefficient : remainder) {
        divides &= coefficient == 0;
      }
      if (divides) {
        return false;
      }
    }
  }
  return true;
}

std::optional<QuadraticCharacter> QuadraticCharacter::create(int64_t order) {
  const auto [prime, degree] = primePower(order);
  if (degree == 0 || prime == 2) {
    return std::nullopt;
  }
  Polynomial modulus;
  for (int64_t index = 0; modulus.empty(); ++index) {
    Polynomial candidate = monic(index, degree, prime);
    if (isIrreducible(candidate, prime)) {
      modulus = std::move(candidate);
    }
  }
  std::vector<int8_t> values(order, -1);
  values[0] = 0;
  for (int64_t element = 1; element < order; ++element) {
    Polynomial root = monic(element, degree, prime);
    root.pop_back();
    Polynomial square(2 * degree - 1, 0);
    for (unsigned i = 0; i < degree; ++i) {
      for (unsigned j = 0; j < degree; ++j) {
        square[i + j] = (square[i + j] + root[i] * root[j]) % prime;
      }
    }
    reduce(square, modulus, prime);
    int64_t index = 0;
    for (unsigned i = degree; i-- > 0;) {
      index = index * prime + square[i];
    }
    values[index] = 1;
  }
  return QuadraticCharacter(prime, std::move(values));
}

int QuadraticCharacter::ofDifference(int64_t a, int64_t b) const {
  assert(a >= 0 && a < order() && b >= 0 && b < order() && "not elements of the field");
  int64_t difference = 0;
  for (int64_t place = 1; place < order(); place *= prime) {
    const int64_t digit = (a / place % prime + prime - b / place % prime) % prime;
    difference += digit * place;
  }
  return values[difference];
}
