//===- ImportMlir.cpp - Functions in MLIR ---------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Import/ImportMlir.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Model/ModelFolder.h"
#include "quench/Model/ModuleFile.h"
#include "quench/Transforms/DenseConstant.h"
#include "quench/Transforms/Passes.h"
#include "quench/WeightStore/QuantizedWeight.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

namespace quench {

static std::optional<ElementKind> kindOf(Type type) {
  return type.isF32()    ? std::optional(ElementKind::F32)
         : type.isF16()  ? std::optional(ElementKind::F16)
         : type.isBF16() ? std::optional(ElementKind::BF16)
                         : std::nullopt;
}

/// The elements of a constant that moves; null for one that stays. Fails on a broken resource.
static FailureOr<DenseElementsAttr> movedElements(Operation *op) {
  Attribute value;
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    value = constant.getValue();
  } else if (auto constant = dyn_cast<tosa::ConstOp>(op)) {
    value = constant.getValues();
  }
  auto elements = dyn_cast_or_null<ElementsAttr>(value);
  auto type = elements ? dyn_cast<RankedTensorType>(elements.getType()) : RankedTensorType();
  if (!type || !kindOf(type.getElementType()) || type.getNumElements() < minMovedElements) {
    return DenseElementsAttr();
  }
  FailureOr<DenseElementsAttr> dense = denseElements(op, elements);
  if (failed(dense)) {
    return failure();
  }
  return *dense && !dense->isSplat() ? *dense : DenseElementsAttr();
}

static StringRef nameOf(Location location) {
  auto named = location->findInstanceOf<NameLoc>();
  return named ? named.getName().getValue() : StringRef();
}

static std::string weightName(Operation *constant) {
  if (StringRef name = nameOf(constant->getLoc()); !name.empty()) {
    return name.str();
  }
  for (OpOperand &use : constant->getUses()) {
    auto layer = dyn_cast<QuantizableOpInterface>(use.getOwner());
    StringRef name = nameOf(use.getOwner()->getLoc());
    if (layer && &layer.getWeightOperand() == &use && !name.empty()) {
      return (name + ".weight").str();
    }
  }
  return "constant";
}

/// The parts of codes that are constants; nothing for others.
static std::optional<numerics::QuantizedTensor> constantCodes(AssembleOp op) {
  DenseElementsAttr codes, scales, zeroPoints;
  QTensorType type = op.getResult().getType();
  if (!type.hasStaticShape() || !matchPattern(op.getCodes(), m_Constant(&codes)) ||
      !matchPattern(op.getScales(), m_Constant(&scales)) ||
      (op.getZeroPoints() && (!op.getZeroPoints().getType().getElementType().isInteger(32) ||
                              !matchPattern(op.getZeroPoints(), m_Constant(&zeroPoints))))) {
    return std::nullopt;
  }
  numerics::Encoding element = type.getScheme().getNumericsScheme().element;
  numerics::QuantizedTensor result;
  result.shape.assign(type.getShape().begin(), type.getShape().end());
  result.codes = numerics::CodeArray(element, codes.getNumElements());
  size_t place = 0;
  auto add = [&](const APInt &bits) {
    result.codes.set(place++, static_cast<int32_t>(element.isSigned() ? bits.getSExtValue()
                                                                      : bits.getZExtValue()));
  };
  if (isa<FloatType>(codes.getElementType())) {
    for (const APFloat &value : codes.getValues<APFloat>()) {
      add(value.bitcastToAPInt());
    }
  } else {
    for (const APInt &value : codes.getValues<APInt>()) {
      add(value);
    }
  }
  llvm::append_range(result.scales, scales.getValues<float>());
  if (zeroPoints) {
    llvm::append_range(result.zeroPoints, zeroPoints.getValues<int32_t>());
  }
  return result;
}

/// Puts a weight in the place of a constant.
static void replaceByWeight(Operation *op, StringRef name) {
  OpBuilder builder(op);
  Value weight = WeightOp::create(builder, op->getLoc(), op->getResult(0).getType(), name);
  SmallVector<Value> operands(op->getOperands());
  op->getResult(0).replaceAllUsesWith(weight);
  op->erase();
  for (Value operand : operands) {
    if (operand.use_empty()) {
      operand.getDefiningOp()->erase();
    }
  }
}

FailureOr<std::vector<MovedConstant>> moveConstants(ModuleOp module) {
  SmallVector<std::pair<Operation *, DenseElementsAttr>> found;
  SmallVector<std::pair<AssembleOp, numerics::QuantizedTensor>> assembled;
  llvm::DenseSet<Operation *> parts;
  module.walk([&](AssembleOp op) {
    if (std::optional<numerics::QuantizedTensor> codes = constantCodes(op)) {
      assembled.push_back({op, std::move(*codes)});
      for (Value operand : op->getOperands()) {
        parts.insert(operand.getDefiningOp());
      }
    }
  });
  WalkResult result = module.walk([&](Operation *op) {
    if (parts.contains(op)) {
      return WalkResult::advance();
    }
    FailureOr<DenseElementsAttr> elements = movedElements(op);
    if (failed(elements)) {
      return WalkResult::interrupt();
    }
    bool isFinite = static_cast<bool>(*elements);
    for (size_t index = 0; isFinite && index < static_cast<size_t>(elements->size()); ++index) {
      APFloat value = elements->getValues<APFloat>()[index];
      if (value.isNaN()) {
        op->emitError() << "expected numbers, found one that is none at element " << index;
        return WalkResult::interrupt();
      }
      isFinite = value.isFinite();
    }
    if (isFinite) {
      found.push_back({op, *elements});
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted()) {
    return failure();
  }
  std::vector<MovedConstant> moved;
  llvm::StringSet<> names;
  llvm::StringMap<unsigned> numbers;
  auto chooseName = [&](Operation *op) {
    std::string base = weightName(op), name = base;
    while (!names.insert(name).second) {
      name = base + "#" + std::to_string(++numbers[base] + 1);
    }
    return name;
  };
  for (auto [op, elements] : found) {
    moved.push_back({chooseName(op), elements, {}, {}});
    replaceByWeight(op, moved.back().name);
  }
  for (auto [op, codes] : assembled) {
    numerics::Scheme scheme = op.getResult().getType().getScheme().getNumericsScheme();
    moved.push_back({chooseName(op), {}, std::move(scheme), codes});
    replaceByWeight(op, moved.back().name);
  }
  return std::move(moved);
}

static Error writeConstants(SafetensorsWriter &writer, ArrayRef<MovedConstant> constants,
                            const ImportOptions &options) {
  for (const MovedConstant &constant : constants) {
    if (!constant.values) {
      if (Error failure =
              declareQuantized(writer, constant.name, constant.scheme, constant.codes.shape)) {
        return failure;
      }
      continue;
    }
    ShapedType type = constant.values.getType();
    if (Error failure =
            writer.declare(constant.name, *kindOf(type.getElementType()), type.getShape())) {
      return failure;
    }
  }
  Progress progress("import", constants.size(), "tensors", options.progress);
  for (const MovedConstant &constant : constants) {
    if (Error failure =
            constant.values
                ? writer.writeElements(constant.name, constant.values.getRawData())
                : writeQuantized(writer, constant.name, constant.scheme, constant.codes)) {
      return failure;
    }
    if (Error failure = progress.advance()) {
      return failure;
    }
  }
  progress.finish();
  return Error::success();
}

Error writeFunctionFolder(StringRef file, StringRef outputFolder, ModuleOp module,
                          const ImportOptions &options) {
  std::vector<MovedConstant> constants;
  if (Error failure = withDiagnostics(*module.getContext(), file, [&] {
        FailureOr<std::vector<MovedConstant>> moved = moveConstants(module);
        if (succeeded(moved)) {
          constants = std::move(*moved);
        }
        return LogicalResult(moved);
      })) {
    return failure;
  }
  return ModelFolder::write(outputFolder, module, [&](SafetensorsWriter &writer) {
    return writeConstants(writer, constants, options);
  });
}

/// One function is left; others that it calls become part of it. Weights become constants.
static LogicalResult prepare(ModuleOp module) {
  PassManager manager(module.getContext());
  manager.addPass(createInlinerPass());
  manager.addPass(createSymbolDCEPass());
  manager.addPass(createNormalizeLayersPass());
  return manager.run(module);
}

Error importMlir(StringRef file, StringRef outputFolder, const ImportOptions &options,
                 MLIRContext &context) {
  context.loadAllAvailableDialects();
  Expected<OwningOpRef<ModuleOp>> module = parseModuleFile(file, context);
  if (!module) {
    return module.takeError();
  }
  if (Error failure = findModelFunction(**module, file).takeError()) {
    return failure;
  }
  Error failure = withDiagnostics(context, file, [&] {
    WalkResult result = (*module)->walk([](WeightOp op) {
      op.emitError() << "expected constants for weights, found the weight '" << op.getKey()
                     << "', whose tensor is not in this file";
      return WalkResult::interrupt();
    });
    return success(!result.wasInterrupted() && succeeded(prepare(**module)));
  });
  return failure ? std::move(failure) : writeFunctionFolder(file, outputFolder, **module, options);
}

} // namespace quench
