//===- BlockSum.cpp - How large sums of products of codes become ----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/BlockSum.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/CodeTable.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

using namespace mlir;
using namespace quench;

bool BlockSumBound::fits() const { return value <= std::numeric_limits<int32_t>::max(); }

/// The largest magnitude of code minus zero point, or of the multiples that codes stand for.
static int64_t largestDifference(SchemeAttr scheme) {
  if (auto table = numerics::CodeTable::get(scheme.getNumericsScheme().element)) {
    auto [least, most] = std::minmax_element(table->values.begin(), table->values.end());
    return std::max(-*least, +*most);
  }
  if (scheme.hasZeroPoints()) {
    return scheme.getCodeMax() - scheme.getCodeMin();
  }
  return std::max(std::abs(scheme.getCodeMin()), std::abs(scheme.getCodeMax()));
}

BlockSumBound quench::boundBlockSum(SchemeAttr activations, QTensorType weights) {
  const int64_t k = weights.getShape()[1], block = weights.getScheme().getBlock()[1];
  const bool isOpen = ShapedType::isDynamic(k);
  const int64_t products = block == SchemeAttr::kWhole ? k : isOpen ? block : std::min(k, block);
  return {largestDifference(activations) * largestDifference(weights.getScheme()) * products};
}

/// The largest sum of |w - z_w| over a block.
static int64_t largestMagnitude(const numerics::QuantizedTensor &tensor,
                                const numerics::Scheme &scheme) {
  const int64_t rows = tensor.shape[0], columns = tensor.shape[1];
  const int64_t extent =
      std::min(scheme.block[1] == numerics::kWhole ? columns : scheme.block[1], columns);
  int64_t largest = 0;
  for (int64_t n = 0; n < rows; ++n) {
    for (int64_t first = 0; first < columns; first += extent) {
      const int32_t zeroPoint =
          tensor.zeroPoints.empty()
              ? 0
              : tensor.zeroPoints[scheme.blockIndex(tensor.shape, {n, first})];
      int64_t sum = 0;
      for (int64_t k = first; k < std::min(first + extent, columns); ++k) {
        sum += std::abs(tensor.codes[n * columns + k] - zeroPoint);
      }
      largest = std::max(largest, sum);
    }
  }
  return largest;
}

BlockSumBound quench::boundBlockSum(SchemeAttr activations, Value weights,
                                    const WeightStore *store) {
  auto type = cast<QTensorType>(weights.getType());
  const BlockSumBound ofRanges = boundBlockSum(activations, type);
  auto stored = weights.getDefiningOp<WeightOp>();
  if (ofRanges.fits() || !stored || !store || !type.getScheme().isInteger()) {
    return ofRanges;
  }
  const numerics::Scheme scheme = type.getScheme().getNumericsScheme();
  llvm::Expected<numerics::QuantizedTensor> tensor =
      readQuantized(*store, stored.getKey(), scheme, type.getShape());
  if (!tensor) {
    llvm::consumeError(tensor.takeError());
    return ofRanges;
  }
  return {largestDifference(activations) * largestMagnitude(*tensor, scheme), /*isOfCodes=*/true};
}
