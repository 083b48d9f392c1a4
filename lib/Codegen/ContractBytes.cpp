//===- ContractBytes.cpp - The sums of products of bytes of a register tile - -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product takes one row of activations, or two where the target has products of matrices. Two
// rows by a panel then are two registers of sums, each with four neighbours `(column, row)`: the
// first halves of the sums of both rows, interleaved, and the second ones. Scales are brought into
// that order, so that rows are told apart once, behind all groups.
//
// Signed codes of fewer than eight bits are multiplied where they are cheapest to have: in the
// upper bits of a byte, times a power of two.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/ByteDot.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

/// A float of this size has units of one.
constexpr float kUnits = 12582912.0f;

bool ContractEmitter::sumsInFloats() const {
  // 2^7 2^7 2^8 products are 2^22, half of what the exponent leaves.
  constexpr int64_t largestGroup = 256;
  return !zeroPoints && constantZeroPoint() == 0 && groups().numGroups() > 1 &&
         groups().group <= largestGroup;
}

void ContractEmitter::storeUnitSum() {
  if (kernel.integerLhs && sumsInFloats() && rowsOfProduct() == 2) {
    auto type = MemRefType::get({lanes()}, b.getI32Type());
    unitSum = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(b.getTarget().vectorBits / 8));
    b.store(b.splat(llvm::bit_cast<int32_t>(kUnits)), unitSum, {b.index(0)});
  }
}

Values ContractEmitter::loadUnitSums(const Tile &tile) {
  Value address = memref::ExtractAlignedPointerAsIndexOp::create(b, unitSum);
  address = arith::IndexCastOp::create(b, b.getI64Type(), address);
  Value pointer = LLVM::IntToPtrOp::create(b, LLVM::LLVMPointerType::get(b.getContext()), address);
  Values sums;
  for (int64_t i = 0; i < numSums(tile) * kernel.digits; ++i) {
    // Volatile, or LLVM would load one register and move it.
    sums.push_back(LLVM::LoadOp::create(b, b.vectorType(b.getI32Type()), pointer,
                                        b.getTarget().vectorBits / 8, /*isVolatile=*/true));
  }
  return sums;
}

Value ContractEmitter::convert(Value sum) {
  if (!sumsInFloats()) {
    return arith::SIToFPOp::create(b, b.floats(), sum);
  }
  return b.sub(arith::BitcastOp::create(b, b.floats(), sum), b.splat(kUnits));
}

int32_t ContractEmitter::tableBias() const {
  bool isSigned = b.getTarget().integerDot() == IntegerDot::SignedSigned;
  return isSigned ? 0
                  : -*std::min_element(kernel.table->values.begin(), kernel.table->values.end());
}

Value ContractEmitter::columnSumProduct(const Tile &tile, int64_t panel, Value group, int64_t count,
                                        int64_t live) {
  Value address = b.add(scaleAddress(tile, panel, group), b.index(kernel.layout.numScales()));
  Value zeroPoint = b.loadScalar(lhsZeroPoint, {b.index(0), b.index(0)});
  Value factor = b.mul(zeroPoint, b.i32(-(1 << raise())));
  return b.mul(b.load(zeroPoints, {address}, count, live), b.splat(factor, count));
}

Values ContractEmitter::zeroPointProducts(const Tile &tile, Value group) {
  Values products = rowSumProducts(tile, group);
  if (!lhsZeroPoint) {
    return products;
  }
  for (int64_t v = 0; v < tile.panels; ++v) {
    Value product = columnSumProduct(tile, v, group, lanes());
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value &sum = products[r * tile.panels + v];
      sum = b.add(sum, product);
    }
  }
  return products;
}

Values ContractEmitter::rowSumProducts(const Tile &tile, Value group) {
  int64_t digits = kernel.digits;
  int32_t raised = 1 << raise();
  Values varying, products;
  if (zeroPoints) {
    varying = loadZeroPoints(tile, group);
  } else if (constantZeroPoint() == 0) {
    int32_t zero = sumsInFloats() ? llvm::bit_cast<int32_t>(kUnits) : 0;
    return Values(tile.rows * digits * tile.panels, b.splat(zero));
  }
  for (int64_t r = 0; r < tile.rows * digits; ++r) {
    Value row = b.add(tile.row, b.index(r / digits));
    Value place = digitAddress(r % digits, group, groups().numGroups());
    Value rowSum = b.loadScalar(lhsSums, {row, place});
    int32_t factor = -raised * (zeroPoints ? 1 : constantZeroPoint());
    Value negated = b.splat(b.mul(rowSum, b.i32(factor)));
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
  if (rowsOfProduct() == 1) {
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

Values ContractEmitter::splitRows(const Tile &tile, ValueRange totals) {
  if (rowsOfProduct() == 1) {
    return Values(totals);
  }
  Values rows;
  for (int64_t r = 0; r < tile.rows; ++r) {
    for (int64_t v = 0; v < tile.panels; ++v) {
      int64_t at = 2 * (r / 2 * tile.panels + v);
      rows.push_back(everySecond(b, totals[at], totals[at + 1], r % 2));
    }
  }
  return rows;
}

Values ContractEmitter::joinScales(ValueRange panels) {
  if (rowsOfProduct() == 1) {
    return Values(panels);
  }
  Values joined;
  for (Value panel : panels) {
    joined.push_back(interleave(b, panel, panel, /*second=*/false));
    joined.push_back(interleave(b, panel, panel, /*second=*/true));
  }
  return joined;
}

int ContractEmitter::raise() const {
  return kernel.layout.isSigned ? 8 - static_cast<int>(bitsOf(kernel.layout.container)) : 0;
}

/// The bytes of part `part` of each: unsigned codes, or signed ones in their upper bits.
Value ContractEmitter::unpack(Value bytes, int64_t part) {
  int64_t bits = bitsOf(kernel.layout.container), below = bits * part, above = 8 - below - bits;
  auto type = cast<VectorType>(bytes.getType());
  auto splat = [&](int64_t value) -> Value {
    Attribute byte = b.getI8IntegerAttr(static_cast<int8_t>(value));
    return arith::ConstantOp::create(b, DenseElementsAttr::get(type, byte));
  };
  int64_t mask = (1 << bits) - 1;
  if (kernel.layout.isSigned) {
    Value raised = above == 0 ? bytes : arith::ShLIOp::create(b, bytes, splat(above));
    return below == 0 ? raised : arith::AndIOp::create(b, raised, splat(mask << raise()));
  }
  Value lowered = below == 0 ? bytes : arith::ShRUIOp::create(b, bytes, splat(below));
  return above == 0 ? lowered : arith::AndIOp::create(b, lowered, splat(mask));
}

SmallVector<Values> ContractEmitter::loadBytes(const Tile &tile, Value step, int64_t steps) {
  int64_t numParts = 8 / bitsOf(kernel.layout.container);
  SmallVector<Values> parts(steps * numParts);
  int64_t wordsPerStep = kernel.layout.wordsPerStep(), registers = tile.panels * wordsPerStep;
  Value begin = wordAddress(tile, 0, step);
  for (int64_t i = 0; i < steps * registers; ++i) {
    int64_t word = i / registers * tile.columns.panels * wordsPerStep + i % registers;
    Value loaded = b.load(words, {b.add(begin, b.index(word * 4 * lanes()))}, 4 * lanes());
    for (int64_t part = 0; part < numParts; ++part) {
      Value code = unpack(loaded, part);
      parts[i / registers * numParts + part].push_back(kernel.table ? lookUp(code) : code);
    }
  }
  return parts;
}

Value ContractEmitter::product(Value sum, Value weights, Value activations) {
  if (rowsOfProduct() == 2) {
    return byteMatmul(b, sum, weights, activations);
  }
  return byteDot(b, sum, weights, activations);
}

bool ContractEmitter::multipliesByLane() const {
  return kernel.integerLhs && rowsOfProduct() == 1 && b.getTarget().multipliesByLane();
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
  int64_t blocks = llvm::divideCeil(tile.rows, rowsOfProduct()) * digits;
  // Padding is part of the codes: activations are zero there.
  return forSteps(
      llvm::alignTo(size, GroupLayout::kUnit), stepsAtOnce * perStep, unroll,
      unitSum ? loadUnitSums(tile) : joinRows(tile, zeroPointProducts(tile, group)),
      [&](Value step, int64_t, ValueRange carried) {
        Values next(carried);
        step = b.mul(step, b.index(stepsAtOnce));
        SmallVector<Values> parts = loadBytes(tile, b.add(groupSteps, step), stepsAtOnce);
        Value begin = b.add(groupBegin, b.mul(step, b.index(perStep)));
        int64_t atOnce = byLane ? parts.size() : 1;
        for (size_t part = 0; part < parts.size(); part += atOnce) {
          Value at = b.add(begin, b.index(layout.depth * part));
          for (int64_t block = 0; block < blocks; ++block) {
            int64_t row = block / digits * rowsOfProduct();
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
}

Values ContractEmitter::sumIntegerGroup(const Tile &tile, Value group, int64_t size) {
  Values sums = isOfTileRegisters(tile) ? sumTiles(tile, group, size) : sumBytes(tile, group, size);
  int64_t digits = kernel.digits, registers = tile.panels * rowsOfProduct();
  Values floats(numSums(tile));
  // The highest digit first: sum = sum * 256 + next digit.
  for (auto [i, sum] : llvm::enumerate(floats)) {
    int64_t block = i / registers, at = i % registers;
    for (int64_t digit = digits - 1; digit >= 0; --digit) {
      Value exact = sums[(block * digits + digit) * registers + at];
      Value converted = convert(exact);
      sum = sum ? b.fma(sum, b.splat(256.0f), converted) : converted;
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
