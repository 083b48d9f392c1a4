//===- QuantizationRules.cpp - Codes --------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Where the float form rounds: one rescaling, or a table if a function of codes is rounded. Codes
// are signed here: unsigned ones are 128 less, and so is their zero point.
//
//===----------------------------------------------------------------------===//

#include "RuleTable.h"
#include "TosaEmitter.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/QuantizeTensor.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

namespace {
/// The codes that a quantization makes.
struct CodeRange {
  int64_t least, most;
};
} // namespace

/// The only element of a constant.
template <typename T> static std::optional<T> splat(Value value) {
  DenseElementsAttr elements;
  if (!value || !matchPattern(value, m_Constant(&elements)) || elements.getNumElements() != 1) {
    return std::nullopt;
  }
  return *elements.getValues<T>().begin();
}

/// What the codes stand for, and which there are.
static Expected<std::pair<IntegerForm, CodeRange>> readCodes(QuantizeOp op) {
  SchemeAttr scheme = op.getResult().getType().getScheme();
  std::optional<float> scale = splat<float>(op.getScale());
  if (!scale || !(*scale > 0.0f) || !scheme.isInteger() ||
      scheme.getCodeType().getIntOrFloatBitWidth() != 8 || scheme.hasRealZeroPoints()) {
    return createStringError("activations are no integers of 8 bits with one constant scale for "
                             "the tensor");
  }
  const int64_t lowered = scheme.getCodeType().isUnsignedInteger() ? 128 : 0;
  IntegerForm form;
  form.bits = 8;
  form.scales = {*scale};
  form.zeroPoint = -lowered;
  if (Value zeroPoint = op.getZeroPoint()) {
    std::optional<int32_t> constant = splat<int32_t>(zeroPoint);
    if (!constant) {
      return createStringError("a zero point of activations is not constant");
    }
    form.zeroPoint += *constant;
  }
  const CodeRange range{scheme.getCodeMin() - lowered, scheme.getCodeMax() - lowered};
  form.bound = std::max(range.most - form.zeroPoint, form.zeroPoint - range.least);
  return std::pair{form, range};
}

/// The codes of a function of codes. A table that does no more than clamp is a clamp.
static Value writeTable(TosaEmitter &e, const FunctionTable &table, const IntegerForm &form,
                        CodeRange range) {
  SmallVector<int64_t> codes;
  for (float value : table.values) {
    codes.push_back(numerics::quantizeInteger(
        value, static_cast<float>(form.scales[0]), static_cast<int32_t>(form.zeroPoint),
        static_cast<int32_t>(range.least), static_cast<int32_t>(range.most)));
  }
  Value source = e.integers(table.codes);
  const int64_t least = codes.front(), most = codes.back();
  for (auto [place, code] : llvm::enumerate(codes)) {
    if (code != std::clamp<int64_t>(static_cast<int64_t>(place) - 128, least, most)) {
      return e.lookup(source, codes);
    }
  }
  return e.clamp(source, least, most);
}

/// Codes of rows, or of the whole, whose scales the host computes.
static Planned planDynamic(QuantizeOp op) {
  QTensorType type = op.getResult().getType();
  SchemeAttr scheme = type.getScheme();
  auto isOneOrWhole = [](int64_t extent) { return extent == 1 || extent == SchemeAttr::kWhole; };
  if (!scheme.isInteger() || !scheme.getCodeType().isInteger(8) ||
      scheme.getCodeType().isUnsignedInteger() || scheme.hasZeroPoints() || type.getRank() != 2 ||
      !isOneOrWhole(scheme.getBlock()[0]) || scheme.getBlock()[1] != SchemeAttr::kWhole ||
      !type.getScalesTensor().getElementType().isF32()) {
    return createStringError("activations are no signed integers of 8 bits with one scale for each "
                             "row");
  }
  PlannedValue codes;
  codes.isLeaf = true;
  codes.form.bits = 8;
  codes.form.scales = {1.0};
  codes.form.bound = std::max(scheme.getCodeMax(), -scheme.getCodeMin());
  codes.scaledBy = op.getResult();
  return codes;
}

static Planned planQuantize(QuantizeOp op, const IntegerPlan &plan) {
  if (op.isDynamic()) {
    return planDynamic(op);
  }
  auto read = readCodes(op);
  if (!read) {
    return read.takeError();
  }
  PlannedValue codes;
  codes.form = read->first;
  const IntegerForm form = read->first;
  const CodeRange range = read->second;
  const PlannedValue *input = plan.lookup(op.getInput());
  if (!input || input->hasHoles || input->scaledBy) {
    codes.isLeaf = true;
    return codes;
  }
  if (input->table) {
    codes.operands = {input->table->codes};
    codes.write = [table = *input->table, form, range](TosaEmitter &e) -> Expected<Value> {
      return writeTable(e, table, form, range);
    };
    return codes;
  }
  Expected<RescaleFactors> factors = proveRescale(input->form, form.scales[0]);
  if (!factors) {
    codes.isLeaf = true;
    codes.note = llvm::toString(factors.takeError());
    return codes;
  }
  codes.operands = {op.getInput()};
  codes.write = [value = op.getInput(), from = input->form, form,
                 range](TosaEmitter &e) -> Expected<Value> {
    Value rescaled = e.rescale(e.integers(value), from, form.scales[0], 8, form.zeroPoint);
    return e.clamp(rescaled, range.least, range.most);
  };
  return codes;
}

static Planned planDequantize(DequantizeOp op, const IntegerPlan &plan) {
  const PlannedValue *codes = plan.lookup(op.getInput());
  if (!codes) {
    return createStringError("");
  }
  PlannedValue value;
  value.form = codes->form;
  value.scaledBy = codes->scaledBy;
  value.operands = {op.getInput()};
  value.write = [input = op.getInput()](TosaEmitter &e) -> Expected<Value> {
    return e.integers(input);
  };
  return value;
}

void quench::addQuantizationRules(RuleTable &table) {
  table.add<QuantizeOp>(planQuantize);
  table.add<DequantizeOp>(planDequantize);
}
