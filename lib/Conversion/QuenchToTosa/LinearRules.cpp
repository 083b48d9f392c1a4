//===- LinearRules.cpp - Products with matrices ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One product of codes with the matrix of a weight, or one for each group along K, in a common
// scale.
//
//===----------------------------------------------------------------------===//

#include "ProductForm.h"
#include "RuleTable.h"
#include "TosaEmitter.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

using llvm::Expected;

namespace {
struct Linear {
  Value input, weight;
  IntegerForm codes;
  /// Of the product with each block, and of all.
  SmallVector<IntegerForm> products;
  IntegerForm sums;
  SmallVector<int64_t> bias;
};
} // namespace

/// K x N of N x K.
static std::vector<int8_t> transposed(ArrayRef<int8_t> integers, int64_t count) {
  std::vector<int8_t> result(integers.size());
  const int64_t N = static_cast<int64_t>(integers.size()) / count;
  for (int64_t n = 0; n < N; ++n) {
    for (int64_t k = 0; k < count; ++k) {
      result[k * N + n] = integers[n * count + k];
    }
  }
  return result;
}

static Expected<Value> writeLinear(TosaEmitter &e, const Linear &linear, const WeightStore *store) {
  Expected<std::vector<WeightBlock>> blocks = readWeight(linear.weight, store);
  if (!blocks) {
    return blocks.takeError();
  }
  Value input = e.integers(linear.input);
  const int64_t M = cast<RankedTensorType>(input.getType()).getDimSize(0);
  const int64_t K = cast<RankedTensorType>(input.getType()).getDimSize(1);
  Value sums, rows = e.reshape(input, {1, M, K});
  for (auto [block, form] : llvm::zip_equal(*blocks, linear.products)) {
    const auto N = static_cast<int64_t>(block.scales.size());
    Value part = e.slice(rows, 2, block.first, block.count);
    Value weight = e.bytes({1, block.count, N}, transposed(block.integers, block.count));
    Type type = RankedTensorType::get({1, M, N}, e.builder().getI32Type());
    Value product = tosa::MatMulOp::create(e.builder(), type, part, weight,
                                           e.zero(8, linear.codes.zeroPoint), e.zero(8));
    product = e.reshape(product, {M, N});
    if (blocks->size() > 1) {
      product = e.rescale(product, form, linear.sums.scales[0], 32, 0);
    }
    sums = sums ? e.add(sums, product) : product;
  }
  if (linear.bias.empty()) {
    return sums;
  }
  return e.add(sums, e.constant(32, {1, static_cast<int64_t>(linear.bias.size())}, linear.bias));
}

static Planned planLinear(nn::LinearOp op, const IntegerPlan &plan) {
  const PlannedValue *input = plan.lookup(op.getInput());
  Value scaledBy = input ? input->scaledBy : Value();
  Expected<IntegerForm> codes = scaledBy ? input->form : formOfCodes(op.getInput(), plan);
  if (!codes) {
    return codes.takeError();
  }
  Linear linear{op.getInput(), op.getWeight(), *codes, {}, {}, {}};
  Expected<std::vector<WeightBlock>> blocks = readWeight(op.getWeight(), plan.weights());
  if (!blocks) {
    return blocks.takeError();
  }
  for (const WeightBlock &block : *blocks) {
    Expected<IntegerForm> form = formOfProducts(block, *codes);
    if (!form) {
      return form.takeError();
    }
    linear.products.push_back(std::move(*form));
  }
  linear.sums = linear.products.front();
  if (linear.products.size() > 1) {
    Expected<IntegerForm> sum = formOfSum(linear.products);
    if (!sum) {
      return sum.takeError();
    }
    linear.sums = std::move(*sum);
  }
  if (op.getBias() && !scaledBy) {
    Expected<SmallVector<int64_t>> bias = addBias(linear.sums, op.getBias(), plan.weights());
    if (!bias) {
      return bias.takeError();
    }
    linear.bias = std::move(*bias);
  }
  PlannedValue result;
  result.hasProduct = true;
  result.form = linear.sums;
  result.scaledBy = scaledBy;
  result.bias = scaledBy ? op.getBias() : Value();
  result.operands = {op.getInput()};
  result.write = [linear, store = plan.weights()](TosaEmitter &e) {
    return writeLinear(e, linear, store);
  };
  return result;
}

void quench::addLinearRules(RuleTable &table) { table.add<nn::LinearOp>(planLinear); }
