//===- CodeDescent.cpp - Codes improved one at a time --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Rows are independent and go in strips of 24, transposed as in GptqPanel.h. The gradient H d of a
// strip is kept up to date in two steps: within a block of columns after every column, on a copy;
// for all columns at the end of a block, by one matrix product.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/CodeDescent.h"

#include "quench/Numerics/MatrixProduct.h"
#include "quench/Numerics/WeightRange.h"
#include "quench/Support/ParallelFor.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace quench::numerics;
using quench::numerics::detail::addTile;
using quench::numerics::detail::kTileColumns;
using quench::numerics::detail::kTileRows;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Columns after which the whole gradient is brought up to date.
static constexpr int64_t blockColumns = 6 * kTileRows;

namespace {
/// H with damping, in the order of the columns of the tensor: -H in tiles of 8 columns and all
/// rows, the left operands of products. H is symmetric, so that rows may stand for columns.
class DampedGram {
public:
  DampedGram(ArrayRef<double> gram, int64_t size, const CodeDescentOptions &options)
      : size(size), tiles((size + kTileRows - 1) / kTileRows * kTileRows * size), diagonals(size),
        dead(size) {
    double mean = 0.0;
    for (int64_t column = 0; column < size; ++column) {
      const int64_t input = options.permutation.empty() ? column : options.permutation[column];
      dead[column] = gram[input * size + input] == 0.0;
      mean += (dead[column] ? 1.0 : gram[input * size + input]) / static_cast<double>(size);
    }
    for (int64_t column = 0; column < size; ++column) {
      const int64_t input = options.permutation.empty() ? column : options.permutation[column];
      double *to = tiles.data() + column / kTileRows * kTileRows * size + column % kTileRows;
      for (int64_t row = 0; row < size; ++row) {
        const int64_t other = options.permutation.empty() ? row : options.permutation[row];
        to[row * kTileRows] = -gram[input * size + other];
      }
      diagonals[column] =
          (dead[column] ? 1.0 : gram[input * size + input]) + options.damping * mean;
      to[column * kTileRows] = -diagonals[column];
    }
  }

  /// -H[row][8 * tile + i] at i, for the rows from `row`.
  const double *negatedTile(int64_t tile, int64_t row) const {
    return tiles.data() + (tile * size + row) * kTileRows;
  }
  double diagonal(int64_t column) const { return diagonals[column]; }
  bool isDead(int64_t column) const { return dead[column]; }

private:
  const int64_t size;
  std::vector<double> tiles;
  std::vector<double> diagonals;
  std::vector<bool> dead;
};

/// What all strips share.
struct DescentProblem {
  ArrayRef<float> weights;
  const Scheme &scheme;
  const DampedGram &gram;
  const CodeDescentOptions &options;
  QuantizedTensor &tensor;
  /// For each row, the columns of the tensor that are kept, ascending.
  std::vector<llvm::SmallVector<int64_t, 0>> kept;
};

/// 24 rows.
class DescentStrip {
public:
  DescentStrip(DescentProblem &problem, int64_t firstRow)
      : problem(problem), columns(problem.tensor.shape[1]), firstRow(firstRow),
        rows(std::min(kTileColumns, problem.tensor.shape[0] - firstRow)) {
    const int64_t padded = (columns + kTileRows - 1) / kTileRows * kTileRows;
    errors.resize(columns * kTileColumns);
    gradient.resize(padded * kTileColumns);
    codes.resize(columns * kTileColumns);
    blocksInRow = problem.scheme.scaleShape(problem.tensor.shape)[1];
  }

  CodeDescentResult run() {
    load();
    CodeDescentResult result;
    result.lossBefore = loss();
    const std::vector<int32_t> start = codes;
    bool changes = true;
    while (changes && result.sweeps < problem.options.sweeps) {
      changes = false;
      for (int64_t begin = 0; begin < columns; begin += blockColumns) {
        changes |= sweepBlock(begin, std::min(begin + blockColumns, columns));
      }
      ++result.sweeps;
    }
    result.lossAfter = loss();
    for (size_t i = 0; i < codes.size(); ++i) {
      result.changed += codes[i] != start[i];
    }
    store();
    return result;
  }

private:
  /// Takes over the scales and zero points of the blocks of a column.
  void useBlocks(int64_t column) {
    const Scheme &scheme = problem.scheme;
    const int64_t blockColumn = scheme.block[1] == kWhole ? 0 : column / scheme.block[1];
    if (blockColumn == currentBlock) {
      return;
    }
    currentBlock = blockColumn;
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t blockRow = scheme.block[0] == kWhole ? 0 : (firstRow + row) / scheme.block[0];
      const int64_t block = blockRow * blocksInRow + blockColumn;
      codings[row] = blockCoding(problem.tensor, block);
    }
  }

  double valueOf(int64_t row, int32_t code) const {
    return dequantizeElement(code, codings[row], problem.scheme.element);
  }

  bool isKept(int64_t row, int64_t column) const {
    return !problem.kept.empty() && llvm::binary_search(problem.kept[firstRow + row], column);
  }

  void load() {
    ArrayRef<int64_t> permutation = problem.options.permutation;
    for (int64_t column = 0; column < columns; ++column) {
      useBlocks(column);
      const int64_t input = permutation.empty() ? column : permutation[column];
      for (int64_t row = 0; row < rows; ++row) {
        const int64_t first = (firstRow + row) * columns;
        const double weight = problem.gram.isDead(column) ? 0.0 : problem.weights[first + input];
        const int32_t code = problem.tensor.codes[first + column];
        codes[column * kTileColumns + row] = code;
        errors[column * kTileColumns + row] =
            isKept(row, column) ? 0.0 : weight - valueOf(row, code);
      }
    }
    // The product subtracts.
    subtractProduct(gradient.data(), errors.data(), 0, columns);
    for (double &value : gradient) {
      value = -value;
    }
  }

  /// target -= H[:, begin : end] changes
  void subtractProduct(double *target, const double *changes, int64_t begin, int64_t end) {
    constexpr int64_t innerBlock = 192;
    for (int64_t first = begin; first < end; first += innerBlock) {
      const int64_t inner = std::min(innerBlock, end - first);
      for (int64_t tile = 0; tile * kTileRows < columns; ++tile) {
        addTile(target + tile * kTileRows * kTileColumns, kTileColumns,
                problem.gram.negatedTile(tile, first), changes + (first - begin) * kTileColumns,
                inner);
      }
    }
  }

  double loss() const {
    double sum = 0.0;
    for (size_t i = 0; i < errors.size(); ++i) {
      sum += errors[i] * gradient[i];
    }
    return sum / 2.0;
  }

  /// Takes each code of some columns to its optimum; whether any has changed.
  bool sweepBlock(int64_t begin, int64_t end) {
    std::array<double, blockColumns * kTileColumns> local;
    std::array<double, blockColumns * kTileColumns> changes = {};
    std::copy_n(gradient.data() + begin * kTileColumns,
                std::min<int64_t>(local.size(), gradient.size() - begin * kTileColumns),
                local.data());
    bool any = false;
    for (int64_t column = begin; column < end; ++column) {
      double *change = changes.data() + (column - begin) * kTileColumns;
      if (!improveColumn(column, local.data() + (column - begin) * kTileColumns, change)) {
        continue;
      }
      any = true;
      for (int64_t tile = column / kTileRows; tile * kTileRows < end; ++tile) {
        addTile(local.data() + (tile * kTileRows - begin) * kTileColumns, kTileColumns,
                problem.gram.negatedTile(tile, column), change, 1);
      }
    }
    if (any) {
      subtractProduct(gradient.data(), changes.data(), begin, end);
    }
    return any;
  }

  /// The changes of the values of one column, given its gradient.
  bool improveColumn(int64_t column, const double *slope, double *change) {
    const double curvature = problem.gram.diagonal(column);
    useBlocks(column);
    bool any = false;
    for (int64_t row = 0; row < rows; ++row) {
      double &error = errors[column * kTileColumns + row];
      int32_t &code = codes[column * kTileColumns + row];
      const double value = valueOf(row, code);
      const double optimum = value + slope[row] / curvature;
      const int32_t best =
          quantizeElement(static_cast<float>(optimum), codings[row], problem.scheme.element);
      if (best == code || isKept(row, column)) {
        continue;
      }
      // The objective falls by step * (slope - step * H_jj / 2). What rounding could have made up
      // is not worth a step, and could be taken back and forth for ever.
      const double step = valueOf(row, best) - value;
      const double gain = step * (slope[row] - step * curvature / 2.0);
      if (!(gain > 1e-12 * step * step * curvature)) {
        continue;
      }
      code = best;
      error -= step;
      change[row] = step;
      any = true;
    }
    return any;
  }

  void store() {
    for (int64_t row = 0; row < rows; ++row) {
      for (int64_t column = 0; column < columns; ++column) {
        problem.tensor.codes.set((firstRow + row) * columns + column,
                                 codes[column * kTileColumns + row]);
      }
    }
  }

  DescentProblem &problem;
  const int64_t columns;
  const int64_t firstRow;
  const int64_t rows;
  int64_t blocksInRow = 1;
  int64_t currentBlock = -1;
  std::array<BlockCoding, kTileColumns> codings;
  /// D, H D and the codes, column by column.
  std::vector<double> errors, gradient;
  std::vector<int32_t> codes;
};
} // namespace

static Error verifyArguments(ArrayRef<float> weights, ArrayRef<double> gram, const Scheme &scheme,
                             const QuantizedTensor &tensor, const CodeDescentOptions &options) {
  if (tensor.shape.size() != 2) {
    return createStringError("expected weights of rank 2, found rank %zu", tensor.shape.size());
  }
  if (Error error = verifyValues(weights, tensor.shape, scheme)) {
    return error;
  }
  if (Expected<std::vector<float>> values = dequantizeTensor(tensor, scheme); !values) {
    return values.takeError();
  }
  const int64_t columns = tensor.shape[1];
  if (static_cast<int64_t>(gram.size()) != columns * columns) {
    return createStringError("expected a Gram matrix of %lld x %lld, found %zu elements",
                             static_cast<long long>(columns), static_cast<long long>(columns),
                             gram.size());
  }
  for (size_t i = 0; i < gram.size(); ++i) {
    const bool isDiagonal = i % (columns + 1) == 0;
    if (!std::isfinite(gram[i]) || (isDiagonal && gram[i] < 0.0)) {
      return createStringError("expected a Gram matrix that is finite and has no negative diagonal "
                               "element, found %g at [%lld, %lld]",
                               gram[i], static_cast<long long>(i / columns),
                               static_cast<long long>(i % columns));
    }
  }
  if (!(options.damping >= 0.0) || std::isinf(options.damping)) {
    return createStringError("expected a damping that is not negative, found %g", options.damping);
  }
  std::vector<bool> seen(columns);
  for (int64_t input : options.permutation) {
    if (input < 0 || input >= columns || seen[input]) {
      return createStringError("expected a permutation of %lld columns, found %lld",
                               static_cast<long long>(columns), static_cast<long long>(input));
    }
    seen[input] = true;
  }
  if (!options.permutation.empty() && static_cast<int64_t>(options.permutation.size()) != columns) {
    return createStringError("expected a permutation of %lld columns, found %zu",
                             static_cast<long long>(columns), options.permutation.size());
  }
  RangeOptions ranges;
  ranges.excluded = options.kept;
  return verify(ranges, tensor.shape, scheme);
}

/// For each row, the columns of the tensor that hold kept elements.
static std::vector<llvm::SmallVector<int64_t, 0>> keptColumns(const QuantizedTensor &tensor,
                                                              const CodeDescentOptions &options) {
  const int64_t columns = tensor.shape[1];
  std::vector<llvm::SmallVector<int64_t, 0>> result;
  if (options.kept.empty()) {
    return result;
  }
  std::vector<int64_t> columnOf(columns);
  for (int64_t column = 0; column < columns; ++column) {
    columnOf[options.permutation.empty() ? column : options.permutation[column]] = column;
  }
  result.resize(tensor.shape[0]);
  for (int64_t index : options.kept) {
    result[index / columns].push_back(columnOf[index % columns]);
  }
  for (llvm::SmallVector<int64_t, 0> &row : result) {
    llvm::sort(row);
  }
  return result;
}

Expected<CodeDescentResult>
quench::numerics::descendCodes(ArrayRef<float> weights, ArrayRef<double> gram, const Scheme &scheme,
                               QuantizedTensor &tensor, const CodeDescentOptions &options) {
  if (Error error = verifyArguments(weights, gram, scheme, tensor, options)) {
    return std::move(error);
  }
  CodeDescentResult result;
  if (weights.empty()) {
    return result;
  }
  const DampedGram damped(gram, tensor.shape[1], options);
  DescentProblem problem = {weights, scheme, damped, options, tensor, keptColumns(tensor, options)};
  const size_t strips = (tensor.shape[0] + kTileColumns - 1) / kTileColumns;
  std::vector<CodeDescentResult> results(strips);
  quench::parallelFor(options.threads, strips, [&](size_t index) {
    const int64_t firstRow = static_cast<int64_t>(index) * kTileColumns;
    results[index] = DescentStrip(problem, firstRow).run();
  });
  for (const CodeDescentResult &each : results) {
    result.lossBefore += each.lossBefore;
    result.lossAfter += each.lossAfter;
    result.changed += each.changed;
    result.sweeps = std::max(result.sweeps, each.sweeps);
  }
  return result;
}
