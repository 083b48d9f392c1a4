//===- ContractSums.cpp - The sums of a register tile ----------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ByteDot.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

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
/// How far ahead of its use a single row fetches a weight.
constexpr int64_t kWordsAhead = 32;
constexpr int64_t kLineBytes = 64;

Value ContractEmitter::wordAddress(const Tile &tile, int64_t panel, Value word) {
  const Columns &columns = tile.columns;
  Value base = b.mul(columns.firstPanel, b.index(kernel.layout.wordsPerPanel()));
  Value step = b.mul(word, b.index(columns.panels * lanes()));
  Value address = b.add(b.add(base, step), b.index((tile.first + panel) * lanes()));
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
        weights.push_back(b.load(words, {wordAddress(tile, v, at)}));
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

int32_t ContractEmitter::tableBias() const {
  bool isSigned = b.getTarget().integerDot() == IntegerDot::SignedSigned;
  return isSigned ? 0
                  : -*std::min_element(kernel.table->values.begin(), kernel.table->values.end());
}

int32_t ContractEmitter::constantZeroPoint() const {
  if (kernel.table) {
    return tableBias();
  }
  bool bytes = kernel.layout.container == PanelContainer::I8;
  int32_t bias = kernel.integerLhs && bytes ? byteDotBias(b.getTarget()) : 0;
  return zeroPoints ? -bias : PanelLayout::signOffset(kernel.layout.container) - bias;
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

Values ContractEmitter::sumGroups(const Tile &tile) {
  int64_t count = groups().numGroups(), last = groups().groupSize(count - 1);
  int64_t equal = last == groups().group ? count : count - 1;
  Values total(tile.rows * tile.panels, b.splat(0.0f));
  if (equal > 0) {
    total = b.loop(b.index(0), b.index(equal), 1, total, [&](Value group, ValueRange carried) {
      return addGroup(tile, group, groups().group, carried);
    });
  }
  return equal == count ? total : addGroup(tile, b.index(count - 1), last, total);
}

Values ContractEmitter::addGroup(const Tile &tile, Value group, int64_t size, ValueRange total) {
  Values sums =
      kernel.integerLhs ? sumIntegerGroup(tile, group, size) : sumMixedGroup(tile, group, size);
  Values weightScales;
  for (int64_t v = 0; v < tile.panels; ++v) {
    Value stored = b.load(scales, {scaleAddress(tile, v, group)});
    bool isNarrow = kernel.layout.narrowScale != nullptr;
    weightScales.push_back(isNarrow ? arith::ExtFOp::create(b, b.floats(), stored) : stored);
  }
  Values scaled;
  for (auto [i, sum] : llvm::enumerate(sums)) {
    scaled.push_back(b.fma(sum, weightScales[i % tile.panels], total[i]));
  }
  return scaled;
}

Values ContractEmitter::forWords(int64_t size, int64_t unroll, ValueRange initial,
                                 llvm::function_ref<Values(Value, int64_t, ValueRange)> body,
                                 llvm::function_ref<void(Value)> ahead) {
  int64_t perWord = kernel.layout.codesPerWord();
  int64_t full = size / perWord;
  Values carried(initial);
  while (full % unroll != 0) {
    unroll /= 2;
  }
  if (full > 0) {
    carried =
        b.loop(b.index(0), b.index(full), unroll, carried, [&](Value first, ValueRange values) {
          Values inner(values);
          if (unroll == kUnrolledWords) {
            ahead(first);
          }
          for (int64_t i = 0; i < unroll; ++i) {
            inner = body(b.add(first, b.index(i)), perWord, inner);
          }
          return inner;
        });
  }
  return size % perWord == 0 ? carried : body(b.index(full), size % perWord, carried);
}

void ContractEmitter::fetchAhead(const Tile &tile, Value word) {
  const PanelLayout &layout = kernel.layout;
  auto fetch = [&](Value address, unsigned locality) {
    memref::PrefetchOp::create(b, words, address, /*isWrite=*/false, locality,
                               /*isDataCache=*/true);
  };
  int64_t width = tile.columns.panels * lanes() * 4;
  if (tile.rows == 1) {
    // Memory is read from front to back: what comes some time later, unless the call before may
    // have left it near.
    if (4 * layout.numWords() <= b.getTarget().l2Bytes) {
      return;
    }
    Value later = b.add(wordAddress(tile, 0, word), b.index(kWordsAhead * width));
    Value last = b.index(4 * layout.numWords() - kUnrolledWords * width);
    later = arith::MinUIOp::create(b, later, last);
    for (int64_t at = 0; at < kUnrolledWords * width; at += kLineBytes) {
      fetch(b.add(later, b.index(at)), 3);
    }
    return;
  }
  if (layout.numPanels() < 2 * kTilePanels) {
    return;
  }
  Value turn =
      arith::RemUIOp::create(b, b.div(tile.row, b.index(tile.rows)), b.index(kUnrolledWords));
  Value last = b.index(layout.numPanels() - tile.columns.panels);
  Tile ahead = tile;
  ahead.columns.firstPanel =
      arith::MinUIOp::create(b, b.add(tile.columns.firstPanel, b.index(kTilePanels)), last);
  for (int64_t v = 0; v < tile.panels; ++v) {
    fetch(wordAddress(ahead, v, b.add(word, turn)), 2);
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
  return forWords(
      size, kMixedUnroll, zeros,
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

Value ContractEmitter::digitAddress(int64_t digit, Value position, int64_t rowSize) {
  return digit == 0 ? position : b.add(position, b.index(digit * rowSize));
}

Values ContractEmitter::sumIntegerGroup(const Tile &tile, Value group, int64_t size) {
  unsigned bits = bitsOf(kernel.layout.container);
  int64_t perWord = kernel.layout.codesPerWord(), numParts = 8 / bits;
  VectorType bytes = b.vectorType(b.getI8Type(), 4 * lanes());
  auto byteSplat = [&](int8_t value) -> Value {
    return arith::ConstantOp::create(b, DenseElementsAttr::get(bytes, b.getI8IntegerAttr(value)));
  };
  Value groupWords = b.mul(group, b.index(groups().paddedGroup() / perWord));
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));
  // Sums [row][digit][panel].
  int64_t digits = kernel.digits, rowDigits = tile.rows * digits;
  // Padding is part of the codes: activations are zero there.
  Values sums = forWords(
      llvm::alignTo(size, GroupLayout::kUnit), kUnrolledWords, zeroPointProducts(tile, group),
      [&](Value word, int64_t, ValueRange carried) {
        Values next(carried);
        SmallVector<Values> parts(numParts);
        for (int64_t v = 0; v < tile.panels; ++v) {
          Value loaded =
              b.load(words, {wordAddress(tile, v, b.add(groupWords, word))}, 4 * lanes());
          for (int64_t part = 0; part < numParts; ++part) {
            Value code = loaded;
            if (part > 0) {
              code = arith::ShRUIOp::create(b, code, byteSplat(bits * part));
            }
            if (part + 1 < numParts) {
              code = arith::AndIOp::create(b, code, byteSplat((1 << bits) - 1));
            }
            parts[part].push_back(kernel.table ? lookUp(code) : code);
          }
        }
        for (auto [part, weights] : llvm::enumerate(parts)) {
          Value at = b.add(groupBegin, b.add(b.mul(word, b.index(perWord)), b.index(4 * part)));
          for (int64_t r = 0; r < rowDigits; ++r) {
            Value row = b.add(tile.row, b.index(r / digits));
            Value position = digitAddress(r % digits, at, groups().paddedK());
            Value x = loadActivationWord(b, lhs, {row, position});
            for (int64_t v = 0; v < tile.panels; ++v) {
              Value &sum = next[r * tile.panels + v];
              sum = byteDot(b, sum, weights[v], x, /*isBiased=*/numParts > 1);
            }
          }
        }
        return next;
      },
      [&](Value word) { fetchAhead(tile, b.add(groupWords, word)); });
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
