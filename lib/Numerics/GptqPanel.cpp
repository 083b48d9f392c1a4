//===- GptqPanel.cpp - GPTQ on a few rows of a weight --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Columns are halved down to groups, groups down to a few columns. Before a stretch of columns is
// begun, all columns before it have had their effect on it; that is what group scales need.
//
//===----------------------------------------------------------------------===//

#include "GptqPanel.h"

#include "CpuClones.h"
#include "quench/Numerics/MatrixProduct.h"

#include <algorithm>

using namespace quench::numerics;
using quench::numerics::detail::addTile;
using quench::numerics::detail::kTileColumns;
using quench::numerics::detail::kTileRows;

using llvm::Error;
using llvm::Expected;

/// Stretches of up to this many columns are not halved.
static constexpr int64_t fewColumns = kTileRows;

GptqProblem::GptqProblem(llvm::ArrayRef<float> weights, llvm::ArrayRef<int64_t> shape,
                         const Scheme &scheme, const GramFactor &factor, const GptqOptions &options)
    : weights(weights), shape(shape), scheme(scheme), factor(factor), options(options) {
  auto blockSize = [&](size_t axis) {
    const int64_t size = scheme.block[axis];
    return std::max<int64_t>(1, size == kWhole ? shape[axis] : std::min(size, shape[axis]));
  };
  blockRows = blockSize(0);
  blockColumns = blockSize(1);
  followsValues = !options.staticGroups && blockColumns < shape[1];
  isPermuted = followsValues && !llvm::is_sorted(factor.order());
}

GptqPanel::GptqPanel(GptqProblem &problem, GptqResult &result, int64_t firstRow, int64_t rows)
    : problem(problem), result(result), firstRow(firstRow), rows(rows), columns(problem.shape[1]),
      paddedColumns((columns + kTileRows - 1) / kTileRows * kTileRows),
      strips((rows + stripRows - 1) / stripRows) {
  static_assert(stripRows == kTileColumns, "a strip is an operand of the product");
  const int64_t paddedRows = strips * stripRows;
  values.resize(paddedRows * paddedColumns);
  codes.resize(paddedRows * columns);
  lanes.scales.assign(paddedRows, 1.0f);
  lanes.realZeroPoints.resize(paddedRows);
  lanes.lowest.resize(paddedRows);
  lanes.highest.resize(paddedRows);
  lanes.zeroPoints.resize(paddedRows);
  losses.resize(paddedRows);
}

/// Calls visit(row, begin, end) for the rows of a few columns, then of the next: what is transposed
/// in this order stays in cache.
template <typename Visit> void GptqPanel::forEachTile(Visit visit) {
  constexpr int64_t tileColumns = 64;
  for (int64_t begin = 0; begin < columns; begin += tileColumns) {
    for (int64_t row = 0; row < rows; ++row) {
      visit(row, begin, std::min(begin + tileColumns, columns));
    }
  }
}

Expected<double> GptqPanel::run() {
  load();
  if (problem.followsValues) {
    if (Error error = roundGroups(0, columns)) {
      return std::move(error);
    }
  } else {
    roundColumns(0, columns);
  }
  storeCodes();
  double loss = 0.0;
  for (int64_t row = 0; row < rows; ++row) {
    loss += losses[row] / 2.0;
  }
  return loss;
}

void GptqPanel::load() {
  llvm::ArrayRef<int64_t> order = problem.factor.order();
  forEachTile([&](int64_t row, int64_t begin, int64_t end) {
    const float *from = problem.weights.data() + (firstRow + row) * columns;
    for (int64_t position = begin; position < end; ++position) {
      const bool isDead = problem.factor.isDead(position);
      value(row, position) = isDead ? 0.0 : from[order[position]];
    }
  });
  llvm::ArrayRef<int64_t> all = problem.options.kept;
  const auto *begin = llvm::lower_bound(all, firstRow * columns);
  const auto *end = llvm::lower_bound(all, (firstRow + rows) * columns);
  if (begin == end) {
    return;
  }
  std::vector<int64_t> positionOf(columns);
  for (int64_t position = 0; position < columns; ++position) {
    positionOf[order[position]] = position;
  }
  for (const auto *index = begin; index != end; ++index) {
    kept.push_back({positionOf[*index % columns], *index / columns - firstRow,
                    static_cast<size_t>(index - all.begin())});
  }
  llvm::sort(kept, [](const KeptElement &a, const KeptElement &b) {
    return std::make_pair(a.position, a.row) < std::make_pair(b.position, b.row);
  });
}

Error GptqPanel::roundGroups(int64_t begin, int64_t end) {
  const int64_t size = problem.blockColumns;
  if (end - begin <= size) {
    if (Error error = chooseGroup(begin, end)) {
      return error;
    }
    roundColumns(begin, end);
    return Error::success();
  }
  const int64_t groups = (end - begin + size - 1) / size;
  const int64_t middle = begin + (groups + 1) / 2 * size;
  if (Error error = roundGroups(begin, middle)) {
    return error;
  }
  propagate(begin, middle, end);
  return roundGroups(middle, end);
}

/// The values of a block as they are now, without kept elements.
void GptqPanel::gatherBlock(int64_t firstRow, int64_t lastRow, int64_t begin, int64_t end,
                            std::vector<float> &gathered) {
  gathered.resize((lastRow - firstRow) * (end - begin));
  float *to = gathered.data();
  for (int64_t row = firstRow; row < lastRow; ++row) {
    for (int64_t position = begin; position < end; ++position) {
      *to++ = static_cast<float>(value(row, position));
    }
  }
  size_t skip = nextKept;
  // Few elements are kept: their values are taken out again, from the last to the first.
  llvm::SmallVector<size_t> places;
  for (; skip < kept.size() && kept[skip].position < end; ++skip) {
    if (kept[skip].row >= firstRow && kept[skip].row < lastRow) {
      places.push_back((kept[skip].row - firstRow) * (end - begin) + kept[skip].position - begin);
    }
  }
  llvm::sort(places, std::greater<>());
  for (size_t place : places) {
    gathered.erase(gathered.begin() + place);
  }
}

/// Chooses the scales of the blocks with the columns [begin, end).
Error GptqPanel::chooseGroup(int64_t begin, int64_t end) {
  const int64_t blocksInRow = (columns + problem.blockColumns - 1) / problem.blockColumns;
  const int64_t blockColumn = begin / problem.blockColumns;
  std::vector<float> gathered;
  for (int64_t first = 0; first < rows; first += problem.blockRows) {
    gatherBlock(first, std::min(first + problem.blockRows, rows), begin, end, gathered);
    const size_t block = (firstRow + first) / problem.blockRows * blocksInRow + blockColumn;
    Expected<BlockFit> fit = fitBlock(problem.options.rule, gathered, {}, problem.storage, block);
    if (!fit) {
      return fit.takeError();
    }
    Expected<BlockCoding> coding = problem.storage.store(block, *fit);
    if (!coding) {
      return coding.takeError();
    }
    problem.fits[block] = *fit;
    problem.codings[block] = *coding;
  }
  return Error::success();
}

void GptqPanel::roundColumns(int64_t begin, int64_t end) {
  if (end - begin <= fewColumns) {
    for (int64_t position = begin; position < end; ++position) {
      roundColumn(position);
      eliminateColumn(position, end);
    }
    return;
  }
  // Where a tile of the factor ends: there is one within any 8 columns.
  int64_t middle = (begin + end) / 2 / kTileRows * kTileRows;
  middle += middle > begin ? 0 : kTileRows;
  roundColumns(begin, middle);
  propagate(begin, middle, end);
  roundColumns(middle, end);
}

/// Takes over what the blocks of a column of blocks share.
void GptqPanel::useBlocks(int64_t blockColumn) {
  if (blockColumn == currentBlock) {
    return;
  }
  currentBlock = blockColumn;
  const Encoding &element = problem.scheme.element;
  const int64_t blocksInRow = (columns + problem.blockColumns - 1) / problem.blockColumns;
  for (int64_t row = 0; row < rows; ++row) {
    const size_t block = (firstRow + row) / problem.blockRows * blocksInRow + blockColumn;
    const BlockCoding &coding = problem.codings[block];
    lanes.scales[row] = coding.scale;
    lanes.zeroPoints[row] = coding.zeroPoint;
    lanes.realZeroPoints[row] = coding.realZeroPoint;
    lanes.lowest[row] = static_cast<float>(element.minCode() - coding.zeroPoint);
    lanes.highest[row] = static_cast<float>(element.maxCode() - coding.zeroPoint);
  }
}

/// One column of a strip of integers. As in StorageError.cpp, codes are rounded without their zero
/// points, whose limits are integers of at most 2^16.
QUENCH_CPU_CLONES
static void roundIntegers(double *values, const GptqLanes &lanes, int64_t first, double diagonal,
                          int32_t *codes, double *losses) {
  constexpr float magic = 12582912.0f;
  const float *scales = lanes.scales.data() + first;
  const float *realZeroPoints = lanes.realZeroPoints.data() + first;
  const float *lowest = lanes.lowest.data() + first;
  const float *highest = lanes.highest.data() + first;
  const int32_t *zeroPoints = lanes.zeroPoints.data() + first;
  for (int64_t row = 0; row < kTileColumns; ++row) {
    float code = (static_cast<float>(values[row]) + realZeroPoints[row]) / scales[row];
    code = code > lowest[row] ? code : lowest[row];
    code = code < highest[row] ? code : highest[row];
    code = (code + magic) - magic;
    const float back = code * scales[row] - realZeroPoints[row];
    const double error = (values[row] - static_cast<double>(back)) / diagonal;
    codes[row] = static_cast<int32_t>(code) + zeroPoints[row];
    losses[row] += error * error;
    values[row] = error;
  }
}

static void roundElements(double *values, const float *scales, double diagonal,
                          const Encoding &element, int32_t *codes, double *losses) {
  for (int64_t row = 0; row < kTileColumns; ++row) {
    const BlockCoding coding = {scales[row]};
    codes[row] = quantizeElement(static_cast<float>(values[row]), coding, element);
    const double back = dequantizeElement(codes[row], coding, element);
    const double error = (values[row] - back) / diagonal;
    losses[row] += error * error;
    values[row] = error;
  }
}

void GptqPanel::roundColumn(int64_t position) {
  const int64_t place = problem.followsValues ? position : problem.factor.order()[position];
  useBlocks(place / problem.blockColumns);
  const double diagonal = problem.factor.diagonal(position);
  // A kept element takes part as 0, and what happened to it is undone.
  const size_t firstKept = nextKept;
  llvm::SmallVector<SavedLane> saved;
  for (; nextKept < kept.size() && kept[nextKept].position == position; ++nextKept) {
    double &lane = value(kept[nextKept].row, position);
    saved.push_back({lane, losses[kept[nextKept].row]});
    lane = 0.0;
  }
  for (int64_t strip = 0; strip < strips; ++strip) {
    const int64_t first = strip * stripRows;
    int32_t *codesOfColumn = codes.data() + position * strips * stripRows + first;
    if (problem.scheme.element.isInteger()) {
      roundIntegers(column(strip, position), lanes, first, diagonal, codesOfColumn,
                    losses.data() + first);
    } else {
      roundElements(column(strip, position), lanes.scales.data() + first, diagonal,
                    problem.scheme.element, codesOfColumn, losses.data() + first);
    }
  }
  for (size_t i = 0; i < saved.size(); ++i) {
    const KeptElement &element = kept[firstKept + i];
    const float stored = static_cast<float>(saved[i].value);
    result.kept[element.index] = stored;
    value(element.row, position) = (saved[i].value - stored) / diagonal;
    losses[element.row] = saved[i].loss;
  }
}

/// The effect of a column on those after it, up to `end`: one row of the factor.
void GptqPanel::eliminateColumn(int64_t position, int64_t end) {
  for (int64_t tile = (position + 1) / kTileRows; tile * kTileRows < end; ++tile) {
    const double *elements = problem.factor.negatedTile(tile) + position * kTileRows;
    double left[kTileRows];
    for (int64_t i = 0; i < kTileRows; ++i) {
      const int64_t target = tile * kTileRows + i;
      left[i] = target > position && target < end ? elements[i] : 0.0;
    }
    for (int64_t strip = 0; strip < strips; ++strip) {
      addTile(column(strip, tile * kTileRows), stripRows, left, column(strip, position), 1);
    }
  }
}

/// The effect of the columns [begin, middle) on the columns [middle, end).
void GptqPanel::propagate(int64_t begin, int64_t middle, int64_t end) {
  constexpr int64_t innerBlock = 192;
  double buffer[kTileRows * stripRows];
  for (int64_t first = begin; first < middle; first += innerBlock) {
    const int64_t inner = std::min(innerBlock, middle - first);
    for (int64_t tile = middle / kTileRows; tile * kTileRows < end; ++tile) {
      const double *left = problem.factor.negatedTile(tile) + first * kTileRows;
      const int64_t firstRow = std::max(middle - tile * kTileRows, int64_t(0));
      const int64_t lastRow =
          end == columns ? kTileRows : std::min(kTileRows, end - tile * kTileRows);
      for (int64_t strip = 0; strip < strips; ++strip) {
        double *target = column(strip, tile * kTileRows);
        if (firstRow == 0 && lastRow == kTileRows) {
          addTile(target, stripRows, left, column(strip, first), inner);
          continue;
        }
        // Groups need not end where tiles do.
        std::copy_n(target, kTileRows * stripRows, buffer);
        addTile(buffer, stripRows, left, column(strip, first), inner);
        std::copy(buffer + firstRow * stripRows, buffer + lastRow * stripRows,
                  target + firstRow * stripRows);
      }
    }
  }
}

void GptqPanel::storeCodes() {
  result.tensor.codes.visit([&](auto &all) {
    using Code = typename std::decay_t<decltype(all)>::value_type;
    forEachTile([&](int64_t row, int64_t begin, int64_t end) {
      Code *to = all.data() + (firstRow + row) * columns;
      for (int64_t position = begin; position < end; ++position) {
        const int64_t place = problem.isPermuted ? position : problem.factor.order()[position];
        to[place] = static_cast<Code>(codes[position * strips * stripRows + row]);
      }
    });
  });
}
