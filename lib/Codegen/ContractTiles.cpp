//===- ContractTiles.cpp - The sums of products in AMX tiles ---------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tile register holds sixteen rows of 64 bytes, integers or pairs of bf16. Sixteen steps of a
// panel are one, as they lie; sixteen rows of activations are one. Codes of fewer than eight bits
// are unpacked to memory, which vector units do beside the tile unit. Sums leave tiles through
// memory, too.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "quench/Codegen/ShortFloatKernel.h"

#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kTileBytes = 64;

void ContractEmitter::unpackTiles(const Tile &tile, Value step, int64_t steps, Value unpacked) {
  int64_t numParts = kernel.layout.codesPerWord() / (kernel.shortLhs ? 2 : 4);
  auto store = [&](int64_t word, int64_t part, int64_t panel, Value bytes) {
    int64_t row = panel * kTileRows + word * numParts + part;
    b.store(bytes, unpacked, {b.index(row * kTileBytes)});
  };
  for (int64_t word = 0; word < steps / numParts; ++word) {
    Value at = b.add(step, b.index(word));
    if (!kernel.shortLhs) {
      for (auto [part, weights] : llvm::enumerate(loadBytes(tile, at, /*steps=*/1))) {
        for (auto [v, bytes] : llvm::enumerate(weights)) {
          store(word, part, v, bytes);
        }
      }
      continue;
    }
    VectorType bytes = b.vectorType(b.getI8Type(), kTileBytes);
    for (int64_t v = 0; v < tile.panels; ++v) {
      Value codes = b.load(words, {wordAddress(tile, v, at)}, kTileBytes);
      for (int64_t part = 0; part < numParts; ++part) {
        store(word, part, v, vector::BitCastOp::create(b, bytes, shortWeights(codes, part)));
      }
    }
  }
}

Values ContractEmitter::sumTiles(const Tile &tile, Value group, int64_t size) {
  bool isShort = kernel.shortLhs;
  int64_t digits = kernel.digits, rowTiles = tile.rows / kTileRows;
  int64_t elementBytes = isShort ? ShortFloatKernel::kBytes : 1;
  Type element = isShort ? Type(b.getBF16Type()) : Type(b.getI8Type());
  Type sumElement = isShort ? Type(b.getF32Type()) : Type(b.getI32Type());
  bool isUnpacked = bitsOf(kernel.layout.container) != 8 * elementBytes;
  auto allocate = [&](ArrayRef<int64_t> shape, Type type) -> Value {
    return memref::AllocaOp::create(b, MemRefType::get(shape, type), b.getI64IntegerAttr(64));
  };
  auto tileType = [&](int64_t rows, int64_t bytes) {
    return amx::TileType::get({rows, bytes / elementBytes}, element);
  };
  auto sumType = amx::TileType::get({kTileRows, kTileRows}, sumElement);
  Value unpacked, sumBuffer = allocate({digits * tile.rows, tile.panels * lanes()}, sumElement);
  if (isUnpacked) {
    unpacked = allocate({tile.panels * kTileRows * kTileBytes}, b.getI8Type());
  }
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));

  // Sums are [digit][tile of rows][panel]; a chunk is up to 64 bytes along K.
  auto addChunk = [&](Value chunk, int64_t bytes, ValueRange sums) {
    Value at = b.add(groupBegin, b.mul(chunk, b.index(kTileBytes / elementBytes)));
    Value step = b.div(at, b.index(kernel.layout.codesPerStep()));
    if (isUnpacked) {
      unpackTiles(tile, step, bytes / 4, unpacked);
    }
    Values weights, next;
    Value stride = b.index(isUnpacked ? kTileBytes : tile.columns.panels * kTileBytes);
    for (int64_t v = 0; v < tile.panels; ++v) {
      Value address = isUnpacked ? b.index(v * kTileRows * kTileBytes) : wordAddress(tile, v, step);
      weights.push_back(amx::TileLoadOp::create(b, tileType(bytes / 4, kTileBytes),
                                                isUnpacked ? unpacked : words, address, stride));
    }
    for (int64_t i = 0; i < digits * rowTiles; ++i) {
      Value row = b.add(tile.row, b.index(i % rowTiles * kTileRows));
      Value position = digitAddress(i / rowTiles, at, groups().paddedK());
      if (isShort) {
        position = b.mul(position, b.index(elementBytes));
      }
      Value codes =
          amx::TileLoadOp::create(b, tileType(kTileRows, bytes), lhs, ValueRange{row, position});
      for (auto [v, weight] : llvm::enumerate(weights)) {
        Value sum = sums[i * tile.panels + v];
        // Of bytes, activations are signed, weights are not.
        next.push_back(isShort ? Value(amx::TileMulFOp::create(b, sumType, codes, weight, sum))
                               : Value(amx::TileMulIOp::create(b, sumType, codes, weight, sum,
                                                               /*isZextLhs=*/false,
                                                               /*isZextRhs=*/true)));
      }
    }
    return next;
  };
  int64_t padded = llvm::alignTo(size, GroupLayout::kUnit) * elementBytes;
  int64_t chunks = padded / kTileBytes;
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
  Values result = isShort ? shortZeroPointProducts(tile, group) : zeroPointProducts(tile, group);
  for (auto [i, sum] : llvm::enumerate(result)) {
    int64_t row = i / tile.panels / digits, digit = i / tile.panels % digits;
    Value place = b.index(digit * tile.rows + row);
    sum = b.add(sum, b.load(sumBuffer, {place, b.index(i % tile.panels * lanes())}));
  }
  return result;
}
