//===- EmulatedTiles.h - AMX tiles without AMX --------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Tiles become handles, and instructions on them calls of the functions here.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_CODEGEN_EMULATEDTILES_H
#define QUENCH_UNITTESTS_CODEGEN_EMULATEDTILES_H

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

#include <array>
#include <cstring>
#include <vector>

namespace quench {

struct TileUnit {
  using Tile = std::array<uint8_t, 1024>;
  std::vector<Tile> tiles;
  int64_t products = 0;

  int64_t add(const Tile &tile) {
    tiles.push_back(tile);
    return static_cast<int64_t>(tiles.size()) - 1;
  }

  static TileUnit &only() {
    static TileUnit unit;
    return unit;
  }
};
inline int64_t tileZero(int16_t, int16_t) { return TileUnit::only().add({}); }

inline int64_t tileLoad(int16_t rows, int16_t bytes, const uint8_t *from, int64_t stride) {
  TileUnit::Tile tile{};
  for (int16_t row = 0; row < rows; ++row) {
    std::memcpy(&tile[row * 64], from + row * stride, bytes);
  }
  return TileUnit::only().add(tile);
}

inline void tileStore(int16_t rows, int16_t bytes, uint8_t *to, int64_t stride, int64_t handle) {
  for (int16_t row = 0; row < rows; ++row) {
    std::memcpy(to + row * stride, &TileUnit::only().tiles[handle][row * 64], bytes);
  }
}

/// sums[m][n] += a[m][k] * b[k / 4][4 n + k % 4] with signed a and unsigned b.
inline int64_t tileMultiply(int16_t rows, int16_t columnBytes, int16_t depth, int64_t sums,
                            int64_t a, int64_t b) {
  TileUnit::Tile result = TileUnit::only().tiles[sums];
  ++TileUnit::only().products;
  for (int16_t m = 0; m < rows; ++m) {
    for (int16_t n = 0; n < columnBytes / 4; ++n) {
      int32_t sum;
      std::memcpy(&sum, &result[m * 64 + 4 * n], sizeof(sum));
      for (int16_t k = 0; k < depth; ++k) {
        auto activation = static_cast<int8_t>(TileUnit::only().tiles[a][m * 64 + k]);
        sum += activation * TileUnit::only().tiles[b][k / 4 * 64 + 4 * n + k % 4];
      }
      std::memcpy(&result[m * 64 + 4 * n], &sum, sizeof(sum));
    }
  }
  return TileUnit::only().add(result);
}

/// sums[m][n] += a[m][k] * b[k / 2][2 n + k % 2] of bf16, in f32.
inline int64_t tileMultiplyFloats(int16_t rows, int16_t columnBytes, int16_t depth, int64_t sums,
                                  int64_t a, int64_t b) {
  TileUnit::Tile result = TileUnit::only().tiles[sums];
  ++TileUnit::only().products;
  auto element = [](const TileUnit::Tile &tile, int64_t byte) {
    uint32_t bits = (tile[byte] | tile[byte + 1] << 8) << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
  };
  for (int16_t m = 0; m < rows; ++m) {
    for (int16_t n = 0; n < columnBytes / 4; ++n) {
      float sum;
      std::memcpy(&sum, &result[m * 64 + 4 * n], sizeof(sum));
      for (int16_t k = 0; k < depth / 2; ++k) {
        sum += element(TileUnit::only().tiles[a], m * 64 + 2 * k) *
               element(TileUnit::only().tiles[b], k / 2 * 64 + 4 * n + 2 * (k % 2));
      }
      std::memcpy(&result[m * 64 + 4 * n], &sum, sizeof(sum));
    }
  }
  return TileUnit::only().add(result);
}

/// Tiles become integers, and intrinsics on them calls.
inline void emulateTiles(mlir::ModuleOp module) {
  using namespace mlir;
  Type handle = IntegerType::get(module.getContext(), 64);
  auto retype = [&](Value value) {
    if (isa<LLVM::LLVMX86AMXType>(value.getType())) {
      value.setType(handle);
    }
  };
  SmallVector<LLVM::CallIntrinsicOp> calls;
  module.walk([&](Operation *op) {
    llvm::for_each(op->getResults(), retype);
    for (Region &region : op->getRegions()) {
      for (Block &block : region) {
        llvm::for_each(block.getArguments(), retype);
      }
    }
    if (auto call = dyn_cast<LLVM::CallIntrinsicOp>(op)) {
      if (call.getIntrin().ends_with(".internal")) {
        calls.push_back(call);
      }
    }
  });
  for (LLVM::CallIntrinsicOp call : calls) {
    OpBuilder builder(call);
    std::string name = call.getIntrin().str();
    if (!module.lookupSymbol("emulated." + name)) {
      OpBuilder::InsertionGuard guard(builder);
      builder.setInsertionPointToStart(module.getBody());
      Type result = call->getNumResults() ? handle : LLVM::LLVMVoidType::get(module.getContext());
      auto type = LLVM::LLVMFunctionType::get(result, llvm::to_vector(call->getOperandTypes()));
      LLVM::LLVMFuncOp::create(builder, call.getLoc(), "emulated." + name, type);
    }
    auto function = module.lookupSymbol<LLVM::LLVMFuncOp>("emulated." + name);
    auto replacement = LLVM::CallOp::create(builder, call.getLoc(), function, call->getOperands());
    call->replaceAllUsesWith(replacement);
    call.erase();
  }
}

inline const std::pair<llvm::StringRef, void *> kTileFunctions[] = {
    {"emulated.llvm.x86.tilezero.internal", reinterpret_cast<void *>(tileZero)},
    {"emulated.llvm.x86.tileloadd64.internal", reinterpret_cast<void *>(tileLoad)},
    {"emulated.llvm.x86.tilestored64.internal", reinterpret_cast<void *>(tileStore)},
    {"emulated.llvm.x86.tdpbsud.internal", reinterpret_cast<void *>(tileMultiply)},
    {"emulated.llvm.x86.tdpbf16ps.internal", reinterpret_cast<void *>(tileMultiplyFloats)},
};

} // namespace quench

#endif // QUENCH_UNITTESTS_CODEGEN_EMULATEDTILES_H
