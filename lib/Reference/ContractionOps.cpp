//===- ContractionOps.cpp - A matrix product of codes ---------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Integer contractions follow the steps in the definition of `quench.contract` bit by bit. Those of
// floats sum in double, since the definition leaves the order of the sum open.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"
#include "Quantization.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/CodeTable.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

namespace {
/// One quantized side, spread out: for each element its code without the zero point, or the
/// multiple of the unit or the float that it stands for, and its scale.
struct Side {
  int64_t K = 0;
  /// Elements along K that share a scale; K when they all do.
  int64_t extent = 0;
  bool isFloat = false;
  std::vector<int64_t> shifted;
  std::vector<float> floats;
  std::vector<float> scales;

  explicit Side(const Value &value) : K(value.shape()[1]) {
    const SchemeAttr scheme = cast<QTensorType>(value.type).getScheme();
    const int64_t block = scheme.getBlock()[1];
    extent = block == SchemeAttr::kWhole ? K : std::min(block, K);
    const numerics::Encoding element = scheme.getNumericsScheme().element;
    isFloat = scheme.isByteFloat();
    const auto table = numerics::CodeTable::get(element);
    forEachIndex(value.shape(), [&](ArrayRef<int64_t> index) {
      const int64_t block = blockOf(index, value.shape(), scheme);
      const int64_t z = !value.zeroPoints.empty() ? value.zeroPoints[block] : 0;
      const int64_t code = value.codes[shifted.size()];
      if (isFloat) {
        floats.push_back(element.decodeCode(static_cast<int32_t>(code)));
      }
      shifted.push_back((table ? table->values[code] : code) - z);
      scales.push_back(table ? value.scales[block] * table->unit : value.scales[block]);
    });
  }
};
} // namespace

/// sum (lhs - zl) * (rhs - zr) over [begin, end), or an error when it leaves i32.
static Expected<int32_t> sumOfBlock(const Side &lhs, int64_t m, const Side &rhs, int64_t n,
                                    int64_t begin, int64_t end) {
  int64_t sum = 0;
  for (int64_t k = begin; k < end; ++k) {
    sum += lhs.shifted[m * lhs.K + k] * rhs.shifted[n * rhs.K + k];
  }
  if (sum != static_cast<int32_t>(sum)) {
    return failure("expected sums within the accumulator i32, found %lld for result [%lld, %lld], "
                   "k from %lld to %lld",
                   static_cast<long long>(sum), static_cast<long long>(m),
                   static_cast<long long>(n), static_cast<long long>(begin),
                   static_cast<long long>(end));
  }
  return static_cast<int32_t>(sum);
}

/// sum lhs * rhs over [begin, end), in f32.
static float sumOfFloats(const Side &lhs, int64_t m, const Side &rhs, int64_t n, int64_t begin,
                         int64_t end) {
  double sum = 0.0;
  for (int64_t k = begin; k < end; ++k) {
    sum += static_cast<double>(lhs.floats[m * lhs.K + k]) * rhs.floats[n * rhs.K + k];
  }
  return static_cast<float>(sum);
}

/// One element of the result, before the bias.
static Expected<float> dot(const Side &lhs, int64_t m, const Side &rhs, int64_t n) {
  const int64_t K = lhs.K;
  const int64_t step = std::max<int64_t>(std::min(lhs.extent, rhs.extent), 1);
  const bool lhsChanges = lhs.extent < K;
  float t = 0.0f;
  for (int64_t k = 0; k < K; k += step) {
    const int64_t end = std::min(k + step, K);
    float sum = 0.0f;
    if (lhs.isFloat && rhs.isFloat) {
      sum = sumOfFloats(lhs, m, rhs, n, k, end);
    } else {
      Expected<int32_t> acc = sumOfBlock(lhs, m, rhs, n, k, end);
      if (!acc) {
        return acc.takeError();
      }
      sum = static_cast<float>(*acc);
    }
    float scale = rhs.scales[n * K + k];
    if (lhsChanges) {
      scale = lhs.scales[m * K + k] * scale;
    }
    t = std::fma(sum, scale, t);
  }
  if (!lhsChanges && K > 0) {
    t = t * lhs.scales[m * K];
  }
  return t;
}

static Expected<Value> contractCodes(const Side &lhs, const Side &rhs, Value result) {
  const int64_t M = result.shape()[0], N = result.shape()[1];
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      Expected<float> t = dot(lhs, m, rhs, n);
      if (!t) {
        return t.takeError();
      }
      result.floats[m * N + n] = *t;
    }
  }
  return result;
}

static Value contractFloats(const Value &lhs, const Value &rhs, const Value *bias, Value result) {
  const int64_t M = result.shape()[0], N = result.shape()[1], K = lhs.shape()[1];
  const std::vector<float> weights = rhs.isQuantized() ? decode(rhs) : rhs.floats;
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      double sum = 0.0;
      for (int64_t k = 0; k < K; ++k) {
        sum += static_cast<double>(lhs.floats[m * K + k]) * weights[n * K + k];
      }
      result.floats[m * N + n] = static_cast<float>(bias ? sum + bias->floats[n] : sum);
    }
  }
  return result;
}

static Expected<Value> evaluateContract(ContractOp op, const Frame &frame) {
  const Value &lhs = frame[op.getLhs()];
  const Value &rhs = frame[op.getRhs()];
  const Value *bias = frame.optional(op.getBias());
  const int64_t N = rhs.shape()[0];
  if (lhs.shape()[1] != rhs.shape()[1] || (bias && bias->shape()[0] != N)) {
    return failure("expected the same K on both sides and a bias of N elements, found %s, %s and "
                   "bias %s",
                   shapeString(lhs.shape()).c_str(), shapeString(rhs.shape()).c_str(),
                   bias ? shapeString(bias->shape()).c_str() : "none");
  }
  Expected<Value> zeros = makeTensor(Float32Type::get(op.getContext()), {lhs.shape()[0], N});
  if (!zeros) {
    return zeros;
  }
  if (!lhs.isQuantized()) {
    return contractFloats(lhs, rhs, bias, std::move(*zeros));
  }
  Expected<Value> result = contractCodes(Side(lhs), Side(rhs), std::move(*zeros));
  if (result && bias) {
    for (int64_t i = 0; i < result->size(); ++i) {
      result->floats[i] = result->floats[i] + bias->floats[i % N];
    }
  }
  return result;
}

void addContractionOps(OpTable &table) { table.add<ContractOp>(evaluateContract); }

} // namespace quench::reference
