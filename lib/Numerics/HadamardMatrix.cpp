//===- HadamardMatrix.cpp - Orthogonal matrices of equal entries ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Paley (J. Math. Phys. 12, 1933), Goethals and Seidel (Canad. J. Math. 19, 1967). The sequences
// for the latter are constant on the orbits of a subgroup of the units modulo their length, which
// makes a search for them short.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/HadamardMatrix.h"
#include "QuadraticCharacter.h"

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/MathExtras.h"

#include <array>
#include <cmath>
#include <optional>

using namespace quench::numerics;

using llvm::createStringError;
using llvm::StringRef;

/// Beyond this the dense core would cost more than any model gains from it.
static constexpr int64_t maxCoreOrder = 8192;

namespace {

struct Core {
  HadamardConstruction kind;
  std::string name;
  std::vector<int8_t> signs;
};

/// Four sequences of length `length` whose periodic autocorrelations add to zero.
struct CyclicSequences {
  int64_t length;
  std::array<StringRef, 4> sequences;
};

} // namespace

static const CyclicSequences cyclicSequences[] = {
    {23,
     {"+--+-+-++++++++++-+-+--", "+--+--+++------+++--+--", "+--++-+-+-++++-+-+-++--",
      "+++---++--++++--++---++"}},
    {29,
     {"+--++----+-++++++++-+----++--", "++--++-+-++++----++++-+-++--+",
      "+--+---+-+--++++++--+-+---+--", "+-+++-+++--+-++++-+--+++-+++-"}},
    {39,
     {"+-+-++----+--+---+-+-+-++++-+--+++----+", "+++-++----+---+-++-+-+++++--++-+++-+--+",
      "+++--+-++--++-+-+--++++-+---++++++++++-", "+---+-+++-++---+-++-++-+++-------++--++"}},
    {43,
     {"+-----++-++--+++-++----++++-++++--+-+-+-+--", "+------+-+---+++-++------++-+++---+-+------",
      "+-----++-++--+++-++----++++-++++--+-+-+-+--",
      "+--+-++--++-++++-+-++--+++-----+-+--+++-+--"}},
    {73,
     {"+++-+---++-+---++-+--++-------+-+---++---++-+--+-------+-+--+---++---+-++",
      "+--+-+++--+-+++----++--+++++++-+---+--+++--+--+-+++++-+-+-+--++----+--+--",
      "+++++-+-++-++--++-++-++++-----+-+---+++--++-+-+++------+-+--+---++---+-++",
      "+++++-+-+--+++-++--+-++++-+--++++----++---+++-+++--++--+--+-+-+-+--------"}},
    {119,
     {"+++++++++++-+-+++-+-+---++-++-+++---+---++-+-+--+-+--++-+---+++++--+----++-"
      "+----+++---+---++-+--++--+----++-+---+------",
      "+--+-++---+++----+--+++++--+-+-+--++-+-++++-+++-++----+--++--++--+--+-++-++"
      "+-++++-+-+---+-+-+--+++++-------+++---++-+--",
      "+++++++-+++-+--++++-+---++-+--+++-+-+---++-+-+--+-+--++-----+++-+--++---++-"
      "+----+++---+---+--+--++--+-----+-+----------",
      "+----------+-+---+-+--++--+--+---++--+++----+-++----+--+-+++-----++-++-+--+"
      "-+-++---+---+++--+-++---+-+-++--+-+++-++++++"}},
};

/// I + S with S = [[0, 1ᵀ], [-1, χ(a - b)]].
static std::optional<Core> paleyOne(int64_t order) {
  const int64_t fieldOrder = order - 1;
  std::optional<QuadraticCharacter> character;
  if (fieldOrder % 4 == 3) {
    character = QuadraticCharacter::create(fieldOrder);
  }
  if (!character) {
    return std::nullopt;
  }
  std::vector<int8_t> signs(order * order, 1);
  for (int64_t row = 1; row < order; ++row) {
    signs[row * order] = -1;
    for (int64_t column = 1; column < order; ++column) {
      signs[row * order + column] =
          row == column ? 1 : character->ofDifference(row - 1, column - 1);
    }
  }
  return Core{HadamardConstruction::PaleyOne, "Paley I over GF(" + std::to_string(fieldOrder) + ")",
              std::move(signs)};
}

/// C = [[0, 1ᵀ], [1, χ(a - b)]] with 0 replaced by [[1, -1], [-1, -1]], ±1 by ±[[1, 1], [1, -1]].
static std::optional<Core> paleyTwo(int64_t order) {
  const int64_t half = order / 2;
  const int64_t fieldOrder = half - 1;
  std::optional<QuadraticCharacter> character;
  if (order % 2 == 0 && fieldOrder % 4 == 1) {
    character = QuadraticCharacter::create(fieldOrder);
  }
  if (!character) {
    return std::nullopt;
  }
  std::vector<int8_t> signs(order * order);
  for (int64_t row = 0; row < half; ++row) {
    for (int64_t column = 0; column < half; ++column) {
      int8_t *block = &signs[2 * row * order + 2 * column];
      if (row == column) {
        block[0] = 1;
        block[1] = block[order] = block[order + 1] = -1;
        continue;
      }
      const bool border = row == 0 || column == 0;
      const int sign = border ? 1 : character->ofDifference(row - 1, column - 1);
      block[0] = block[1] = block[order] = sign;
      block[order + 1] = -sign;
    }
  }
  return Core{HadamardConstruction::PaleyTwo,
              "Paley II over GF(" + std::to_string(fieldOrder) + ")", std::move(signs)};
}

/// The circulants A, B, C, D and the back identity R in the array
///   [  A    BR    CR    DR  ]
///   [ -BR   A   -DᵀR   CᵀR ]
///   [ -CR  DᵀR    A   -BᵀR ]
///   [ -DR -CᵀR   BᵀR    A   ]
static Core goethalsSeidel(const CyclicSequences &table) {
  struct Block {
    int8_t sign;
    uint8_t sequence;
    bool transposed;
  };
  static constexpr Block array[4][4] = {
      {{1, 0, false}, {1, 1, false}, {1, 2, false}, {1, 3, false}},
      {{-1, 1, false}, {1, 0, false}, {-1, 3, true}, {1, 2, true}},
      {{-1, 2, false}, {1, 3, true}, {1, 0, false}, {-1, 1, true}},
      {{-1, 3, false}, {-1, 2, true}, {1, 1, true}, {1, 0, false}}};
  const int64_t length = table.length;
  const int64_t order = 4 * length;
  std::vector<int8_t> signs(order * order);
  for (int64_t row = 0; row < order; ++row) {
    for (int64_t column = 0; column < order; ++column) {
      const Block block = array[row / length][column / length];
      const int64_t i = row % length;
      // A stays as it is; the others have their columns reversed by R.
      const int64_t j = block.sequence == 0 ? column % length : length - 1 - column % length;
      const int64_t shift = block.transposed ? i - j : j - i;
      const char entry = table.sequences[block.sequence][(shift + length) % length];
      signs[row * order + column] = entry == '+' ? block.sign : -block.sign;
    }
  }
  return Core{HadamardConstruction::GoethalsSeidel,
              "Goethals-Seidel array of sequences of length " + std::to_string(length),
              std::move(signs)};
}

static std::optional<Core> constructCore(int64_t order);

static std::optional<Core> productCore(int64_t order) {
  for (int64_t left = 12; left * left <= order; left += 4) {
    if (order % left != 0 || order / left % 4 != 0 || llvm::isPowerOf2_64(left) ||
        llvm::isPowerOf2_64(order / left)) {
      continue;
    }
    std::optional<Core> a = constructCore(left);
    std::optional<Core> b = a ? constructCore(order / left) : std::nullopt;
    if (!b) {
      continue;
    }
    const int64_t right = order / left;
    std::vector<int8_t> signs(order * order);
    for (int64_t row = 0; row < order; ++row) {
      for (int64_t column = 0; column < order; ++column) {
        signs[row * order + column] = a->signs[row / right * left + column / right] *
                                      b->signs[row % right * right + column % right];
      }
    }
    return Core{HadamardConstruction::Product, a->name + " times " + b->name, std::move(signs)};
  }
  return std::nullopt;
}

static std::optional<Core> constructCore(int64_t order) {
  if (std::optional<Core> core = paleyOne(order)) {
    return core;
  }
  if (std::optional<Core> core = paleyTwo(order)) {
    return core;
  }
  for (const CyclicSequences &table : cyclicSequences) {
    if (4 * table.length == order) {
      return goethalsSeidel(table);
    }
  }
  return productCore(order);
}

static bool isSymmetricCore(const std::vector<int8_t> &signs, int64_t order) {
  for (int64_t row = 0; row < order; ++row) {
    for (int64_t column = 0; column < row; ++column) {
      if (signs[row * order + column] != signs[column * order + row]) {
        return false;
      }
    }
  }
  return true;
}

HadamardMatrix::HadamardMatrix(HadamardConstruction kind, int64_t coreSize, int64_t sylvester)
    : kind(kind), coreSize(coreSize), sylvester(sylvester),
      signs(std::make_shared<const std::vector<int8_t>>()) {}

/// The largest power of two that divides a positive number.
static int64_t powerOfTwoIn(int64_t number) {
  return int64_t(1) << llvm::countr_zero(static_cast<uint64_t>(number));
}

static llvm::Error checkOrder(int64_t order) {
  if (order >= 1) {
    return llvm::Error::success();
  }
  return createStringError("expected a positive order of a Hadamard matrix, found %lld",
                           static_cast<long long>(order));
}

llvm::Expected<HadamardMatrix> HadamardMatrix::createHartley(int64_t order) {
  if (llvm::Error error = checkOrder(order)) {
    return error;
  }
  const int64_t powerOfTwo = powerOfTwoIn(order);
  const int64_t oddPart = order / powerOfTwo;
  if (oddPart == 1) {
    return create(order);
  }
  if (oddPart > maxCoreOrder) {
    return createStringError("expected an order whose odd part is at most %lld, found %lld",
                             static_cast<long long>(maxCoreOrder), static_cast<long long>(order));
  }
  HadamardMatrix result(HadamardConstruction::Hartley, oddPart, powerOfTwo);
  result.coreName = "Hartley kernel";
  return result;
}

llvm::Expected<HadamardMatrix> HadamardMatrix::create(int64_t order, HadamardFallback fallback) {
  if (llvm::Error error = checkOrder(order)) {
    return error;
  }
  const int64_t powerOfTwo = powerOfTwoIn(order);
  const int64_t oddPart = order / powerOfTwo;
  if (oddPart == 1) {
    HadamardMatrix result(HadamardConstruction::Sylvester, 1, order);
    result.signs = std::make_shared<const std::vector<int8_t>>(1, 1);
    return result;
  }
  for (int64_t factor = 4; factor <= powerOfTwo && factor <= maxCoreOrder / oddPart; factor *= 2) {
    std::optional<Core> core = constructCore(oddPart * factor);
    if (!core) {
      continue;
    }
    HadamardMatrix result(core->kind, oddPart * factor, powerOfTwo / factor);
    result.symmetric = isSymmetricCore(core->signs, oddPart * factor);
    result.coreName = std::move(core->name);
    result.signs = std::make_shared<const std::vector<int8_t>>(std::move(core->signs));
    return result;
  }
  if (fallback == HadamardFallback::Hartley) {
    return createHartley(order);
  }
  if (fallback == HadamardFallback::Blocks) {
    HadamardMatrix result(HadamardConstruction::Blocks, oddPart, powerOfTwo);
    result.coreName = "identity";
    return result;
  }
  return createStringError(order % 4 != 0
                               ? "no Hadamard matrix of order %lld exists: it is no multiple of 4"
                               : "no construction of a Hadamard matrix of order %lld is known here",
                           static_cast<long long>(order));
}

std::string HadamardMatrix::description() const {
  const std::string sylvesterName = "Sylvester's of order " + std::to_string(sylvester);
  if (kind == HadamardConstruction::Sylvester) {
    return sylvesterName;
  }
  return coreName + ", order " + std::to_string(coreSize) + ", times " + sylvesterName;
}

double HadamardMatrix::coreEntry(int64_t row, int64_t column) const {
  switch (kind) {
  case HadamardConstruction::Hartley: {
    // Reducing the product first keeps the angle exact.
    const double angle =
        2.0 * M_PI * static_cast<double>(row * column % coreSize) / static_cast<double>(coreSize);
    return std::cos(angle) + std::sin(angle);
  }
  case HadamardConstruction::Blocks:
    return row == column ? 1.0 : 0.0;
  default:
    return (*signs)[row * coreSize + column];
  }
}

double HadamardMatrix::coreScale() const {
  return kind == HadamardConstruction::Blocks ? 1.0 : std::sqrt(static_cast<double>(coreSize));
}

double HadamardMatrix::normalization() const {
  const double columns = kind == HadamardConstruction::Blocks ? 1.0 : static_cast<double>(coreSize);
  return 1.0 / std::sqrt(columns * static_cast<double>(sylvester));
}
