//===- AttentionOps.cpp - Attention, its cache and its positions ----------===//
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

#include <algorithm>
#include <cmath>
#include <limits>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

/// cosine[t, i] = cos((position + t) * frequencies[i]), sine likewise
static Expected<Results> evaluateRotaryTable(nn::RotaryTableOp op, const Frame &frame) {
  const Value &frequencies = frame[op.getFrequencies()];
  const int64_t start = frame.index(op.getPosition()), length = frame.index(op.getLength());
  const int64_t columns = frequencies.size();
  if (start < 0 || length < 0) {
    return failure("expected a position and a length of at least 0, found %lld and %lld",
                   static_cast<long long>(start), static_cast<long long>(length));
  }
  Expected<Value> cosine = makeTensor(frequencies.elementType(), {length, columns});
  if (!cosine) {
    return cosine.takeError();
  }
  Value sine = *cosine;
  for (int64_t t = 0; t < length; ++t) {
    for (int64_t i = 0; i < columns; ++i) {
      double angle = (static_cast<double>(start) + static_cast<double>(t)) * frequencies.floats[i];
      cosine->floats[t * columns + i] = static_cast<float>(std::cos(angle));
      sine.floats[t * columns + i] = static_cast<float>(std::sin(angle));
    }
  }
  return Results{*cosine, sine};
}

/// With h = i + d/2:  result[i] = x[i] * cosine[i] - x[h] * sine[i],
///                    result[h] = x[h] * cosine[i] + x[i] * sine[i]
static Expected<Value> evaluateRotaryEmbedding(nn::RotaryEmbeddingOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  const Value &cosine = frame[op.getCosine()];
  const Value &sine = frame[op.getSine()];
  const int64_t tokens = input.shape()[0], heads = input.shape()[1], d = input.shape()[2];
  const int64_t tableShape[] = {tokens, d / 2};
  if (d % 2 != 0 || cosine.shape() != ArrayRef(tableShape) ||
      sine.shape() != ArrayRef(tableShape)) {
    return failure("expected an even head size and tables of as many tokens and half as many "
                   "columns as the input, found %s, %s and %s",
                   shapeString(input.shape()).c_str(), shapeString(cosine.shape()).c_str(),
                   shapeString(sine.shape()).c_str());
  }
  Value result = input;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      const float *x = input.floats.data() + (t * heads + h) * d;
      float *y = result.floats.data() + (t * heads + h) * d;
      for (int64_t i = 0; i < d / 2; ++i) {
        const double c = cosine.floats[t * (d / 2) + i], s = sine.floats[t * (d / 2) + i];
        y[i] = static_cast<float>(x[i] * c - x[i + d / 2] * s);
        y[i + d / 2] = static_cast<float>(x[i + d / 2] * c + x[i] * s);
      }
    }
  }
  return result;
}

/// Whether `tokens` tokens from `position` on have a place in a cache.
static Error verifyPosition(int64_t position, int64_t tokens, const Value &cache) {
  const int64_t capacity = cache.shape()[0];
  if (position >= 0 && position <= capacity && tokens <= capacity - position) {
    return Error::success();
  }
  return failure("expected %lld tokens from position %lld on to fit a cache of %lld tokens",
                 static_cast<long long>(tokens), static_cast<long long>(position),
                 static_cast<long long>(capacity));
}

/// result[position + t, :, :] = input[t, :, :]
static Expected<Value> evaluateCacheUpdate(nn::CacheUpdateOp op, const Frame &frame) {
  const Value &input = frame[op.getInput()];
  Value result = frame[op.getCache()];
  const int64_t position = frame.index(op.getPosition());
  if (input.shape().drop_front() != result.shape().drop_front()) {
    return failure("expected the heads and head size of the cache, %s, found %s",
                   shapeString(result.shape().drop_front()).c_str(),
                   shapeString(input.shape().drop_front()).c_str());
  }
  if (Error error = verifyPosition(position, input.shape()[0], result)) {
    return std::move(error);
  }
  const int64_t row = result.shape()[1] * result.shape()[2];
  llvm::copy(input.floats, result.floats.begin() + position * row);
  return result;
}

/// One query against one head of the cache; `keys` and `values` point at that head of token 0 and
/// `stride` leads to the next token.
static void attend(const float *query, const float *keys, const float *values, int64_t stride,
                   int64_t tokens, int64_t d, double scale, float *result) {
  std::vector<double> p(tokens, 0.0);
  double largest = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < tokens; ++j) {
    for (int64_t i = 0; i < d; ++i) {
      p[j] += static_cast<double>(query[i]) * keys[j * stride + i];
    }
    p[j] *= scale;
    largest = std::max(largest, p[j]);
  }
  double sum = 0.0;
  for (double &score : p) {
    score = std::exp(score - largest);
    sum += score;
  }
  for (int64_t i = 0; i < d; ++i) {
    double mean = 0.0;
    for (int64_t j = 0; j < tokens; ++j) {
      mean += p[j] / sum * values[j * stride + i];
    }
    result[i] = static_cast<float>(mean);
  }
}

/// p[j] = softmax_j(scale * sum_d query[t, h, d] * keys[j, h / g, d]) over j <= position + t
/// result[t, h, d] = sum_j p[j] * values[j, h / g, d]
static Expected<Value> evaluateAttention(nn::AttentionOp op, const Frame &frame) {
  const Value &query = frame[op.getQuery()];
  const Value &keys = frame[op.getKeys()];
  const Value &values = frame[op.getValues()];
  const int64_t position = frame.index(op.getPosition());
  const double scale = op.getScale().convertToFloat();
  const int64_t tokens = query.shape()[0], heads = query.shape()[1], d = query.shape()[2];
  const int64_t keyHeads = keys.shape()[1];
  if (keys.shape() != values.shape() || keys.shape()[2] != d || keyHeads == 0 ||
      heads % keyHeads != 0) {
    return failure("expected keys and values of the same shape, of the head size of the query and "
                   "of a divisor of its heads, found query %s, keys %s, values %s",
                   shapeString(query.shape()).c_str(), shapeString(keys.shape()).c_str(),
                   shapeString(values.shape()).c_str());
  }
  if (Error error = verifyPosition(position, tokens, keys)) {
    return std::move(error);
  }
  const int64_t g = heads / keyHeads;
  Value result = query;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t h = 0; h < heads; ++h) {
      const int64_t head = h / g * d;
      attend(query.floats.data() + (t * heads + h) * d, keys.floats.data() + head,
             values.floats.data() + head, keyHeads * d, position + t + 1, d, scale,
             result.floats.data() + (t * heads + h) * d);
    }
  }
  return result;
}

void addAttentionOps(OpTable &table) {
  table.add<nn::RotaryTableOp>(evaluateRotaryTable);
  table.add<nn::RotaryEmbeddingOp>(evaluateRotaryEmbedding);
  table.add<nn::CacheUpdateOp>(evaluateCacheUpdate);
  table.add<nn::AttentionOp>(evaluateAttention);
}

} // namespace quench::reference
