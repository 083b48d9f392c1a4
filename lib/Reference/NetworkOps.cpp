//===- NetworkOps.cpp - Embeddings, linear layers, norms, activations -----===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The formulas of the nn dialect, with sums and functions in double and one rounding at the end.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// result[t, :] = table[tokens[t], :]
template <typename T>
static std::vector<T> pickRows(const std::vector<T> &table, int64_t width,
                               ArrayRef<int64_t> tokens) {
  std::vector<T> result;
  for (int64_t token : tokens) {
    result.insert(result.end(), table.begin() + token * width, table.begin() + (token + 1) * width);
  }
  return result;
}

/// Codes of rows, with the parameters of their blocks.
static Value pickQuantizedRows(const Value &table, ArrayRef<int64_t> tokens) {
  const auto type = cast<QTensorType>(table.type);
  const SchemeAttr scheme = type.getScheme();
  const auto expressed = RankedTensorType::get(
      {static_cast<int64_t>(tokens.size()), type.getShape()[1]}, table.elementType());
  Value result = table;
  result.type = QTensorType::get(expressed, scheme);
  result.codes = pickRows(table.codes, type.getShape()[1], tokens);
  if (scheme.getBlock()[0] != SchemeAttr::kWhole) {
    const int64_t blocks = scheme.getScaleShape(type.getShape())[1];
    result.scales = pickRows(table.scales, blocks, tokens);
    if (scheme.hasRealZeroPoints()) {
      result.realZeroPoints = pickRows(table.realZeroPoints, blocks, tokens);
    } else if (scheme.hasZeroPoints()) {
      result.zeroPoints = pickRows(table.zeroPoints, blocks, tokens);
    }
  }
  return result;
}

static Expected<Value> evaluateEmbedding(nn::EmbeddingOp op, const Frame &frame) {
  const Value &table = frame[op.getTable()];
  const Value &tokens = frame[op.getTokens()];
  const int64_t rows = table.shape()[0], width = table.shape()[1];
  for (int64_t t = 0; t < tokens.size(); ++t) {
    const int64_t token = tokens.integers[t];
    if (token < 0 || token >= rows) {
      return failure("expected tokens in [0, %lld), found %lld at position %lld",
                     static_cast<long long>(rows), static_cast<long long>(token),
                     static_cast<long long>(t));
    }
  }
  if (table.isQuantized()) {
    return pickQuantizedRows(table, tokens.integers);
  }
  return Value::tensor(cast<FloatType>(table.elementType()), {tokens.size(), width},
                       pickRows(table.floats, width, tokens.integers));
}

/// result[m, n] = sum_k input[m, k] * weight[n, k] + bias[n]
static Expected<Value> evaluateLinear(nn::LinearOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const Value &weight = frame[op.getWeight()];
  const Value *bias = frame.optional(op.getBias());
  const int64_t M = input.shape()[0], K = input.shape()[1], N = weight.shape()[0];
  if (weight.shape()[1] != K || (bias && bias->shape()[0] != N)) {
    return failure("expected the same K on both sides and a bias of N elements, found %s, %s and "
                   "bias %s",
                   shapeString(input.shape()).c_str(), shapeString(weight.shape()).c_str(),
                   bias ? shapeString(bias->shape()).c_str() : "none");
  }
  Expected<Value> result = makeTensor(input.elementType(), {M, N});
  if (!result) {
    return result;
  }
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t n = 0; n < N; ++n) {
      double sum = 0.0;
      for (int64_t k = 0; k < K; ++k) {
        sum += static_cast<double>(input.floats[m * K + k]) * weight.floats[n * K + k];
      }
      result->floats[m * N + n] = static_cast<float>(bias ? sum + bias->floats[n] : sum);
    }
  }
  return result;
}

/// result[t, c] = input[t, c] / sqrt(mean_c(input[t, c]^2) + epsilon) * gain[c]
static Expected<Value> evaluateRMSNorm(nn::RMSNormOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const Value *gain = frame.optional(op.getGain());
  const double epsilon = op.getEpsilon().convertToFloat();
  const int64_t tokens = result.shape()[0], width = result.shape()[1];
  if (gain && gain->shape()[0] != width) {
    return failure("expected a gain of %lld elements, found %lld", static_cast<long long>(width),
                   static_cast<long long>(gain->shape()[0]));
  }
  for (int64_t t = 0; t < tokens; ++t) {
    float *row = result.floats.data() + t * width;
    double squares = 0.0;
    for (int64_t c = 0; c < width; ++c) {
      squares += static_cast<double>(row[c]) * row[c];
    }
    const double norm = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (int64_t c = 0; c < width; ++c) {
      row[c] = static_cast<float>(row[c] / norm * (gain ? gain->floats[c] : 1.0));
    }
  }
  return result;
}

/// result[t, c] = (input[t, c] - m[t]) / sqrt(v[t] + epsilon) * gain[c] + bias[c]
static Expected<Value> evaluateLayerNorm(nn::LayerNormOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const Value *gain = frame.optional(op.getGain());
  const Value *bias = frame.optional(op.getBias());
  const double epsilon = op.getEpsilon().convertToFloat();
  const int64_t tokens = result.shape()[0], width = result.shape()[1];
  for (const Value *vector : {gain, bias}) {
    if (vector && vector->shape()[0] != width) {
      return failure("expected a gain and a bias of %lld elements, found %lld",
                     static_cast<long long>(width), static_cast<long long>(vector->shape()[0]));
    }
  }
  for (int64_t t = 0; t < tokens; ++t) {
    float *row = result.floats.data() + t * width;
    double sum = 0.0, squares = 0.0;
    for (int64_t c = 0; c < width; ++c) {
      sum += row[c];
    }
    const double mean = sum / static_cast<double>(width);
    for (int64_t c = 0; c < width; ++c) {
      squares += (row[c] - mean) * (row[c] - mean);
    }
    const double deviation = std::sqrt(squares / static_cast<double>(width) + epsilon);
    for (int64_t c = 0; c < width; ++c) {
      row[c] = static_cast<float>((row[c] - mean) / deviation * (gain ? gain->floats[c] : 1.0) +
                                  (bias ? bias->floats[c] : 0.0));
    }
  }
  return result;
}

/// result = input / (1 + exp(-input))
static Expected<Value> evaluateSiLU(nn::SiLUOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  for (float &x : result.floats) {
    x = static_cast<float>(x / (1.0 + std::exp(-static_cast<double>(x))));
  }
  return result;
}

void addNetworkOps(OpTable &table) {
  table.add<nn::EmbeddingOp>(evaluateEmbedding);
  table.add<nn::LinearOp>(evaluateLinear);
  table.add<nn::RMSNormOp>(evaluateRMSNorm);
  table.add<nn::LayerNormOp>(evaluateLayerNorm);
  table.add<nn::SiLUOp>(evaluateSiLU);
}

} // namespace quench::reference
