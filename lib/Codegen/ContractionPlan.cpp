//===- ContractionPlan.cpp - The cheapest way to compute a matrix product -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractionPlan.h"

#include "quench/Codegen/FixedPointKernel.h"
#include "quench/Codegen/ShortFloatTable.h"
#include "quench/Numerics/CodeTable.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace quench;

StringRef quench::stringify(ContractionForm form) {
  switch (form) {
  case ContractionForm::Integer:
    return "products of codes";
  case ContractionForm::FixedPoint:
    return "fixed point";
  case ContractionForm::DecodedInRegisters:
    return "weights decoded in registers";
  case ContractionForm::DecodedWhenPacked:
    return "weights decoded when packed";
  case ContractionForm::ShortFloats:
    return "products of 16-bit floats";
  case ContractionForm::FloatCodes:
    return "products of eight-bit floats";
  }
  llvm_unreachable("all forms are handled");
}

/// What a dynamic size is taken to be.
static constexpr int64_t kUnknownSize = 4096;
/// Rows that share the unpacking of a weight.
static constexpr double kTileRows = 12.0;
/// The same of outer products.
static constexpr double kOuterTileRows = 64.0;
/// Operations, one in a cycle, that read a row of sums from a tile, scale it and add it to totals.
static constexpr double kTileReadingOps = 5.0;
/// Operations that widen both sides of two products of 16-bit integers and add them up.
static constexpr double kWideningOps = 3.0;
/// Operations that make a float of a code: and, or, subtract, and half a shift.
static constexpr double kDecodingOps = 3.5;
/// What a register of 16-bit floats costs: of four operations for codes of four bits, seven for
/// bytes, most start in the cycles of products, as measured on Zen 5.
static constexpr double kShortDecodingOps = 2.0;

namespace {
class Planner {
public:
  Planner(const Target &target, QTensorType weights, Type type,
          std::optional<BlockSumBound> blockSum)
      : target(target), weights(weights), blockSum(blockSum),
        activations(dyn_cast_or_null<QTensorType>(type)),
        shortType(dyn_cast_or_null<FloatType>(type)), scheme(weights.getScheme()),
        container(codeContainer(scheme)),
        table(numerics::CodeTable::get(scheme.getNumericsScheme().element)) {}

  ContractionChoice integer() const {
    ContractionChoice choice{ContractionForm::Integer};
    choice.refusal = refuseInteger();
    return pricedInteger(choice, /*digits=*/1);
  }

  ContractionChoice fixedPoint() const {
    ContractionChoice choice{ContractionForm::FixedPoint};
    const NativeProduct *product = target.integerProduct();
    if (!container) {
      choice.refusal = "no kernel reads these codes";
    } else if (target.isDevice()) {
      choice.refusal = "devices multiply floats";
    } else if (!product || product->weights == NumberType::I16) {
      choice.refusal = "the target has no products of bytes";
    } else if (table && target.byteLookupsPerCycle == 0.0) {
      choice.refusal = "the target looks no bytes up";
    } else if (group() > FixedPointKernel::kLargestGroup) {
      choice.refusal = "a sum of " + std::to_string(group()) + " products may exceed i32";
    }
    return pricedInteger(choice, FixedPointKernel::kDigits);
  }

  ContractionChoice floatCodes() const {
    ContractionChoice choice{ContractionForm::FloatCodes};
    auto [type, product] = floatCodeProduct();
    choice.container = type;
    choice.refusal = refuseFloatCodes(product);
    return priced(choice, product, /*digits=*/1, /*ops=*/0.0);
  }

  ContractionChoice decodedInRegisters() const {
    ContractionChoice choice{ContractionForm::DecodedInRegisters};
    if (!container || table) {
      choice.refusal = "no kernel decodes these codes";
    }
    double registers = elements() / static_cast<double>(target.lanes());
    return priced(choice, floatProduct(), /*digits=*/1, registers * kDecodingOps);
  }

  ContractionChoice decodedWhenPacked() const {
    ContractionChoice choice{ContractionForm::DecodedWhenPacked};
    return priced(choice, floatProduct(), /*digits=*/1, /*ops=*/0.0);
  }

  /// Products of f16 or bf16. Codes that are small integers, or that stand for such, are multiplied
  /// as they are; others become 16-bit floats when they are packed.
  ContractionChoice shortFloats() const {
    ContractionChoice choice{ContractionForm::ShortFloats};
    NumberType type = shortType.isF16() ? NumberType::F16 : NumberType::BF16;
    const NativeProduct *product = target.findProduct(type, type);
    double registers = elements() / (2.0 * static_cast<double>(target.lanes()));
    if (target.isDevice()) {
      std::optional<PanelContainer> codes = decodedByDevices(type == NumberType::F16);
      choice.container = codes.value_or(PanelContainer::I4);
      if (product) {
        const bool isDecoded = codes && (scheme.isInteger() || !product->isCooperative());
        choice.refusal = isDecoded
                             ? refuseGroups(*product, product->shape[2] * 8 / bitsOf(*codes), 128)
                             : "no kernel decodes these codes";
      }
      return priced(choice, product, /*digits=*/1, registers * kShortDecodingOps);
    }
    bool hasCodes = container && (!table || target.byteLookupsPerCycle > 0.0);
    double ops = hasCodes ? registers * kShortDecodingOps : 0.0;
    choice.container = hasCodes                  ? *container
                       : type == NumberType::F16 ? PanelContainer::F16
                                                 : PanelContainer::BF16;
    return priced(choice, product, /*digits=*/1, ops);
  }

private:
  double elements() const {
    auto extent = [&](int64_t size) {
      return static_cast<double>(ShapedType::isDynamic(size) ? kUnknownSize : size);
    };
    return extent(weights.getShape()[0]) * extent(weights.getShape()[1]);
  }
  int64_t group() const {
    int64_t k = weights.getShape()[1], block = scheme.getBlock()[1];
    k = ShapedType::isDynamic(k) ? kUnknownSize : k;
    return block == SchemeAttr::kWhole ? k : std::min(k, block);
  }
  const NativeProduct *floatProduct() const {
    return target.findProduct(NumberType::F32, NumberType::F32);
  }

  std::optional<std::string> refuseInteger() const;
  std::optional<std::string> refuseFloatCodes(const NativeProduct *product) const;
  /// How a device stores codes that its kernels make 16-bit floats of: integers, four bits that are
  /// looked up, and eight-bit floats.
  std::optional<PanelContainer> decodedByDevices(bool isHalf) const;
  /// Why kernels of devices that have whole groups in at most so many codes have not those of the
  /// weights, with so many codes along K in a step.
  std::optional<std::string> refuseGroups(const NativeProduct &product, int64_t step,
                                          int64_t largest) const;
  /// Why codes of activations do not fit a product of codes; nothing if they do.
  std::optional<std::string> refuseBlocks() const;

  /// The product of the floats of both sides and the container of its weights. A target may have
  /// the kind of floats that counts half.
  std::pair<PanelContainer, const NativeProduct *> floatCodeProduct() const {
    auto typesOf = [](QTensorType side) {
      return isa<Float8E4M3FNType>(side.getScheme().getElementType())
                 ? std::pair(NumberType::F8E4M3FN, NumberType::F8E4M3FNUZ)
                 : std::pair(NumberType::F8E5M2, NumberType::F8E5M2FNUZ);
    };
    auto [full, halved] = typesOf(weights);
    auto [fullLeft, halvedLeft] = typesOf(activations);
    const bool isE4M3 = full == NumberType::F8E4M3FN;
    if (const NativeProduct *product = target.findProduct(full, fullLeft)) {
      return {isE4M3 ? PanelContainer::F8E4M3FN : PanelContainer::F8E5M2, product};
    }
    return {isE4M3 ? PanelContainer::F8E4M3FNUZ : PanelContainer::F8E5M2FNUZ,
            target.findProduct(halved, halvedLeft)};
  }

  /// Vector operations that make bytes of all codes once.
  double unpackingOps() const {
    double registers = elements() / (4.0 * static_cast<double>(target.lanes()));
    unsigned bits = container ? bitsOf(*container) : 8;
    double ops = bits == 8 ? 0.0 : bits == 4 ? 1.5 : 1.75;
    if (table && target.byteLookupsPerCycle > 0.0) {
      ops += target.vectorOpsPerCycle / target.byteLookupsPerCycle;
    }
    return registers * ops;
  }

  /// By the fastest product of bytes. Reading tiles of outer products may take more than the
  /// products of vectors where groups are small.
  ContractionChoice pricedInteger(const ContractionChoice &choice, double digits) const {
    ContractionChoice best = priced(choice, target.integerProduct(), digits, unpackingOps());
    if (best.refusal || !target.outerProduct()) {
      return best;
    }
    ContractionChoice other = priced(choice, target.dotProduct(), digits, unpackingOps());
    return other.cost() < best.cost() ? other : best;
  }

  ContractionChoice priced(ContractionChoice choice, const NativeProduct *product, double digits,
                           double opsOfATile) const {
    choice.product = product;
    if (!product && !choice.refusal) {
      choice.refusal = "the target has no such product";
    }
    if (choice.refusal) {
      return choice;
    }
    if (choice.form == ContractionForm::DecodedWhenPacked) {
      choice.container = PanelContainer::F32;
    } else if (choice.form != ContractionForm::ShortFloats &&
               choice.form != ContractionForm::FloatCodes) {
      choice.container = *container;
    }
    bool isPacked = holdsFloats(choice.container);
    Type narrow = narrowScaleOf(scheme, target);
    double scaleBits = narrow ? narrow.getIntOrFloatBitWidth() : 32.0;
    double scales = isPacked ? 0.0 : scaleBits / static_cast<double>(group());
    double bytes = elements() * (bitsOf(choice.container) + scales) / 8.0;
    const NativeProduct *dot = product->sums == NumberType::I32       ? target.dotProduct()
                               : product->weights == NumberType::BF16 ? target.shortDotProduct()
                                                                      : nullptr;
    auto seconds = [&](double rows) {
      double macs = rows * elements() * digits;
      // A single row takes the product of one row.
      const NativeProduct &used = rows == 1.0 && dot ? *dot : *product;
      double cycles = macs / used.macsPerCycle();
      const NativeProduct *narrow = target.narrowProduct();
      if (product->sums == NumberType::I32 && narrow && bitsOf(choice.container) < 8) {
        // Sums in 16 bits (NarrowByteDots.h), to which what adds neighbours does not add.
        cycles = macs / narrow->macsPerCycle();
        if (narrow->shape[2] > 1) {
          cycles += macs / static_cast<double>(narrow->shape[1] * narrow->shape[2]) /
                    target.vectorOpsPerCycle;
        }
      } else if (product->weights == NumberType::I16) {
        cycles += macs / (2.0 * static_cast<double>(product->shape[1])) * kWideningOps /
                  target.vectorOpsPerCycle;
      }
      bool isOuter = &used == target.outerProduct();
      if (isOuter) {
        double sums = rows * elements() / static_cast<double>(group() * used.shape[1]);
        cycles += digits * sums * kTileReadingOps;
      }
      cycles += std::ceil(rows / (isOuter ? kOuterTileRows : kTileRows)) * opsOfATile /
                target.vectorOpsPerCycle;
      return std::max(cycles / target.clock, bytes / target.readBandwidth) * 1e-9;
    };
    choice.oneRow = seconds(1.0);
    choice.manyRows = seconds(ContractionChoice::kManyRows);
    return choice;
  }

  const Target &target;
  QTensorType weights;
  std::optional<BlockSumBound> blockSum;
  QTensorType activations;
  /// f16 or bf16 for activations of that type.
  FloatType shortType;
  SchemeAttr scheme;
  std::optional<PanelContainer> container;
  std::optional<numerics::CodeTable> table;
};
} // namespace

std::optional<std::string> Planner::refuseBlocks() const {
  SchemeAttr left = activations.getScheme();
  if (left.getBlock()[0] != 1 && left.getBlock()[0] != SchemeAttr::kWhole) {
    return "blocks of the activations span several rows";
  }
  if (left.getBlock()[1] != SchemeAttr::kWhole &&
      !(target.isDevice() && left.getBlock()[0] == 1 && left.getBlock()[1] == group())) {
    return target.isDevice() ? "groups of the activations are not those of the weights"
                             : "the scales of the activations change along K";
  }
  return std::nullopt;
}

std::optional<std::string> Planner::refuseFloatCodes(const NativeProduct *product) const {
  if (!product) {
    return "the target has no products of these floats";
  }
  const int64_t rows = scheme.getBlock()[0];
  if (rows != 1 && rows != SchemeAttr::kWhole) {
    return "blocks of the weights span several rows";
  }
  std::optional<std::string> refusal = refuseGroups(*product, product->shape[2], 256);
  return refusal ? refusal : refuseBlocks();
}

std::optional<PanelContainer> Planner::decodedByDevices(bool isHalf) const {
  const int64_t rows = scheme.getBlock()[0];
  if (scheme.isInteger() || (rows != 1 && rows != SchemeAttr::kWhole)) {
    return container;
  }
  if (scheme.isByteFloat()) {
    return isa<Float8E4M3FNType>(scheme.getElementType()) ? PanelContainer::F8E4M3FN
                                                          : PanelContainer::F8E5M2;
  }
  return shortFloatsOf(scheme, isHalf) ? std::optional(PanelContainer::I4) : std::nullopt;
}

std::optional<std::string> Planner::refuseGroups(const NativeProduct &product, int64_t step,
                                                 int64_t largest) const {
  const int64_t k = weights.getShape()[1];
  if (ShapedType::isDynamic(k)) {
    return "the number of products in a sum is not known";
  }
  // Kernels with cooperative matrices end groups anywhere.
  if (!product.isCooperative() && group() != k && (group() % step != 0 || largest % group() != 0)) {
    return "groups of " + std::to_string(group()) + " are no whole number of steps of " +
           product.instruction;
  }
  return std::nullopt;
}

std::optional<std::string> Planner::refuseInteger() const {
  if (!activations) {
    return "the activations are floats";
  }
  SchemeAttr left = activations.getScheme();
  if (!left.isInteger()) {
    return "the codes of the activations are not integers";
  }
  if (!scheme.isInteger() && !table) {
    return "the weights are neither integers nor four bits that stand for multiples of one unit";
  }
  bool isOne = !left.hasRealZeroPoints() && left.isPerTensor();
  if (left.hasZeroPoints() && (target.isDevice() || !isOne)) {
    return target.isDevice() ? "the activations have zero points"
                             : "the activations have zero points that change or are real numbers";
  }
  if (scheme.hasRealZeroPoints()) {
    return "the zero points of the weights are real numbers";
  }
  if (std::optional<std::string> refusal = refuseBlocks()) {
    return refusal;
  }
  if (ShapedType::isDynamic(weights.getShape()[1]) && scheme.getBlock()[1] == SchemeAttr::kWhole) {
    return "the number of products in a sum is not known";
  }
  if (BlockSumBound bound = blockSum.value_or(boundBlockSum(left, weights)); !bound.fits()) {
    return "a block sum of " + std::to_string(group()) + " products can reach " +
           std::to_string(bound.value) + ", more than i32 holds";
  }
  if (table && target.byteLookupsPerCycle == 0.0) {
    return "the target looks no bytes up";
  }
  return std::nullopt;
}

Type quench::activationsOf(Type lhs) {
  auto type = dyn_cast<RankedTensorType>(lhs);
  bool isF32 = type && type.getElementType().isF32();
  return isF32 ? Type() : type ? type.getElementType() : lhs;
}

SmallVector<ContractionChoice> quench::planContraction(const Target &target, QTensorType weights,
                                                       Type activations,
                                                       std::optional<BlockSumBound> blockSum) {
  Planner planner(target, weights, activations, blockSum);
  SmallVector<ContractionChoice> choices = {planner.integer(), planner.fixedPoint(),
                                            planner.decodedInRegisters(),
                                            planner.decodedWhenPacked()};
  auto codes = dyn_cast_or_null<QTensorType>(activations);
  if (codes && codes.getScheme().isByteFloat() && weights.getScheme().isByteFloat()) {
    choices.push_back(planner.floatCodes());
  }
  if (isa_and_nonnull<FloatType>(activations)) {
    choices.push_back(planner.shortFloats());
  }
  // Refused ones have no cost and stay in the order of their forms.
  auto rank = [](const ContractionChoice &choice) {
    return std::tuple(choice.refusal.has_value(), choice.form != ContractionForm::Integer,
                      choice.cost(), choice.form);
  };
  llvm::sort(choices, [&](const ContractionChoice &a, const ContractionChoice &b) {
    return rank(a) < rank(b);
  });
  return choices;
}
