//===- ContractSums.cpp - The sums of a register tile ----------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kTilePanels = PanelLayout::kTilePanels;
/// A word of the mixed form is four or eight multiply-adds for each sum already.
constexpr int64_t kMixedUnroll = 1;
constexpr int64_t kLineBytes = 64;

Value ContractEmitter::wordAddress(const Tile &tile, int64_t panel, Value step) {
  const Columns &columns = tile.columns;
  int64_t width = kernel.layout.wordsPerStep() * lanes();
  Value base = b.mul(columns.firstPanel, b.index(kernel.layout.wordsPerPanel()));
  Value offset = b.mul(step, b.index(columns.panels * width));
  Value address = b.add(b.add(base, offset), b.index((tile.first + panel) * width));
  return isFloat() ? address : b.mul(address, b.index(4));
}

Value ContractEmitter::scaleAddress(const Tile &tile, int64_t panel, Value group) {
  const Columns &columns = tile.columns;
  Value base = b.mul(columns.firstPanel, b.index(groups().numGroups() * lanes()));
  Value step = b.mul(group, b.index(columns.panels * lanes()));
  return b.add(b.add(base, step), b.index((tile.first + panel) * lanes()));
}

Values ContractEmitter::sumFloats(const Tile &tile) {
  int64_t k = groups().k;
  int64_t unroll = k % kUnrolledWords == 0 ? kUnrolledWords : k % 2 == 0 ? 2 : 1;
  Values zeros(tile.rows * tile.panels, b.splat(0.0f));
  return b.loop(b.index(0), b.index(k), unroll, zeros, [&](Value first, ValueRange carried) {
    Values sums(carried);
    for (int64_t i = 0; i < unroll; ++i) {
      Value at = b.add(first, b.index(i));
      Values weights;
      for (int64_t v = 0; v < tile.panels; ++v) {
        Value stored = b.load(words, {wordAddress(tile, v, at)});
        bool isNarrow = kernel.layout.container != PanelContainer::F32;
        weights.push_back(isNarrow ? arith::ExtFOp::create(b, b.floats(), stored) : stored);
      }
      for (int64_t r = 0; r < tile.rows; ++r) {
        Value x = b.splat(b.loadScalar(lhs, {b.add(tile.row, b.index(r)), at}));
        for (int64_t v = 0; v < tile.panels; ++v) {
          Value &sum = sums[r * tile.panels + v];
          sum = b.fma(x, weights[v], sum);
        }
      }
    }
    return sums;
  });
}

int32_t ContractEmitter::constantZeroPoint() const {
  if (kernel.table) {
    return tableBias();
  }
  int32_t offset = PanelLayout::signOffset(kernel.layout.container);
  int32_t stored = kernel.layout.isSigned ? offset : 0;
  return zeroPoints ? -stored : offset - stored;
}

Values ContractEmitter::loadZeroPoints(const Tile &tile, Value group) {
  Value constant = b.splat(constantZeroPoint());
  Values result(tile.panels, constant);
  for (int64_t v = 0; zeroPoints && v < tile.panels; ++v) {
    result[v] = b.load(zeroPoints, {scaleAddress(tile, v, group)});
    if (constantZeroPoint() != 0) {
      result[v] = b.add(result[v], constant);
    }
  }
  return result;
}

int64_t ContractEmitter::numSums(const Tile &tile) const {
  return llvm::divideCeil(tile.rows, rowsOfProduct()) * rowsOfProduct() * tile.panels;
}

bool ContractEmitter::keepsTotals(const Tile &tile) const {
  return numSums(tile) * (kernel.digits + 1) + tile.panels <= b.getTarget().vectorRegisters;
}

Values ContractEmitter::sumGroups(const Tile &tile) {
  int64_t count = groups().numGroups(), last = groups().groupSize(count - 1);
  storeUnitSum();
  if (count > 1 && !keepsTotals(tile)) {
    return finishTotals(tile, sumGroupsInMemory(tile));
  }
  int64_t equal = last == groups().group ? count : count - 1;
  Values total(numSums(tile), b.splat(0.0f));
  if (equal > 0) {
    total = b.loop(b.index(0), b.index(equal), 1, total, [&](Value group, ValueRange carried) {
      return addGroup(tile, group, groups().group, carried);
    });
  }
  if (equal < count) {
    total = addGroup(tile, b.index(count - 1), last, total);
  }
  return finishTotals(tile, total);
}

Values ContractEmitter::finishTotals(const Tile &tile, ValueRange totals) {
  Values rows = splitRows(tile, totals);
  if (raise() > 0) {
    // A power of two: rounds nothing.
    Value factor = b.splat(std::ldexp(1.0f, -raise()));
    llvm::transform(rows, rows.begin(), [&](Value total) { return b.mul(total, factor); });
  }
  return rows;
}

Values ContractEmitter::sumGroupsInMemory(const Tile &tile) {
  int64_t count = groups().numGroups(), last = groups().groupSize(count - 1);
  auto type = MemRefType::get({numSums(tile), lanes()}, b.getF32Type());
  Value totals = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(kLineBytes));
  auto forTotals = [&](llvm::function_ref<void(int64_t, ArrayRef<Value>)> body) {
    for (int64_t i = 0; i < numSums(tile); ++i) {
      body(i, {b.index(i), b.index(0)});
    }
  };
  auto add = [&](Value group, int64_t size) {
    Values scales = loadScales(tile, group), sums = sumGroup(tile, group, size);
    forTotals([&](int64_t i, ArrayRef<Value> place) {
      Value scaled = b.fma(sums[i], scales[i % scales.size()], b.load(totals, place));
      b.store(scaled, totals, place);
    });
  };
  forTotals([&](int64_t, ArrayRef<Value> place) { b.store(b.splat(0.0f), totals, place); });
  int64_t equal = last == groups().group ? count : count - 1;
  b.loop(b.index(0), b.index(equal), 1, [&](Value group) { add(group, groups().group); });
  if (equal < count) {
    add(b.index(equal), last);
  }
  Values result;
  forTotals([&](int64_t, ArrayRef<Value> place) { result.push_back(b.load(totals, place)); });
  return result;
}

Values ContractEmitter::sumGroup(const Tile &tile, Value group, int64_t size) {
  return kernel.integerLhs ? sumIntegerGroup(tile, group, size)
         : kernel.shortLhs ? sumShortFloats(tile, group, size)
                           : sumMixedGroup(tile, group, size);
}

Values ContractEmitter::loadScales(const Tile &tile, Value group) {
  Values loaded;
  for (int64_t v = 0; v < tile.panels; ++v) {
    Value stored = b.load(scales, {scaleAddress(tile, v, group)});
    bool isNarrow = kernel.layout.narrowScale != nullptr;
    loaded.push_back(isNarrow ? arith::ExtFOp::create(b, b.floats(), stored) : stored);
  }
  return joinScales(loaded);
}

Values ContractEmitter::addGroup(const Tile &tile, Value group, int64_t size, ValueRange total) {
  Values sums = sumGroup(tile, group, size), weightScales = loadScales(tile, group);
  Values scaled;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    scaled.push_back(b.fma(sum, weightScales[i % weightScales.size()], total[i]));
  }
  return scaled;
}

Values ContractEmitter::forSteps(int64_t size, int64_t perStep, int64_t unroll, ValueRange initial,
                                 llvm::function_ref<Values(Value, int64_t, ValueRange)> body,
                                 llvm::function_ref<void(Value)> ahead) {
  int64_t full = size / perStep;
  Values carried(initial);
  while (full % unroll != 0) {
    unroll /= 2;
  }
  if (full > 0) {
    carried =
        b.loop(b.index(0), b.index(full), unroll, carried, [&](Value first, ValueRange values) {
          Values inner(values);
          if (unroll == kUnrolledWords || perStep == GroupLayout::kUnit) {
            ahead(first);
          }
          for (int64_t i = 0; i < unroll; ++i) {
            inner = body(b.add(first, b.index(i)), perStep, inner);
          }
          return inner;
        });
  }
  return size % perStep == 0 ? carried : body(b.index(full), size % perStep, carried);
}

void ContractEmitter::fetchAhead(const Tile &tile, Value step) {
  const PanelLayout &layout = kernel.layout;
  // A single row reads memory from front to back, which processors foresee: to ask for it as well
  // has cost a quarter of the bandwidth.
  if (tile.rows == 1 || layout.numPanels() < 2 * kTilePanels) {
    return;
  }
  Value turn =
      arith::RemUIOp::create(b, b.div(tile.row, b.index(tile.rows)), b.index(kUnrolledWords));
  Value last = b.index(layout.numPanels() - tile.columns.panels);
  Tile ahead = tile;
  ahead.columns.firstPanel =
      arith::MinUIOp::create(b, b.add(tile.columns.firstPanel, b.index(kTilePanels)), last);
  for (int64_t v = 0; v < tile.panels; ++v) {
    memref::PrefetchOp::create(b, words, wordAddress(ahead, v, b.add(step, turn)),
                               /*isWrite=*/false, /*localityHint=*/2, /*isDataCache=*/true);
  }
}

Value ContractEmitter::decode(Value word, int64_t shift, unsigned bits, Value offset) {
  // Bit `shift` of the mantissa of 2^(23 - shift) stands for one: put beside that exponent, the
  // float is 2^(23 - shift) + code, exactly, and so is the difference.
  Value mask = b.splat(static_cast<int32_t>(((1u << bits) - 1) << shift));
  Value isolated = arith::AndIOp::create(b, word, mask);
  int32_t exponent = static_cast<int32_t>(127 + 23 - shift) << 23;
  Value raised = arith::OrIOp::create(b, isolated, b.splat(exponent));
  return b.add(arith::BitcastOp::create(b, b.floats(), raised), offset);
}

Values ContractEmitter::sumMixedGroup(const Tile &tile, Value group, int64_t size) {
  int64_t perWord = kernel.layout.codesPerWord();
  unsigned bits = bitsOf(kernel.layout.container);
  VectorType integers = b.vectorType(b.getI32Type());
  // offsets[shift / bits][panel] = -(2^(23 - shift) + zero point)
  SmallVector<Values> offsets(16 / bits);
  for (auto [place, panels] : llvm::enumerate(offsets)) {
    Value base = b.splat(-std::ldexp(1.0f, 23 - static_cast<int>(place * bits)));
    for (Value zeroPoint : loadZeroPoints(tile, group)) {
      panels.push_back(b.sub(base, arith::SIToFPOp::create(b, b.floats(), zeroPoint)));
    }
  }
  Value groupWords = b.mul(group, b.index(groups().paddedGroup() / perWord));
  Value groupBegin = b.mul(group, b.index(groups().group));
  Values zeros(tile.rows * tile.panels, b.splat(0.0f));
  return forSteps(
      size, perWord, kMixedUnroll, zeros,
      [&](Value word, int64_t live, ValueRange carried) {
        Values sums(carried);
        // The low and the high 16 bits: what fits beside the exponent at one time.
        Values halves[2];
        for (int64_t v = 0; v < tile.panels; ++v) {
          Value bytes = b.load(words, {wordAddress(tile, v, b.add(groupWords, word))}, 4 * lanes());
          halves[0].push_back(vector::BitCastOp::create(b, integers, bytes));
          halves[1].push_back(arith::ShRUIOp::create(b, halves[0].back(), b.splat(16)));
        }
        Value first = b.add(groupBegin, b.mul(word, b.index(perWord)));
        for (int64_t code = 0; code < live; ++code) {
          int64_t bit = 8 * (code % 4) + bits * (code / 4);
          Values weights;
          for (int64_t v = 0; v < tile.panels; ++v) {
            weights.push_back(
                decode(halves[bit / 16][v], bit % 16, bits, offsets[bit % 16 / bits][v]));
          }
          Value at = b.add(first, b.index(code));
          for (int64_t r = 0; r < tile.rows; ++r) {
            Value x = b.splat(b.loadScalar(lhs, {b.add(tile.row, b.index(r)), at}));
            for (int64_t v = 0; v < tile.panels; ++v) {
              Value &sum = sums[r * tile.panels + v];
              sum = b.fma(x, weights[v], sum);
            }
          }
        }
        return sums;
      },
      [](Value) {});
}
