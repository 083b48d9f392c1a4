//===- ContractOuter.cpp - The sums of outer products in ZA ----------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// SME adds the product of a register of activations, four codes of each of sixteen rows, by one of
// weights, four codes of each of sixteen columns, to a tile of sums. A step of four panels of four
// columns is such a register of weights as it lies, and quantization writes the codes of a block of
// sixteen rows in fours (ActivationCodes.h). Weights are unpacked once for four blocks, whose sums
// are the four tiles of ZA.
//
// That happens in a function of its own, in streaming mode and with ZA state of its own: it leaves
// totals in f32, which the kernel scales and stores. Rows behind the last whole block take products
// of vectors, on the same weights.
//
//===----------------------------------------------------------------------===//

#include "ContractEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ArmSME/IR/ArmSME.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

using Values = SmallVector<Value>;

constexpr int64_t kBlockRows = GroupLayout::kBlockRows;
/// Tiles of 32-bit sums in ZA.
constexpr int64_t kAccumulators = 4;
/// Bytes of a register in streaming mode.
constexpr int64_t kRegisterBytes = 4 * kBlockRows;
/// Blocks of rows of a call at most: what `totals` has room for.
constexpr int64_t kMostBlocks = 8;
/// Rows that are read from tiles, or stored, one after the other in a loop.
constexpr int64_t kRowsAtOnce = 4;

/// A register in streaming mode as products take it.
static Value toScalable(KernelBuilder &b, Value fixed) {
  auto type = VectorType::get({kRegisterBytes / 4}, b.getI8Type(), {true});
  return vector::ScalableInsertOp::create(b, fixed, LLVM::PoisonOp::create(b, type), 0);
}

/// A tile without sums.
static Value zeroTile(KernelBuilder &b) {
  return arm_sme::ZeroOp::create(b, VectorType::get({4, 4}, b.getI32Type(), {true, true}));
}

/// The tile plus the products of fours of signed bytes of each row with those of each column.
static Value addOuterProduct(KernelBuilder &b, Value tile, Value rows, Value columns) {
  return arm_sme::SMopa4WayOp::create(b, tile.getType(), toScalable(b, rows),
                                      toScalable(b, columns), /*lhsMask=*/Value(),
                                      /*rhsMask=*/Value(), tile);
}

/// The sums of a row of a tile.
static Value readRow(KernelBuilder &b, Value tile, Value row) {
  Value read = arm_sme::ExtractTileSliceOp::create(b, tile, row);
  return vector::ScalableExtractOp::create(b, b.vectorType(b.getI32Type(), kBlockRows), read, 0);
}

Value ContractEmitter::emitBlocks(const Columns &columns, Value rowBegin, Value rowEnd) {
  auto module = b.getInsertionBlock()->getParentOp()->getParentOfType<ModuleOp>();
  ContractKernel sums = kernel;
  sums.bias = false;
  sums.epilogue = {};
  sums.requantization.reset();
  auto totalsType = b.bufferType({ShapedType::kDynamic, kBlockRows}, b.getF32Type());
  func::FuncOp function = getOrCreateKernel(
      module, kernel.name() + "_outer" + std::to_string(columns.panels), b.getTarget(),
      [&](KernelBuilder &inner) {
        SmallVector<Type> types = sums.parameters(inner);
        types.back() = totalsType;
        types.append(3, inner.getIndexType());
        return types;
      },
      [&](KernelBuilder &inner, ValueRange values) {
        ValueRange numbers = values.take_back(3);
        ContractEmitter(inner, sums, values.drop_back(3))
            .emitOuterProducts(numbers[0], numbers[1], numbers[2], columns.panels);
      });
  function->setAttr("arm_locally_streaming", b.getUnitAttr());
  function->setAttr("arm_new_za", b.getUnitAttr());

  auto bufferType = MemRefType::get({kMostBlocks * kBlockRows, kBlockRows}, b.getF32Type());
  Value totals = memref::AllocaOp::create(b, bufferType, b.getI64IntegerAttr(kRegisterBytes));
  Value blocks = b.div(b.sub(rowEnd, rowBegin), b.index(kBlockRows));
  Values operands;
  for (Value operand : {lhs, lhsScales, lhsSums, lhsZeroPoint, words, scales, zeroPoints}) {
    if (operand) {
      operands.push_back(operand);
    }
  }
  operands.append(
      {memref::CastOp::create(b, totalsType, totals), rowBegin, blocks, columns.firstPanel});
  Value rows = b.mul(blocks, b.index(kBlockRows));
  if (groups().numGroups() > 1) {
    b.loop(b.index(0), rows, 1,
           [&](Value row) { b.store(b.splat(0.0f, kBlockRows), totals, {row, b.index(0)}); });
  }
  Value hasBlocks = arith::CmpIOp::create(b, arith::CmpIPredicate::ugt, blocks, b.index(0));
  auto branch = scf::IfOp::create(b, hasBlocks, /*withElseRegion=*/false);
  OpBuilder inBranch = branch.getThenBodyBuilder();
  func::CallOp::create(inBranch, b.getLoc(), function, operands);
  b.loop(b.index(0), rows, kRowsAtOnce, [&](Value row) {
    Tile tile{columns, b.add(rowBegin, row), kRowsAtOnce, 0, columns.panels};
    Values loaded;
    for (int64_t i = 0; i < kRowsAtOnce * tile.panels; ++i) {
      Value place = b.add(row, b.index(i / tile.panels));
      loaded.push_back(b.load(totals, {place, b.index(i % tile.panels * lanes())}));
    }
    storeTile(tile, finishTotals(tile, loaded));
  });
  return b.add(rowBegin, rows);
}

void ContractEmitter::emitOuterProducts(Value row, Value blocks, Value panel, int64_t panels) {
  Tile tile{{panel, panels, lanes()}, row, kBlockRows, 0, panels};
  Value begin = b.index(0);
  for (int64_t count = kAccumulators / kernel.digits; count > 0; count /= 2) {
    Value whole = b.mul(b.div(b.sub(blocks, begin), b.index(count)), b.index(count));
    Value end = b.add(begin, whole);
    b.loop(begin, end, count, [&](Value block) { addBlocks(tile, block, count); });
    begin = end;
  }
}

void ContractEmitter::addBlocks(const Tile &tile, Value block, int64_t count) {
  int64_t numGroups = groups().numGroups(), last = groups().groupSize(numGroups - 1);
  int64_t equal = last == groups().group ? numGroups : numGroups - 1;
  auto add = [&](Value group, int64_t size) {
    Values sums = multiplyGroup(tile, block, count, group, size);
    addToTotals(tile, block, sums, group, /*isFirst=*/numGroups == 1);
  };
  b.loop(b.index(0), b.index(equal), 1, [&](Value group) { add(group, groups().group); });
  if (equal < numGroups) {
    add(b.index(equal), last);
  }
}

Values ContractEmitter::multiplyGroup(const Tile &tile, Value block, int64_t count, Value group,
                                      int64_t size) {
  int64_t perWord = kernel.layout.codesPerWord(), digits = kernel.digits;
  Value groupWords = b.mul(group, b.index(groups().paddedGroup() / perWord));
  Value groupBegin = b.mul(group, b.index(groups().paddedGroup()));
  Value firstBlock = b.add(b.div(tile.row, b.index(kBlockRows)), block);
  Values zeros;
  for (int64_t i = 0; i < count * digits; ++i) {
    zeros.push_back(zeroTile(b));
  }
  // Padding is part of the codes: activations are zero there.
  return forSteps(
      llvm::alignTo(size, GroupLayout::kUnit), perWord, kUnrolledWords, zeros,
      [&](Value word, int64_t, ValueRange carried) {
        Values sums(carried);
        Value bytes = b.load(words, {wordAddress(tile, 0, b.add(groupWords, word))}, kRegisterBytes,
                             4 * lanes() * tile.panels);
        Value begin = b.add(groupBegin, b.mul(word, b.index(perWord)));
        for (int64_t part = 0; part < perWord / 4; ++part) {
          Value codes = unpack(bytes, part);
          codes = kernel.table ? lookUp(codes) : codes;
          for (int64_t i = 0; i < count * digits; ++i) {
            Value position = b.add(begin, b.index(4 * part));
            position = digitAddress(i % digits, position, groups().paddedK());
            Value at = b.add(firstBlock, b.index(i / digits));
            Value rows = b.load(lhs, {at, b.mul(position, b.index(kBlockRows))}, kRegisterBytes);
            sums[i] = addOuterProduct(b, sums[i], rows, codes);
          }
        }
        return sums;
      },
      [](Value) {});
}

void ContractEmitter::addToTotals(const Tile &tile, Value block, ValueRange sums, Value group,
                                  bool isFirst) {
  int64_t digits = kernel.digits, live = lanes() * tile.panels;
  Value scale = b.load(scales, {scaleAddress(tile, 0, group)}, kBlockRows, live);
  if (kernel.layout.narrowScale) {
    scale = arith::ExtFOp::create(b, b.floats(kBlockRows), scale);
  }
  bool isCorrected = zeroPoints || constantZeroPoint() != 0;
  Value points = b.splat(constantZeroPoint(), kBlockRows);
  if (zeroPoints) {
    points = b.add(b.load(zeroPoints, {scaleAddress(tile, 0, group)}, kBlockRows, live), points);
  }
  Value factor = b.i32(-(1 << raise())), columnProducts;
  if (lhsZeroPoint) {
    columnProducts = columnSumProduct(tile, 0, group, kBlockRows, live);
  }
  auto readSum = [&](Value of, int64_t digit, Value place, Value row) -> Value {
    Value sum = readRow(b, of, row);
    if (isCorrected) {
      Value at = digitAddress(digit, group, groups().numGroups());
      Value rowSum = b.loadScalar(lhsSums, {b.add(tile.row, place), at});
      sum = b.add(sum, b.mul(points, b.splat(b.mul(rowSum, factor), kBlockRows)));
    }
    sum = columnProducts ? b.add(sum, columnProducts) : sum;
    return arith::SIToFPOp::create(b, b.floats(kBlockRows), sum);
  };
  for (int64_t i = 0; i < static_cast<int64_t>(sums.size()) / digits; ++i) {
    Value begin = b.mul(b.add(block, b.index(i)), b.index(kBlockRows));
    b.loop(b.index(0), b.index(kBlockRows), kRowsAtOnce, [&](Value first) {
      for (int64_t j = 0; j < kRowsAtOnce; ++j) {
        Value row = b.add(first, b.index(j)), place = b.add(begin, row), sum;
        // The highest digit first: sum = sum * 256 + next digit.
        for (int64_t digit = digits - 1; digit >= 0; --digit) {
          Value next = readSum(sums[i * digits + digit], digit, place, row);
          sum = sum ? b.fma(sum, b.splat(256.0f, kBlockRows), next) : next;
        }
        Value total =
            isFirst ? b.splat(0.0f, kBlockRows) : b.load(result, {place, b.index(0)}, kBlockRows);
        b.store(b.fma(sum, scale, total), result, {place, b.index(0)});
      }
    });
  }
}
