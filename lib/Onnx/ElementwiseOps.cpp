//===- ElementwiseOps.cpp - Operators on single elements ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

#include <cmath>

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

using At = ImplicitLocOpBuilder &;

/// `op(x)` of floats.
static void unary(Node &node, BodyFunction body) {
  RankedValue input = node.floats(0);
  if (node.ok()) {
    node.define(0, elementwise(node, input, node.b.getF32Type(), body));
  }
}

template <typename OpTy> static void importUnary(Node &node) {
  unary(node, [](At at, ValueRange e) -> Value { return OpTy::create(at, e[0]); });
}

/// One arithmetic operation on sizes; null for what is not known.
static OpFoldResult onSizes(Node &node, OpFoldResult a, OpFoldResult c) {
  std::optional<int64_t> left = getConstantIntValue(a), right = getConstantIntValue(c);
  StringRef op = node.op();
  if (!left || !right) {
    Value x = getValueOrCreateConstantIndexOp(node.b, node.b.getLoc(), a);
    Value y = getValueOrCreateConstantIndexOp(node.b, node.b.getLoc(), c);
    return op == "Add"   ? arith::AddIOp::create(node.b, x, y).getResult()
           : op == "Sub" ? arith::SubIOp::create(node.b, x, y).getResult()
           : op == "Mul" ? arith::MulIOp::create(node.b, x, y).getResult()
           : op == "Div" ? arith::DivSIOp::create(node.b, x, y).getResult()
                         : OpFoldResult();
  }
  int64_t result = 0;
  bool fits = op == "Add"   ? !llvm::AddOverflow(*left, *right, result)
              : op == "Sub" ? !llvm::SubOverflow(*left, *right, result)
              : op == "Mul" ? !llvm::MulOverflow(*left, *right, result)
                            : op == "Div" && *right != 0 && *left != INT64_MIN;
  if (fits && op == "Div") {
    result = *left / *right;
  }
  return fits ? OpFoldResult(node.b.getIndexAttr(result)) : OpFoldResult();
}

/// Whether both inputs are sizes and the result is defined.
static bool foldedOnSizes(Node &node) {
  if (node.numInputs() != 2) {
    return false;
  }
  std::optional<Sizes> a = node.maybeSizes(0), c = node.maybeSizes(1);
  if (!a || !c || (a->size() != c->size() && a->size() != 1 && c->size() != 1)) {
    return false;
  }
  auto isScalar = [&](unsigned input) {
    const Tensor *tensor = node.tensor(input);
    return tensor->constant ? tensor->constant->shape.empty() : tensor->isScalar;
  };
  Sizes result;
  for (size_t i = 0; i < std::max(a->size(), c->size()); ++i) {
    OpFoldResult size = onSizes(node, (*a)[a->size() == 1 ? 0 : i], (*c)[c->size() == 1 ? 0 : i]);
    if (!size) {
      return false;
    }
    result.push_back(size);
  }
  node.defineSizes(0, std::move(result), isScalar(0) && isScalar(1));
  return true;
}

template <typename FloatOp, typename IntegerOp> static void importBinary(Node &node) {
  if (foldedOnSizes(node)) {
    return;
  }
  RankedValue a = node.value(0), c = node.value(1);
  if (!node.ok()) {
    return;
  }
  Type element = a.getType().getElementType();
  if (element != c.getType().getElementType() || element.isInteger(1)) {
    return node.fail("expected two tensors of floats or two of integers");
  }
  node.define(0, elementwise(node, {a, c}, element, [&](At at, ValueRange e) -> Value {
                if (element.isF32()) {
                  return FloatOp::create(at, e[0], e[1]);
                }
                return IntegerOp::create(at, e[0], e[1]);
              }));
}

/// Max, Min, Sum and Mean of any number of inputs.
template <typename OpTy> static void importVariadic(Node &node) {
  Value result = node.floats(0);
  for (unsigned i = 1; node.ok() && i < node.numInputs(); ++i) {
    Value next = node.floats(i);
    if (node.ok()) {
      result =
          elementwise(node, {result, next}, node.b.getF32Type(),
                      [](At at, ValueRange e) -> Value { return OpTy::create(at, e[0], e[1]); });
    }
  }
  if (node.ok() && node.op() == "Mean") {
    float count = static_cast<float>(node.numInputs());
    result = elementwise(node, result, node.b.getF32Type(), [&](At at, ValueRange e) -> Value {
      return arith::DivFOp::create(at, e[0], constantFloat(at, count));
    });
  }
  if (node.ok()) {
    node.define(0, result);
  }
}

static Value clamp(At at, Value value, float low, float high) {
  if (low > -INFINITY) {
    value = arith::MaximumFOp::create(at, value, constantFloat(at, low));
  }
  return high < INFINITY ? arith::MinimumFOp::create(at, value, constantFloat(at, high)).getResult()
                         : value;
}

static void importRelu(Node &node) {
  unary(node, [](At at, ValueRange e) { return clamp(at, e[0], 0.0f, INFINITY); });
}

static void importClip(Node &node) {
  float low = node.scalar(1, -INFINITY), high = node.scalar(2, INFINITY);
  if (node.version < 11) {
    low = node.attribute("min", low);
    high = node.attribute("max", high);
  }
  unary(node, [&](At at, ValueRange e) { return clamp(at, e[0], low, high); });
}

static void importPow(Node &node) {
  const Constant *exponent = node.maybeConstant(1);
  if (exponent && exponent->floats.size() == 1 && exponent->shape.empty()) {
    float power = exponent->floats.front();
    if (power == 2.0f) {
      return unary(
          node, [](At at, ValueRange e) -> Value { return arith::MulFOp::create(at, e[0], e[0]); });
    }
    if (power == 0.5f) {
      return importUnary<math::SqrtOp>(node);
    }
  }
  RankedValue a = node.floats(0), c = node.floats(1);
  if (node.ok()) {
    node.define(0, elementwise(node, {a, c}, node.b.getF32Type(), [](At at, ValueRange e) -> Value {
                  return math::PowFOp::create(at, e[0], e[1]);
                }));
  }
}

static Value sigmoid(At at, Value value) {
  Value power = math::ExpOp::create(at, arith::NegFOp::create(at, value));
  Value one = constantFloat(at, 1.0f);
  return arith::DivFOp::create(at, one, arith::AddFOp::create(at, one, power));
}

static void importSigmoid(Node &node) {
  unary(node, [](At at, ValueRange e) { return sigmoid(at, e[0]); });
}

/// `max(0, min(1, alpha x + beta))`.
static Value hardSigmoid(At at, Value value, float alpha, float beta) {
  Value line = arith::MulFOp::create(at, value, constantFloat(at, alpha));
  return clamp(at, arith::AddFOp::create(at, line, constantFloat(at, beta)), 0.0f, 1.0f);
}

static void importHardSigmoid(Node &node) {
  float alpha = node.attribute("alpha", 0.2f), beta = node.attribute("beta", 0.5f);
  unary(node, [&](At at, ValueRange e) { return hardSigmoid(at, e[0], alpha, beta); });
}

static void importHardSwish(Node &node) {
  unary(node, [](At at, ValueRange e) -> Value {
    return arith::MulFOp::create(at, e[0], hardSigmoid(at, e[0], 1.0f / 6.0f, 0.5f));
  });
}

static Value selectPositive(At at, Value value, Value positive, Value others) {
  Value isPositive =
      arith::CmpFOp::create(at, arith::CmpFPredicate::OGE, value, constantFloat(at, 0.0f));
  return arith::SelectOp::create(at, isPositive, positive, others);
}

static void importLeakyRelu(Node &node) {
  float alpha = node.attribute("alpha", 0.01f);
  unary(node, [&](At at, ValueRange e) {
    return selectPositive(at, e[0], e[0],
                          arith::MulFOp::create(at, e[0], constantFloat(at, alpha)));
  });
}

static void importElu(Node &node) {
  float alpha = node.attribute("alpha", 1.0f);
  unary(node, [&](At at, ValueRange e) {
    Value less = arith::SubFOp::create(at, math::ExpOp::create(at, e[0]), constantFloat(at, 1.0f));
    return selectPositive(at, e[0], e[0],
                          arith::MulFOp::create(at, less, constantFloat(at, alpha)));
  });
}

static void importPRelu(Node &node) {
  RankedValue input = node.floats(0), slope = node.floats(1);
  if (node.ok()) {
    node.define(
        0, elementwise(node, {input, slope}, node.b.getF32Type(), [](At at, ValueRange e) -> Value {
          return selectPositive(at, e[0], e[0], arith::MulFOp::create(at, e[0], e[1]));
        }));
  }
}

static void importSoftplus(Node &node) {
  unary(node, [](At at, ValueRange e) -> Value {
    return math::Log1pOp::create(at, math::ExpOp::create(at, e[0]));
  });
}

static void importGelu(Node &node) {
  std::string form = node.attribute("approximate", "none");
  if (form != "none" && form != "tanh") {
    node.fail("expected 'none' or 'tanh' as attribute 'approximate', found '" + form + "'");
  }
  unary(node, [&](At at, ValueRange e) -> Value {
    Value half = arith::MulFOp::create(at, e[0], constantFloat(at, 0.5f));
    Value inner;
    if (form == "tanh") {
      Value cube = arith::MulFOp::create(at, arith::MulFOp::create(at, e[0], e[0]), e[0]);
      cube = arith::MulFOp::create(at, cube, constantFloat(at, 0.044715f));
      Value sum = arith::AddFOp::create(at, e[0], cube);
      inner = math::TanhOp::create(
          at, arith::MulFOp::create(at, sum, constantFloat(at, std::sqrt(2.0f / float(M_PI)))));
    } else {
      inner = math::ErfOp::create(
          at, arith::MulFOp::create(at, e[0], constantFloat(at, float(M_SQRT1_2))));
    }
    return arith::MulFOp::create(at, half,
                                 arith::AddFOp::create(at, inner, constantFloat(at, 1.0f)));
  });
}

static void importReciprocal(Node &node) {
  unary(node, [](At at, ValueRange e) -> Value {
    return arith::DivFOp::create(at, constantFloat(at, 1.0f), e[0]);
  });
}

template <arith::CmpFPredicate floats, arith::CmpIPredicate integers>
static void importCompare(Node &node) {
  RankedValue a = node.value(0), c = node.value(1);
  if (!node.ok()) {
    return;
  }
  if (a.getType().getElementType() != c.getType().getElementType()) {
    return node.fail("expected two tensors of one element type");
  }
  node.define(0, elementwise(node, {a, c}, node.b.getI1Type(), [](At at, ValueRange e) -> Value {
                if (e[0].getType().isF32()) {
                  return arith::CmpFOp::create(at, floats, e[0], e[1]);
                }
                return arith::CmpIOp::create(at, integers, e[0], e[1]);
              }));
}

static void importLogic(Node &node) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < node.numInputs(); ++i) {
    RankedValue value = node.value(i);
    if (value && !value.getType().getElementType().isInteger(1)) {
      node.fail("expected booleans");
    }
    inputs.push_back(value);
  }
  bool isNot = node.op() == "Not";
  if (node.ok() && inputs.size() != (isNot ? 1u : 2u)) {
    node.fail("expected another number of inputs");
  }
  if (!node.ok()) {
    return;
  }
  StringRef op = node.op();
  node.define(0, elementwise(node, inputs, node.b.getI1Type(), [&](At at, ValueRange e) -> Value {
                if (op == "And") {
                  return arith::AndIOp::create(at, e[0], e[1]);
                }
                if (op == "Or") {
                  return arith::OrIOp::create(at, e[0], e[1]);
                }
                Value one = arith::ConstantIntOp::create(at, 1, 1);
                return arith::XOrIOp::create(at, e[0], isNot ? one : e[1]);
              }));
}

static void importWhere(Node &node) {
  RankedValue condition = node.value(0), a = node.value(1), c = node.value(2);
  if (!node.ok()) {
    return;
  }
  Type element = a.getType().getElementType();
  if (!condition.getType().getElementType().isInteger(1) ||
      element != c.getType().getElementType()) {
    return node.fail("expected booleans and two tensors of one element type");
  }
  node.define(0, elementwise(node, {condition, a, c}, element, [](At at, ValueRange e) -> Value {
                return arith::SelectOp::create(at, e[0], e[1], e[2]);
              }));
}

void addElementwiseOperators(OperatorTable &table) {
  table.add("Abs", importUnary<math::AbsFOp>);
  table.add("Ceil", importUnary<math::CeilOp>);
  table.add("Cos", importUnary<math::CosOp>);
  table.add("Erf", importUnary<math::ErfOp>);
  table.add("Exp", importUnary<math::ExpOp>);
  table.add("Floor", importUnary<math::FloorOp>);
  table.add("Log", importUnary<math::LogOp>);
  table.add("Neg", importUnary<arith::NegFOp>);
  table.add("Round", importUnary<math::RoundEvenOp>);
  table.add("Sin", importUnary<math::SinOp>);
  table.add("Sqrt", importUnary<math::SqrtOp>);
  table.add("Tanh", importUnary<math::TanhOp>);
  table.add("Add", importBinary<arith::AddFOp, arith::AddIOp>);
  table.add("Sub", importBinary<arith::SubFOp, arith::SubIOp>);
  table.add("Mul", importBinary<arith::MulFOp, arith::MulIOp>);
  table.add("Div", importBinary<arith::DivFOp, arith::DivSIOp>);
  table.add("Max", importVariadic<arith::MaximumFOp>);
  table.add("Min", importVariadic<arith::MinimumFOp>);
  table.add("Sum", importVariadic<arith::AddFOp>);
  table.add("Mean", importVariadic<arith::AddFOp>);
  table.add("Clip", importClip);
  table.add("Elu", importElu);
  table.add("Gelu", importGelu);
  table.add("HardSigmoid", importHardSigmoid);
  table.add("HardSwish", importHardSwish);
  table.add("LeakyRelu", importLeakyRelu);
  table.add("PRelu", importPRelu);
  table.add("Pow", importPow);
  table.add("Reciprocal", importReciprocal);
  table.add("Relu", importRelu);
  table.add("Sigmoid", importSigmoid);
  table.add("Softplus", importSoftplus);
  table.add("Equal", importCompare<arith::CmpFPredicate::OEQ, arith::CmpIPredicate::eq>);
  table.add("Greater", importCompare<arith::CmpFPredicate::OGT, arith::CmpIPredicate::sgt>);
  table.add("GreaterOrEqual", importCompare<arith::CmpFPredicate::OGE, arith::CmpIPredicate::sge>);
  table.add("Less", importCompare<arith::CmpFPredicate::OLT, arith::CmpIPredicate::slt>);
  table.add("LessOrEqual", importCompare<arith::CmpFPredicate::OLE, arith::CmpIPredicate::sle>);
  table.add("And", importLogic);
  table.add("Or", importLogic);
  table.add("Xor", importLogic);
  table.add("Not", importLogic);
  table.add("Where", importWhere);
}

} // namespace quench::onnximport
