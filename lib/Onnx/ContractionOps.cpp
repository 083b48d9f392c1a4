//===- ContractionOps.cpp - Matrix products and normalizations ------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product with a constant matrix is `nn.linear`, whose weight is stored with a row for each
// output.
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

/// The constant float matrix of an input; null for others.
static const Constant *constantMatrix(Node &node, unsigned input) {
  const Constant *constant = node.maybeConstant(input);
  return constant && constant->elements == ElementClass::Float && constant->shape.size() == 2 &&
                 !constant->floats.empty()
             ? constant
             : nullptr;
}

/// A weight with a row for each output, of a matrix that has a column for each unless it has rows.
static Value makeWeight(Node &node, const Constant &matrix, bool hasRows) {
  Constant weight = matrix;
  if (!hasRows) {
    int64_t rows = matrix.shape[0], columns = matrix.shape[1];
    weight.shape = {columns, rows};
    for (int64_t k = 0; k < rows; ++k) {
      for (int64_t n = 0; n < columns; ++n) {
        weight.floats[n * rows + k] = matrix.floats[k * columns + n];
      }
    }
  }
  Tensor tensor;
  tensor.constant = std::make_shared<Constant>(std::move(weight));
  llvm::Expected<Value> value = node.graph().materialize(tensor);
  if (!value) {
    node.fail(llvm::toString(value.takeError()));
    return {};
  }
  return *value;
}

/// A matrix of constant codes; null for others.
static const QuantizedConstant *quantizedMatrix(Node &node, unsigned input) {
  Tensor *tensor = node.has(input) ? node.tensor(input) : nullptr;
  const QuantizedConstant *constant =
      tensor && tensor->isDecoded ? tensor->quantized.get() : nullptr;
  return constant && constant->tensor.shape.size() == 2 ? constant : nullptr;
}

/// The same of a matrix of codes, which takes its scales along.
static Value makeWeight(Node &node, const QuantizedConstant &matrix, bool hasRows) {
  QuantizedConstant weight = matrix;
  if (!hasRows) {
    auto turn = [](ArrayRef<int64_t> shape, auto &&move) {
      for (int64_t row = 0; row < shape[0]; ++row) {
        for (int64_t column = 0; column < shape[1]; ++column) {
          move(row * shape[1] + column, column * shape[0] + row);
        }
      }
    };
    std::reverse(weight.scheme.block.begin(), weight.scheme.block.end());
    std::reverse(weight.tensor.shape.begin(), weight.tensor.shape.end());
    turn(matrix.tensor.shape,
         [&](size_t from, size_t to) { weight.tensor.codes.set(to, matrix.tensor.codes[from]); });
    turn(matrix.scheme.scaleShape(matrix.tensor.shape), [&](size_t from, size_t to) {
      weight.tensor.scales[to] = matrix.tensor.scales[from];
      if (!matrix.tensor.zeroPoints.empty()) {
        weight.tensor.zeroPoints[to] = matrix.tensor.zeroPoints[from];
      }
    });
  }
  Tensor tensor;
  tensor.quantized = std::make_shared<QuantizedConstant>(std::move(weight));
  tensor.isDecoded = true;
  llvm::Expected<Value> value = node.graph().materialize(tensor);
  if (!value) {
    node.fail(llvm::toString(value.takeError()));
    return {};
  }
  return *value;
}

/// A constant matrix, of floats or in codes, as a weight; null for others, without a complaint.
static Value constantWeight(Node &node, unsigned input, bool hasRows) {
  if (const Constant *matrix = constantMatrix(node, input)) {
    return makeWeight(node, *matrix, hasRows);
  }
  const QuantizedConstant *codes = quantizedMatrix(node, input);
  return codes ? makeWeight(node, *codes, hasRows) : Value();
}

/// The product of rows, whatever axes they are counted by, with a constant matrix.
static Value linear(Node &node, Value input, Value weight, Value bias) {
  ImplicitLocOpBuilder &b = node.b;
  int64_t outputs = cast<RankedTensorType>(weight.getType()).getDimSize(0);
  int64_t inner = cast<RankedTensorType>(weight.getType()).getDimSize(1);
  auto type = cast<RankedTensorType>(input.getType());
  if (type.getRank() == 0 || type.getShape().back() != inner) {
    node.fail("expected rows of " + Twine(inner) + " elements, found another shape");
    return {};
  }
  Sizes sizes = sizesOf(b, input);
  bool isMatrix = type.getRank() == 2;
  Value matrix = input;
  if (type.getRank() == 1) {
    matrix = reshape(node, input, toSizes(b, {1, inner}));
  } else if (!isMatrix) {
    SmallVector<ReassociationIndices> groups(2);
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      groups[axis + 1 == type.getRank()].push_back(axis);
    }
    matrix = tensor::CollapseShapeOp::create(b, input, groups);
  }
  int64_t rows = cast<RankedTensorType>(matrix.getType()).getDimSize(0);
  Value result = nn::LinearOp::create(b, RankedTensorType::get({rows, outputs}, b.getF32Type()),
                                      matrix, weight, bias);
  sizes.back() = b.getIndexAttr(outputs);
  return isMatrix ? result
                  : reshape(node, result, type.getRank() == 1 ? toSizes(b, {outputs}) : sizes);
}

/// `C` of Gemm as a bias of rows; null when it is none.
static Value rowBias(Node &node, float beta, int64_t columns) {
  const Constant *constant = node.maybeConstant(2);
  if (!constant || constant->elements != ElementClass::Float || beta != 1.0f ||
      constant->floats.size() != static_cast<size_t>(columns) || constant->shape.empty() ||
      constant->shape.back() != columns) {
    return {};
  }
  Value value = node.value(2);
  return value ? reshape(node, value, toSizes(node.b, {columns})) : Value();
}

static Value scaled(Node &node, Value value, float factor) {
  return factor == 1.0f
             ? value
             : elementwise(node, value, node.b.getF32Type(),
                           [&](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                             return arith::MulFOp::create(at, e[0], constantFloat(at, factor));
                           });
}

static Value add(Node &node, Value a, Value c) {
  return elementwise(node, {a, c}, node.b.getF32Type(),
                     [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                       return arith::AddFOp::create(at, e[0], e[1]);
                     });
}

/// The product of two matrices that are no constants.
static Value matmul(Node &node, Value a, Value c) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes left = sizesOf(b, a), right = sizesOf(b, c);
  if (left.size() != 2 || right.size() != 2 ||
      getConstantIntValue(left[1]) != getConstantIntValue(right[0])) {
    node.fail("expected two matrices that can be multiplied");
    return {};
  }
  Value zeros = filled(b, {left[0], right[1]}, 0.0f);
  return linalg::MatmulOp::create(b, zeros.getType(), ValueRange{a, c}, ValueRange{zeros})
      .getResult(0);
}

static void importGemm(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  float alpha = node.attribute("alpha", 1.0f), beta = node.attribute("beta", 1.0f);
  bool turnsA = node.attribute("transA", int64_t(0)) != 0;
  bool turnsB = node.attribute("transB", int64_t(0)) != 0;
  Value weight = constantWeight(node, 1, turnsB);
  Value a = node.floats(0), c = weight || !node.ok() ? Value() : node.floats(1);
  if (!node.ok()) {
    return;
  }
  auto isMatrix = [](Value value) {
    return cast<RankedTensorType>(value.getType()).getRank() == 2;
  };
  if (!isMatrix(a) || (c && !isMatrix(c))) {
    return node.fail("expected matrices");
  }
  if (turnsA) {
    a = transpose(b, a, {1, 0});
  }
  Value result, bias;
  if (weight) {
    if (alpha == 1.0f && node.has(2)) {
      bias = rowBias(node, beta, cast<RankedTensorType>(weight.getType()).getDimSize(0));
    }
    result = linear(node, a, weight, bias);
  } else {
    result = matmul(node, a, turnsB ? transpose(b, c, {1, 0}) : c);
  }
  if (result) {
    result = scaled(node, result, alpha);
  }
  if (result && node.has(2) && !bias) {
    Value added = node.floats(2);
    result = added ? add(node, result, scaled(node, added, beta)) : Value();
  }
  if (node.ok()) {
    node.define(0, result);
  }
}

/// Both operands with the same leading axes, in one: [B, M, K].
static Value collapseBatch(Node &node, Value value, ArrayRef<OpFoldResult> batch) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes own = sizesOf(b, value), wanted(batch);
  wanted.append(own.end() - 2, own.end());
  if (shapeOf(own) != shapeOf(wanted)) {
    // Repeats what is broadcast: zeros of the wanted shape give the sizes.
    value = add(node, value, filled(b, wanted, 0.0f));
  }
  if (!value || batch.size() == 1) {
    return value;
  }
  SmallVector<ReassociationIndices> groups(3);
  for (int64_t axis = 0, rank = wanted.size(); axis < rank; ++axis) {
    groups[axis < rank - 2 ? 0 : axis - (rank - 3)].push_back(axis);
  }
  return tensor::CollapseShapeOp::create(b, value, groups);
}

static void importMatMul(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  RankedValue a = node.floats(0);
  Value weight = constantWeight(node, 1, /*hasRows=*/false);
  if (!node.ok()) {
    return;
  }
  if (weight) {
    return node.define(0, linear(node, a, weight, /*bias=*/{}));
  }
  RankedValue c = node.floats(1);
  if (!node.ok()) {
    return;
  }
  if (a.getType().getRank() < 2 || c.getType().getRank() < 2) {
    return node.fail("expected matrices, found a vector");
  }
  if (a.getType().getRank() == 2 && c.getType().getRank() == 2) {
    return node.define(0, matmul(node, a, c));
  }
  Sizes left = sizesOf(b, a), right = sizesOf(b, c), batch;
  size_t depth = std::max(left.size(), right.size()) - 2;
  for (size_t i = 0; i < depth; ++i) {
    auto at = [&](const Sizes &sizes) -> OpFoldResult {
      size_t missing = depth + 2 - sizes.size();
      return i < missing ? b.getIndexAttr(1) : sizes[i - missing];
    };
    OpFoldResult x = at(left), y = at(right);
    std::optional<int64_t> p = getConstantIntValue(x), q = getConstantIntValue(y);
    if (p != q && p != 1 && q != 1) {
      return node.fail("expected batches that can be broadcast against each other");
    }
    batch.push_back(p == 1 ? y : x);
  }
  if (getConstantIntValue(left.back()) != getConstantIntValue(right[right.size() - 2])) {
    return node.fail("expected matrices that can be multiplied");
  }
  Value x = collapseBatch(node, a, batch), y = collapseBatch(node, c, batch);
  if (!x || !y) {
    return;
  }
  Sizes flat = {sizesOf(b, x)[0], left[left.size() - 2], right.back()};
  Value zeros = filled(b, flat, 0.0f);
  Value result =
      linalg::BatchMatmulOp::create(b, zeros.getType(), ValueRange{x, y}, ValueRange{zeros})
          .getResult(0);
  batch.append(flat.begin() + 1, flat.end());
  node.define(0, reshape(node, result, batch));
}

/// `x * factor + term` for each channel, of statistics that are constants.
static void importBatchNormalization(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  double epsilon = node.attribute("epsilon", 1e-5f);
  if (node.attribute("training_mode", int64_t(0)) != 0) {
    node.fail("expected inference, found attribute 'training_mode'");
  }
  RankedValue input = node.floats(0);
  std::array<const Constant *, 4> parts;
  for (unsigned i = 0; i < 4; ++i) {
    parts[i] = node.maybeConstant(i + 1);
    if (!parts[i] || parts[i]->elements != ElementClass::Float || !input ||
        input.getType().getRank() < 2 || parts[i]->shape.size() != 1 ||
        parts[i]->shape[0] != input.getType().getDimSize(1)) {
      return node.fail("expected a constant float for each channel as input " + Twine(i + 1));
    }
  }
  if (!node.ok()) {
    return;
  }
  Constant factor, term;
  factor.dataType = term.dataType = datatype::Float;
  factor.shape = term.shape = {parts[0]->shape[0]};
  factor.shape.append(input.getType().getRank() - 2, 1);
  term.shape = factor.shape;
  factor.name = parts[0]->name;
  term.name = parts[1]->name;
  for (size_t c = 0; c < parts[0]->floats.size(); ++c) {
    double gain = parts[0]->floats[c] / std::sqrt(double(parts[3]->floats[c]) + epsilon);
    factor.floats.push_back(static_cast<float>(gain));
    term.floats.push_back(
        static_cast<float>(parts[1]->floats[c] - gain * double(parts[2]->floats[c])));
  }
  auto make = [&](Constant constant) {
    Tensor tensor;
    tensor.constant = std::make_shared<Constant>(std::move(constant));
    return llvm::cantFail(node.graph().materialize(tensor));
  };
  Value scale = make(std::move(factor)), shift = make(std::move(term));
  node.define(0, elementwise(node, {input, scale, shift}, b.getF32Type(),
                             [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                               Value product = arith::MulFOp::create(at, e[0], e[1]);
                               return arith::AddFOp::create(at, product, e[2]);
                             }));
}

static void importLayerNormalization(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  float epsilon = node.attribute("epsilon", 1e-5f);
  RankedValue input = node.floats(0), gain = node.floats(1);
  RankedValue bias = node.has(2) ? node.floats(2) : RankedValue();
  if (!node.ok()) {
    return;
  }
  int64_t rank = input.getType().getRank();
  int64_t axis = node.axis(node.attribute("axis", int64_t(-1)), rank);
  Sizes sizes = sizesOf(b, input), rows;
  int64_t inner = 1;
  for (int64_t i = axis; i < rank; ++i) {
    inner *= getConstantIntValue(sizes[i]).value_or(0);
  }
  bool fits =
      node.ok() && inner > 0 && gain.getType().hasStaticShape() &&
      gain.getType().getNumElements() == inner &&
      (!bias || (bias.getType().hasStaticShape() && bias.getType().getNumElements() == inner));
  for (unsigned i = 1; fits && i < node.numOutputs(); ++i) {
    fits = !node.isRead(i);
  }
  if (!fits) {
    return node.fail("expected normalized axes of fixed size, a gain and a bias of that size, and "
                     "one result");
  }
  int64_t open = 1;
  for (int64_t i = 0; i < axis; ++i) {
    std::optional<int64_t> size = getConstantIntValue(sizes[i]);
    open = size && open != ShapedType::kDynamic ? open * *size : ShapedType::kDynamic;
  }
  OpFoldResult count = b.getIndexAttr(open);
  if (open == ShapedType::kDynamic) {
    Value product = arith::ConstantIndexOp::create(b, 1);
    for (int64_t i = 0; i < axis; ++i) {
      product = arith::MulIOp::create(b, product,
                                      getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[i]));
    }
    count = product;
  }
  Value matrix = reshape(node, input, {count, b.getIndexAttr(inner)});
  Value factor = reshape(node, gain, toSizes(b, {inner}));
  Value term = bias ? reshape(node, bias, toSizes(b, {inner})) : Value();
  if (node.ok()) {
    Value result = nn::LayerNormOp::create(b, matrix.getType(), matrix, factor, term,
                                           b.getF32FloatAttr(epsilon));
    node.define(0, reshape(node, result, sizes));
  }
}

void addContractionOperators(OperatorTable &table) {
  table.add("BatchNormalization", importBatchNormalization);
  table.add("Gemm", importGemm);
  table.add("LayerNormalization", importLayerNormalization);
  table.add("MatMul", importMatMul);
}

} // namespace quench::onnximport
