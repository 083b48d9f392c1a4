//===- ConvolutionRules.cpp - Convolutions of codes -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Convolutions of two axes with channels last. Zeros around an image are what TOSA pads with
// itself: the zero point.
//
//===----------------------------------------------------------------------===//

#include "ImageWindows.h"
#include "ProductForm.h"
#include "RuleTable.h"
#include "ScalarExpression.h"
#include "TosaEmitter.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Expected;

namespace {
/// All but the weight.
struct Convolution {
  ImageWindows windows;
  IntegerForm codes, sums;
  SmallVector<int64_t> bias;
};
} // namespace

/// The bias of each channel that sums begin with, null for zero; nothing for everything else.
static std::optional<Value> findBias(Value init) {
  if (auto fill = init.getDefiningOp<linalg::FillOp>();
      fill && constantNumber(fill.getInputs().front()) == 0.0) {
    return Value();
  }
  auto broadcast = init.getDefiningOp<linalg::BroadcastOp>();
  return broadcast && broadcast.getDimensions() == ArrayRef<int64_t>{0, 1, 2}
             ? std::optional<Value>(broadcast.getInput())
             : std::nullopt;
}

static Expected<Convolution> readConvolution(linalg::LinalgOp op, ArrayRef<int64_t> kernel,
                                             const WeightBlock &block, const IntegerPlan &plan) {
  Expected<ImageWindows> windows = readWindows(op, kernel, /*padding=*/0.0, plan);
  if (!windows) {
    return windows.takeError();
  }
  Convolution convolution{std::move(*windows), {}, {}, {}};
  Expected<IntegerForm> codes = formOfCodes(convolution.windows.image, plan);
  if (!codes) {
    return codes.takeError();
  }
  convolution.codes = std::move(*codes);
  Expected<IntegerForm> sums = formOfProducts(block, convolution.codes);
  if (!sums) {
    return sums.takeError();
  }
  convolution.sums = std::move(*sums);
  std::optional<Value> bias = findBias(op.getDpsInits()[0]);
  if (!bias) {
    return createStringError("its sums begin with something else than a bias");
  }
  convolution.bias.assign(block.scales.size(), 0);
  if (*bias) {
    Expected<SmallVector<int64_t>> integers = addBias(convolution.sums, *bias, plan.weights());
    if (!integers) {
      return integers.takeError();
    }
    convolution.bias = std::move(*integers);
  }
  return convolution;
}

template <typename TosaOp>
static Value writeConvolution(TosaEmitter &e, const Convolution &convolution, Value weight) {
  const ImageWindows &windows = convolution.windows;
  Value image = windows.emitImage(e);
  const auto channels = static_cast<int64_t>(convolution.bias.size());
  Value bias = e.constant(32, {channels}, convolution.bias);
  ImplicitLocOpBuilder &b = e.builder();
  const int64_t images = cast<RankedTensorType>(image.getType()).getDimSize(0);
  Type type = RankedTensorType::get({images, windows.outputs[0], windows.outputs[1], channels},
                                    b.getI32Type());
  return TosaOp::create(b, type, image, weight, bias, e.zero(8, convolution.codes.zeroPoint),
                        e.zero(8), windows.pad, windows.strides, windows.dilations, b.getI32Type());
}

static PlannedValue plannedConvolution(const Convolution &convolution) {
  PlannedValue result;
  result.hasProduct = true;
  result.form = convolution.sums;
  result.operands = {convolution.windows.image};
  return result;
}

static Planned planConvolution(linalg::Conv2DNhwcFhwcOp op, const IntegerPlan &plan) {
  Value filter = op.getInputs()[1];
  Expected<std::vector<WeightBlock>> blocks = readWeight(filter, plan.weights());
  if (!blocks) {
    return blocks.takeError();
  }
  SmallVector<int64_t> shape(cast<RankedTensorType>(filter.getType()).getShape());
  Expected<Convolution> convolution =
      readConvolution(op, {shape[1], shape[2]}, blocks->front(), plan);
  if (!convolution) {
    return convolution.takeError();
  }
  PlannedValue result = plannedConvolution(*convolution);
  result.write = [convolution = *convolution, filter, shape,
                  store = plan.weights()](TosaEmitter &e) -> Expected<Value> {
    Expected<std::vector<WeightBlock>> again = readWeight(filter, store);
    if (!again) {
      return again.takeError();
    }
    Value weight = e.bytes(shape, again->front().integers);
    return writeConvolution<tosa::Conv2DOp>(e, convolution, weight);
  };
  return result;
}

static Planned planDepthwise(linalg::DepthwiseConv2DNhwcHwcOp op, const IntegerPlan &plan) {
  Value filter = op.getInputs()[1];
  Expected<WeightBlock> block = readChannelsLast(filter, plan.weights());
  if (!block) {
    return block.takeError();
  }
  SmallVector<int64_t> shape(cast<RankedTensorType>(filter.getType()).getShape());
  Expected<Convolution> convolution = readConvolution(op, {shape[0], shape[1]}, *block, plan);
  if (!convolution) {
    return convolution.takeError();
  }
  // One filter for each channel.
  shape.push_back(1);
  PlannedValue result = plannedConvolution(*convolution);
  result.write = [convolution = *convolution, filter, shape,
                  store = plan.weights()](TosaEmitter &e) -> Expected<Value> {
    Expected<WeightBlock> again = readChannelsLast(filter, store);
    if (!again) {
      return again.takeError();
    }
    Value weight = e.bytes(shape, again->integers);
    return writeConvolution<tosa::DepthwiseConv2DOp>(e, convolution, weight);
  };
  return result;
}

static Planned refuseGroups(linalg::Conv2DNgchwGfchwOp, const IntegerPlan &) {
  return createStringError("TOSA has no convolution in groups");
}

void quench::addConvolutionRules(RuleTable &table) {
  table.add<linalg::Conv2DNhwcFhwcOp>(planConvolution);
  table.add<linalg::DepthwiseConv2DNhwcHwcOp>(planDepthwise);
  table.add<linalg::Conv2DNgchwGfchwOp>(refuseGroups);
}
