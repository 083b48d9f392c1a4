//===- ContractEmitter.cpp - Emission of a matrix product with packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns are cut into tiles of a few panels, rows into blocks; a thread takes (tile, block) pairs.
// In a pair, register tiles of R rows by V panels keep their sums in registers while K streams by:
// weights are read once for each R rows, activations are broadcast. Tiles that are wide rather than
// tall take the fewest loads for a product; a single row takes all panels at once, too, so that
// there are enough independent sums to hide latency.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/QuantizeKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kTilePanels = PanelLayout::kTilePanels;
/// About how many rows a thread takes at a time.
constexpr int64_t kRowBlock = 96;
/// The same of outer products, which take four blocks at a time.
constexpr int64_t kOuterRowBlock = 128;
/// Groups whose ends take a good part of the time.
constexpr int64_t kSmallGroup = 32;

ContractEmitter::ContractEmitter(KernelBuilder &builder, const ContractKernel &kernel,
                                 ValueRange parameters)
    : b(builder), kernel(kernel) {
  auto next = parameters.begin();
  lhs = *next++;
  if (kernel.integerLhs) {
    lhsScales = *next++;
    lhsSums = *next++;
    lhsZeroPoint = kernel.lhsZeroPoint ? *next++ : Value();
  } else if (kernel.shortLhs) {
    lhsSums = *next++;
  }
  words = *next++;
  if (!holdsFloats(kernel.layout.container)) {
    scales = *next++;
    if (kernel.zeroPoints) {
      zeroPoints = *next++;
    }
  }
  if (kernel.bias) {
    bias = *next++;
  }
  if (kernel.epilogue.takesTwo()) {
    other = *next++;
  }
  if (kernel.requantization) {
    resultScale = *next++;
    resultZeroPoint = kernel.requantization->hasZeroPoint ? *next++ : Value();
  }
  result = *next;
  flatLhs = multipliesByLane() ? flatCodes(b, lhs) : Value();
}

bool ContractEmitter::hasTileRegisters() const {
  const Target &target = b.getTarget();
  const NativeProduct *matrix = nullptr;
  if (kernel.integerLhs) {
    matrix = target.matrixProduct();
  } else if (kernel.shortLhs) {
    matrix = target.findProduct(NumberType::BF16, NumberType::BF16);
  }
  return matrix && matrix->shape[0] == kTileRows && matrix != target.outerProduct();
}

SmallVector<ContractEmitter::TileShape> ContractEmitter::tileShapes() const {
  if (hasTileRegisters()) {
    // Eight tile registers: sums, of each digit, and one or two for either operand.
    if (kernel.digits > 1) {
      return {{kTileRows, 1}, {6, 2}, {2, kTilePanels}, {1, kTilePanels}};
    }
    return {{2 * kTileRows, 2}, {kTileRows, 2}, {6, 2}, {2, kTilePanels}, {1, kTilePanels}};
  }
  const Target &target = b.getTarget();
  bool twoSums = !holdsFloats(kernel.layout.container) && groups().numGroups() > 1;
  if (target.vectorRegisters < 32) {
    if (kernel.digits > 1) {
      return {{1, kTilePanels}};
    }
    return {{twoSums ? 2 : 4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (kernel.integerLhs && target.narrowProduct()) {
    // A sum has two registers of 16 bits beside it.
    if (kernel.digits > 1) {
      return {{2, 1}, {1, 2}};
    }
    return {{twoSums ? 6 : 4, twoSums ? 1 : 2}, {2, 2}, {1, kTilePanels}};
  }
  if (kernel.digits > 1) {
    return {{4, 2}, {2, 2}, {1, kTilePanels}};
  }
  bool endsOften = twoSums && groups().group <= kSmallGroup;
  if (endsOften && (multipliesByLane() || groups().rows == 2)) {
    // The end of a group is two or three operations for each sum: totals stay in registers.
    return {{groups().rows == 2 ? 10 : 8, 1}, {4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (groups().rows == 2 &&
      (twoSums || (kernel.shortLhs && !holdsFloats(kernel.layout.container)))) {
    // Unpacking is shared by many rows; totals of groups are in memory.
    return {{20, 1}, {8, 1}, {4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (groups().rows == 2) {
    return {{kernel.layout.container != PanelContainer::I8 ? 8 : 12, 2},
            {2, kTilePanels},
            {1, kTilePanels}};
  }
  if (target.vectorBits == 128 && kernel.integerLhs) {
    // A load of activations is multiplied by four registers of each panel.
    return {{8, 2}, {4, 2}, {2, 2}, {1, kTilePanels}};
  }
  if (kernel.shortLhs && !holdsFloats(kernel.layout.container)) {
    // Decoding takes as long as several products: many rows share it.
    return {{12, twoSums ? 1 : 2}, {4, 2}, {2, kTilePanels}, {1, kTilePanels}};
  }
  if (twoSums) {
    return {{6, 2}, {2, kTilePanels}, {1, kTilePanels}};
  }
  if (target.vectorBits == 128) {
    // Broadcasts take registers here: fewer panels leave more of them.
    return {{12, 2}, {8, 2}, {4, kTilePanels}, {1, kTilePanels}};
  }
  return {{6, kTilePanels}, {4, kTilePanels}, {2, kTilePanels}, {1, kTilePanels}};
}

int64_t ContractEmitter::rowCycles() const {
  int64_t perWord = kernel.layout.codesPerWord();
  if (kernel.shortLhs) {
    return kTilePanels * kernel.layout.wordsPerRow() * std::max<int64_t>(perWord / 4, 1);
  }
  bool mixed = !kernel.integerLhs && !holdsFloats(kernel.layout.container);
  int64_t wordCycles = mixed ? 3 * perWord : std::max<int64_t>(perWord / 4, 1) * kernel.digits;
  return kTilePanels * kernel.layout.wordsPerRow() * wordCycles;
}

void ContractEmitter::emit() {
  const PanelLayout &layout = kernel.layout;
  int64_t fullTiles = layout.n / lanes() / kTilePanels;
  int64_t restPanels = layout.numPanels() - fullTiles * kTilePanels;
  int64_t tiles = fullTiles + (restPanels > 0 ? 1 : 0);
  int64_t lastLive = layout.n - (layout.numPanels() - 1) * lanes();

  Value rows = numRows();
  int64_t tallest = tileShapes().front().rows;
  int64_t rowBlock = multipliesBlocks() ? kOuterRowBlock : llvm::alignTo(kRowBlock, tallest);
  Value blocks = b.ceilDiv(rows, rowBlock);
  Value cycles = b.mul(rows, b.index(tiles * rowCycles()));
  b.parallelLoop(b.mul(b.index(tiles), blocks), cycles, [&](Value task) {
    Value tile = b.div(task, blocks);
    Value block = arith::RemUIOp::create(b, task, blocks);
    Value rowBegin = b.mul(block, b.index(rowBlock));
    Value rowEnd = arith::MinUIOp::create(b, b.add(rowBegin, b.index(rowBlock)), rows);
    Value panel = b.mul(tile, b.index(kTilePanels));
    Columns full{panel, kTilePanels, lanes()}, rest{panel, restPanels, lastLive};
    if (restPanels == 0 || fullTiles == 0) {
      emitColumns(restPanels == 0 ? full : rest, rowBegin, rowEnd);
      return;
    }
    Value isFull = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, tile, b.index(fullTiles));
    auto branch = scf::IfOp::create(b, isFull, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(branch.thenBlock());
    emitColumns(full, rowBegin, rowEnd);
    b.setInsertionPointToStart(branch.elseBlock());
    emitColumns(rest, rowBegin, rowEnd);
  });
}

void ContractEmitter::emitColumns(const Columns &columns, Value rowBegin, Value rowEnd) {
  Value begin = multipliesBlocks() ? emitBlocks(columns, rowBegin, rowEnd) : rowBegin;
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
    int64_t width = std::min(columns.panels, shape.panels);
    b.loop(begin, end, shape.rows, [&](Value row) {
      for (int64_t first = 0; first < columns.panels; first += width) {
        int64_t panels = std::min(width, columns.panels - first);
        emitTile({columns, row, shape.rows, first, panels});
      }
    });
    begin = end;
  }
}

void ContractEmitter::fetchResults(const Tile &tile) {
  auto fetch = [&](Value matrix, bool isWrite) {
    for (int64_t r = 0; r < tile.rows; ++r) {
      for (int64_t v = 0; v < tile.panels; ++v) {
        Value place[] = {b.add(tile.row, b.index(r)), columnAddress(tile, v)};
        memref::PrefetchOp::create(b, matrix, place, isWrite, /*localityHint=*/3,
                                   /*isDataCache=*/true);
      }
    }
  };
  if (other) {
    fetch(other, /*isWrite=*/false);
  }
  if (!kernel.requantization) {
    fetch(result, /*isWrite=*/true);
  }
}

void ContractEmitter::emitTile(const Tile &tile) {
  if (tile.rows > 1) {
    fetchResults(tile);
  }
  bool hasGroups = !holdsFloats(kernel.layout.container);
  storeTile(tile, hasGroups         ? sumGroups(tile)
                  : kernel.shortLhs ? splitRows(tile, sumShortFloats(tile, b.index(0), groups().k))
                                    : sumFloats(tile));
}

Value ContractEmitter::columnAddress(const Tile &tile, int64_t panel) {
  return b.mul(b.add(tile.columns.firstPanel, b.index(tile.first + panel)), b.index(lanes()));
}

void ContractEmitter::storeTile(const Tile &tile, ValueRange sums) {
  CodeScale codeScale;
  if (kernel.requantization) {
    codeScale = CodeScale::load(b, resultScale, resultZeroPoint);
  }
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value row = b.add(tile.row, b.index(r));
    Value scale;
    if (kernel.integerLhs) {
      Value scaleRow = kernel.rowScales ? row : b.index(0);
      scale = b.splat(b.loadScalar(lhsScales, {scaleRow, b.index(0)}));
    }
    for (int64_t v = 0; v < tile.panels; ++v) {
      Value column = columnAddress(tile, v);
      int64_t live = tile.live(v, lanes());
      Value value = sums[r * tile.panels + v];
      if (scale) {
        value = b.mul(value, scale);
      }
      if (bias) {
        value = b.add(value, b.load(bias, {column}, 0, live));
      }
      Value loaded = other ? b.load(other, {row, column}, 0, live) : Value();
      value = kernel.epilogue.emit(b, value, loaded);
      if (kernel.requantization) {
        emitCodes(b, *kernel.requantization, value, codeScale, result, numRows(), row, column,
                  live);
      } else {
        b.store(value, result, {row, column}, live);
      }
    }
  }
}
