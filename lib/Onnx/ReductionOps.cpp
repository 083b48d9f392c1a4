//===- ReductionOps.cpp - Operators that combine elements -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <numeric>

using namespace mlir;

namespace quench::onnximport {

using At = ImplicitLocOpBuilder &;

static Value addOf(At at, ValueRange e) { return arith::AddFOp::create(at, e[0], e[1]); }
static Value productOf(At at, ValueRange e) { return arith::MulFOp::create(at, e[0], e[1]); }
static Value largestOf(At at, ValueRange e) { return arith::MaximumFOp::create(at, e[0], e[1]); }
static Value smallestOf(At at, ValueRange e) { return arith::MinimumFOp::create(at, e[0], e[1]); }
static Value quotientOf(At at, ValueRange e) { return arith::DivFOp::create(at, e[0], e[1]); }
static Value squareOf(At at, ValueRange e) { return arith::MulFOp::create(at, e[0], e[0]); }
static Value rootOf(At at, ValueRange e) { return math::SqrtOp::create(at, e[0]); }
static Value magnitudeOf(At at, ValueRange e) { return math::AbsFOp::create(at, e[0]); }
static Value logOf(At at, ValueRange e) { return math::LogOp::create(at, e[0]); }

/// The axes of a reduction: an attribute, or an input in later versions.
static SmallVector<int64_t> reducedAxes(Node &node, int64_t rank) {
  SmallVector<int64_t> axes = node.has(1) ? node.integers(1) : node.attributes("axes");
  if (axes.empty() && node.attribute("noop_with_empty_axes", int64_t(0)) == 0) {
    axes.resize(rank);
    std::iota(axes.begin(), axes.end(), 0);
  }
  for (int64_t &axis : axes) {
    axis = node.axis(axis, rank);
  }
  return axes;
}

static void importReduction(Node &node) {
  RankedValue input = node.floats(0);
  if (!node.ok()) {
    return;
  }
  SmallVector<int64_t> axes = reducedAxes(node, input.getType().getRank());
  bool keep = node.attribute("keepdims", int64_t(1)) != 0;
  if (!node.ok()) {
    return;
  }
  Type f32 = node.b.getF32Type();
  StringRef op = node.op();
  Value source = input;
  if (op == "ReduceL2" || op == "ReduceSumSquare") {
    source = elementwise(node, source, f32, squareOf);
  } else if (op == "ReduceL1") {
    source = elementwise(node, source, f32, magnitudeOf);
  }
  Value result = op == "ReduceMax"    ? reduce(node, source, axes, keep, -INFINITY, largestOf)
                 : op == "ReduceMin"  ? reduce(node, source, axes, keep, INFINITY, smallestOf)
                 : op == "ReduceProd" ? reduce(node, source, axes, keep, 1.0f, productOf)
                                      : reduce(node, source, axes, keep, 0.0f, addOf);
  if (result && op == "ReduceMean") {
    result = elementwise(node, {result, countAlong(node, input, axes)}, f32, quotientOf);
  } else if (result && op == "ReduceL2") {
    result = elementwise(node, result, f32, rootOf);
  }
  if (node.ok()) {
    node.define(0, result);
  }
}

/// All spatial axes at once.
static void importGlobalPool(Node &node) {
  RankedValue input = node.floats(0);
  if (!node.ok()) {
    return;
  }
  SmallVector<int64_t> axes;
  for (int64_t axis = 2; axis < input.getType().getRank(); ++axis) {
    axes.push_back(axis);
  }
  bool isMax = node.op() == "GlobalMaxPool";
  Value result = isMax ? reduce(node, input, axes, /*keep=*/true, -INFINITY, largestOf)
                       : reduce(node, input, axes, /*keep=*/true, 0.0f, addOf);
  if (result && !isMax) {
    result =
        elementwise(node, {result, countAlong(node, input, axes)}, node.b.getF32Type(), quotientOf);
  }
  if (node.ok()) {
    node.define(0, result);
  }
}

static void importSoftmax(Node &node) {
  RankedValue input = node.floats(0);
  if (!node.ok()) {
    return;
  }
  int64_t rank = input.getType().getRank();
  bool isOld = node.version < 13;
  int64_t axis = node.axis(node.attribute("axis", int64_t(isOld ? 1 : -1)), rank);
  // Before version 13 the input counts as a matrix, cut before the axis.
  SmallVector<int64_t> axes = {axis};
  for (int64_t next = axis + 1; isOld && next < rank; ++next) {
    axes.push_back(next);
  }
  if (!node.ok()) {
    return;
  }
  Value result = softmax(node, input, axes);
  if (result && node.op() == "LogSoftmax") {
    result = elementwise(node, result, node.b.getF32Type(), logOf);
  }
  if (node.ok()) {
    node.define(0, result);
  }
}

void addReductionOperators(OperatorTable &table) {
  for (StringRef name : {"ReduceL1", "ReduceL2", "ReduceMax", "ReduceMean", "ReduceMin",
                         "ReduceProd", "ReduceSum", "ReduceSumSquare"}) {
    table.add(name, importReduction);
  }
  table.add("GlobalAveragePool", importGlobalPool);
  table.add("GlobalMaxPool", importGlobalPool);
  table.add("LogSoftmax", importSoftmax);
  table.add("Softmax", importSoftmax);
}

} // namespace quench::onnximport
