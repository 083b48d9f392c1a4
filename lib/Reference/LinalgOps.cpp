//===- LinalgOps.cpp - Structured ops, one element at a time --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An op of linalg is what it says of itself: loops, a map from loops to an element for each
// operand, and a region that makes the next elements of the results. So one function serves them
// all, named or generic: it runs the region for each index of the loops, in row-major order.
//
//===----------------------------------------------------------------------===//

#include "OpTable.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include <cmath>

using namespace mlir;
using namespace llvm;

namespace quench::reference {

namespace {

/// The loops of one op on the values of one call.
class StructuredRun {
public:
  StructuredRun(linalg::LinalgOp op, const Frame &frame) : op(op), frame(frame) {}

  Expected<Results> run();

private:
  Error findSizes();
  Error step(ArrayRef<int64_t> loops);
  /// Where an operand is read or written for an index of the loops.
  Expected<int64_t> place(OpOperand &operand, ArrayRef<int64_t> loops);
  const Value &valueOf(OpOperand &operand) {
    return op.isDpsInit(&operand) ? results[operand.getOperandNumber() - op.getNumDpsInputs()]
                                  : frame[operand.get()];
  }

  linalg::LinalgOp op;
  const Frame &frame;
  SmallVector<int64_t> sizes;
  Results results;
};

} // namespace

/// A loop has the size of the first axis that it walks alone.
Error StructuredRun::findSizes() {
  sizes.assign(op.getNumLoops(), -1);
  for (OpOperand &operand : op->getOpOperands()) {
    ArrayRef<int64_t> shape = frame[operand.get()].shape();
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expression);
      if (dim && sizes[dim.getPosition()] < 0) {
        sizes[dim.getPosition()] = shape[axis];
      } else if (dim && sizes[dim.getPosition()] != shape[axis]) {
        return failure("expected %lld elements on axis %zu of operand %u, found %lld",
                       static_cast<long long>(sizes[dim.getPosition()]), axis,
                       operand.getOperandNumber(), static_cast<long long>(shape[axis]));
      }
    }
  }
  return llvm::is_contained(sizes, -1) ? failure("has a loop whose size no operand says")
                                       : Error::success();
}

Expected<int64_t> StructuredRun::place(OpOperand &operand, ArrayRef<int64_t> loops) {
  ArrayRef<int64_t> shape = frame[operand.get()].shape();
  SmallVector<int64_t> index = op.getMatchingIndexingMap(&operand).compose(loops);
  for (auto [axis, own] : llvm::enumerate(index)) {
    if (own < 0 || own >= shape[axis]) {
      return failure("reads operand %u at %lld on axis %zu, which has %lld elements",
                     operand.getOperandNumber(), static_cast<long long>(own), axis,
                     static_cast<long long>(shape[axis]));
    }
  }
  return position(index, shape);
}

Error StructuredRun::step(ArrayRef<int64_t> loops) {
  Block &body = *op.getBlock();
  Frame inner(frame, loops);
  for (OpOperand &operand : op->getOpOperands()) {
    Expected<int64_t> element = place(operand, loops);
    if (!element) {
      return element.takeError();
    }
    inner.set(op.getMatchingBlockArgument(&operand), elementOf(valueOf(operand), *element));
  }
  if (Error error = executeBody(body, inner)) {
    return error;
  }
  for (auto [index, yielded] : llvm::enumerate(body.getTerminator()->getOperands())) {
    Expected<int64_t> element = place(*op.getDpsInitOperand(index), loops);
    if (!element) {
      return element.takeError();
    }
    setElement(results[index], *element, inner[yielded]);
  }
  return Error::success();
}

Expected<Results> StructuredRun::run() {
  if (!op.hasPureTensorSemantics() || op.getBlock()->getNumArguments() != op->getNumOperands()) {
    return failure("expected tensors, and an argument of the region for each operand");
  }
  for (mlir::Value init : op.getDpsInits()) {
    results.push_back(frame[init]);
  }
  if (Error error = findSizes()) {
    return std::move(error);
  }
  Error failed = Error::success();
  forEachIndex(sizes, [&](ArrayRef<int64_t> loops) {
    if (!failed) {
      failed = step(loops);
    }
  });
  if (failed) {
    return std::move(failed);
  }
  return std::move(results);
}

static Expected<Value> evaluateIndex(linalg::IndexOp op, const Frame &frame) {
  return Value::scalar(op.getType(), frame.loop(op.getDim()));
}

/// exp(x - max x) / Σ exp(x - max x) along one axis, in double.
static Expected<Value> evaluateSoftmax(linalg::SoftmaxOp op, const Frame &frame) {
  Value result = frame[op.getInput()];
  const auto axis = static_cast<int64_t>(op.getDimension());
  SmallVector<int64_t> shape(result.shape()), rows = shape;
  const int64_t size = shape[axis];
  rows[axis] = std::min<int64_t>(size, 1);
  forEachIndex(rows, [&](ArrayRef<int64_t> index) {
    SmallVector<int64_t> own(index);
    auto at = [&](int64_t i) -> float & {
      own[axis] = i;
      return result.floats[position(own, shape)];
    };
    double largest = at(0), sum = 0.0;
    for (int64_t i = 1; i < size; ++i) {
      largest = std::max<double>(largest, at(i));
    }
    for (int64_t i = 0; i < size; ++i) {
      sum += std::exp(at(i) - largest);
    }
    for (int64_t i = 0; i < size; ++i) {
      at(i) =
          roundToType(result.elementType(), static_cast<float>(std::exp(at(i) - largest) / sum));
    }
  });
  return result;
}

void addLinalgOps(OpTable &table) {
  table.add<linalg::SoftmaxOp>(evaluateSoftmax);
  table.add<linalg::IndexOp>(evaluateIndex);
  table.addFamily([](Operation *op) { return isa<linalg::LinalgOp>(op); },
                  [](Operation *op, const Frame &frame) {
                    return StructuredRun(cast<linalg::LinalgOp>(op), frame).run();
                  });
}

} // namespace quench::reference
