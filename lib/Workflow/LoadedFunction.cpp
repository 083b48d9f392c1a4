//===- LoadedFunction.cpp - A model that is no language model, ready to run -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/LoadedFunction.h"

#include "quench/Model/ModuleFile.h"
#include "quench/Support/Progress.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

#include <cmath>

using namespace llvm;
using mlir::cast;
using mlir::RankedTensorType;

namespace quench::workflow {

/// Makes the function return, in place of its results, their open sizes in one vector.
static void returnSizes(mlir::func::FuncOp function) {
  mlir::Operation *terminator = function.getBody().front().getTerminator();
  mlir::ImplicitLocOpBuilder b(function.getLoc(), terminator);
  SmallVector<mlir::Value> sizes;
  for (mlir::Value result : terminator->getOperands()) {
    auto type = cast<RankedTensorType>(result.getType());
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      if (type.isDynamicDim(axis)) {
        mlir::Value size = mlir::tensor::DimOp::create(b, result, axis);
        sizes.push_back(mlir::arith::IndexCastOp::create(b, b.getI32Type(), size));
      }
    }
  }
  mlir::Value all = mlir::tensor::FromElementsOp::create(b, sizes);
  terminator->setOperands(all);
  function.setType(b.getFunctionType(function.getArgumentTypes(), all.getType()));
  function.removeResAttrsAttr();
}

/// What computes the open sizes of results; null when there are none.
static Expected<std::unique_ptr<FunctionSession>>
compileShapes(const LoadedModel &model, const FunctionSessionOptions &options) {
  StringRef name = model.folder->function().getName();
  auto isStatic = [](mlir::Type type) { return cast<RankedTensorType>(type).hasStaticShape(); };
  if (all_of(model.folder->function().getResultTypes(), isStatic)) {
    return nullptr;
  }
  mlir::OwningOpRef<mlir::ModuleOp> copy(model.folder->module().clone());
  returnSizes(copy->lookupSymbol<mlir::func::FuncOp>(name));
  // Nothing but sizes is left, in most models without looking at the kernels of ops.
  if (Error failure = withDiagnostics(*model.context, "shapes", [&] {
        mlir::PassManager manager(model.context.get());
        manager.addPass(mlir::memref::createResolveShapedTypeResultDimsPass());
        manager.addPass(mlir::createCanonicalizerPass());
        return manager.run(*copy);
      })) {
    return std::move(failure);
  }
  FunctionSessionOptions silent = options;
  silent.observers = false;
  silent.target = Target::host();
  return FunctionSession::create(*copy, name, &model.folder->weights(), silent);
}

Expected<LoadedFunction> LoadedFunction::load(const LoadedModel &model,
                                              const FunctionSessionOptions &options) {
  LoadedFunction result;
  const ModelFolder &folder = *model.folder;
  result.path = folder.path().str();
  if (folder.isCausalLM()) {
    return createStringError(result.path +
                             ": expected a function on tensors, found a causal language model");
  }
  result.type = folder.function().getFunctionType();
  Expected<std::unique_ptr<FunctionSession>> shapes = compileShapes(model, options);
  if (!shapes) {
    return inContext(result.path, shapes.takeError());
  }
  result.shapes = std::move(*shapes);
  Expected<std::unique_ptr<FunctionSession>> session = FunctionSession::create(
      folder.module(), folder.function().getName(), &folder.weights(), options);
  if (!session) {
    return inContext(result.path, session.takeError());
  }
  result.session = std::move(*session);
  return std::move(result);
}

Expected<std::vector<NumberTensor>> LoadedFunction::run(ArrayRef<FunctionArgument> arguments,
                                                        const ObserveFunction &observe) const {
  std::vector<int32_t> sizes;
  for (mlir::Type each : type.getResults()) {
    sizes.resize(sizes.size() + cast<RankedTensorType>(each).getNumDynamicDims());
  }
  if (shapes) {
    FunctionResult all = FunctionResult::tensor(MutableArrayRef<int32_t>(sizes),
                                                {static_cast<int64_t>(sizes.size())});
    if (Error failure = shapes->run(arguments, all)) {
      return std::move(failure);
    }
  }
  std::vector<NumberTensor> results;
  std::vector<FunctionResult> buffers;
  size_t next = 0;
  for (mlir::Type each : type.getResults()) {
    auto tensor = cast<RankedTensorType>(each);
    NumberTensor &result = results.emplace_back();
    result.isFloat = tensor.getElementType().isF32();
    size_t elements = 1;
    for (int64_t size : tensor.getShape()) {
      result.shape.push_back(mlir::ShapedType::isDynamic(size) ? sizes[next++] : size);
      elements *= result.shape.back();
    }
    result.floats.resize(result.isFloat ? elements : 0);
    result.integers.resize(result.isFloat ? 0 : elements);
  }
  for (NumberTensor &result : results) {
    buffers.push_back(
        result.isFloat
            ? FunctionResult::tensor(MutableArrayRef<float>(result.floats), result.shape)
            : FunctionResult::tensor(MutableArrayRef<int32_t>(result.integers), result.shape));
  }
  if (Error failure = session->run(arguments, buffers, observe)) {
    return std::move(failure);
  }
  return std::move(results);
}

/// Adds the results of a sample behind those of others.
static Error append(std::vector<NumberTensor> &all, std::vector<NumberTensor> more, bool rows) {
  for (auto [index, next] : enumerate(more)) {
    bool isRow = rows && !next.shape.empty();
    if (!isRow) {
      next.shape.insert(next.shape.begin(), 1);
    }
    for (float value : next.floats) {
      if (!std::isfinite(value)) {
        return createStringError("result " + Twine(index) + ": expected finite values, found " +
                                 std::to_string(value));
      }
    }
  }
  if (all.empty()) {
    all = std::move(more);
    return Error::success();
  }
  for (auto [index, pair] : enumerate(zip_equal(all, more))) {
    auto &[result, next] = pair;
    if (ArrayRef(result.shape).drop_front() != ArrayRef(next.shape).drop_front()) {
      return createStringError("result " + Twine(index) +
                               ": expected samples of one shape, found " +
                               shapeToString(result.shape) + " and " + shapeToString(next.shape));
    }
    result.shape[0] += next.shape[0];
    append_range(result.floats, next.floats);
    append_range(result.integers, next.integers);
  }
  return Error::success();
}

Expected<std::vector<NumberTensor>> LoadedFunction::runAll(const FunctionData &data,
                                                           const Host &host) const {
  std::vector<NumberTensor> all;
  Progress progress("run", data.size(), "samples", host.progress);
  for (uint64_t i = 0; i < data.size(); ++i) {
    Expected<std::vector<NumberTensor>> results = run(data[i]);
    if (!results) {
      return inContext(path + ": sample " + Twine(i), results.takeError());
    }
    if (Error failure = append(all, std::move(*results), data.hasRows())) {
      return inContext(path + ": sample " + Twine(i), std::move(failure));
    }
    if (Error failure = progress.advance()) {
      return std::move(failure);
    }
  }
  progress.finish();
  return std::move(all);
}

} // namespace quench::workflow
