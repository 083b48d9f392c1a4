//===- WeightQuantization.cpp - Rounding and writing weights --------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "WeightQuantization.h"

#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/IR/Matchers.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace quench;

using llvm::Error;
using llvm::Expected;

Expected<numerics::QuantizedTensor>
quench::roundToNearest(ArrayRef<float> values, const PlannedWeight &weight, unsigned threads) {
  numerics::RangeOptions range;
  range.rule = weight.format.range;
  range.excluded = weight.kept.indices;
  range.threads = threads;
  return numerics::quantizeTensor(values, weight.shape, weight.numericsScheme, range);
}

/// Rounds, and says what that cost.
static Error quantize(PlannedWeight &weight, ArrayRef<float> values, unsigned threads,
                      WeightRounding round, numerics::QuantizedTensor &result) {
  Expected<numerics::QuantizedTensor> quantized = round(values, weight, threads);
  if (!quantized) {
    return quantized.takeError();
  }
  Expected<std::vector<float>> decoded =
      numerics::dequantizeTensor(*quantized, weight.numericsScheme);
  if (!decoded) {
    return decoded.takeError();
  }
  weight.kept.applyTo(*decoded);
  double signal = 0.0;
  double noise = 0.0;
  for (size_t i = 0; i < values.size(); ++i) {
    double value = values[i];
    double error = value - (*decoded)[i];
    signal += value * value;
    noise += error * error;
  }
  weight.signalToNoise =
      noise == 0.0 ? std::numeric_limits<double>::infinity() : 10.0 * std::log10(signal / noise);
  result = std::move(*quantized);
  return Error::success();
}

LogicalResult quench::quantizeConstants(QuantizationPlan &plan, WeightRounding round) {
  for (PlannedWeight &weight : plan.weights) {
    if (!weight.constant) {
      continue;
    }
    std::vector<float> values;
    DenseFPElementsAttr elements;
    if (!matchPattern(weight.constant, m_Constant(&elements))) {
      return weight.constant->emitError("expected a constant of dense floats");
    }
    for (APFloat value : elements) {
      bool losesInfo = false;
      value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
      values.push_back(value.convertToFloat());
    }
    if (Error error = quantize(weight, values, /*threads=*/1, round, weight.codes)) {
      return weight.constant->emitError()
             << "cannot quantize this constant: " << llvm::toString(std::move(error));
    }
  }
  return success();
}

/// Reads, quantizes and writes one tensor; nothing of it stays in memory.
static Error writeWeight(PlannedWeight &weight, const WeightStore &weights, unsigned threads,
                         WeightRounding round, SafetensorsWriter &output) {
  Expected<std::vector<float>> values = weights.readFiniteFloats(weight.key, weight.shape);
  if (!values) {
    return values.takeError();
  }
  numerics::QuantizedTensor codes;
  if (Error error = quantize(weight, *values, threads, round, codes)) {
    return llvm::createStringError(weights.fileOf(weight.key) + ": tensor '" + weight.key +
                                   "': " + llvm::toString(std::move(error)));
  }
  return writePlanned(output, weight, codes);
}

LogicalResult quench::quantizeStoredWeights(QuantizationPlan &plan, Workspace &workspace,
                                            ModuleOp module, WeightRounding round) {
  SmallVector<PlannedWeight *> stored;
  for (PlannedWeight &weight : plan.weights) {
    if (!weight.key.empty()) {
      stored.push_back(&weight);
    }
  }
  if (stored.empty()) {
    return success();
  }
  Location culprit = module.getLoc();
  Progress progress = workspace.progress("quantize", stored.size(), "weights");
  Error failure = workspace.edit([&](SafetensorsWriter &output) -> Error {
    for (const PlannedWeight *weight : stored) {
      if (Error error = declarePlanned(output, *weight)) {
        return error;
      }
    }
    for (PlannedWeight *weight : stored) {
      if (Error error =
              writeWeight(*weight, *workspace.weights(), workspace.threads(), round, output)) {
        culprit = weight->loc;
        return error;
      }
      if (Error error = progress.advance()) {
        return error;
      }
    }
    return Error::success();
  });
  if (failure) {
    return mlir::emitError(culprit) << llvm::toString(std::move(failure));
  }
  progress.finish();
  return success();
}
