//===- ContractEmitter.h - Emission of a matrix product with packed weights -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CODEGEN_CONTRACTEMITTER_H
#define QUENCH_LIB_CODEGEN_CONTRACTEMITTER_H

#include "quench/Codegen/ContractKernel.h"

namespace quench {

/// Emits the body of one kernel.
class ContractEmitter {
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Values = mlir::SmallVector<Value>;

public:
  /// Rows of a tile register; register tiles of a multiple of them are multiplied there.
  static constexpr int64_t kTileRows = 16;

  ContractEmitter(KernelBuilder &builder, const ContractKernel &kernel, ValueRange parameters);
  void emit();
  /// The body of a function in streaming mode with the parameters of `emit`, the result being
  /// totals for each row from `row` on: whole blocks of rows by the panels from `panel` on.
  void emitOuterProducts(Value row, Value blocks, Value panel, int64_t panels);

private:
  /// Words of integer products, or floats of K, whose code is laid out one after the other.
  static constexpr int64_t kUnrolledWords = 4;

  /// Neighbouring panels that lie interleaved.
  struct Columns {
    Value firstPanel;
    int64_t panels;
    /// Columns of the last panel that exist.
    int64_t lastLive;
  };

  /// R rows from `row` by V panels from panel `first` of `columns`.
  struct Tile {
    Columns columns;
    Value row;
    int64_t rows;
    int64_t first;
    int64_t panels;

    int64_t live(int64_t panel, int64_t lanes) const {
      return first + panel + 1 == columns.panels ? columns.lastLive : lanes;
    }
  };

  struct TileShape {
    int64_t rows;
    int64_t panels;
  };

  //===--------------------------------------------------------------------===//
  // Loops (ContractEmitter.cpp)
  //===--------------------------------------------------------------------===//

  void emitColumns(const Columns &columns, Value rowBegin, Value rowEnd);
  void emitTile(const Tile &tile);
  void storeTile(const Tile &tile, ValueRange sums);
  /// Has the results of a tile fetched, and what the epilogue takes, while its sums are made: rows
  /// are far from each other, and nothing else tells the processor which come next.
  void fetchResults(const Tile &tile);
  Value columnAddress(const Tile &tile, int64_t panel);
  /// Rows of the left side.
  Value numRows() { return b.size(lhsSums ? lhsSums : lhs, 0); }

  /// Register tiles, the tallest one first, a single row last: each takes what rows the ones before
  /// it leave over. The sums of a tile, weights and a broadcast must fit the registers, and there
  /// must be sums enough to hide the latency of adding to one.
  llvm::SmallVector<TileShape> tileShapes() const;
  /// About how long one row of a tile takes.
  int64_t rowCycles() const;

  //===--------------------------------------------------------------------===//
  // Sums (ContractSums.cpp)
  //===--------------------------------------------------------------------===//

  Values sumFloats(const Tile &tile);
  Values sumGroups(const Tile &tile);
  /// Registers of sums, or of totals, of one digit.
  int64_t numSums(const Tile &tile) const;
  /// Whether the totals of groups fit the registers beside the sums of one.
  bool keepsTotals(const Tile &tile) const;
  /// Totals of rows of what was added up in the order and with the factor of the sums.
  Values finishTotals(const Tile &tile, ValueRange totals);
  /// The same as `sumGroups` with totals on the stack, before they are finished.
  Values sumGroupsInMemory(const Tile &tile);
  /// The sums of one group of `size` elements, scaled and added to `total`.
  Values addGroup(const Tile &tile, Value group, int64_t size, ValueRange total);
  Values sumGroup(const Tile &tile, Value group, int64_t size);
  /// One for each register of the sums of a row, or of two rows.
  Values loadScales(const Tile &tile, Value group);
  Values sumMixedGroup(const Tile &tile, Value group, int64_t size);
  /// Calls `body` for every `perStep` of a group of `size` codes with the number of codes; the code
  /// for `unroll` steps is laid out one after the other, behind what `ahead` emits for the
  /// first of them.
  Values forSteps(int64_t size, int64_t perStep, int64_t unroll, ValueRange initial,
                  llvm::function_ref<Values(Value step, int64_t live, ValueRange)> body,
                  llvm::function_ref<void(Value step)> ahead);
  /// Has words fetched for `step` and those laid out with it in the column tile behind this one,
  /// some by each row tile, so that the products cover the time of it; none by a single row.
  void fetchAhead(const Tile &tile, Value step);

  /// The code of `bits` bits at bit `shift` < 16 of each lane as a float minus its zero point.
  Value decode(Value word, int64_t shift, unsigned bits, Value offset);
  /// Where element `position` of digit `digit` of a row is.
  Value digitAddress(int64_t digit, Value position, int64_t rowSize);
  Value wordAddress(const Tile &tile, int64_t panel, Value step);
  Value scaleAddress(const Tile &tile, int64_t panel, Value group);
  /// What is added to a stored zero point, or the zero point if none is stored: codes are unsigned,
  /// except where the product of bytes wants them otherwise.
  int32_t constantZeroPoint() const;
  /// One for each panel.
  Values loadZeroPoints(const Tile &tile, Value group);

  //===--------------------------------------------------------------------===//
  // Sums of products of bytes (ContractBytes.cpp)
  //===--------------------------------------------------------------------===//

  Values sumIntegerGroup(const Tile &tile, Value group, int64_t size);
  /// The exact sums of a group times `2^raise`, `[row][digit][panel]`, or
  /// `[pair of rows][digit][panel][half]` for products of two rows.
  Values sumBytes(const Tile &tile, Value group, int64_t size);
  /// The bytes of the weights in so many steps, `[step and part of a word][register]`.
  llvm::SmallVector<Values> loadBytes(const Tile &tile, Value step, int64_t steps);
  Value unpack(Value bytes, int64_t part);
  /// Whether sums are added up as the last bits of a float, which takes less to convert than an
  /// integer does: those of small groups that begin with zero.
  bool sumsInFloats() const;
  /// Products of two rows load what such sums begin with: loads have units of their own, moves
  /// between registers take those of the products.
  void storeUnitSum();
  Values loadUnitSums(const Tile &tile);
  /// An exact sum as a float.
  Value convert(Value sum);
  /// Codes are multiplied times two to this power.
  int raise() const;
  Value product(Value sum, Value weights, Value activations);
  /// Whether a product takes one lane of a register of activations.
  bool multipliesByLane() const;
  /// The operands of `count` neighbouring products of a row of the tile from `position` on.
  Values loadOperands(const Tile &tile, int64_t row, Value position, int64_t count);
  /// Sums `[row][digit][panel]` as products take them, and totals of one digit back. Both are as
  /// they were where a product takes one row.
  Values joinRows(const Tile &tile, ValueRange rows);
  Values splitRows(const Tile &tile, ValueRange totals);
  /// One scale for each panel in the order of the sums of two rows.
  Values joinScales(ValueRange panels);
  /// What is added to the values of a table for the product of bytes.
  int32_t tableBias() const;
  /// The bytes that codes of four bits stand for, plus `tableBias`.
  Value lookUp(Value codes);
  /// Minus zero point times the sum of a row's codes, and minus the zero point of the left side
  /// times the sum of a column's codes less zero points: what the sums of a group begin with.
  Values zeroPointProducts(const Tile &tile, Value group);
  /// The first of these.
  Values rowSumProducts(const Tile &tile, Value group);
  /// The second for one or more panels from `panel` on, in `count` lanes.
  Value columnSumProduct(const Tile &tile, int64_t panel, Value group, int64_t count,
                         int64_t live = -1);

  //===--------------------------------------------------------------------===//
  // Sums of products in tile registers (ContractTiles.cpp)
  //===--------------------------------------------------------------------===//

  /// The same as `sumBytes` for whole tile registers of rows.
  Values sumTiles(const Tile &tile, Value group, int64_t size);
  /// Stores `steps` steps of four bytes for each panel, one tile register after the other.
  void unpackTiles(const Tile &tile, Value step, int64_t steps, Value unpacked);

  //===--------------------------------------------------------------------===//
  // Sums of outer products (ContractOuter.cpp)
  //===--------------------------------------------------------------------===//

  /// Whether whole blocks of rows are multiplied by outer products.
  bool multipliesBlocks() const { return groups().rows == GroupLayout::kBlockRows; }
  /// Multiplies whole blocks of the rows, and returns where the others begin.
  Value emitBlocks(const Columns &columns, Value rowBegin, Value rowEnd);
  /// So many blocks of rows from `block` on, counted from the first row of `tile`.
  void addBlocks(const Tile &tile, Value block, int64_t count);
  /// The sums of a group as tiles, `[block][digit]`.
  Values multiplyGroup(const Tile &tile, Value block, int64_t count, Value group, int64_t size);
  /// Scales the sums of a group and adds them to totals, or begins these.
  void addToTotals(const Tile &tile, Value block, ValueRange sums, Value group, bool isFirst);

  //===--------------------------------------------------------------------===//
  // Sums of products of 16-bit floats (ContractShortFloats.cpp)
  //===--------------------------------------------------------------------===//

  /// The sums of a group before its scale, minus zero points times the sums of activations.
  Values sumShortFloats(const Tile &tile, Value group, int64_t size);
  /// What the sums of a group begin with.
  Values shortZeroPointProducts(const Tile &tile, Value group);
  /// The bf16 of pair `part` of the words of a register of weights.
  Value shortWeights(Value bytes, int64_t part);
  /// The same of codes of up to four bits, as 16-bit lanes.
  Value lookUpShort(Value bytes, int64_t part);
  /// The lower and the upper bytes of the bf16 of part `part` of bytes with codes of up to four
  /// bits.
  std::pair<Value, Value> lookUpHalves(Value bytes, int64_t part);
  /// The bf16 of part `part` of all bytes of a register, in their order, in two registers; or four
  /// neighbours of each row of plain weights, of which `next` holds the second and the fourth.
  Values shortPairs(Value bytes, Value next, int64_t part);
  Value shortProduct(Value sum, Value weights, Value activations);
  /// The bf16 of the bytes at bits `shift` and `shift + 16` of each word.
  Value convertBytes(Value words, int64_t shift);

  /// Whether the target has tile registers for the operands, and whether they take the tile.
  bool hasTileRegisters() const;
  bool isOfTileRegisters(const Tile &tile) const {
    return tile.rows % kTileRows == 0 && hasTileRegisters();
  }

  int64_t lanes() const { return b.lanes(); }
  const GroupLayout &groups() const { return kernel.layout.groups; }
  /// Rows of activations that a product of vectors takes: 1 or 2.
  int64_t rowsOfProduct() const { return groups().rows == 2 ? 2 : 1; }
  /// Whether f32 are multiplied by weights that are stored as floats.
  bool isFloat() const { return holdsFloats(kernel.layout.container) && !kernel.shortLhs; }

  KernelBuilder &b;
  const ContractKernel &kernel;
  /// `flatLhs` is the left side of products by lane as one row, `other` what the epilogue takes.
  Value lhs, flatLhs, lhsScales, lhsSums, lhsZeroPoint, words, scales, zeroPoints, bias, other,
      resultScale, resultZeroPoint, result;
  /// What sums that are floats begin with, where it is loaded.
  Value unitSum;
};

} // namespace quench

#endif // QUENCH_LIB_CODEGEN_CONTRACTEMITTER_H
