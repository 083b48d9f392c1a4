//===- KernelSelection.cpp - Replace the operations of a function by kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/KernelSelection.h"

#include "quench/Dialect/NN/IR/NNOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace quench;

KernelSelection::~KernelSelection() = default;

bool quench::hasStaticRows(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() > 0 &&
         llvm::none_of(type.getShape().drop_front(), ShapedType::isDynamic) &&
         llvm::none_of(type.getShape().drop_front(), [](int64_t size) { return size == 0; });
}

bool quench::isFloatMatrix(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getRank() == 2 && type.getElementType().isF32() && hasStaticRows(value);
}

void KernelSelection::run() {
  SmallVector<Operation *> operations;
  function.walk<WalkOrder::PreOrder>([&](Operation *op) {
    operations.push_back(op);
    // Bodies are about single elements.
    return isa<linalg::LinalgOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  for (Operation *op : operations) {
    if (gone.contains(op) || left.contains(op)) {
      continue;
    }
    b.setInsertionPoint(op);
    b.setLoc(op->getLoc());
    auto dequantize = dyn_cast<DequantizeOp>(op);
    bool expected = isa<ContractOp, ChangeBasisOp>(op) ||
                    op->getName().getStringRef().starts_with("nn.") ||
                    (dequantize && dequantize.getInput().getDefiningOp<QuantizeOp>());
    if (select(op)) {
      gone.insert(op);
    } else if (expected && !left.contains(op)) {
      reportMissed(op);
    }
  }
  // Ops whose only users are gone.
  for (Operation *op : llvm::reverse(operations)) {
    if (gone.contains(op)) {
      continue;
    }
    bool isOperand = isa<QuantizeOp, DequantizeOp, UnpackRowsOp, OverlayOp, WeightOp, arith::ExtFOp,
                         arith::TruncFOp>(op);
    if (op->use_empty() && (isOperand || left.contains(op))) {
      op->erase();
    } else if (left.contains(op)) {
      reportMissed(op);
    }
  }
}

bool KernelSelection::leaveToUsers(Operation *op) {
  left.insert(op);
  return false;
}

void KernelSelection::reportMissed(Operation *op) {
  auto options = mlir::remark::RemarkOpts::name(remark.name).category(remark.category);
  mlir::remark::missed(op->getLoc(), options) << (op->getName().getStringRef() + remark.text).str();
}

Value KernelSelection::emptyLike(RankedTensorType type, Value like, int64_t rows) {
  SmallVector<Value> sizes;
  if (type.isDynamicDim(0)) {
    Value zero = arith::ConstantIndexOp::create(b, 0);
    Value size = tensor::DimOp::create(b, like, zero);
    if (rows > 1) {
      Value together = arith::ConstantIndexOp::create(b, rows);
      size = arith::CeilDivUIOp::create(b, size, together);
    }
    sizes.push_back(size);
  }
  return tensor::EmptyOp::create(b, type, sizes);
}

SmallVector<Value> KernelSelection::call(func::FuncOp kernel, ValueRange inputs,
                                         ValueRange destinations) {
  SmallVector<Value> placed;
  for (Value input : inputs) {
    placed.push_back(place(input));
  }
  auto call =
      KernelCallOp::create(b, destinations.getTypes(), kernel.getSymName(), placed, destinations);
  return SmallVector<Value>(call.getResults());
}

bool KernelSelection::replaceByCall(Operation *op, func::FuncOp kernel, ValueRange inputs,
                                    Value like) {
  return replaceByCall(op, ArrayRef<Operation *>(), kernel, inputs, like);
}

bool KernelSelection::replaceByCall(Operation *op, ArrayRef<Operation *> consumers,
                                    func::FuncOp kernel, ValueRange inputs, Value like) {
  Operation *replaced = consumers.empty() ? op : consumers.back();
  auto type = cast<RankedTensorType>(replaced->getResult(0).getType());
  replaced->replaceAllUsesWith(call(kernel, inputs, emptyLike(type, like)));
  for (Operation *consumer : llvm::reverse(consumers)) {
    gone.insert(consumer);
    consumer->erase();
  }
  op->erase();
  return true;
}

RowCodes KernelSelection::rowsOf(Value value, const GroupLayout &groups,
                                 function_ref<RowCodes()> emit) {
  auto [entry, isNew] =
      rowCodes.try_emplace({value.getAsOpaquePointer(), groups.group, groups.rows});
  if (isNew) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointAfterValue(value);
    entry->second = emit();
  }
  return entry->second;
}

SmallVector<Value> KernelSelection::parametersOf(QuantizeOp op) {
  SmallVector<Value> parameters = {op.getScale()};
  int32_t offset = signedByteOffset(op.getResult().getType().getScheme());
  Value zeroPoint = op.getZeroPoint();
  if (offset != 0) {
    auto type = cast<RankedTensorType>(op.getScale().getType()).clone(b.getI32Type());
    Value moved = arith::ConstantOp::create(b, DenseElementsAttr::get(type, offset));
    zeroPoint = zeroPoint ? b.createOrFold<arith::AddIOp>(zeroPoint, moved) : moved;
  }
  if (zeroPoint) {
    parameters.push_back(zeroPoint);
  }
  return parameters;
}

std::optional<RowCodes> KernelSelection::quantizedRows(QuantizeOp op, const GroupLayout &groups,
                                                       bool isHalved) {
  std::optional<RowQuantization> quantization = RowQuantization::get(op, groups);
  if (!quantization) {
    return std::nullopt;
  }
  quantization->isHalved = isHalved;
  return rowsOf(op.getResult(), groups, [&]() -> RowCodes {
    int64_t rows = staticDim(op.getInput(), 0);
    auto [kernel, codes, inputs] = quantizeKernel(*quantization, op);
    Value input = inputs.front();
    SmallVector<Value> destinations = {emptyLike(codes, input, groups.rows)};
    if (op.isDynamic()) {
      destinations.push_back(emptyLike(RankedTensorType::get({rows, 1}, b.getF32Type()), input));
    } else {
      llvm::append_range(inputs, parametersOf(op));
    }
    if (!quantization->format) {
      auto sums = RankedTensorType::get({rows, groups.numGroups()}, b.getI32Type());
      destinations.push_back(emptyLike(sums, input));
    }
    SmallVector<Value> results = call(kernel, inputs, destinations);
    RowCodes made{results.front(), op.isDynamic() ? results[1] : op.getScale(),
                  quantization->format ? Value() : results.back(), op.isDynamic()};
    made.zeroPoint = quantization->hasZeroPoint ? inputs.back() : Value();
    return made;
  });
}
