//===- StorageError.cpp - What storing a block costs ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integers take a loop of their own: sixteen lanes with a sum each, added up in order.
//
//===----------------------------------------------------------------------===//

#include "StorageError.h"

#include "CpuClones.h"
#include "quench/Numerics/QuantizeTensor.h"

#include <algorithm>

using namespace quench::numerics;

using llvm::ArrayRef;

static constexpr size_t lanes = 16;

/// The loop over whole groups of lanes. It works on codes minus the zero point: clamping before
/// rounding to these integer limits is the same as clamping after. Adding and subtracting 1.5 *
/// 2^23 rounds half to even, since the magnitude is at most 2^16.
QUENCH_CPU_CLONES
static void addIntegerErrors(const float *values, const float *importance, size_t count,
                             float scale, float low, float high, double *sums) {
  constexpr float magic = 12582912.0f;
  for (size_t begin = 0; begin < count; begin += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      float code = values[begin + lane] / scale;
      code = code > low ? code : low;
      code = code < high ? code : high;
      code = (code + magic) - magic;
      double error = values[begin + lane] - code * scale;
      sums[lane] += importance ? error * error * importance[begin + lane] : error * error;
    }
  }
}

static double integerError(ArrayRef<float> values, ArrayRef<float> importance, float scale,
                           int32_t zeroPoint, const Encoding &element) {
  const float low = static_cast<float>(element.minCode() - zeroPoint);
  const float high = static_cast<float>(element.maxCode() - zeroPoint);
  double sums[lanes] = {};
  const size_t whole = values.size() / lanes * lanes;
  const bool weighted = !importance.empty();
  addIntegerErrors(values.data(), weighted ? importance.data() : nullptr, whole, scale, low, high,
                   sums);
  // The rest, padded with zeros, which have no error.
  float rest[lanes] = {};
  float restImportance[lanes] = {};
  std::copy(values.begin() + whole, values.end(), rest);
  if (weighted) {
    std::copy(importance.begin() + whole, importance.end(), restImportance);
  }
  addIntegerErrors(rest, weighted ? restImportance : nullptr, lanes, scale, low, high, sums);
  double result = 0.0;
  for (double sum : sums) {
    result += sum;
  }
  return result;
}

double quench::numerics::storageError(ArrayRef<float> values, ArrayRef<float> importance,
                                      float scale, int32_t zeroPoint, const Encoding &element) {
  if (element.isInteger()) {
    return integerError(values, importance, scale, zeroPoint, element);
  }
  double result = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    int32_t code = quantizeElement(values[i], scale, 0, element);
    double error = values[i] - dequantizeElement(code, scale, 0, element);
    result += importance.empty() ? error * error : error * error * importance[i];
  }
  return result;
}
