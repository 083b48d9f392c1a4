//===- Gptq.cpp - Rounding that makes up for its own errors --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What comes before and after the panels of rows (GptqPanel.h): the scales that are known at once,
// and the tensor from what the panels leave.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/Gptq.h"

#include "GptqPanel.h"
#include "quench/Support/ParallelFor.h"

#include <algorithm>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static Error verifyArguments(ArrayRef<float> weights, ArrayRef<int64_t> shape, const Scheme &scheme,
                             const GramFactor &factor, const RangeOptions &ranges) {
  if (shape.size() != 2) {
    return createStringError("expected weights of rank 2, found rank %zu", shape.size());
  }
  if (Error error = verifyValues(weights, shape, scheme)) {
    return error;
  }
  if (factor.size() != shape[1]) {
    return createStringError("expected a Gram matrix of %lld inputs, found %lld",
                             static_cast<long long>(shape[1]),
                             static_cast<long long>(factor.size()));
  }
  return verify(ranges, shape, scheme);
}

/// Round to nearest, for want of a factor.
static Expected<GptqResult> roundToNearest(ArrayRef<float> weights, ArrayRef<int64_t> shape,
                                           const Scheme &scheme, const GramFactor &factor,
                                           const RangeOptions &ranges) {
  GptqResult result;
  result.note = factor.note() + "; rounded to nearest";
  Expected<QuantizedTensor> tensor = quantizeTensor(weights, shape, scheme, ranges);
  if (!tensor) {
    return tensor.takeError();
  }
  for (int64_t index : ranges.excluded) {
    result.kept.push_back(weights[index]);
  }
  result.tensor = std::move(*tensor);
  return result;
}

/// The weights with their columns at the positions of the factor, and zeros for dead inputs. The
/// indices of kept elements are moved along.
static std::vector<float> orderColumns(ArrayRef<float> weights, const GramFactor &factor,
                                       bool permute, std::vector<int64_t> &kept) {
  const int64_t columns = factor.size();
  std::vector<float> result(weights.size());
  std::vector<int64_t> target(columns);
  for (int64_t position = 0; position < columns; ++position) {
    target[factor.order()[position]] = permute ? position : factor.order()[position];
  }
  for (size_t row = 0; row * columns < weights.size(); ++row) {
    for (int64_t position = 0; position < columns; ++position) {
      const int64_t input = factor.order()[position];
      result[row * columns + target[input]] =
          factor.isDead(position) ? 0.0f : weights[row * columns + input];
    }
  }
  for (int64_t &index : kept) {
    index = index / columns * columns + target[index % columns];
  }
  llvm::sort(kept);
  return result;
}

/// What does not wait for compensated values: all scales, or the outer level of nested ones.
static Error prepareScales(GptqProblem &problem, const RangeOptions &ranges) {
  const Scheme &scheme = problem.scheme;
  const size_t blocks = scheme.numBlocks(problem.shape);
  const bool isNested =
      scheme.scale.isNested() || (scheme.realZeroPoint && scheme.realZeroPoint->isNested());
  problem.codings.resize(blocks);
  if (problem.followsValues && !isNested) {
    problem.fits.resize(blocks);
  } else {
    std::vector<int64_t> kept(ranges.excluded);
    const std::vector<float> values =
        orderColumns(problem.weights, problem.factor, problem.isPermuted, kept);
    RangeOptions moved = ranges;
    moved.excluded = kept;
    if (!problem.followsValues) {
      Expected<BlockScales> scales = chooseScales(values, problem.shape, scheme, moved);
      if (!scales) {
        return scales.takeError();
      }
      problem.scales = std::move(*scales);
      for (size_t block = 0; block < blocks; ++block) {
        problem.codings[block] = blockCoding(problem.scales, block);
      }
      return Error::success();
    }
    Expected<std::vector<BlockFit>> fits = initialFits(values, problem.shape, scheme, moved);
    if (!fits) {
      return fits.takeError();
    }
    problem.fits = std::move(*fits);
  }
  Expected<ScaleStorage> storage = ScaleStorage::create(problem.fits, problem.shape, scheme);
  if (!storage) {
    return storage.takeError();
  }
  problem.storage = std::move(*storage);
  return Error::success();
}

/// Rows of a panel: whole blocks, and enough of them for the matrix products.
static int64_t panelRows(const GptqProblem &problem) {
  constexpr int64_t usual = 96;
  const int64_t blockRows = problem.followsValues ? problem.blockRows : 1;
  return std::max(blockRows, usual / blockRows * blockRows);
}

static Error runPanels(GptqProblem &problem, GptqResult &result, unsigned threads) {
  const int64_t rows = problem.shape[0];
  const int64_t perPanel = panelRows(problem);
  const size_t panels = (rows + perPanel - 1) / perPanel;
  std::vector<double> losses(panels);
  std::vector<std::string> errors(panels);
  quench::parallelFor(threads, panels, [&](size_t index) {
    const int64_t first = static_cast<int64_t>(index) * perPanel;
    GptqPanel panel(problem, result, first, std::min(perPanel, rows - first));
    Expected<double> loss = panel.run();
    if (loss) {
      losses[index] = *loss;
    } else {
      errors[index] = llvm::toString(loss.takeError());
    }
  });
  for (size_t index = 0; index < panels; ++index) {
    if (!errors[index].empty()) {
      return createStringError("%s", errors[index].c_str());
    }
    result.loss += losses[index];
  }
  return Error::success();
}

Expected<GptqResult> quench::numerics::gptq(ArrayRef<float> weights, ArrayRef<int64_t> shape,
                                            const Scheme &scheme, const GramFactor &factor,
                                            const GptqOptions &options) {
  RangeOptions ranges;
  ranges.rule = options.rule;
  ranges.excluded = options.kept;
  ranges.threads = options.threads;
  if (Error error = verifyArguments(weights, shape, scheme, factor, ranges)) {
    return std::move(error);
  }
  if (!factor.damping()) {
    return roundToNearest(weights, shape, scheme, factor, ranges);
  }
  GptqProblem problem(weights, shape, scheme, factor, options);
  if (Error error = prepareScales(problem, ranges)) {
    return std::move(error);
  }
  GptqResult result;
  result.damping = factor.damping();
  result.note = factor.note();
  result.kept.resize(options.kept.size());
  result.tensor.shape.assign(shape.begin(), shape.end());
  result.tensor.codes = CodeArray(scheme.element, weights.size());
  if (problem.isPermuted) {
    result.permutation = factor.order();
  }
  if (Error error = runPanels(problem, result, options.threads)) {
    return std::move(error);
  }
  if (problem.followsValues) {
    Expected<BlockScales> scales = problem.storage.storeAll(problem.fits);
    if (!scales) {
      return scales.takeError();
    }
    problem.scales = std::move(*scales);
  }
  static_cast<BlockScales &>(result.tensor) = std::move(problem.scales);
  return result;
}
