//===- ContractEmitter.cpp - Emission of a matrix product with packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns are cut into tiles of a few panels, rows into blocks; a thread takes (tile, block) pairs.
// In a pair, register tiles of R rows by V panels keep their sums in registers while K streams by:
// weights are read once for each R rows, activations are broadcast. A single row takes all panels
// of a tile at once so that there are enough independent sums to hide latency.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ByteDot.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kTilePanels = 4;
constexpr int64_t kRowBlock = 96;
/// Words of a group whose code is laid out one after the other, powers of two. A word of the mixed
/// form is four or eight multiply-adds for each sum already.
constexpr int64_t kIntegerUnroll = 4;
constexpr int64_t kMixedUnroll = 1;
/// Row tiles that share the work of fetching the weights of the next column tile.
constexpr int64_t kFetchingTiles = 4;
/// How far ahead of its use a single row fetches a weight.
constexpr int64_t kWordsAhead = 32;
static_assert(kFetchingTiles == kIntegerUnroll, "each takes one of the words laid out together");

ContractEmitter::ContractEmitter(KernelBuilder &builder, const ContractKernel &kernel,
                                 ValueRange parameters)
    : b(builder), kernel(kernel) {
  auto next = parameters.begin();
  lhs = *next++;
  if (kernel.integerLhs) {
    lhsScales = *next++;
    lhsSums = *next++;
  }
  words = *next++;
  if (kernel.layout.container != PanelContainer::F32) {
    scales = *next++;
    if (kernel.zeroPoints) {
      zeroPoints = *next++;
    }
  }
  if (kernel.bias) {
    bias = *next++;
  }
  result = *next;
}

SmallVector<ContractEmitter::TileShape> ContractEmitter::tileShapes() const {
  bool twoSums = kernel.layout.container != PanelContainer::F32 && groups().numGroups() > 1;
  if (b.getTarget().vectorRegisters < 32) {
    if (kernel.digits > 1) {
      return {{1, kTilePanels}};
    }
    return {{twoSums ? 2 : 4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (kernel.digits > 1) {
    return {{4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (twoSums) {
    return {{6, 2}, {2, kTilePanels}, {1, kTilePanels}};
  }
  return {{12, 2}, {8, 2}, {4, kTilePanels}, {1, kTilePanels}};
}

int64_t ContractEmitter::rowCycles() const {
  bool mixed = !kernel.integerLhs && kernel.layout.container != PanelContainer::F32;
  int64_t perWord = kernel.layout.codesPerWord();
  int64_t wordCycles = mixed ? 3 * perWord : std::max<int64_t>(perWord / 4, 1) * kernel.digits;
  return kTilePanels * kernel.layout.wordsPerRow() * wordCycles;
}

void ContractEmitter::emit() {
  const PanelLayout &layout = kernel.layout;
  int64_t fullTiles = layout.n / lanes() / kTilePanels;
  int64_t restPanels = layout.numPanels() - fullTiles * kTilePanels;
  int64_t tiles = fullTiles + (restPanels > 0 ? 1 : 0);
  int64_t lastLive = layout.n - (layout.numPanels() - 1) * lanes();

  Value rows = b.size(lhs, 0);
  Value blocks = b.ceilDiv(rows, kRowBlock);
  Value cycles = b.mul(rows, b.index(tiles * rowCycles()));
  b.parallelLoop(b.mul(b.index(tiles), blocks), cycles, [&](Value task) {
    Value tile = b.div(task, blocks);
    Value block = arith::RemUIOp::create(b, task, blocks);
    Value rowBegin = b.mul(block, b.index(kRowBlock));
    Value rowEnd = arith::MinUIOp::create(b, b.add(rowBegin, b.index(kRowBlock)), rows);
    Value panel = b.mul(tile, b.index(kTilePanels));
    if (restPanels == 0) {
      emitColumns(panel, kTilePanels, lanes(), rowBegin, rowEnd);
      return;
    }
    if (fullTiles == 0) {
      emitColumns(panel, restPanels, lastLive, rowBegin, rowEnd);
      return;
    }
    Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, tile, b.index(fullTiles));
    auto branch = scf::IfOp::create(b, isFull, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emitColumns(panel, kTilePanels, lanes(), rowBegin, rowEnd);
    b.setInsertionPointToStart(branch.elseBlock());
    emitColumns(panel, restPanels, lastLive, rowBegin, rowEnd);
  });
}

void ContractEmitter::emitColumns(Value panel, int64_t panels, int64_t lastLive, Value rowBegin,
                                  Value rowEnd) {
  Value begin = rowBegin;
  SmallVector<TileShape> shapes = tileShapes();
  for (size_t i = 0; i < shapes.size(); ++i) {
    TileShape shape = shapes[i];
    Value rows = b.sub(rowEnd, begin);
    if (i + 1 < shapes.size() && shapes[i + 1].rows > shape.rows / 2) {
      // Two of the next ones rather than this one and a few rows.
      Value rest = arith::RemUIOp::create(b, rows, b.index(shape.rows));
      rest = b.sub(rest, b.index(1));
      Value few = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, rest,
                                        b.index(2 * shapes[i + 1].rows - shape.rows));
      Value fewer = arith::MaxUIOp::create(b, rows, b.index(shape.rows));
      rows = arith::SelectOp::create(b, few, b.sub(fewer, b.index(shape.rows)), rows);
    }
    Value count = b.div(rows, b.index(shape.rows));
    Value end = b.add(begin, b.mul(count, b.index(shape.rows)));
    int64_t width = std::min(panels, shape.panels);
    b.loop(begin, end, shape.rows, [&](Value row) {
      for (int64_t first = 0; first < panels; first += width) {
        int64_t some = std::min(width, panels - first);
        bool last = first + some == panels;
        emitTile({row, b.add(panel, b.index(first)), shape.rows, some, last ? lastLive : lanes()});
      }
    });
    begin = end;
  }
}

void ContractEmitter::emitTile(const Tile &tile) {
  storeTile(tile,
            kernel.layout.container == PanelContainer::F32 ? sumFloats(tile) : sumGroups(tile));
}

Value ContractEmitter::wordAddress(const Tile &tile, int64_t panel, Value word) {
  Value base = b.mul(b.add(tile.panel, b.index(panel)), b.index(kernel.layout.wordsPerPanel()));
  Value address = b.add(base, b.mul(word, b.index(lanes())));
  return kernel.layout.container == PanelContainer::F32 ? address : b.mul(address, b.index(4));
}

void ContractEmitter::fetchAhead(const Tile &tile, Value word) {
  auto fetch = [&](Value buffer, Value address, unsigned locality) {
    memref::PrefetchOp::create(b, buffer, address, /*isWrite=*/false, locality,
                               /*isDataCache=*/true);
  };
  if (tile.rows == 1) {
    // Nothing is read twice: what each panel needs some time later, unless the call before may have
    // left it near.
    if (4 * kernel.layout.numWords() <= b.getTarget().l2Bytes) {
      return;
    }
    Value last = b.index(kernel.layout.wordsPerRow() - kFetchingTiles);
    Value later = arith::MinUIOp::create(b, b.add(word, b.index(kWordsAhead)), last);
    for (int64_t v = 0; v < tile.panels; ++v) {
      for (int64_t i = 0; i < kFetchingTiles; ++i) {
        fetch(words, wordAddress(tile, v, b.add(later, b.index(i))), 3);
      }
    }
    return;
  }
  if (kernel.layout.numPanels() < 2 * kTilePanels) {
    return;
  }
  Value turn =
      arith::RemUIOp::create(b, b.div(tile.row, b.index(tile.rows)), b.index(kFetchingTiles));
  Value last = b.index(kernel.layout.numPanels() - tile.panels);
  Value next = arith::MinUIOp::create(b, b.add(tile.panel, b.index(kTilePanels)), last);
  for (int64_t v = 0; v < tile.panels; ++v) {
    Tile ahead = tile;
    ahead.panel = next;
    fetch(words, wordAddress(ahead, v, b.add(word, turn)), 2);
  }
}

Value ContractEmitter::scaleAddress(const Tile &tile, int64_t panel, Value group) {
  Value base = b.mul(b.add(tile.panel, b.index(panel)), b.index(groups().numGroups()));
  return b.mul(b.add(base, group), b.index(lanes()));
}

Values ContractEmitter::sumFloats(const Tile &tile) {
  int64_t k = groups().k;
  int64_t unroll = k % 4 == 0 ? 4 : k % 2 == 0 ? 2 : 1;
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

Values ContractEmitter::sumGroups(const Tile &tile) {
  Values total(tile.rows * tile.panels, b.splat(0.0f));
  int64_t count = groups().numGroups(), last = groups().groupSize(count - 1);
  int64_t equal = last == groups().group ? count : count - 1;
  if (equal > 1) {
    total = b.loop(b.index(0), b.index(equal), 1, total, [&](Value group, ValueRange carried) {
      return addGroup(tile, group, groups().group, carried);
    });
  } else if (equal == 1) {
    total = addGroup(tile, b.index(0), groups().groupSize(0), total);
  }
  if (equal < count) {
    total = addGroup(tile, b.index(count - 1), last, total);
  }
  return total;
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

Values ContractEmitter::addGroup(const Tile &tile, Value group, int64_t size, ValueRange total) {
  Values sums =
      kernel.integerLhs ? sumIntegerGroup(tile, group, size) : sumMixedGroup(tile, group, size);
  Values weightScales;
  for (int64_t v = 0; v < tile.panels; ++v) {
    weightScales.push_back(b.load(scales, {scaleAddress(tile, v, group)}));
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
  auto several = [&](Value first, ValueRange values) {
    Values inner(values);
    if (unroll == kFetchingTiles) {
      ahead(first);
    }
    for (int64_t i = 0; i < unroll; ++i) {
      inner = body(b.add(first, b.index(i)), perWord, inner);
    }
    return inner;
  };
  if (full > unroll) {
    carried = b.loop(b.index(0), b.index(full), unroll, carried, several);
  } else if (full > 0) {
    carried = several(b.index(0), carried);
  }
  if (size % perWord != 0) {
    carried = body(b.index(full), size % perWord, carried);
  }
  return carried;
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
  int64_t padded = (size + GroupLayout::kUnit - 1) / GroupLayout::kUnit * GroupLayout::kUnit;
  Values sums = forWords(
      padded, kIntegerUnroll, zeroPointProducts(tile, group),
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

void ContractEmitter::storeTile(const Tile &tile, ValueRange sums) {
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value row = b.add(tile.row, b.index(r));
    Value scale;
    if (kernel.integerLhs) {
      Value scaleRow = kernel.rowScales ? row : b.index(0);
      scale = b.splat(b.loadScalar(lhsScales, {scaleRow, b.index(0)}));
    }
    for (int64_t v = 0; v < tile.panels; ++v) {
      Value column = b.mul(b.add(tile.panel, b.index(v)), b.index(lanes()));
      int64_t live = v == tile.panels - 1 ? tile.lastLive : lanes();
      Value value = sums[r * tile.panels + v];
      if (scale) {
        value = b.mul(value, scale);
      }
      if (bias) {
        value = b.add(value, b.load(bias, {column}, 0, live));
      }
      b.store(value, result, {row, column}, live);
    }
  }
}
