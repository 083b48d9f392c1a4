//===- ContractShortFloats.cpp - The sums of products of 16-bit floats ------ -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product adds two neighbours along K to each lane. Two lookups make the lower and the upper
// bytes of floats of codes of up to four bits, a byte each; beside each other these are the floats
// of every second byte: of each four codes the first and the third, then the others. Activations
// are stored in that order (ShortFloatKernel.h). Codes of eight bits go through f32.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ShortFloatKernel.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/FloatFormat.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

Value ContractEmitter::lookUpShort(Value bytes, int64_t part) {
  PanelContainer container = kernel.layout.container;
  int64_t bits = bitsOf(container), mask = (1 << bits) - 1;
  VectorType halfType = b.vectorType(b.getI16Type(), 2 * lanes());
  auto splat = [&](Type type, int64_t value) -> Value {
    Attribute element = IntegerAttr::get(getElementTypeOrSelf(type), value);
    return arith::ConstantOp::create(b, DenseElementsAttr::get(cast<ShapedType>(type), element));
  };
  Value codes = bytes;
  if (int64_t shift = part / 2 * bits; shift > 0) {
    codes = arith::ShRUIOp::create(b, codes, splat(bytes.getType(), shift));
  }
  if (part / 2 + 1 < 8 / bits) {
    codes = arith::AndIOp::create(b, codes, splat(bytes.getType(), mask));
  }
  // The lower and the upper bytes of what the codes stand for.
  SmallVector<int8_t> tables[2];
  for (int64_t code = 0; code < 16; ++code) {
    int64_t own = code & mask;
    int64_t value =
        kernel.table ? kernel.table->values[own] : own - PanelLayout::signOffset(container);
    uint32_t encoded = numerics::encode(numerics::FloatFormat::BF16, static_cast<float>(value));
    tables[0].push_back(static_cast<int8_t>(encoded));
    tables[1].push_back(static_cast<int8_t>(encoded >> 8));
  }
  Value halves[2];
  for (auto [half, table] : llvm::zip_equal(halves, tables)) {
    Value found = ByteLookupOp::create(b, bytes.getType(), table, codes);
    half = vector::BitCastOp::create(b, halfType, found);
  }
  // Even or odd bytes of both.
  Value eight = splat(halfType, 8), low = splat(halfType, 0xFF), high = splat(halfType, -0x100);
  bool isOdd = part % 2 == 1;
  Value lower = isOdd ? arith::ShRUIOp::create(b, halves[0], eight).getResult()
                      : arith::AndIOp::create(b, halves[0], low).getResult();
  Value upper = isOdd ? arith::AndIOp::create(b, halves[1], high).getResult()
                      : arith::ShLIOp::create(b, halves[1], eight).getResult();
  return arith::OrIOp::create(b, lower, upper);
}

Value ContractEmitter::convertBytes(Value words, int64_t shift) {
  // A byte beside the exponent of 2^23 counts ones; what comes of it has eight significant bits,
  // those of a bf16.
  auto convert = [&](int64_t amount) -> Value {
    Value moved = amount == 0 ? words : arith::ShRUIOp::create(b, words, b.splat(int32_t(amount)));
    Value isolated = arith::AndIOp::create(b, moved, b.splat(255));
    Value raised = arith::OrIOp::create(b, isolated, b.splat(int32_t(127 + 23) << 23));
    Value number = arith::BitcastOp::create(b, b.floats(), raised);
    Value base =
        b.splat(static_cast<float>((1 << 23) + PanelLayout::signOffset(PanelContainer::I8)));
    return vector::BitCastOp::create(b, b.vectorType(b.getI16Type(), 2 * lanes()),
                                     b.sub(number, base));
  };
  Value first = convert(shift), second = convert(shift + 16);
  SmallVector<int64_t> order;
  for (int64_t i = 1; i < 2 * lanes(); i += 2) {
    order.append({i, 2 * lanes() + i});
  }
  return vector::ShuffleOp::create(b, first, second, order);
}

Value ContractEmitter::shortWeights(Value bytes, int64_t part) {
  PanelContainer container = kernel.layout.container;
  VectorType floatType = b.vectorType(b.getBF16Type(), 2 * lanes());
  if (holdsFloats(container)) {
    return vector::BitCastOp::create(b, floatType, bytes);
  }
  Value halves;
  if (container == PanelContainer::I8) {
    Value words = vector::BitCastOp::create(b, b.vectorType(b.getI32Type()), bytes);
    halves = convertBytes(words, /*shift=*/8 * part);
  } else {
    halves = lookUpShort(bytes, part);
  }
  return vector::BitCastOp::create(b, floatType, halves);
}

Values ContractEmitter::shortZeroPointProducts(const Tile &tile, Value group) {
  if (!zeroPoints) {
    return Values(tile.rows * tile.panels, b.splat(0.0f));
  }
  Value offset = b.splat(-PanelLayout::signOffset(kernel.layout.container));
  Values points, products;
  for (int64_t v = 0; v < tile.panels; ++v) {
    Value stored = b.load(zeroPoints, {scaleAddress(tile, v, group)});
    points.push_back(arith::SIToFPOp::create(b, b.floats(), b.add(stored, offset)));
  }
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value sum = b.loadScalar(lhsSums, {b.add(tile.row, b.index(r)), group});
    Value negated = b.splat(arith::NegFOp::create(b, sum));
    for (Value point : points) {
      products.push_back(b.mul(point, negated));
    }
  }
  return products;
}

Values ContractEmitter::sumShortFloats(const Tile &tile, Value group, int64_t size) {
  if (tile.rows % kTileRows == 0) {
    return sumTiles(tile, group, size);
  }
  const PanelLayout &layout = kernel.layout;
  int64_t perStep = layout.codesPerStep();
  Value groupSteps = b.mul(group, b.index(groups().paddedGroup() / perStep));
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));
  return forSteps(
      llvm::alignTo(size, GroupLayout::kUnit), perStep, kUnrolledWords,
      shortZeroPointProducts(tile, group),
      [&](Value step, int64_t, ValueRange carried) {
        Values sums(carried), loaded;
        for (int64_t v = 0; v < tile.panels; ++v) {
          Value address = wordAddress(tile, v, b.add(groupSteps, step));
          loaded.push_back(b.load(words, {address}, 4 * lanes()));
        }
        Value first = b.add(groupBegin, b.mul(step, b.index(perStep)));
        for (int64_t part = 0; part < perStep / 2; ++part) {
          Values weights;
          for (Value bytes : loaded) {
            weights.push_back(shortWeights(bytes, part));
          }
          Value position =
              b.mul(b.add(first, b.index(2 * part)), b.index(ShortFloatKernel::kBytes));
          for (int64_t r = 0; r < tile.rows; ++r) {
            Value row = b.add(tile.row, b.index(r));
            Value bytes = loadActivations(b, groups(), lhs, row, position, tile.rows);
            Value x = vector::BitCastOp::create(b, weights[0].getType(), bytes);
            for (int64_t v = 0; v < tile.panels; ++v) {
              Value &sum = sums[r * tile.panels + v];
              sum = x86vector::DotBF16Op::create(b, sum, weights[v], x);
            }
          }
        }
        return sums;
      },
      [&](Value step) { fetchAhead(tile, b.add(groupSteps, step)); });
}
