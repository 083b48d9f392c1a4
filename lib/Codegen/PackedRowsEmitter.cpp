//===- PackedRowsEmitter.cpp - Code that packs and unpacks rows -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "PackedRowsEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

SmallVector<Value> PackedRowsEmitter::at(Value byte) const {
  SmallVector<Value> indices(row);
  indices.push_back(byte);
  return indices;
}

Value PackedRowsEmitter::integers(llvm::function_ref<int32_t(int64_t)> value) {
  SmallVector<int32_t> values;
  for (int64_t lane = 0; lane < b.lanes(); ++lane) {
    values.push_back(value(lane));
  }
  return arith::ConstantOp::create(
      b, DenseElementsAttr::get(b.vectorType(b.getI32Type()), ArrayRef(values)));
}

//===----------------------------------------------------------------------===//
// Packing
//===----------------------------------------------------------------------===//

int64_t PackedRowsEmitter::scratchSize(const PackedRows &rows, int64_t lanes) {
  int64_t size = rows.elements;
  for (const PackedRows::Plane &plane : rows.planes) {
    size = std::max(size, plane.slots(rows.elements) * plane.bytes);
  }
  return llvm::alignTo(size, lanes) + lanes;
}

Value PackedRowsEmitter::toBytes(Value codes) {
  Value offset = b.f32(static_cast<float>(rows.codeMin));
  auto vector = dyn_cast<VectorType>(codes.getType());
  codes = b.sub(codes, vector ? b.splat(offset) : offset);
  Type words = vector ? Type(b.vectorType(b.getI32Type())) : b.getI32Type();
  Type bytes = vector ? Type(b.vectorType(b.getI8Type())) : b.getI8Type();
  return arith::TruncIOp::create(b, bytes, arith::FPToSIOp::create(b, words, codes));
}

void PackedRowsEmitter::storeGroup(Value group, Value scale, Value zeroPoint) {
  Value bytes = vector::BitCastOp::create(b, b.vectorType(b.getI8Type(), 4), b.splat(scale, 1));
  b.store(bytes, buffer, at(b.mul(group, b.index(4))));
  if (zeroPoint) {
    b.storeScalar(toBytes(zeroPoint), buffer, at(b.add(b.index(rows.zeroPoints), group)));
  }
}

void PackedRowsEmitter::storeCodes(Value scratch) {
  for (const PackedRows::Plane &plane : rows.planes) {
    for (int64_t first = 0; first < plane.bytes; first += b.lanes()) {
      int64_t count = std::min(b.lanes(), plane.bytes - first);
      auto splat = [&](int64_t value) -> Value {
        VectorType type = b.vectorType(b.getI8Type(), count);
        return arith::ConstantOp::create(
            b, DenseElementsAttr::get(type, b.getI8IntegerAttr(static_cast<int8_t>(value))));
      };
      Value bytes;
      for (int64_t slot = 0; slot < plane.slots(rows.elements); ++slot) {
        Value codes = b.load(scratch, b.index(slot * plane.bytes + first), count);
        if (plane.shift != 0) {
          codes = arith::ShRUIOp::create(b, codes, splat(plane.shift));
        }
        codes = arith::AndIOp::create(b, codes, splat((1 << plane.width) - 1));
        if (slot != 0) {
          codes = arith::ShLIOp::create(b, codes, splat(slot * plane.width));
        }
        bytes = bytes ? arith::OrIOp::create(b, bytes, codes) : codes;
      }
      b.store(bytes, buffer, at(plane.offset + first));
    }
  }
}

//===----------------------------------------------------------------------===//
// Unpacking
//===----------------------------------------------------------------------===//

Value PackedRowsEmitter::loadPlane(const PackedRows::Plane &plane, int64_t offset) {
  int64_t count = std::min(b.lanes(), plane.bytes);
  Value bytes = b.load(buffer, at(plane.offset + offset % plane.bytes), count);
  if (count < b.lanes()) {
    SmallVector<int64_t> lanes;
    for (int64_t lane = 0; lane < b.lanes(); ++lane) {
      lanes.push_back(lane % count);
    }
    bytes = vector::ShuffleOp::create(b, bytes, bytes, lanes);
  }
  Value words = arith::ExtUIOp::create(b, b.vectorType(b.getI32Type()), bytes);
  if (plane.width < 8) {
    Value places = integers([&](int64_t lane) {
      int64_t slot = (offset + (count < b.lanes() ? lane : 0)) / plane.bytes;
      return static_cast<int32_t>(slot * plane.width);
    });
    words = arith::ShRUIOp::create(b, words, places);
    words = arith::AndIOp::create(b, words, b.splat((1 << plane.width) - 1));
  }
  if (plane.shift != 0) {
    words = arith::ShLIOp::create(b, words, b.splat(static_cast<int32_t>(plane.shift)));
  }
  return words;
}

Value PackedRowsEmitter::spread(Value perGroup, int64_t offset) {
  int64_t first = offset / rows.group, last = rows.numGroups() - 1;
  SmallVector<int64_t> lanes;
  for (int64_t lane = 0; lane < b.lanes(); ++lane) {
    lanes.push_back(std::min((offset + lane) / rows.group, last) - first);
  }
  return vector::ShuffleOp::create(b, perGroup, perGroup, lanes);
}

Value PackedRowsEmitter::loadValues(int64_t offset) {
  int64_t first = offset / rows.group;
  int64_t last = std::min((offset + b.lanes() - 1) / rows.group, rows.numGroups() - 1);
  int64_t groups = last - first + 1;
  Value codes;
  for (const PackedRows::Plane &plane : rows.planes) {
    Value bits = loadPlane(plane, offset);
    codes = codes ? arith::OrIOp::create(b, codes, bits) : bits;
  }
  Value zeroPoints;
  if (rows.zeroPoints != 0) {
    zeroPoints = spread(b.load(buffer, at(rows.zeroPoints + first), groups), offset);
    zeroPoints = arith::ExtUIOp::create(b, b.vectorType(b.getI32Type()), zeroPoints);
  } else {
    zeroPoints = b.splat(static_cast<int32_t>(-rows.codeMin));
  }
  Value differences = arith::SIToFPOp::create(b, b.floats(), b.sub(codes, zeroPoints));
  Value bytes = b.load(buffer, at(4 * first), 4 * groups);
  Value scales = vector::BitCastOp::create(b, b.floats(groups), bytes);
  return b.mul(differences, spread(scales, offset));
}
