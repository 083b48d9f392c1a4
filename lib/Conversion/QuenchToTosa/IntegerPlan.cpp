//===- IntegerPlan.cpp - Which values can be had as integers --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "IntegerPlan.h"

#include "WeightIntegers.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

//===----------------------------------------------------------------------===//
// Functions of one number
//===----------------------------------------------------------------------===//

ScalarFunction quench::scalarFunction(Operation *op) {
  return llvm::TypeSwitch<Operation *, ScalarFunction>(op)
      .Case([](nn::SiLUOp) { return [](double x) { return x / (1.0 + std::exp(-x)); }; })
      .Case([](math::TanhOp) { return [](double x) { return std::tanh(x); }; })
      .Case([](math::ErfOp) { return [](double x) { return std::erf(x); }; })
      .Case([](math::ExpOp) { return [](double x) { return std::exp(x); }; })
      .Default([](Operation *) -> ScalarFunction { return nullptr; });
}

std::vector<float> quench::tabulate(ScalarFunction function, const IntegerForm &operand) {
  std::vector<float> values;
  for (int64_t code = -128; code < 128; ++code) {
    float x = static_cast<float>(code - operand.zeroPoint) * static_cast<float>(operand.scales[0]);
    values.push_back(static_cast<float>(function(x)));
  }
  return values;
}

double quench::scaleOfTable(ArrayRef<float> values) {
  double largest = 0.0;
  for (float value : values) {
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  }
  // 127 * 256 + 127: what an upper and a lower byte can be together.
  return largest == 0.0 ? 1.0 : largest / 32639.0;
}

bool quench::isRectifier(Operation *op) {
  return isa<arith::MaximumFOp, arith::MaxNumFOp>(op) &&
         matchPattern(op->getOperand(1), m_AnyZeroFloat());
}

OperandRange quench::integerOperands(Operation *op) {
  return op->getOperands().take_front(isa<arith::AddFOp, arith::MulFOp>(op) ? 2 : 1);
}

//===----------------------------------------------------------------------===//
// The plan
//===----------------------------------------------------------------------===//

IntegerPlan::IntegerPlan(func::FuncOp function, const WeightStore *store) : store(store) {
  for (Operation &op : function.front()) {
    if (op.getNumResults() != 1) {
      continue;
    }
    Planned planned = planOp(&op);
    if (planned) {
      values[op.getResult(0)] = std::move(*planned);
    } else {
      refusals[&op] = llvm::toString(planned.takeError());
    }
  }
}

const PlannedValue *IntegerPlan::lookup(Value value) const {
  auto found = values.find(value);
  return found == values.end() ? nullptr : &found->second;
}

StringRef IntegerPlan::refusal(Operation *op) const {
  auto found = refusals.find(op);
  return found == refusals.end() ? StringRef() : StringRef(found->second);
}

IntegerPlan::Planned IntegerPlan::planOperand(Value value) const {
  if (const PlannedValue *found = lookup(value)) {
    return *found;
  }
  auto op = value.getDefiningOp<DequantizeOp>();
  std::string reason = op && op.getInput().getDefiningOp()
                           ? refusal(op.getInput().getDefiningOp()).str()
                           : std::string();
  return createStringError(reason.empty() ? "an operand is no integers" : reason);
}

IntegerPlan::Planned IntegerPlan::planOp(Operation *op) {
  if (scalarFunction(op)) {
    return planFunction(op);
  }
  if (isRectifier(op)) {
    return planOperand(op->getOperand(0));
  }
  return llvm::TypeSwitch<Operation *, Planned>(op)
      .Case([&](QuantizeOp quantize) { return planQuantize(quantize); })
      .Case([&](DequantizeOp dequantize) -> Planned {
        const PlannedValue *codes = lookup(dequantize.getInput());
        if (!codes) {
          return createStringError("");
        }
        PlannedValue value = *codes;
        value.isLeaf = false;
        return value;
      })
      .Case([&](nn::LinearOp linear) { return planLinear(linear); })
      .Case([&](arith::AddFOp) { return planSum(op); })
      .Case([&](arith::MulFOp) { return planProduct(op); })
      .Default([](Operation *) { return createStringError(""); });
}

/// The only element of a constant.
template <typename T> static std::optional<T> splat(Value value) {
  DenseElementsAttr elements;
  if (!value || !matchPattern(value, m_Constant(&elements)) || elements.getNumElements() != 1) {
    return std::nullopt;
  }
  return *elements.getValues<T>().begin();
}

IntegerPlan::Planned IntegerPlan::planQuantize(QuantizeOp op) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  if (op.isDynamic()) {
    return createStringError("scales of activations are computed at run time, which takes "
                             "divisions; expected static ones");
  }
  std::optional<float> scale = splat<float>(op.getScale());
  if (!scale || !(*scale > 0.0f) || !scheme.isInteger() || !scheme.getCodeType().isInteger(8) ||
      scheme.getCodeType().isUnsignedInteger() || scheme.hasRealZeroPoints()) {
    return createStringError("activations are no signed integers of 8 bits with one constant scale "
                             "for the tensor");
  }
  PlannedValue codes;
  codes.form.bits = 8;
  codes.form.scales = {*scale};
  if (Value zeroPoint = op.getZeroPoint()) {
    std::optional<int32_t> constant = splat<int32_t>(zeroPoint);
    if (!constant) {
      return createStringError("a zero point of activations is not constant");
    }
    codes.form.zeroPoint = *constant;
  }
  codes.form.bound = std::max(scheme.getCodeMax() - codes.form.zeroPoint,
                              codes.form.zeroPoint - scheme.getCodeMin());
  const PlannedValue *input = lookup(op.getInput());
  Operation *source = op.getInput().getDefiningOp();
  codes.isLeaf = !input;
  if (input && !scalarFunction(source)) {
    Expected<RescaleFactors> factors = proveRescale(input->form, *scale);
    codes.isLeaf = !factors;
    if (!factors) {
      refusals[op] = llvm::toString(factors.takeError());
    }
  }
  codes.hasProduct = !codes.isLeaf && input->hasProduct;
  return codes;
}

IntegerPlan::Planned IntegerPlan::planLinear(nn::LinearOp op) {
  Planned input = planOperand(op.getInput());
  if (!input) {
    return input.takeError();
  }
  if (input->form.bits != 8) {
    return createStringError("its input is no codes of 8 bits");
  }
  Expected<std::vector<WeightBlock>> blocks = readWeight(op.getWeight(), store);
  if (!blocks) {
    return blocks.takeError();
  }
  SmallVector<IntegerForm> forms;
  for (const WeightBlock &block : *blocks) {
    IntegerForm form;
    form.bound = block.rowSum * input->form.bound;
    if (!llvm::isInt<31>(form.bound)) {
      return createStringError("a sum of its products may be more than i32 holds");
    }
    for (double scale : block.scales) {
      form.scales.push_back(scale * input->form.scales[0]);
    }
    forms.push_back(std::move(form));
  }
  PlannedValue result;
  result.hasProduct = true;
  result.form = forms.front();
  if (forms.size() > 1) {
    Expected<IntegerForm> sum = formOfSum(forms);
    if (!sum) {
      return sum.takeError();
    }
    result.form = std::move(*sum);
  }
  if (op.getBias()) {
    Expected<std::vector<float>> bias = readFloats(op.getBias(), store);
    if (!bias) {
      return createStringError("its bias: " + llvm::toString(bias.takeError()));
    }
    double most = 0.0;
    for (auto [n, value] : llvm::enumerate(*bias)) {
      most = std::max(
          most, std::fabs(value) / result.form.scales[result.form.hasOneScale() ? 0 : n] + 1.0);
    }
    if (!(most + static_cast<double>(result.form.bound) < 1073741824.0)) {
      return createStringError("its bias does not fit i32 in the scale of its sums");
    }
    result.form.bound += static_cast<int64_t>(most);
  }
  return result;
}

IntegerPlan::Planned IntegerPlan::planSum(Operation *op) {
  SmallVector<IntegerForm> forms;
  PlannedValue result;
  for (Value operand : op->getOperands()) {
    Planned planned = planOperand(operand);
    if (!planned) {
      return planned.takeError();
    }
    forms.push_back(planned->form);
    result.hasProduct |= planned->hasProduct;
  }
  Expected<IntegerForm> sum = formOfSum(forms);
  if (!sum) {
    return sum.takeError();
  }
  result.form = std::move(*sum);
  return result;
}

IntegerPlan::Planned IntegerPlan::planProduct(Operation *op) {
  Planned lhs = planOperand(op->getOperand(0)), rhs = planOperand(op->getOperand(1));
  if (!lhs || !rhs) {
    return joinErrors(lhs.takeError(), rhs.takeError());
  }
  PlannedValue result;
  result.hasProduct = lhs->hasProduct || rhs->hasProduct;
  const IntegerForm &a = lhs->form, &b = rhs->form;
  if (a.bound > 0 && b.bound > std::numeric_limits<int32_t>::max() / a.bound) {
    return createStringError("a product of its integers may be more than i32 holds");
  }
  result.form.bound = a.bound * b.bound;
  for (size_t i = 0; i < std::max(a.scales.size(), b.scales.size()); ++i) {
    result.form.scales.push_back(a.scales[a.hasOneScale() ? 0 : i] *
                                 b.scales[b.hasOneScale() ? 0 : i]);
  }
  return result;
}

IntegerPlan::Planned IntegerPlan::planFunction(Operation *op) {
  Planned operand = planOperand(op->getOperand(0));
  if (!operand) {
    return operand.takeError();
  }
  if (operand->form.bits != 8) {
    return createStringError("a table has an entry for each code of 8 bits, and its operand is "
                             "not rounded to them");
  }
  std::vector<float> values = tabulate(scalarFunction(op), operand->form);
  if (!llvm::all_of(values, [](float value) { return std::isfinite(value); })) {
    return createStringError("a value of its table is not finite");
  }
  PlannedValue result;
  result.hasProduct = operand->hasProduct;
  result.form.scales = {scaleOfTable(values)};
  result.form.bound = 32639;
  return result;
}
