//===- ZigzagRotation.cpp - Maps that spread outliers over blocks ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ZigzagRotation.h"

#include "quench/Numerics/RandomSigns.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"
#include "llvm/ADT/SmallVector.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

using namespace quench;

using llvm::ArrayRef;

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// An orthogonal matrix whose first row is uniform, so that it spreads the first channel over all;
/// the other rows are random.
static Matrix spreadingMatrix(int64_t size, numerics::RandomGenerator &generator) {
  // Columns of a matrix that starts with ones, made orthonormal from the first to the last.
  Matrix columns(size, size);
  for (int64_t j = 0; j < size; ++j) {
    for (int64_t i = 0; i < size; ++i) {
      columns(i, j) = j == 0 ? 1.0 : 2.0 * generator.nextDouble() - 1.0;
    }
  }
  Eigen::HouseholderQR<Eigen::MatrixXd> factors(columns);
  Matrix result = Eigen::MatrixXd(factors.householderQ()).transpose();
  return result(0, 0) < 0.0 ? Matrix(-result) : result;
}

/// Rotates the rows of `values`, runs of a block each, and returns by what: step by step the
/// channel of the largest value is spread over its block, up to the step with the least peak.
static Matrix rotateGreedily(Matrix &values, const ZigzagOptions &options,
                             numerics::RandomGenerator &generator) {
  const int64_t size = values.cols();
  Matrix total = Matrix::Identity(size, size), best = total, current = values;
  double least = values.cwiseAbs().maxCoeff();
  for (unsigned step = 0; step < options.steps; ++step) {
    Matrix::Index row = 0, column = 0;
    current.cwiseAbs().maxCoeff(&row, &column);
    Matrix spread = spreadingMatrix(size, generator);
    spread.row(0).swap(spread.row(column));
    current *= spread;
    total *= spread;
    const double peak = current.cwiseAbs().maxCoeff();
    // Rounding makes no progress, but long products.
    if (peak < least * (1.0 - 1e-9)) {
      least = peak;
      best = total;
    }
  }
  values *= best;
  return best;
}

/// The largest channel goes to the first block, the next to the second, and at the last the order
/// turns around: blocks end with sums that are close.
static std::vector<int64_t> dealInZigzag(const Matrix &values) {
  const int64_t blocks = values.rows(), size = values.cols();
  llvm::SmallVector<int64_t> order = llvm::to_vector(llvm::seq<int64_t>(0, blocks * size));
  llvm::sort(order, [&](int64_t lhs, int64_t rhs) {
    const double left = std::abs(values.data()[lhs]), right = std::abs(values.data()[rhs]);
    return left != right ? left > right : lhs < rhs;
  });
  std::vector<int64_t> sources(order.size());
  for (auto [rank, channel] : llvm::enumerate(order)) {
    const int64_t round = static_cast<int64_t>(rank) / blocks;
    const int64_t turn = static_cast<int64_t>(rank) % blocks;
    const int64_t block = round % 2 == 0 ? turn : blocks - 1 - turn;
    sources[block * size + round] = channel;
  }
  return sources;
}

ZigzagRotation quench::findZigzagRotation(ArrayRef<float> magnitudes,
                                          const ZigzagOptions &options) {
  const int64_t blocks = static_cast<int64_t>(magnitudes.size()) / options.block;
  numerics::RandomGenerator generator(options.seed);
  Matrix values(blocks, options.block);
  std::copy(magnitudes.begin(), magnitudes.end(), values.data());
  ZigzagRotation result;
  result.peakBefore = values.cwiseAbs().maxCoeff();
  Matrix first = rotateGreedily(values, options, generator);
  result.sources = dealInZigzag(values);
  Matrix dealt(blocks, options.block);
  for (auto [place, source] : llvm::enumerate(result.sources)) {
    dealt.data()[place] = values.data()[source];
  }
  Matrix second = rotateGreedily(dealt, options, generator);
  result.peakAfter = dealt.cwiseAbs().maxCoeff();
  result.first.assign(first.data(), first.data() + first.size());
  result.second.assign(second.data(), second.data() + second.size());
  return result;
}
