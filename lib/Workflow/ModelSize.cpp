//===- ModelSize.cpp - What a model weighs ---------------------------------- -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Workflow/ModelSize.h"

#include "quench/Workflow/LoadedModel.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Model/LinearNames.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using mlir::cast;
using mlir::dyn_cast;
using mlir::isa;

namespace quench::workflow {

namespace {

/// Elements of some weights and the bits they take.
struct Storage {
  uint64_t elements = 0;
  double bits = 0;

  double bitsPerElement() const { return elements ? bits / elements : 0; }
};

} // namespace

/// Whether a value carries integer codes, in QDQ form.
static bool comesFromIntegers(mlir::Value value) {
  DequantizeOp dequantize = findDequantized(value);
  if (!dequantize) {
    return false;
  }
  auto type = dyn_cast<QTensorType>(dequantize.getInput().getType());
  return type && type.getScheme().isInteger();
}

ModelSize measureFunction(mlir::func::FuncOp function) {
  ModelSize size;
  Storage all, quantized;
  StringSet<> seen;
  mlir::Value logits = function.front().getTerminator()->getOperand(0);
  function.walk([&](QuantizableOpInterface op) {
    mlir::Value input = op.getActivationOperand().get(), weight = op.getWeightOperand().get();
    auto shape = cast<mlir::ShapedType>(weight.getType()).getShape();
    uint64_t elements = 1;
    for (int64_t extent : shape) {
      elements *= extent;
    }
    if (logits.getDefiningOp() == op) {
      size.lastMacs += elements;
    } else {
      bool integer = comesFromIntegers(input) && comesFromIntegers(weight);
      (integer ? size.integerMacs : size.floatMacs) += elements;
    }
    WeightOp stored = findWeight(weight);
    if (!stored || !seen.insert(stored.getKey()).second) {
      return;
    }
    ++size.linearLayers;
    all.elements += elements;
    if (auto type = dyn_cast<QTensorType>(stored.getType())) {
      double bits = type.getScheme().getBitsPerElement(shape) * elements;
      if (auto overlay = weight.getDefiningOp<OverlayOp>()) {
        bits += overlay.getBitsPerElement() * elements;
      }
      ++size.quantizedLayers;
      quantized.elements += elements;
      quantized.bits += bits;
      all.bits += bits;
    } else {
      all.bits +=
          double(elements) * cast<mlir::ShapedType>(stored.getType()).getElementTypeBitWidth();
    }
  });
  size.bitsPerWeight = (size.quantizedLayers ? quantized : all).bitsPerElement();
  return size;
}

ModelSize measureModel(const ModelFolder &folder) {
  ModelSize size = measureFunction(folder.function());
  // The folder is open, so the file is there.
  if (sys::fs::file_size(folder.filePath(ModelFolder::weightsFileName), size.bytes)) {
    size.bytes = folder.weights().totalBytes();
  }
  return size;
}

llvm::Expected<ModelSummary> summarizeModel(llvm::StringRef path, const Host &host) {
  llvm::Expected<LoadedModel> model = openModel(path, host);
  if (!model) {
    return model.takeError();
  }
  const ModelFolder &folder = *model->folder;
  return ModelSummary{measureModel(folder), folder.vocabSize(), folder.maxPositions(),
                      folder.isCausalLM() ? "" : folder.function().getName().str()};
}

} // namespace quench::workflow
