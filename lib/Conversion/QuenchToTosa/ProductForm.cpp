//===- ProductForm.cpp - Sums of products with weights --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ProductForm.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

Expected<IntegerForm> quench::formOfCodes(Value input, const IntegerPlan &plan) {
  Expected<const PlannedValue *> operand = plan.operand(input);
  if (!operand) {
    return operand.takeError();
  }
  if ((*operand)->form.bits != 8) {
    return createStringError("its input is no codes of 8 bits");
  }
  return (*operand)->form;
}

Expected<IntegerForm> quench::formOfProducts(const WeightBlock &block, const IntegerForm &codes) {
  IntegerForm sums;
  sums.bound = block.channelSum * codes.bound;
  if (!llvm::isInt<31>(sums.bound)) {
    return createStringError("a sum of its products may be more than i32 holds");
  }
  for (double scale : block.scales) {
    sums.scales.push_back(scale * codes.scales[0]);
  }
  return sums;
}

Expected<SmallVector<int64_t>> quench::addBias(IntegerForm &sums, Value bias,
                                               const WeightStore *store) {
  Expected<std::vector<float>> floats = readFloats(bias, store);
  if (!floats) {
    return createStringError("its bias: " + llvm::toString(floats.takeError()));
  }
  SmallVector<int64_t> integers;
  int64_t most = 0;
  for (auto [n, value] : llvm::enumerate(*floats)) {
    const double integer = std::nearbyint(value / sums.scales[sums.hasOneScale() ? 0 : n]);
    if (!(std::fabs(integer) + static_cast<double>(sums.bound) < 1073741824.0)) {
      return createStringError("its bias does not fit i32 in the scale of its sums");
    }
    integers.push_back(static_cast<int64_t>(integer));
    most = std::max(most, std::abs(integers.back()));
  }
  sums.bound += most;
  return integers;
}
