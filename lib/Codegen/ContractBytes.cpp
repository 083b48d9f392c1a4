//===- ContractBytes.cpp - The sums of products of bytes of a register tile - -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product takes one row of activations, or two where the target has products of matrices. Two
// rows by a panel then are two registers of sums, each with four neighbours `(column, row)`: the
// first halves of the sums of both rows, interleaved, and the second ones.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ByteDot.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

int32_t ContractEmitter::tableBias() const {
  bool isSigned = b.getTarget().integerDot() == IntegerDot::SignedSigned;
  return isSigned ? 0
                  : -*std::min_element(kernel.table->values.begin(), kernel.table->values.end());
}

Values ContractEmitter::zeroPointProducts(const Tile &tile, Value group) {
  int64_t digits = kernel.digits;
  Values varying, products;
  if (zeroPoints) {
    varying = loadZeroPoints(tile, group);
  } else if (constantZeroPoint() == 0) {
    return Values(tile.rows * digits * tile.panels, b.splat(0));
  }
  for (int64_t r = 0; r < tile.rows * digits; ++r) {
    Value row = b.add(tile.row, b.index(r / digits));
    Value place = digitAddress(r % digits, group, groups().numGroups());
    Value rowSum = b.loadScalar(lhsSums, {row, place});
    Value negated = b.splat(b.mul(rowSum, b.i32(zeroPoints ? -1 : -constantZeroPoint())));
    for (int64_t v = 0; v < tile.panels; ++v) {
      products.push_back(zeroPoints ? b.mul(varying[v], negated) : negated);
    }
  }
  return products;
}

Value ContractEmitter::digitAddress(int64_t digit, Value position, int64_t rowSize) {
  return digit == 0 ? position : b.add(position, b.index(digit * rowSize));
}

/// The lanes of halves of two vectors, interleaved: `[a0, b0, a1, b1, ...]` of the first or the
/// second halves.
static Value interleave(KernelBuilder &b, Value even, Value odd, bool second) {
  SmallVector<int64_t> order;
  int64_t begin = second ? b.lanes() / 2 : 0;
  for (int64_t i = begin; i < begin + b.lanes() / 2; ++i) {
    order.append({i, b.lanes() + i});
  }
  return vector::ShuffleOp::create(b, even, odd, order);
}

/// Every second lane of two vectors, from the first or from the second on.
static Value everySecond(KernelBuilder &b, Value low, Value high, int64_t from) {
  SmallVector<int64_t> order;
  for (int64_t i = from; i < 2 * b.lanes(); i += 2) {
    order.push_back(i);
  }
  return vector::ShuffleOp::create(b, low, high, order);
}

Values ContractEmitter::joinRows(const Tile &tile, ValueRange rows) {
  if (groups().rows == 1) {
    return Values(rows);
  }
  int64_t digits = kernel.digits;
  Values joined;
  for (int64_t r = 0; r < tile.rows; r += 2) {
    int64_t next = std::min(r + 1, tile.rows - 1);
    for (int64_t digit = 0; digit < digits; ++digit) {
      for (int64_t v = 0; v < tile.panels; ++v) {
        Value even = rows[(r * digits + digit) * tile.panels + v];
        Value odd = rows[(next * digits + digit) * tile.panels + v];
        joined.push_back(interleave(b, even, odd, /*second=*/false));
        joined.push_back(interleave(b, even, odd, /*second=*/true));
      }
    }
  }
  return joined;
}

Values ContractEmitter::splitRows(const Tile &tile, ValueRange sums) {
  if (groups().rows == 1) {
    return Values(sums);
  }
  int64_t digits = kernel.digits;
  Values rows;
  for (int64_t r = 0; r < tile.rows; ++r) {
    for (int64_t digit = 0; digit < digits; ++digit) {
      for (int64_t v = 0; v < tile.panels; ++v) {
        int64_t at = 2 * (((r / 2) * digits + digit) * tile.panels + v);
        rows.push_back(everySecond(b, sums[at], sums[at + 1], r % 2));
      }
    }
  }
  return rows;
}

SmallVector<Values> ContractEmitter::loadBytes(const Tile &tile, Value step, int64_t steps) {
  unsigned bits = bitsOf(kernel.layout.container);
  int64_t numParts = 8 / bits;
  VectorType bytes = b.vectorType(b.getI8Type(), 4 * lanes());
  auto byteSplat = [&](int8_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(bytes, b.getI8IntegerAttr(value)));
  };
  SmallVector<Values> parts(steps * numParts);
  int64_t wordsPerStep = kernel.layout.wordsPerStep(), registers = tile.panels * wordsPerStep;
  Value begin = wordAddress(tile, 0, step);
  for (int64_t i = 0; i < steps * registers; ++i) {
    int64_t word = i / registers * tile.columns.panels * wordsPerStep + i % registers;
    Value loaded = b.load(words, {b.add(begin, b.index(word * 4 * lanes()))}, 4 * lanes());
    for (int64_t part = 0; part < numParts; ++part) {
      Value code = loaded;
      if (part > 0) {
        code = arith::ShRUIOp::create(b, code, byteSplat(bits * part));
      }
      if (part + 1 < numParts) {
        code = arith::AndIOp::create(b, code, byteSplat((1 << bits) - 1));
      }
      parts[i / registers * numParts + part].push_back(kernel.table ? lookUp(code) : code);
    }
  }
  return parts;
}

Value ContractEmitter::product(Value sum, Value weights, Value activations) {
  if (groups().rows == 2) {
    return ByteMatmulOp::create(b, sum.getType(), sum, weights, activations);
  }
  return byteDot(b, sum, weights, activations);
}

bool ContractEmitter::multipliesByLane() const {
  return kernel.integerLhs && groups().rows == 1 && b.getTarget().multipliesByLane();
}

Values ContractEmitter::loadOperands(const Tile &tile, int64_t row, Value position, int64_t count) {
  if (multipliesByLane()) {
    // Constant distances between rows: one pointer for all of them.
    int64_t rowBytes = groups().rowBytes(kernel.digits);
    Value begin = b.add(b.mul(tile.row, b.index(rowBytes)), position);
    return loadActivationLanes(b, flatLhs, b.add(begin, b.index(row * rowBytes)), count);
  }
  Values operands;
  Value first = b.add(tile.row, b.index(row));
  for (int64_t i = 0; i < count; ++i) {
    Value at = b.add(position, b.index(i * kernel.layout.depth));
    operands.push_back(loadActivations(b, groups(), lhs, first, at, tile.rows));
  }
  return operands;
}

Values ContractEmitter::sumBytes(const Tile &tile, Value group, int64_t size) {
  const PanelLayout &layout = kernel.layout;
  int64_t perStep = layout.codesPerStep(), digits = kernel.digits;
  // Where lanes are operands, a register of activations takes sixteen codes of each weight.
  bool byLane = multipliesByLane();
  int64_t stepsAtOnce = byLane ? GroupLayout::kUnit / perStep : 1;
  int64_t unroll = byLane ? 1 : kUnrolledWords;
  Value groupSteps = b.mul(group, b.index(groups().paddedGroup() / perStep));
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));
  int64_t blocks = llvm::divideCeil(tile.rows, groups().rows) * digits;
  // Padding is part of the codes: activations are zero there. Sums are [block][digit][register].
  Values joined = forSteps(
      llvm::alignTo(size, GroupLayout::kUnit), stepsAtOnce * perStep, unroll,
      joinRows(tile, zeroPointProducts(tile, group)),
      [&](Value step, int64_t, ValueRange carried) {
        Values next(carried);
        step = b.mul(step, b.index(stepsAtOnce));
        SmallVector<Values> parts = loadBytes(tile, b.add(groupSteps, step), stepsAtOnce);
        Value begin = b.add(groupBegin, b.mul(step, b.index(perStep)));
        int64_t atOnce = byLane ? parts.size() : 1;
        for (size_t part = 0; part < parts.size(); part += atOnce) {
          Value at = b.add(begin, b.index(layout.depth * part));
          for (int64_t block = 0; block < blocks; ++block) {
            int64_t row = block / digits * groups().rows;
            Value position = digitAddress(block % digits, at, groups().paddedK());
            for (auto [j, x] : llvm::enumerate(loadOperands(tile, row, position, atOnce))) {
              const Values &weights = parts[part + j];
              for (auto [i, weight] : llvm::enumerate(weights)) {
                Value &sum = next[block * weights.size() + i];
                sum = product(sum, weight, x);
              }
            }
          }
        }
        return next;
      },
      [&](Value step) {
        step = b.mul(step, b.index(stepsAtOnce));
        fetchAhead(tile, b.add(groupSteps, step));
      });
  return splitRows(tile, joined);
}

Values ContractEmitter::sumIntegerGroup(const Tile &tile, Value group, int64_t size) {
  bool inTiles = tile.rows % kTileRows == 0;
  Values sums = inTiles ? sumTiles(tile, group, size) : sumBytes(tile, group, size);
  int64_t digits = kernel.digits;
  Values floats(tile.rows * tile.panels);
  // The highest digit first: sum = sum * 256 + next digit.
  for (int64_t r = 0; r < tile.rows; ++r) {
    for (int64_t digit = digits - 1; digit >= 0; --digit) {
      for (int64_t v = 0; v < tile.panels; ++v) {
        Value exact = sums[(r * digits + digit) * tile.panels + v];
        Value converted = arith::SIToFPOp::create(b, b.floats(), exact);
        Value &sum = floats[r * tile.panels + v];
        sum = sum ? b.fma(sum, b.splat(256.0f), converted) : converted;
      }
    }
  }
  return floats;
}

Value ContractEmitter::lookUp(Value codes) {
  SmallVector<int8_t> table;
  for (int8_t value : kernel.table->values) {
    table.push_back(static_cast<int8_t>(value + tableBias()));
  }
  return ByteLookupOp::create(b, codes.getType(), table, codes);
}
