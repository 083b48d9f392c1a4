//===- ContractTiles.cpp - The sums of products in AMX tiles ---------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile register holds sixteen rows of 64 bytes. Sixteen steps of a panel are one, as they lie;
// sixteen rows of activations are one. Codes of fewer than eight bits are unpacked to memory, which
// vector units do beside the tile unit. Sums leave tiles through memory, too.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kTileBytes = 64;

void ContractEmitter::unpackTiles(const Tile &tile, Value step, int64_t steps, Value unpacked) {
  int64_t numParts = kernel.layout.codesPerWord() / 4;
  for (int64_t word = 0; word < steps / numParts; ++word) {
    Value at = b.add(step, b.index(word));
    for (auto [part, weights] : llvm::enumerate(loadBytes(tile, at, /*steps=*/1))) {
      for (auto [v, bytes] : llvm::enumerate(weights)) {
        int64_t row = v * kTileRows + word * numParts + part;
        b.store(bytes, unpacked, {b.index(row * kTileBytes)});
      }
    }
  }
}

Values ContractEmitter::sumTiles(const Tile &tile, Value group, int64_t size) {
  const PanelLayout &layout = kernel.layout;
  int64_t digits = kernel.digits, rowTiles = tile.rows / kTileRows;
  bool isUnpacked = layout.container != PanelContainer::I8;
  auto allocate = [&](ArrayRef<int64_t> shape, Type element) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, element), b.getI64IntegerAttr(64));
  };
  auto tileType = [&](int64_t rows, int64_t columns, Type element) {
    return amx::TileType::get({rows, columns}, element);
  };
  amx::TileType sumType = tileType(kTileRows, kTileRows, b.getI32Type());
  Value unpacked, sumBuffer = allocate({digits * tile.rows, tile.panels * lanes()}, b.getI32Type());
  if (isUnpacked) {
    unpacked = allocate({tile.panels * kTileRows * kTileBytes}, b.getI8Type());
  }
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));

  // Sums are [digit][tile of rows][panel]; a chunk is up to 64 codes along K.
  auto addChunk = [&](Value chunk, int64_t bytes, ValueRange sums) {
    Value at = b.add(groupBegin, b.mul(chunk, b.index(kTileBytes)));
    Value step = b.div(at, b.index(layout.codesPerStep()));
    if (isUnpacked) {
      unpackTiles(tile, step, bytes / 4, unpacked);
    }
    Values weights, next;
    Value stride = b.index(isUnpacked ? kTileBytes : tile.columns.panels * kTileBytes);
    for (int64_t v = 0; v < tile.panels; ++v) {
      Value address = isUnpacked ? b.index(v * kTileRows * kTileBytes) : wordAddress(tile, v, step);
      weights.push_back(amx::TileLoadOp::create(b, tileType(bytes / 4, kTileBytes, b.getI8Type()),
                                                isUnpacked ? unpacked : words, address, stride));
    }
    for (int64_t i = 0; i < digits * rowTiles; ++i) {
      Value row = b.add(tile.row, b.index(i % rowTiles * kTileRows));
      Value position = digitAddress(i / rowTiles, at, groups().paddedK());
      Value codes = amx::TileLoadOp::create(b, tileType(kTileRows, bytes, b.getI8Type()), lhs,
                                            ValueRange{row, position});
      for (auto [v, weight] : llvm::enumerate(weights)) {
        // Activations are signed, weights are not.
        next.push_back(amx::TileMulIOp::create(b, sumType, codes, weight, sums[i * tile.panels + v],
                                               /*isZextLhs=*/false, /*isZextRhs=*/true));
      }
    }
    return next;
  };
  int64_t padded = llvm::alignTo(size, GroupLayout::kUnit), chunks = padded / kTileBytes;
  Values sums;
  for (int64_t i = 0; i < digits * rowTiles * tile.panels; ++i) {
    sums.push_back(amx::TileZeroOp::create(b, sumType));
  }
  if (chunks > 0) {
    sums = b.loop(b.index(0), b.index(chunks), 1, sums, [&](Value chunk, ValueRange carried) {
      return addChunk(chunk, kTileBytes, carried);
    });
  }
  if (padded % kTileBytes != 0) {
    sums = addChunk(b.index(chunks), padded % kTileBytes, sums);
  }
  for (auto [i, sum] : llvm::enumerate(sums)) {
    Value row = b.index(i / tile.panels * kTileRows), column = b.index(i % tile.panels * lanes());
    amx::TileStoreOp::create(b, sumBuffer, ValueRange{row, column}, sum);
  }
  // [row][digit][panel], as products of one row give them.
  Values result = zeroPointProducts(tile, group);
  for (auto [i, sum] : llvm::enumerate(result)) {
    int64_t row = i / tile.panels / digits, digit = i / tile.panels % digits;
    Value place = b.index(digit * tile.rows + row);
    sum = b.add(sum, b.load(sumBuffer, {place, b.index(i % tile.panels * lanes())}));
  }
  return result;
}
