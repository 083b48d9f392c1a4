//===- StorageError.cpp - What storing a block costs ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Sixteen lanes with a sum each, added up in order. Lanes round like the encoders do, but without
// codes: integers and floats by adding and subtracting a power of two, codebooks by comparing with
// all midpoints. Formats that this cannot imitate are encoded and decoded.
//
//===----------------------------------------------------------------------===//

#include "StorageError.h"

#include "CpuClones.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench::numerics;

using llvm::ArrayRef;

static constexpr size_t lanes = 16;
static constexpr size_t mostValues = 16;

namespace {
/// Values and importance in whole groups of lanes; the last group is padded with zeros.
struct Group {
  const float *values;
  const float *importance;
  size_t count;
};

struct IntegerLimits {
  float low, high;
  float realZeroPoint;
};

struct FloatLimits {
  /// The exponent field of the smallest normal number, and how far that of the number to add is
  /// above the one of the value.
  uint32_t leastExponent, shift;
  float largest;
};

struct Table {
  float values[mostValues];
  double midpoints[mostValues - 1];
};
} // namespace

static void addErrors(const Group &group, const float *back, size_t begin, double *sums) {
  for (size_t lane = 0; lane < lanes; ++lane) {
    const double error = group.values[begin + lane] - back[lane];
    const double square = error * error;
    sums[lane] += group.importance ? square * group.importance[begin + lane] : square;
  }
}

/// Codes minus the zero point: clamping before rounding to these integer limits is the same as
/// clamping after. Adding 1.5 * 2^23 rounds half to even, since the magnitude is at most 2^16.
QUENCH_CPU_CLONES
static void addIntegerErrors(Group group, float scale, IntegerLimits limits, double *sums) {
  constexpr float magic = 12582912.0f;
  for (size_t begin = 0; begin < group.count; begin += lanes) {
    float back[lanes];
    for (size_t lane = 0; lane < lanes; ++lane) {
      float code = (group.values[begin + lane] + limits.realZeroPoint) / scale;
      code = code > limits.low ? code : limits.low;
      code = code < limits.high ? code : limits.high;
      back[lane] = ((code + magic) - magic) * scale - limits.realZeroPoint;
    }
    addErrors(group, back, begin, sums);
  }
}

/// Adding 2^(e + 23 - mantissa bits) to a magnitude of exponent e rounds it to the mantissa.
QUENCH_CPU_CLONES
static void addFloatErrors(Group group, float scale, FloatLimits limits, double *sums) {
  for (size_t begin = 0; begin < group.count; begin += lanes) {
    float back[lanes];
    for (size_t lane = 0; lane < lanes; ++lane) {
      const float quotient = group.values[begin + lane] / scale;
      float magnitude = std::fabs(quotient);
      magnitude = magnitude < limits.largest ? magnitude : limits.largest;
      uint32_t exponent = llvm::bit_cast<uint32_t>(magnitude) & 0x7f800000u;
      exponent = exponent > limits.leastExponent ? exponent : limits.leastExponent;
      const float magic = llvm::bit_cast<float>(exponent + limits.shift);
      back[lane] = std::copysign((magnitude + magic) - magic, quotient) * scale;
    }
    addErrors(group, back, begin, sums);
  }
}

QUENCH_CPU_CLONES
static void addCodebookErrors(Group group, float scale, const Table &table, double *sums) {
  for (size_t begin = 0; begin < group.count; begin += lanes) {
    double quotient[lanes];
    float back[lanes];
    for (size_t lane = 0; lane < lanes; ++lane) {
      quotient[lane] = group.values[begin + lane] / scale;
      back[lane] = table.values[0];
    }
    for (size_t i = 1; i < mostValues; ++i) {
      const double midpoint = table.midpoints[i - 1];
      const float value = table.values[i];
      for (size_t lane = 0; lane < lanes; ++lane) {
        back[lane] = quotient[lane] > midpoint ? value : back[lane];
      }
    }
    for (size_t lane = 0; lane < lanes; ++lane) {
      back[lane] *= scale;
    }
    addErrors(group, back, begin, sums);
  }
}

/// Runs a loop over the whole groups of lanes, and over the rest.
template <typename Loop>
static double sumOverGroups(ArrayRef<float> values, ArrayRef<float> importance, Loop loop) {
  double sums[lanes] = {};
  const bool weighted = !importance.empty();
  const size_t whole = values.size() / lanes * lanes;
  loop(Group{values.data(), weighted ? importance.data() : nullptr, whole}, sums);
  if (whole < values.size()) {
    double restSums[lanes] = {};
    float rest[lanes] = {};
    float restImportance[lanes] = {};
    const size_t count = values.size() - whole;
    std::copy_n(values.data() + whole, count, rest);
    if (weighted) {
      std::copy_n(importance.data() + whole, count, restImportance);
    }
    loop(Group{rest, weighted ? restImportance : nullptr, lanes}, restSums);
    // A zero has an error where no code stands for it.
    for (size_t lane = 0; lane < count; ++lane) {
      sums[lane] += restSums[lane];
    }
  }
  double result = 0.0;
  for (double sum : sums) {
    result += sum;
  }
  return result;
}

/// Floats that saturate. The others become infinite, which lanes do not imitate.
static bool saturates(FloatFormat format) {
  return format != FloatFormat::F32 && format != FloatFormat::F16 && format != FloatFormat::BF16;
}

static FloatLimits limitsOf(FloatFormat format) {
  const uint32_t mantissa = mantissaBits(format);
  // The smallest value is 2^-mantissa times the smallest normal number.
  const uint32_t least = llvm::bit_cast<uint32_t>(minPositive(format)) + (mantissa << 23);
  return {least & 0x7f800000u, (23 - mantissa) << 23, maxFinite(format)};
}

static Table tableOf(ArrayRef<float> values) {
  Table table;
  std::fill_n(table.values, mostValues, values.back());
  std::copy(values.begin(), values.end(), table.values);
  std::fill_n(table.midpoints, mostValues - 1, std::numeric_limits<double>::infinity());
  for (size_t i = 1; i < values.size(); ++i) {
    table.midpoints[i - 1] = (static_cast<double>(values[i - 1]) + values[i]) / 2;
  }
  return table;
}

double quench::numerics::storageError(ArrayRef<float> values, ArrayRef<float> importance,
                                      const BlockCoding &coding, const Encoding &element) {
  const float scale = coding.scale;
  if (element.isInteger()) {
    const IntegerLimits limits = {static_cast<float>(element.minCode() - coding.zeroPoint),
                                  static_cast<float>(element.maxCode() - coding.zeroPoint),
                                  coding.realZeroPoint};
    return sumOverGroups(values, importance, [&](const Group &group, double *sums) {
      addIntegerErrors(group, scale, limits, sums);
    });
  }
  if (element.isFloat() && saturates(element.floatFormat())) {
    const FloatLimits limits = limitsOf(element.floatFormat());
    return sumOverGroups(values, importance, [&](const Group &group, double *sums) {
      addFloatErrors(group, scale, limits, sums);
    });
  }
  if (element.isCodebook() && element.codebookValues().size() <= mostValues) {
    const Table table = tableOf(element.codebookValues());
    return sumOverGroups(values, importance, [&](const Group &group, double *sums) {
      addCodebookErrors(group, scale, table, sums);
    });
  }
  double result = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    const int32_t code = quantizeElement(values[i], coding, element);
    const double error = values[i] - dequantizeElement(code, coding, element);
    result += importance.empty() ? error * error : error * error * importance[i];
  }
  return result;
}
