//===- IntegerForm.cpp - Real numbers as integers -------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerForm.h"

#include "quench/Numerics/FixedPoint.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace quench;
using namespace llvm;

/// Sums in a common scale stay below this.
static constexpr double kSumLimit = 268435456.0; // 2^28

bool RescaleFactors::isIdentity() const {
  return all_of(zip_equal(multipliers, shifts),
                [](auto pair) { return std::get<0>(pair) == 1 << 30 && std::get<1>(pair) == 30; });
}

Expected<RescaleFactors> quench::proveRescale(const IntegerForm &from, double scale) {
  RescaleFactors factors;
  for (double own : from.scales) {
    Expected<numerics::FixedPointMultiplier> factor = numerics::toFixedPoint(own / scale);
    if (!factor) {
      return factor.takeError();
    }
    const int32_t shift = factor->tosaShift();
    for (int64_t extreme : {from.bound, -from.bound}) {
      if (extreme != static_cast<int32_t>(extreme)) {
        return createStringError("its values may be more than i32 holds");
      }
      if (Error error = numerics::verifyTosaScale32(static_cast<int32_t>(extreme),
                                                    factor->multiplier, shift)) {
        return createStringError("no rescaling is proved to be legal: " +
                                 toString(std::move(error)));
      }
    }
    factors.multipliers.push_back(factor->multiplier);
    factors.shifts.push_back(static_cast<int8_t>(shift));
  }
  return factors;
}

/// The largest magnitude of a real number.
static double largest(const IntegerForm &form) {
  return *std::max_element(form.scales.begin(), form.scales.end()) *
         static_cast<double>(form.bound);
}

double quench::commonScale(ArrayRef<IntegerForm> forms) {
  double most = 0.0;
  for (const IntegerForm &form : forms) {
    most = std::max(most, largest(form));
  }
  return most == 0.0 ? 1.0 : most * static_cast<double>(forms.size()) / kSumLimit;
}

Expected<IntegerForm> quench::formOfSum(ArrayRef<IntegerForm> forms) {
  IntegerForm sum;
  sum.scales = {commonScale(forms)};
  for (const IntegerForm &form : forms) {
    if (Error error = proveRescale(form, sum.scales[0]).takeError()) {
      return std::move(error);
    }
    sum.bound += static_cast<int64_t>(std::ceil(largest(form) / sum.scales[0])) + 1;
  }
  return sum;
}

Expected<IntegerForm> quench::formOfRepeatedSum(const IntegerForm &form, int64_t count) {
  IntegerForm sum;
  if (form.bound <= std::numeric_limits<int32_t>::max() / count) {
    sum.scales = form.scales;
    sum.bound = form.bound * count;
    return sum;
  }
  sum.scales = {commonScale(form) * static_cast<double>(count)};
  if (Error error = proveRescale(form, sum.scales[0]).takeError()) {
    return std::move(error);
  }
  const double most = std::ceil(largest(form) / sum.scales[0]) + 1.0;
  sum.bound = static_cast<int64_t>(most) * count;
  if (sum.bound > std::numeric_limits<int32_t>::max()) {
    return createStringError("a sum of its integers may be more than i32 holds");
  }
  return sum;
}
