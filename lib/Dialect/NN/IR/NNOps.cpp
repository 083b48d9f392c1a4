//===- NNOps.cpp - Operations of the nn dialect -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace quench;
using namespace quench::nn;

/// An f32 attribute without its type: `epsilon 1.0e-5`.
static ParseResult parseF32(OpAsmParser &parser, FloatAttr &attribute) {
  // In the semantics of f32, so that bits in hexadecimal are those of an f32 too.
  APFloat value(0.0f);
  if (parser.parseFloat(APFloat::IEEEsingle(), value)) {
    return failure();
  }
  attribute = FloatAttr::get(parser.getBuilder().getF32Type(), value);
  return success();
}

static void printF32(OpAsmPrinter &printer, Operation *, FloatAttr attribute) {
  printer.printFloat(attribute.getValue());
}

#define GET_OP_CLASSES
#include "quench/Dialect/NN/IR/NNOps.cpp.inc"

static int64_t dim(Value value, unsigned axis) {
  return cast<RankedTensorType>(value.getType()).getDimSize(axis);
}

static bool compatible(int64_t lhs, int64_t rhs) {
  return ShapedType::isDynamic(lhs) || ShapedType::isDynamic(rhs) || lhs == rhs;
}

static bool hasShape(Value value, ArrayRef<int64_t> expected) {
  return succeeded(
      verifyCompatibleShape(cast<RankedTensorType>(value.getType()).getShape(), expected));
}

/// The tensor that a value is or expresses.
static RankedTensorType expressedType(Value value) {
  auto quantized = dyn_cast<QTensorType>(value.getType());
  return quantized ? quantized.getExpressed() : cast<RankedTensorType>(value.getType());
}

LogicalResult EmbeddingOp::verify() {
  auto table = dyn_cast<QTensorType>(getTable().getType());
  auto rows = dyn_cast<QTensorType>(getResult().getType());
  if (table && table.getRank() != 2) { // C1
    return emitOpError() << "expected a table of rank 2, found " << table;
  }
  if (static_cast<bool>(table) != static_cast<bool>(rows) ||
      (table && table.getScheme() != rows.getScheme())) { // C3
    return emitOpError() << "expected rows that are stored as the table is, found "
                         << getResult().getType();
  }
  RankedTensorType result = expressedType(getResult()), source = expressedType(getTable());
  int64_t shape[] = {dim(getTokens(), 0), source.getDimSize(1)};
  if (result.getElementType() != source.getElementType() ||
      failed(verifyCompatibleShape(result.getShape(), shape))) { // C2
    return emitOpError() << "expected a result of tokens x width of the table, found "
                         << getResult().getType();
  }
  if (table && table.getScheme().getBlock()[0] != 1 &&
      table.getScheme().getBlock()[0] != SchemeAttr::kWhole) { // C3
    return emitOpError() << "expected blocks of one row or of all rows, found "
                         << table.getScheme().getBlock()[0] << " rows";
  }
  return success();
}

OpOperand &EmbeddingOp::getTableOperand() { return getTableMutable(); }
int64_t EmbeddingOp::getTableRowAxis() { return 0; }
int64_t EmbeddingOp::getTableColumnAxis() { return 1; }

LogicalResult LinearOp::verify() {
  if (!compatible(dim(getInput(), 1), dim(getWeight(), 1))) { // C1
    return emitOpError() << "expected input and weight with the same K, found "
                         << getInput().getType() << " and " << getWeight().getType();
  }
  if (!hasShape(getResult(), {dim(getInput(), 0), dim(getWeight(), 0)})) { // C2
    return emitOpError() << "expected a result of M x N, found " << getResult().getType();
  }
  if (getBias() && !compatible(dim(getBias(), 0), dim(getWeight(), 0))) { // C2
    return emitOpError() << "expected a bias of N elements, found " << getBias().getType();
  }
  return success();
}

OpOperand &LinearOp::getActivationOperand() { return getInputMutable(); }
OpOperand &LinearOp::getWeightOperand() { return getWeightMutable(); }
int64_t LinearOp::getActivationReductionAxis() { return 1; }
int64_t LinearOp::getWeightReductionAxis() { return 1; }
int64_t LinearOp::getWeightOutputAxis() { return 0; }

/// C1 and C2 of both norms.
template <typename OpTy>
static LogicalResult verifyNorm(OpTy norm, Value perChannel, StringRef what) {
  if (perChannel && !compatible(dim(perChannel, 0), dim(norm.getInput(), 1))) { // C1
    return norm.emitOpError() << "expected a " << what << " of the size of the last axis, found "
                              << perChannel.getType();
  }
  if (!norm.getEpsilon().isFinite() || norm.getEpsilon().isNegative()) { // C2
    return norm.emitOpError("expected a finite epsilon that is not negative");
  }
  return success();
}

LogicalResult RMSNormOp::verify() { return verifyNorm(*this, getGain(), "gain"); }

LogicalResult LayerNormOp::verify() {
  return failed(verifyNorm(*this, getGain(), "gain")) ? failure()
                                                      : verifyNorm(*this, getBias(), "bias");
}

LogicalResult RotaryTableOp::verify() {
  if (!compatible(dim(getFrequencies(), 0), dim(getCosine(), 1))) { // C1
    return emitOpError() << "expected tables with a column for each frequency, found "
                         << getCosine().getType();
  }
  return success();
}

LogicalResult RotaryEmbeddingOp::verify() {
  int64_t head = dim(getInput(), 2), columns = dim(getCosine(), 1);
  if (!ShapedType::isDynamic(head) && (head % 2 != 0 || !compatible(columns, head / 2))) { // C1
    return emitOpError() << "expected an even head size and tables of half as many columns, found "
                         << getInput().getType() << " and " << getCosine().getType();
  }
  if (!compatible(dim(getInput(), 0), dim(getCosine(), 0))) { // C2
    return emitOpError("expected as many tokens in the tables as in the input");
  }
  return success();
}

OpOperand &CacheUpdateOp::getKeptOperand() { return getInputMutable(); }

LogicalResult CacheUpdateOp::verify() {
  if (!cast<RankedTensorType>(getCache().getType()).hasStaticShape()) { // C2
    return emitOpError() << "expected a cache of static shape, found " << getCache().getType();
  }
  if (!compatible(dim(getInput(), 1), dim(getCache(), 1)) ||
      !compatible(dim(getInput(), 2), dim(getCache(), 2))) { // C1
    return emitOpError() << "expected the same heads and head size in input and cache, found "
                         << getInput().getType() << " and " << getCache().getType();
  }
  return success();
}

LogicalResult AttentionOp::verify() {
  int64_t queryHeads = dim(getQuery(), 1), keyHeads = dim(getKeys(), 1);
  if (!compatible(dim(getQuery(), 2), dim(getKeys(), 2))) { // C2
    return emitOpError() << "expected the same head size in query and keys, found "
                         << getQuery().getType() << " and " << getKeys().getType();
  }
  bool staticHeads = !ShapedType::isDynamic(queryHeads) && !ShapedType::isDynamic(keyHeads);
  if (keyHeads == 0 || (staticHeads && queryHeads % keyHeads != 0)) { // C2
    return emitOpError() << "expected query heads that are a multiple of the key heads, found "
                         << getQuery().getType() << " and " << getKeys().getType();
  }
  if (!getScale().isFinite() || getScale().isNegative() || getScale().isZero()) { // C3
    return emitOpError("expected a finite, positive scale");
  }
  return success();
}
