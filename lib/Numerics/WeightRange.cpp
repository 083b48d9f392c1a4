//===- WeightRange.cpp - How the range of a block becomes a scale --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The rules. Blocks are gathered and spread over threads by BlockFits.h.
//
//===----------------------------------------------------------------------===//

#include "quench/Numerics/WeightRange.h"

#include "BlockFits.h"
#include "StorageError.h"

#include <algorithm>
#include <cmath>

using namespace quench::numerics;

using llvm::ArrayRef;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

llvm::StringRef quench::numerics::name(RangeRule rule) {
  switch (rule) {
  case RangeRule::Absmax:
    return "absmax";
  case RangeRule::MeanSquaredError:
    return "mse";
  case RangeRule::HalfStep:
    return "half-step";
  case RangeRule::AbsoluteMean:
    return "absmean";
  }
  return "";
}

std::optional<RangeRule> quench::numerics::parseRangeRule(llvm::StringRef text) {
  for (RangeRule rule : {RangeRule::Absmax, RangeRule::MeanSquaredError, RangeRule::HalfStep,
                         RangeRule::AbsoluteMean}) {
    if (name(rule) == text) {
      return rule;
    }
  }
  return std::nullopt;
}

Error quench::numerics::verify(RangeRule rule, const Scheme &scheme) {
  if (rule == RangeRule::Absmax || rule == RangeRule::MeanSquaredError) {
    return Error::success();
  }
  const Encoding &element = scheme.element;
  if (scheme.isAsymmetric() || scheme.scale.isPowerOfTwo()) {
    return createStringError("the range rule '%s' needs a scheme without zero point whose scales "
                             "are not powers of two, found %s",
                             name(rule).data(), scheme.str().c_str());
  }
  if (rule == RangeRule::HalfStep && !element.isInteger()) {
    return createStringError("the range rule 'half-step' needs an integer element, found %s",
                             element.str().c_str());
  }
  if (rule == RangeRule::AbsoluteMean &&
      (element.bitWidth() > 2 || element.maxMagnitude() != 1.0f)) {
    return createStringError("the range rule 'absmean' needs a ternary or binary element of "
                             "magnitude 1, found %s",
                             element.str().c_str());
  }
  return Error::success();
}

/// In lanes, because a single minimum is a chain that nothing can shorten.
static ValueRange rangeOf(ArrayRef<float> values) {
  constexpr size_t lanes = 16;
  if (values.empty()) {
    return {};
  }
  float low[lanes];
  float high[lanes];
  std::fill_n(low, lanes, values[0]);
  std::fill_n(high, lanes, values[0]);
  size_t i = 0;
  for (; i + lanes <= values.size(); i += lanes) {
    for (size_t lane = 0; lane < lanes; ++lane) {
      const float value = values[i + lane];
      low[lane] = value < low[lane] ? value : low[lane];
      high[lane] = value > high[lane] ? value : high[lane];
    }
  }
  for (; i < values.size(); ++i) {
    low[0] = std::min(low[0], values[i]);
    high[0] = std::max(high[0], values[i]);
  }
  return {*std::min_element(low, low + lanes), *std::max_element(high, high + lanes)};
}

/// What the rule asks for before anything is stored.
static Expected<BlockFit> initialFit(RangeRule rule, ArrayRef<float> values, const Scheme &scheme) {
  BlockFit fit;
  fit.range = rangeOf(values);
  if (rule == RangeRule::AbsoluteMean) {
    double sum = 0.0;
    for (float value : values) {
      sum += std::fabs(static_cast<double>(value));
    }
    double mean = values.empty() ? 0.0 : sum / static_cast<double>(values.size());
    fit.scale = std::max(static_cast<float>(mean), 1e-5f);
    return fit;
  }
  Expected<float> scale = idealScale(fit.range, scheme.element, scheme.isAsymmetric());
  if (!scale) {
    return scale.takeError();
  }
  fit.scale = *scale;
  if (rule == RangeRule::HalfStep && fit.scale != 0.0f) {
    fit.scale = std::max(fit.range.absmax() / (scheme.element.maxMagnitude() + 0.5f),
                         std::numeric_limits<float>::denorm_min());
  }
  return fit;
}

/// The candidate of "mse" with the least error.
static Expected<BlockFit> leastErrorFit(const BlockFit &whole, ArrayRef<float> values,
                                        ArrayRef<float> importance, const ScaleStorage &storage,
                                        size_t block) {
  const Scheme &scheme = storage.scheme();
  BlockFit best = whole;
  double leastError = std::numeric_limits<double>::infinity();
  std::optional<BlockCoding> last;
  for (int percent = 100; percent >= 40; --percent) {
    const float factor = static_cast<float>(percent / 100.0);
    BlockFit fit;
    fit.range = {whole.range.min * factor, whole.range.max * factor};
    Expected<float> ideal = idealScale(fit.range, scheme.element, scheme.isAsymmetric());
    if (!ideal) {
      return ideal.takeError();
    }
    fit.scale = *ideal;
    Expected<BlockCoding> coding = storage.store(block, fit);
    if (!coding) {
      return coding.takeError();
    }
    // Coarse scales make neighbours the same.
    if (last && coding->scale == last->scale && coding->zeroPoint == last->zeroPoint &&
        coding->realZeroPoint == last->realZeroPoint) {
      continue;
    }
    last = *coding;
    const double error = storageError(values, importance, *coding, scheme.element);
    if (error < leastError) {
      leastError = error;
      best = fit;
    }
  }
  return best;
}

Expected<BlockFit> quench::numerics::fitBlock(RangeRule rule, ArrayRef<float> values,
                                              ArrayRef<float> importance,
                                              const ScaleStorage &storage, size_t block) {
  Expected<BlockFit> fit = initialFit(rule, values, storage.scheme());
  if (!fit || rule != RangeRule::MeanSquaredError || fit->scale == 0.0f) {
    return fit;
  }
  return leastErrorFit(*fit, values, importance, storage, block);
}

Error quench::numerics::verify(const RangeOptions &options, ArrayRef<int64_t> shape,
                               const Scheme &scheme) {
  if (Error error = verify(options.rule, scheme)) {
    return error;
  }
  const size_t width = shape.empty() ? 1 : shape.back();
  if (!options.importance.empty() && options.importance.size() != width) {
    return createStringError("expected the importance of %zu columns, found %zu", width,
                             options.importance.size());
  }
  for (size_t column = 0; column < options.importance.size(); ++column) {
    if (!(options.importance[column] >= 0.0f) || std::isinf(options.importance[column])) {
      return createStringError("expected importance that is finite and not negative, found %g for "
                               "column %zu",
                               options.importance[column], column);
    }
  }
  int64_t last = -1;
  for (int64_t index : options.excluded) {
    if (index <= last || index >= elementCount(shape)) {
      return createStringError("expected ascending indices of excluded elements below %lld, found "
                               "%lld after %lld",
                               static_cast<long long>(elementCount(shape)),
                               static_cast<long long>(index), static_cast<long long>(last));
    }
    last = index;
  }
  return Error::success();
}

Expected<std::vector<BlockFit>> quench::numerics::initialFits(ArrayRef<float> values,
                                                              ArrayRef<int64_t> shape,
                                                              const Scheme &scheme,
                                                              const RangeOptions &options) {
  if (Error error = verifyValues(values, shape, scheme)) {
    return std::move(error);
  }
  return fitBlocks(
      values, shape, scheme, options,
      [&](size_t block, ArrayRef<float> values, ArrayRef<float>) -> Expected<BlockFit> {
        Expected<BlockFit> fit = initialFit(options.rule, values, scheme);
        if (!fit) {
          return createStringError("block %zu: %s", block, llvm::toString(fit.takeError()).c_str());
        }
        return fit;
      });
}

Expected<BlockScales> quench::numerics::chooseScales(ArrayRef<float> values,
                                                     ArrayRef<int64_t> shape, const Scheme &scheme,
                                                     const RangeOptions &options) {
  if (Error error = scheme.verify(shape)) {
    return std::move(error);
  }
  if (Error error = verify(options, shape, scheme)) {
    return std::move(error);
  }
  Expected<std::vector<BlockFit>> fits = initialFits(values, shape, scheme, options);
  if (!fits) {
    return fits.takeError();
  }
  Expected<ScaleStorage> storage = ScaleStorage::create(*fits, shape, scheme);
  if (!storage) {
    return storage.takeError();
  }
  if (options.rule == RangeRule::MeanSquaredError) {
    fits = fitBlocks(values, shape, scheme, options,
                     [&](size_t block, ArrayRef<float> values, ArrayRef<float> importance) {
                       return fitBlock(options.rule, values, importance, *storage, block);
                     });
    if (!fits) {
      return fits.takeError();
    }
  }
  return storage->storeAll(*fits);
}

Expected<QuantizedTensor> quench::numerics::quantizeTensor(ArrayRef<float> values,
                                                           ArrayRef<int64_t> shape,
                                                           const Scheme &scheme,
                                                           const RangeOptions &options) {
  Expected<BlockScales> scales = chooseScales(values, shape, scheme, options);
  if (!scales) {
    return scales.takeError();
  }
  if (options.excluded.empty()) {
    return quantizeWithScales(values, shape, scheme, std::move(*scales));
  }
  std::vector<float> rest(values);
  for (int64_t index : options.excluded) {
    rest[index] = 0.0f;
  }
  return quantizeWithScales(rest, shape, scheme, std::move(*scales));
}
