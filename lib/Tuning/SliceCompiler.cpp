//===- SliceCompiler.cpp - Slices of a model as code ----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Tuning/SliceCompiler.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/WeightOverlay.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

static std::vector<float> floatsOf(DenseFPElementsAttr attribute) {
  std::vector<float> values;
  values.reserve(attribute.getNumElements());
  for (APFloat value : attribute) {
    bool losesInfo = false;
    value.convert(APFloat::IEEEsingle(), APFloat::rmNearestTiesToEven, &losesInfo);
    values.push_back(value.convertToFloat());
  }
  return values;
}

Expected<std::vector<float>> quench::readModelWeight(Value value, const WeightStore *weights) {
  Operation *op = value.getDefiningOp();
  if (auto constant = dyn_cast_or_null<arith::ConstantOp>(op)) {
    if (auto dense = dyn_cast<DenseFPElementsAttr>(constant.getValue())) {
      return floatsOf(dense);
    }
  }
  if (auto overlay = dyn_cast_or_null<OverlayOp>(op)) {
    Expected<std::vector<float>> values = readModelWeight(overlay.getInput(), weights);
    Expected<KeptElements> kept = readOverlay(overlay, weights);
    if (!values || !kept) {
      return llvm::joinErrors(values.takeError(), kept.takeError());
    }
    kept->applyTo(*values);
    return values;
  }
  if (auto extension = dyn_cast_or_null<arith::ExtFOp>(op)) {
    return readModelWeight(extension.getIn(), weights);
  }
  auto dequantize = dyn_cast_or_null<DequantizeOp>(op);
  auto weight = dyn_cast_or_null<WeightOp>(dequantize ? dequantize.getInput().getDefiningOp() : op);
  if (!weight) {
    return createStringError("expected a stored weight, found one that '" +
                             (op ? op->getName().getStringRef() : "an argument") +
                             "' makes; run quench-fold-weights first");
  }
  if (!weights) {
    return createStringError("expected a weight store for '" + weight.getKey() + "', found none");
  }
  auto type = dyn_cast<QTensorType>(weight.getType());
  if (!type) {
    auto values = weights->readFiniteFloats(weight.getKey(),
                                            cast<RankedTensorType>(weight.getType()).getShape());
    weights->release(weight.getKey());
    return values;
  }
  numerics::Scheme scheme = type.getScheme().getNumericsScheme();
  auto tensor = readQuantized(*weights, weight.getKey(), scheme, type.getShape());
  if (!tensor) {
    return tensor.takeError();
  }
  return numerics::dequantizeTensor(*tensor, scheme);
}

//===----------------------------------------------------------------------===//
// SliceCode
//===----------------------------------------------------------------------===//

Error SliceCode::setWeight(Value weight, ArrayRef<float> values) {
  auto slot = slots.find(weight);
  return slot == slots.end() ? Error::success()
                             : session->setWeight(std::to_string(slot->second), values);
}

Error SliceCode::run(ArrayRef<int32_t> tokens, ArrayRef<const SliceTensor *> inputs,
                     MutableArrayRef<SliceTensor> outputs, const ObserveFunction &observe) {
  int64_t count = static_cast<int64_t>(tokens.size());
  SmallVector<FunctionArgument> arguments = {FunctionArgument::tensor(tokens, {count})};
  for (const SliceTensor *input : inputs) {
    arguments.push_back(FunctionArgument::tensor(input->values, input->shape));
  }
  SmallVector<FunctionResult> results;
  for (auto [output, type] : llvm::zip_equal(outputs, outputTypes)) {
    output.shape.clear();
    int64_t size = 1;
    for (int64_t dim : type.getShape()) {
      output.shape.push_back(ShapedType::isDynamic(dim) ? count : dim);
      size *= output.shape.back();
    }
    output.values.resize(size);
    results.push_back(FunctionResult::tensor(MutableArrayRef<float>(output.values), output.shape));
  }
  return session->run(arguments, results, observe);
}

Error SliceCode::run(ArrayRef<int32_t> tokens, ArrayRef<const SliceTensor *> inputs,
                     MutableArrayRef<SliceTensor> outputs) {
  return run(tokens, inputs, outputs, ObserveFunction());
}

Error SliceCode::run(ArrayRef<int32_t> tokens, ArrayRef<const SliceTensor *> inputs,
                     MutableArrayRef<SliceTensor> outputs, TapFunction observe) {
  ObserveFunction forward = [&](StringRef name, ArrayRef<float> values, ArrayRef<int64_t> shape) {
    size_t tap = 0;
    if (!name.getAsInteger(10, tap)) {
      observe(tap, values, shape);
    }
  };
  return run(tokens, inputs, outputs, forward);
}

//===----------------------------------------------------------------------===//
// SliceCompiler
//===----------------------------------------------------------------------===//

SliceCompiler::SliceCompiler(const WeightStore *weights, SliceCompilerOptions options)
    : weights(weights), options(std::move(options)),
      context(std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED)) {}

Expected<std::shared_ptr<FunctionSession>> SliceCompiler::sessionFor(const ModelSlice &slice,
                                                                     bool observers) {
  for (const Entry &entry : entries) {
    if (entry.text == slice.text && entry.session.use_count() == 1) {
      return entry.session;
    }
  }
  Expected<OwningOpRef<ModuleOp>> module = parseModuleText(slice.text, "slice", *context);
  if (!module) {
    return module.takeError();
  }
  FunctionSessionOptions sessionOptions;
  sessionOptions.target = options.target;
  sessionOptions.threads = options.threads;
  sessionOptions.observers = observers;
  Expected<std::unique_ptr<FunctionSession>> created = FunctionSession::create(
      **module, ModelSlice::kFunction, /*weights=*/nullptr, std::move(sessionOptions));
  if (!created) {
    return created.takeError();
  }
  ++numCompiled;
  entries.push_back({slice.text, std::move(*created)});
  return entries.back().session;
}

Expected<SliceCode> SliceCompiler::compile(const SliceRequest &request) {
  Expected<ModelSlice> slice = ModelSlice::extract(request);
  if (!slice) {
    return slice.takeError();
  }
  Expected<std::shared_ptr<FunctionSession>> session =
      sessionFor(*slice, /*observers=*/!request.taps.empty());
  if (!session) {
    return session.takeError();
  }
  SliceCode code;
  code.session = std::move(*session);
  for (Value output : request.outputs) {
    code.outputTypes.push_back(cast<RankedTensorType>(output.getType()));
  }
  for (auto [index, weight] : llvm::enumerate(slice->weights)) {
    code.slots[weight] = index;
    Expected<std::vector<float>> values = readModelWeight(weight, weights);
    if (!values) {
      return values.takeError();
    }
    if (Error error = code.setWeight(weight, *values)) {
      return std::move(error);
    }
  }
  return std::move(code);
}

void SliceCompiler::releaseIdle() {
  llvm::erase_if(entries, [](const Entry &entry) { return entry.session.use_count() == 1; });
}
