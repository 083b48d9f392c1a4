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
// Where a product takes two rows (`bfmmla`), four neighbours of two columns are an operand: the
// halves of both lookups interleaved, in their own order. Sums are those of ContractBytes.cpp.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ShortFloatKernel.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Numerics/FloatFormat.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ArmNeon/ArmNeonDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

static Value splatInteger(KernelBuilder &b, Type type, int64_t value) {
  Attribute element = IntegerAttr::get(getElementTypeOrSelf(type), value);
  return arith::ConstantOp::create(b, DenseElementsAttr::get(cast<ShapedType>(type), element));
}

std::pair<Value, Value> ContractEmitter::lookUpHalves(Value bytes, int64_t part) {
  PanelContainer container = kernel.layout.container;
  int64_t bits = bitsOf(container), mask = (1 << bits) - 1;
  Value codes = bytes;
  if (int64_t shift = part * bits; shift > 0) {
    codes = arith::ShRUIOp::create(b, codes, splatInteger(b, bytes.getType(), shift));
  }
  if (part + 1 < 8 / bits) {
    codes = arith::AndIOp::create(b, codes, splatInteger(b, bytes.getType(), mask));
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
  return {ByteLookupOp::create(b, bytes.getType(), tables[0], codes),
          ByteLookupOp::create(b, bytes.getType(), tables[1], codes)};
}

Value ContractEmitter::lookUpShort(Value bytes, int64_t part) {
  VectorType halfType = b.vectorType(b.getI16Type(), 2 * lanes());
  auto [lowerBytes, upperBytes] = lookUpHalves(bytes, part / 2);
  Value lower = vector::BitCastOp::create(b, halfType, lowerBytes);
  Value upper = vector::BitCastOp::create(b, halfType, upperBytes);
  // Even or odd bytes of both.
  Value eight = splatInteger(b, halfType, 8);
  if (part % 2 == 1) {
    lower = arith::ShRUIOp::create(b, lower, eight);
    upper = arith::AndIOp::create(b, upper, splatInteger(b, halfType, -0x100));
  } else {
    lower = arith::AndIOp::create(b, lower, splatInteger(b, halfType, 0xFF));
    upper = arith::ShLIOp::create(b, upper, eight);
  }
  return arith::OrIOp::create(b, lower, upper);
}

Values ContractEmitter::shortPairs(Value bytes, Value next, int64_t part) {
  int64_t count = 4 * lanes();
  Value all;
  if (holdsFloats(kernel.layout.container)) {
    // Words of the first and the third, and of the second and the fourth, of each four.
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < 2 * lanes(); i += 2) {
      order.append({i, 2 * lanes() + i, i + 1, 2 * lanes() + i + 1});
    }
    VectorType halves = b.vectorType(b.getI16Type(), 2 * lanes());
    Value first = vector::BitCastOp::create(b, halves, bytes);
    Value second = vector::BitCastOp::create(b, halves, next);
    all = vector::ShuffleOp::create(b, first, second, order);
  } else if (kernel.layout.container == PanelContainer::I8) {
    // Unsigned codes to signed ones, which are floats of eight significant bits.
    Value code = arith::XOrIOp::create(b, bytes, splatInteger(b, bytes.getType(), -128));
    Value wide = arith::ExtSIOp::create(b, b.vectorType(b.getI32Type(), count), code);
    Value number = arith::SIToFPOp::create(b, b.floats(count), wide);
    Value halves = vector::BitCastOp::create(b, b.vectorType(b.getI16Type(), 2 * count), number);
    SmallVector<int64_t> upper;
    for (int64_t i = 0; i < count; ++i) {
      upper.push_back(2 * i + 1);
    }
    all = vector::ShuffleOp::create(b, halves, halves, upper);
  } else {
    auto [lower, upper] = lookUpHalves(bytes, part);
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < count; ++i) {
      order.append({i, count + i});
    }
    Value interleaved = vector::ShuffleOp::create(b, lower, upper, order);
    all = vector::BitCastOp::create(b, b.vectorType(b.getI16Type(), count), interleaved);
  }
  Value floats = vector::BitCastOp::create(b, b.vectorType(b.getBF16Type(), count), all);
  Values pairs;
  for (int64_t begin : {int64_t(0), count / 2}) {
    pairs.push_back(vector::ExtractStridedSliceOp::create(b, floats, begin, count / 2, 1));
  }
  return pairs;
}

Value ContractEmitter::shortProduct(Value sum, Value weights, Value activations) {
  if (rowsOfProduct() == 2) {
    return arm_neon::BfmmlaOp::create(b, sum.getType(), sum, weights, activations);
  }
  return x86vector::DotBF16Op::create(b, sum, weights, activations);
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
  if (isOfTileRegisters(tile)) {
    return sumTiles(tile, group, size);
  }
  const PanelLayout &layout = kernel.layout;
  int64_t ofProduct = rowsOfProduct(), perWord = layout.codesPerStep();
  // Four neighbours of plain weights are two words.
  int64_t atOnce = ofProduct == 2 && holdsFloats(layout.container) ? 2 : 1;
  int64_t perStep = atOnce * perWord;
  Value groupSteps = b.mul(group, b.index(groups().paddedGroup() / perWord));
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));
  return forSteps(
      llvm::alignTo(size, GroupLayout::kUnit), perStep, kUnrolledWords,
      joinRows(tile, shortZeroPointProducts(tile, group)),
      [&](Value step, int64_t, ValueRange carried) {
        Values sums(carried), loaded;
        Value word = b.add(groupSteps, b.mul(step, b.index(atOnce)));
        for (int64_t i = 0; i < atOnce * tile.panels; ++i) {
          Value at = b.add(word, b.index(i / tile.panels));
          loaded.push_back(b.load(words, {wordAddress(tile, i % tile.panels, at)}, 4 * lanes()));
        }
        Value first = b.add(groupBegin, b.mul(step, b.index(perStep)));
        for (int64_t part = 0; part < perStep / 2 / ofProduct; ++part) {
          Values weights;
          for (int64_t v = 0; v < tile.panels; ++v) {
            if (ofProduct == 2) {
              Value next = loaded[(atOnce - 1) * tile.panels + v];
              llvm::append_range(weights, shortPairs(loaded[v], next, part));
            } else {
              weights.push_back(shortWeights(loaded[v], part));
            }
          }
          Value position =
              b.mul(b.add(first, b.index(2 * ofProduct * part)), b.index(ShortFloatKernel::kBytes));
          for (int64_t r = 0; r < tile.rows; r += ofProduct) {
            Value row = b.add(tile.row, b.index(r));
            Value bytes = loadActivations(b, groups(), lhs, row, position, tile.rows);
            Value x = vector::BitCastOp::create(b, weights[0].getType(), bytes);
            for (auto [i, weight] : llvm::enumerate(weights)) {
              Value &sum = sums[r / ofProduct * weights.size() + i];
              sum = shortProduct(sum, weight, x);
            }
          }
        }
        return sums;
      },
      [&](Value step) { fetchAhead(tile, b.add(groupSteps, b.mul(step, b.index(atOnce)))); });
}
