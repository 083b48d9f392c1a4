//===- ActivationCodes.cpp - Where the codes of activations are -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ActivationCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

MemRefType quench::codeBuffer(KernelBuilder &b, const GroupLayout &groups, int64_t bytesOfCode) {
  return b.bufferType(groups.codeShape(ShapedType::kDynamic, bytesOfCode), b.getI8Type());
}

/// The bytes from one row to the next where rows lie one behind the other.
static int64_t rowBytesOf(const GroupLayout &groups, Value buffer) {
  return cast<MemRefType>(buffer.getType()).getDimSize(1) / groups.rows;
}

/// The indices of a row behind the last whole block.
static SmallVector<Value> lastRowAddress(KernelBuilder &b, const GroupLayout &groups, Value buffer,
                                         Value row, Value position) {
  Value inBlock = arith::AndIOp::create(b, row, b.index(groups.rows - 1));
  return {b.div(row, b.index(groups.rows)),
          b.add(b.mul(inBlock, b.index(rowBytesOf(groups, buffer))), position)};
}

SmallVector<Value> quench::codeAddress(KernelBuilder &b, const GroupLayout &groups, Value buffer,
                                       Value count, Value row, Value position) {
  if (groups.rows == 1) {
    return {row, position};
  }
  if (groups.rows == GroupLayout::kBlockRows) {
    // Fours of all rows of a block: 4 (rows (position / 4) + row % rows) + position % 4.
    Value mask = b.index(groups.rows - 1);
    Value inBlock = arith::AndIOp::create(b, row, mask);
    Value inFour = arith::AndIOp::create(b, position, b.index(3));
    Value place = b.mul(b.sub(position, inFour), b.index(groups.rows));
    place = b.add(b.add(place, inFour), b.mul(inBlock, b.index(4)));
    SmallVector<Value> last = lastRowAddress(b, groups, buffer, row, position);
    Value whole = b.sub(count, arith::AndIOp::create(b, count, mask));
    Value isWhole = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, row, whole);
    return {last[0], arith::SelectOp::create(b, isWhole, place, last[1])};
  }
  // Eights of two rows: 8 (2 (position / 8) + row % 2) + position % 8.
  Value inEight = arith::AndIOp::create(b, position, b.index(7));
  Value parity = arith::AndIOp::create(b, row, b.index(1));
  Value eight = b.sub(b.mul(position, b.index(2)), inEight);
  return {b.div(row, b.index(2)), b.add(eight, b.mul(parity, b.index(8)))};
}

Value quench::loadActivations(KernelBuilder &b, const GroupLayout &groups, Value buffer, Value row,
                              Value position, int64_t rows) {
  // What every lane or every 128 bits hold, as one integer or two.
  bool isPair = groups.rows == 2;
  int64_t pieces = isPair && rows > 1 ? 2 : 1;
  Type piece = isPair ? b.getI64Type() : b.getI32Type();
  int64_t pieceBytes = piece.getIntOrFloatBitWidth() / 8;
  SmallVector<Value> address = {row, position};
  if (isPair) {
    address = {b.div(row, b.index(2)), b.mul(position, b.index(2))};
    if (rows == 1) {
      address = codeAddress(b, groups, buffer, /*count=*/Value(), row, position);
    }
  } else if (groups.rows == GroupLayout::kBlockRows) {
    address = lastRowAddress(b, groups, buffer, row, position);
  }
  Value bytes = b.load(buffer, address, pieces * pieceBytes);
  Value loaded = vector::BitCastOp::create(b, b.vectorType(piece, pieces), bytes);
  int64_t copies = 4 * b.lanes() / pieceBytes;
  SmallVector<int64_t> order;
  for (int64_t i = 0; i < copies; ++i) {
    order.push_back(i % pieces);
  }
  Value repeated = pieces == 1
                       ? b.splat(vector::ExtractOp::create(b, loaded, ArrayRef<int64_t>{0}), copies)
                       : Value(vector::ShuffleOp::create(b, loaded, loaded, order));
  return vector::BitCastOp::create(b, b.vectorType(b.getI8Type(), 4 * b.lanes()), repeated);
}

Value quench::flatCodes(KernelBuilder &b, Value buffer) {
  auto metadata = memref::ExtractStridedMetadataOp::create(b, buffer);
  Value rowBytes = b.index(cast<MemRefType>(buffer.getType()).getDimSize(1));
  Value size = b.mul(b.size(buffer, 0), rowBytes);
  auto type = b.bufferType({ShapedType::kDynamic}, b.getI8Type());
  OpFoldResult one = b.getIndexAttr(1);
  return memref::ReinterpretCastOp::create(b, type, metadata.getBaseBuffer(),
                                           OpFoldResult(metadata.getOffset()), OpFoldResult(size),
                                           one);
}

SmallVector<Value> quench::loadActivationLanes(KernelBuilder &b, Value flat, Value address,
                                               int64_t count) {
  Value bytes = b.load(flat, {address}, 4 * count);
  Value words = vector::BitCastOp::create(b, b.vectorType(b.getI32Type(), count), bytes);
  SmallVector<Value> operands;
  for (int64_t lane = 0; lane < count; ++lane) {
    SmallVector<int64_t> order(b.lanes(), lane);
    Value repeated = vector::ShuffleOp::create(b, words, words, order);
    operands.push_back(
        vector::BitCastOp::create(b, b.vectorType(b.getI8Type(), 4 * b.lanes()), repeated));
  }
  return operands;
}
