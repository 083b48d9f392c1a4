//===- QuenchOpsBasis.cpp - Changes of basis ------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace quench;

void ChangeBasisOp::build(OpBuilder &builder, OperationState &state, Value input,
                          const BasisUse &use) {
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(use.firstAxis, use.endAxis()));
  build(builder, state, input.getType(), input, use.map.map, builder.getDenseI64ArrayAttr(axes),
        use.map.inverse, use.map.transposed);
}

BasisUse ChangeBasisOp::getUse() {
  return {getAxes().front(), static_cast<int64_t>(getAxes().size()),
          MapUse{getMap(), getInverse(), getTransposed()}};
}

LogicalResult ChangeBasisOp::verify() {
  ArrayRef<int64_t> axes = getAxes(), shape = getInput().getType().getShape();
  int64_t product = 1;
  for (auto [index, axis] : llvm::enumerate(axes)) {
    if (axis < 0 || axis >= static_cast<int64_t>(shape.size()) ||
        axis != axes.front() + static_cast<int64_t>(index)) { // C1
      return emitOpError() << "expected consecutive axes of the input, found [" << axes << "]";
    }
    if (ShapedType::isDynamic(shape[axis])) { // C2
      return emitOpError() << "expected a static extent of axis " << axis << ", found "
                           << getInput().getType();
    }
    if (llvm::MulOverflow(product, shape[axis], product)) { // C3
      return emitOpError() << "expected an extent that fits 64 bits, found "
                           << getInput().getType();
    }
  }
  if (axes.empty()) { // C1
    return emitOpError("expected consecutive axes of the input, found none");
  }
  if (product != getMap().getDimension()) { // C3
    return emitOpError() << "expected a map of dimension " << product << ", found one of "
                         << getMap().getDimension();
  }
  return success();
}

/// change_basis(x by identity) -> x, change_basis(change_basis(x by M) by M inverse) -> x
OpFoldResult ChangeBasisOp::fold(FoldAdaptor) {
  ArrayRef<int64_t> shape = getInput().getType().getShape();
  if (normalize(getUse(), shape).isIdentity()) {
    return getInput();
  }
  auto inner = getInput().getDefiningOp<ChangeBasisOp>();
  if (!inner) {
    return {};
  }
  std::optional<BasisUse> both = compose(inner.getUse(), getUse(), shape);
  return both && both->isIdentity() ? OpFoldResult(inner.getInput()) : OpFoldResult();
}

/// change_basis(change_basis(x by A) by B) -> change_basis(x by A B), and uses in their normal
/// form.
LogicalResult ChangeBasisOp::canonicalize(ChangeBasisOp op, PatternRewriter &rewriter) {
  ArrayRef<int64_t> shape = op.getInput().getType().getShape();
  Value input = op.getInput();
  BasisUse use = normalize(op.getUse(), shape);
  if (auto inner = input.getDefiningOp<ChangeBasisOp>()) {
    if (std::optional<BasisUse> both = compose(inner.getUse(), use, shape)) {
      input = inner.getInput();
      use = *both;
    }
  }
  if (input == op.getInput() && use == op.getUse()) {
    return rewriter.notifyMatchFailure(op, "already in its normal form");
  }
  if (use.isIdentity()) {
    rewriter.replaceOp(op, input);
  } else {
    rewriter.replaceOpWithNewOp<ChangeBasisOp>(op, input, use);
  }
  return success();
}
