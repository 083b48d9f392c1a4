//===- GptqPanel.h - GPTQ on a few rows of a weight -------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A panel holds its rows in f64, transposed: in strips of 24 rows, each with the 24 values of a
// column next to each other. So rounding works on vectors, and a strip is the right operand of the
// matrix product (MatrixProduct.h) as it is. Where a column is done, its scaled errors take the
// place of its values.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_GPTQPANEL_H
#define QUENCH_LIB_NUMERICS_GPTQPANEL_H

#include "quench/Numerics/Gptq.h"

namespace quench::numerics {

/// What panels share. They write the entries of their own blocks.
struct GptqProblem {
  GptqProblem(llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape, const Scheme &scheme,
              const GramFactor &factor, const GptqOptions &options);

  llvm::ArrayRef<float> weights;
  llvm::ArrayRef<int64_t> shape;
  const Scheme &scheme;
  const GramFactor &factor;
  const GptqOptions &options;
  /// The size of a block.
  int64_t blockRows;
  int64_t blockColumns;
  /// Whether ranges wait for the compensated values of their block.
  bool followsValues;
  /// Whether the columns of the result are in the order of the factor.
  bool isPermuted;

  /// What is known before the first panel: all, or nothing when `followsValues`. Then panels fill
  /// in what follows, by block.
  BlockScales scales;
  std::vector<BlockCoding> codings;
  std::vector<BlockFit> fits;
  ScaleStorage storage;
};

/// What each row of a panel is coded with in the current column, and the limits of its codes minus
/// their zero points.
struct GptqLanes {
  std::vector<float> scales, realZeroPoints, lowest, highest;
  std::vector<int32_t> zeroPoints;
};

class GptqPanel {
public:
  GptqPanel(GptqProblem &problem, GptqResult &result, int64_t firstRow, int64_t rows);

  /// Rounds the rows of the panel; writes their codes and kept elements to the result, and what
  /// their blocks ask for to the problem. Returns their loss.
  llvm::Expected<double> run();

private:
  struct KeptElement {
    int64_t position;
    int64_t row;
    size_t index;
  };
  struct SavedLane {
    double value;
    double loss;
  };

  template <typename Visit> void forEachTile(Visit visit);
  void load();
  llvm::Error roundGroups(int64_t begin, int64_t end);
  llvm::Error chooseGroup(int64_t begin, int64_t end);
  void gatherBlock(int64_t firstRow, int64_t lastRow, int64_t begin, int64_t end,
                   std::vector<float> &gathered);
  void roundColumns(int64_t begin, int64_t end);
  void roundColumn(int64_t position);
  void eliminateColumn(int64_t position, int64_t end);
  void propagate(int64_t begin, int64_t middle, int64_t end);
  void useBlocks(int64_t blockColumn);
  void storeCodes();

  /// The column at a position in a strip: 24 values.
  double *column(int64_t strip, int64_t position) {
    return values.data() + (strip * paddedColumns + position) * stripRows;
  }
  double &value(int64_t row, int64_t position) {
    return column(row / stripRows, position)[row % stripRows];
  }

  static constexpr int64_t stripRows = 24;

  GptqProblem &problem;
  GptqResult &result;
  const int64_t firstRow;
  const int64_t rows;
  const int64_t columns;
  /// A multiple of the 8 columns of a tile of the factor.
  const int64_t paddedColumns;
  const int64_t strips;

  std::vector<double> values;
  /// Codes of all rows of a column, column by column.
  std::vector<int32_t> codes;
  GptqLanes lanes;
  std::vector<double> losses;
  int64_t currentBlock = -1;
  /// By position, then row; those before `nextKept` are done.
  std::vector<KeptElement> kept;
  size_t nextKept = 0;
};

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_GPTQPANEL_H
