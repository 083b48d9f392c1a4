//===- PackWeights.cpp - Read weights and lay them out for the kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: `quench.weight` of plain tensors and `quench.packed_weight`. Output: external globals, one
// for each distinct weight and layout, read through `bufferization.to_tensor`.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "OpenWeights.h"

#include "quench/Codegen/PackedWeights.h"
#include "quench/Codegen/PanelLayout.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/WeightStore/KeptElements.h"
#include "quench/WeightStore/QuantizedWeight.h"
#include "quench/WeightStore/WeightStore.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>

#define DEBUG_TYPE "quench-pack-weights"

namespace quench {
#define GEN_PASS_DEF_PACKWEIGHTSPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {
using Bytes = ArrayRef<uint8_t>;

template <typename T> Bytes bytesOf(const std::vector<T> &values) {
  return Bytes(reinterpret_cast<const uint8_t *>(values.data()), values.size() * sizeof(T));
}

/// Packs the weights of one module. A weight is read once for its codes, scales and zero points.
class WeightPacker {
public:
  /// Without a store, weights are floats that are set later.
  WeightPacker(ModuleOp module, const WeightStore *store, PackedWeights &packed)
      : module(module), store(store), packed(packed) {}

  LogicalResult run();

private:
  LogicalResult packPlain(WeightOp op);
  LogicalResult packStored(WeightOp op, RankedTensorType type);
  /// A weight whose values come later.
  LogicalResult packUnset(Operation *op, StringRef key, Type source,
                          std::optional<PanelLayout> panels);
  LogicalResult packPanels(PackedWeightOp op);
  /// The part of an expanded quantized weight that `quench.part` names.
  LogicalResult packPart(WeightOp op, StringRef part);
  llvm::Expected<PackedPanels> readPanels(PackedWeightOp op);
  /// Panels of the values of a weight, with those laid over them that the op names.
  llvm::Expected<PackedPanels> readFloatPanels(PackedWeightOp op, std::vector<float> values);

  /// The name of the global with these contents; `write` is called for new ones only.
  StringRef symbolFor(const std::string &contents, Operation *op, RankedTensorType type,
                      function_ref<void(StringRef symbol)> write);
  void replace(Operation *op, StringRef symbol);

  ModuleOp module;
  const WeightStore *store;
  PackedWeights &packed;
  std::map<std::string, std::string> symbols;
  /// The panels that the last `packPanels` read.
  std::string panelsKey;
  PackedPanels panels;
};
} // namespace

LogicalResult WeightPacker::run() {
  SmallVector<Operation *> weights;
  module.walk([&](Operation *op) {
    if (isa<WeightOp, PackedWeightOp>(op)) {
      weights.push_back(op);
    }
  });
  for (Operation *op : weights) {
    auto plain = dyn_cast<WeightOp>(op);
    if (failed(plain ? packPlain(plain) : packPanels(cast<PackedWeightOp>(op)))) {
      return failure();
    }
  }
  return success();
}

StringRef WeightPacker::symbolFor(const std::string &contents, Operation *op, RankedTensorType type,
                                  function_ref<void(StringRef)> write) {
  auto [entry, isNew] = symbols.try_emplace(contents);
  if (isNew) {
    entry->second = "quench_weight_" + std::to_string(symbols.size() - 1);
    write(entry->second);
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto memref = MemRefType::get(type.getShape(), type.getElementType());
    memref::GlobalOp::create(builder, op->getLoc(), builder.getStringAttr(entry->second),
                             /*sym_visibility=*/StringAttr(), TypeAttr::get(memref),
                             /*initial_value=*/Attribute(), /*constant=*/UnitAttr(),
                             builder.getI64IntegerAttr(PackedWeights::kAlignment));
  }
  return entry->second;
}

void WeightPacker::replace(Operation *op, StringRef symbol) {
  OpBuilder builder(op);
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  auto memref = MemRefType::get(type.getShape(), type.getElementType());
  Value buffer = memref::GetGlobalOp::create(builder, op->getLoc(), memref, symbol);
  Value tensor =
      bufferization::ToTensorOp::create(builder, op->getLoc(), type, buffer, builder.getUnitAttr());
  op->replaceAllUsesWith(ValueRange{tensor});
  op->erase();
}

LogicalResult WeightPacker::packPlain(WeightOp op) {
  if (auto part = op->getAttrOfType<StringAttr>("quench.part")) {
    return packPart(op, part.getValue());
  }
  auto type = dyn_cast<RankedTensorType>(op.getType());
  if (!type) {
    return op.emitOpError("expected a plain tensor; run convert-quench-to-linalg first");
  }
  if (auto extension = op->hasOneUse() ? dyn_cast<arith::ExtFOp>(*op->user_begin()) : nullptr) {
    // Stored in 16 bits and used in f32: extend once, here.
    auto wide = cast<RankedTensorType>(extension.getType());
    if (wide.getElementType().isF32()) {
      OpBuilder builder(op);
      auto extended = WeightOp::create(builder, op.getLoc(), wide, op.getKey());
      extension.replaceAllUsesWith(extended.getResult());
      extension.erase();
      op.erase();
      return packPlain(extended);
    }
  }
  return store ? packStored(op, type) : packUnset(op, op.getKey(), type, std::nullopt);
}

/// How the values of a weight of this type are laid out in row-major order; nothing for elements
/// that are not floats of 16 or 32 bits.
static std::optional<PackedWeights::FloatLayout> plainLayout(RankedTensorType type) {
  Type element = type.getElementType();
  PackedWeights::FloatLayout layout;
  layout.elements = type.getNumElements();
  if (element.isF16() || element.isBF16()) {
    layout.format = element.isF16() ? numerics::FloatFormat::F16 : numerics::FloatFormat::BF16;
  } else if (!element.isF32()) {
    return std::nullopt;
  }
  return layout;
}

LogicalResult WeightPacker::packStored(WeightOp op, RankedTensorType type) {
  llvm::Expected<const TensorView *> view = store->requireShape(op.getKey(), type.getShape());
  if (!view) {
    return op.emitOpError(llvm::toString(view.takeError()));
  }
  bool isF32 = type.getElementType().isF32();
  std::vector<float> floats;
  if (isF32) {
    llvm::Expected<std::vector<float>> read = store->readFiniteFloats(op.getKey(), type.getShape());
    if (!read) {
      return op.emitOpError(llvm::toString(read.takeError()));
    }
    floats = std::move(*read);
  } else if ((*view)->bytes.size() !=
             static_cast<size_t>(type.getNumElements()) * type.getElementTypeBitWidth() / 8) {
    return op.emitOpError() << "expected " << type << " in the weight store, found "
                            << (*view)->bytes.size() << " bytes";
  }
  std::string contents;
  StringRef key = op.getKey();
  llvm::raw_string_ostream(contents) << "plain " << key << ' ' << type;
  replace(op, symbolFor(contents, op, type, [&](StringRef symbol) {
            packed.add(symbol, key, isF32 ? bytesOf(floats) : (*view)->bytes, plainLayout(type));
          }));
  return success();
}

LogicalResult WeightPacker::packUnset(Operation *op, StringRef key, Type source,
                                      std::optional<PanelLayout> panels) {
  auto type = dyn_cast<RankedTensorType>(source);
  std::optional<PackedWeights::FloatLayout> layout = type ? plainLayout(type) : std::nullopt;
  if (!layout) {
    return op->emitOpError() << "expected a weight store for codes, found none";
  }
  layout->panels = panels;
  std::string contents;
  llvm::raw_string_ostream os(contents);
  os << key << ' ' << type << (panels ? " in panels of " + std::to_string(panels->lanes) : "");
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  replace(op, symbolFor(contents, op, result,
                        [&](StringRef symbol) { packed.addUnset(symbol, key, *layout); }));
  return success();
}

LogicalResult WeightPacker::packPart(WeightOp op, StringRef part) {
  auto attribute = op->getAttrOfType<TypeAttr>("quench.source");
  auto source = attribute ? dyn_cast<QTensorType>(attribute.getValue()) : QTensorType();
  if (!source) {
    return op.emitOpError("expected a quantized tensor type quench.source beside quench.part");
  }
  if (!store) {
    return packUnset(op, op.getKey(), source, std::nullopt);
  }
  auto tensor =
      readQuantized(*store, op.getKey(), source.getScheme().getNumericsScheme(), source.getShape());
  if (!tensor) {
    return op.emitOpError(llvm::toString(tensor.takeError()));
  }
  auto type = cast<RankedTensorType>(op.getType());
  std::string contents;
  StringRef key = op.getKey();
  llvm::raw_string_ostream(contents) << part << ' ' << key << ' ' << type;
  replace(op, symbolFor(contents, op, type, [&](StringRef symbol) {
            if (part == "scales") {
              packed.add(symbol, key, bytesOf(tensor->scales));
            } else if (part == "zero_points") {
              packed.add(symbol, key,
                         tensor->realZeroPoints.empty() ? bytesOf(tensor->zeroPoints)
                                                        : bytesOf(tensor->realZeroPoints));
            } else {
              tensor->codes.visit(
                  [&](const auto &codes) { packed.add(symbol, key, bytesOf(codes)); });
            }
          }));
  return success();
}

llvm::Expected<PackedPanels> WeightPacker::readFloatPanels(PackedWeightOp op,
                                                           std::vector<float> values) {
  if (op.getKeptValues()) {
    auto quantized = dyn_cast<QTensorType>(op.getSource());
    ArrayRef<int64_t> shape =
        quantized ? quantized.getShape() : cast<RankedTensorType>(op.getSource()).getShape();
    auto kept = readKeptElements(*store, *op.getKeptIndices(), *op.getKeptValues(), shape);
    if (!kept) {
      return kept.takeError();
    }
    kept->applyTo(values);
  }
  return packFloats(PanelLayout::get(op.getSource(), op.getPanels()), values);
}

llvm::Expected<PackedPanels> WeightPacker::readPanels(PackedWeightOp op) {
  PanelLayout layout = PanelLayout::get(op.getSource(), op.getPanels());
  auto quantized = dyn_cast<QTensorType>(op.getSource());
  if (!quantized) {
    auto values =
        store->readFiniteFloats(op.getKey(), cast<RankedTensorType>(op.getSource()).getShape());
    if (!values) {
      return values.takeError();
    }
    return readFloatPanels(op, std::move(*values));
  }
  numerics::Scheme scheme = quantized.getScheme().getNumericsScheme();
  auto tensor = readQuantized(*store, op.getKey(), scheme, quantized.getShape());
  if (!tensor) {
    return tensor.takeError();
  }
  if (!holdsFloats(layout.container)) {
    return packCodes(layout, *tensor, scheme);
  }
  auto values = numerics::dequantizeTensor(*tensor, scheme);
  if (!values) {
    return values.takeError();
  }
  return readFloatPanels(op, std::move(*values));
}

LogicalResult WeightPacker::packPanels(PackedWeightOp op) {
  PanelLayout layout = PanelLayout::get(op.getSource(), op.getPanels());
  if (!store && op.getKeptValues()) {
    return op->emitOpError() << "expected a weight store for kept elements, found none";
  }
  if (!store) {
    return packUnset(op, op.getKey(), op.getSource(), layout);
  }
  std::string key;
  llvm::raw_string_ostream(key) << op.getKey() << ' ' << op.getSource() << ' ' << op.getPanels()
                                << ' ' << op.getKeptValues().value_or("") << ' '
                                << op.getKeptIndices().value_or("");
  if (panelsKey != key) {
    llvm::Expected<PackedPanels> read = readPanels(op);
    if (!read) {
      return op.emitOpError(llvm::toString(read.takeError()));
    }
    panels = std::move(*read);
    panelsKey = key;
  }
  std::vector<uint16_t> narrow;
  if (op.getPart() == WeightPart::Scales && layout.narrowScale) {
    auto format =
        layout.narrowScale.isF16() ? numerics::FloatFormat::F16 : numerics::FloatFormat::BF16;
    for (float scale : panels.scales) {
      narrow.push_back(static_cast<uint16_t>(numerics::encode(format, scale)));
    }
  }
  auto type = cast<RankedTensorType>(op.getType());
  std::vector<int32_t> zeroPoints = panels.zeroPoints;
  if (type.getNumElements() == 2 * layout.numScales()) {
    // Tables have none.
    zeroPoints.resize(layout.numScales());
    llvm::append_range(zeroPoints, panels.sums);
  }
  Bytes bytes = op.getPart() == WeightPart::Codes    ? bytesOf(panels.words)
                : op.getPart() != WeightPart::Scales ? bytesOf(zeroPoints)
                : narrow.empty()                     ? bytesOf(panels.scales)
                                                     : bytesOf(narrow);
  if (bytes.size() !=
      static_cast<size_t>(type.getNumElements()) * type.getElementTypeBitWidth() / 8) {
    return op.emitOpError() << "expected a result of " << bytes.size() << " bytes, found " << type;
  }
  std::string contents = stringifyWeightPart(op.getPart()).str() + " " + key;
  std::optional<PackedWeights::FloatLayout> floats;
  if (holdsFloats(layout.container)) {
    floats = {numerics::FloatFormat::F32, layout, layout.n * layout.groups.k};
  }
  replace(op, symbolFor(contents, op, type,
                        [&](StringRef symbol) { packed.add(symbol, op.getKey(), bytes, floats); }));
  return success();
}

namespace {
struct PackWeightsPass : quench::impl::PackWeightsPassBase<PackWeightsPass> {
  using Base::Base;
  PackWeightsPass(const WeightStore *given, PackedWeights &packed)
      : given(given), packed(&packed) {}

  void runOnOperation() override;

  const WeightStore *given = nullptr;
  PackedWeights *packed = nullptr;
};
} // namespace

void PackWeightsPass::runOnOperation() {
  PackedWeights unused;
  if (!packed && weights.empty()) {
    getOperation().emitError("expected a weight store in the option weights");
    return signalPassFailure();
  }
  FailureOr<StorePointer> store = openWeights(getOperation(), weights, given);
  if (failed(store)) {
    return signalPassFailure();
  }
  WeightPacker packer(getOperation(), store->get(), packed ? *packed : unused);
  if (failed(packer.run())) {
    signalPassFailure();
  }
}

std::unique_ptr<Pass> quench::createPackWeightsPass(const WeightStore *store,
                                                    PackedWeights &packed) {
  return std::make_unique<PackWeightsPass>(store, packed);
}
