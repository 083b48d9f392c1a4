//===- ShapeOps.cpp - Operators on shapes ---------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// These keep their elements. Sizes go through them at import, so that the shapes that exporters
// compute are known.
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"
#include "GraphImporter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <numeric>

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

/// A constant of other shape with the same elements; false when the input is no constant.
static bool reshapedConstant(Node &node, ArrayRef<OpFoldResult> sizes) {
  const Constant *constant = node.maybeConstant(0);
  SmallVector<int64_t> shape = shapeOf(sizes);
  if (!constant || ShapedType::isDynamicShape(shape)) {
    return false;
  }
  llvm::Expected<int64_t> count = countElements(shape);
  if (!count || static_cast<size_t>(*count) != constant->size()) {
    node.fail(count ? "expected a shape of " + Twine(constant->size()) + " elements, found " +
                          Twine(*count)
                    : Twine(llvm::toString(count.takeError())));
    return true;
  }
  Constant result = *constant;
  result.shape = shape;
  node.define(0, std::move(result));
  return true;
}

static void defineReshaped(Node &node, ArrayRef<OpFoldResult> sizes) {
  if (!node.ok() || reshapedConstant(node, sizes)) {
    return;
  }
  if (RankedValue input = node.value(0)) {
    if (Value result = reshape(node, input, sizes)) {
      node.define(0, result);
    }
  }
}

static Sizes inputSizes(Node &node, unsigned input) {
  if (const Constant *constant = node.maybeConstant(input)) {
    return toSizes(node.b, constant->shape);
  }
  if (const Tensor *tensor = node.tensor(input); tensor && tensor->sizes) {
    return tensor->isScalar ? Sizes()
                            : toSizes(node.b, {static_cast<int64_t>(tensor->sizes->size())});
  }
  RankedValue value = node.value(input);
  return value ? sizesOf(node.b, value) : Sizes();
}

/// Fills in the size that is left open by -1.
static void inferSize(Node &node, ArrayRef<OpFoldResult> own, Sizes &sizes) {
  ImplicitLocOpBuilder &b = node.b;
  size_t inferred = sizes.size();
  for (auto [axis, size] : llvm::enumerate(sizes)) {
    if (getConstantIntValue(size) == -1) {
      if (inferred != sizes.size()) {
        return node.fail("expected -1 once in the shape, found it twice");
      }
      inferred = axis;
    }
  }
  if (inferred == sizes.size()) {
    return;
  }
  // Open sizes on both sides are the same one: they cancel each other.
  int64_t numerator = 1, denominator = 1;
  SmallVector<Value> openOwn, openSizes;
  auto multiply = [&](ArrayRef<OpFoldResult> list, int64_t &product, SmallVector<Value> &open) {
    for (OpFoldResult size : list) {
      std::optional<int64_t> number = getConstantIntValue(size);
      if (!number) {
        open.push_back(cast<Value>(size));
      } else if (*number != -1 && (llvm::MulOverflow(product, *number, product) ||
                                   product > maxElements || product < 0)) {
        return false;
      }
    }
    return true;
  };
  if (!multiply(own, numerator, openOwn) || !multiply(sizes, denominator, openSizes) ||
      denominator == 0 || openSizes.size() > openOwn.size() || openOwn.size() > 1) {
    return node.fail("expected a shape in which -1 can be computed");
  }
  if (openOwn.size() == openSizes.size()) {
    if (numerator % denominator != 0) {
      return node.fail("expected a shape that divides " + Twine(numerator) + " elements, found " +
                       Twine(denominator));
    }
    sizes[inferred] = b.getIndexAttr(numerator / denominator);
    return;
  }
  Value total =
      arith::MulIOp::create(b, openOwn.front(), arith::ConstantIndexOp::create(b, numerator));
  if (numerator % denominator == 0) {
    int64_t factor = numerator / denominator;
    sizes[inferred] = factor == 1 ? openOwn.front()
                                  : arith::MulIOp::create(b, openOwn.front(),
                                                          arith::ConstantIndexOp::create(b, factor))
                                        .getResult();
    if (factor == 1 || total.use_empty()) {
      total.getDefiningOp()->erase();
    }
    return;
  }
  sizes[inferred] =
      arith::DivSIOp::create(b, total, arith::ConstantIndexOp::create(b, denominator)).getResult();
}

static void importReshape(Node &node) {
  bool allowsZero = node.attribute("allowzero", int64_t(0)) != 0;
  Sizes own = inputSizes(node, 0);
  std::optional<Sizes> sizes;
  if (node.version < 5) {
    sizes = toSizes(node.b, node.attributes("shape"));
  } else {
    sizes = node.maybeSizes(1);
  }
  if (!sizes) {
    return node.fail("expected a shape that is known at import as input 1");
  }
  for (auto [axis, size] : llvm::enumerate(*sizes)) {
    std::optional<int64_t> number = getConstantIntValue(size);
    if (number && *number < -1) {
      return node.fail("expected sizes of at least -1, found " + Twine(*number));
    }
    if (number == 0 && !allowsZero) {
      if (axis >= own.size()) {
        return node.fail("expected an axis " + Twine(axis) + " to keep the size of, found none");
      }
      size = own[axis];
    }
  }
  if (node.ok()) {
    inferSize(node, own, *sizes);
  }
  defineReshaped(node, *sizes);
}

static void importFlatten(Node &node) {
  Sizes own = inputSizes(node, 0);
  int64_t rank = own.size(), axis = node.attribute("axis", int64_t(1));
  axis = axis == rank ? axis : node.axis(axis, rank);
  Sizes sizes = toSizes(node.b, {1, 1});
  for (int64_t i = 0; i < rank; ++i) {
    OpFoldResult &size = sizes[i >= axis];
    std::optional<int64_t> before = getConstantIntValue(size), next = getConstantIntValue(own[i]);
    if (before && next) {
      size = node.b.getIndexAttr(*before * *next);
    } else if (before == 1) {
      size = own[i];
    } else if (next != 1) {
      Value a = getValueOrCreateConstantIndexOp(node.b, node.b.getLoc(), size);
      Value c = getValueOrCreateConstantIndexOp(node.b, node.b.getLoc(), own[i]);
      size = arith::MulIOp::create(node.b, a, c).getResult();
    }
  }
  defineReshaped(node, sizes);
}

static SmallVector<int64_t> axesOf(Node &node) {
  return node.has(1) ? node.integers(1) : node.attributes("axes");
}

static void importSqueeze(Node &node) {
  Sizes own = inputSizes(node, 0), sizes;
  SmallVector<int64_t> axes = axesOf(node);
  bool takesAll = axes.empty();
  for (int64_t &axis : axes) {
    axis = node.axis(axis, own.size());
  }
  for (auto [axis, size] : llvm::enumerate(own)) {
    bool isOne = getConstantIntValue(size) == 1;
    bool isNamed = llvm::is_contained(axes, static_cast<int64_t>(axis));
    if (isNamed && !isOne) {
      return node.fail("expected size 1 at axis " + Twine(axis) + ", found another");
    }
    if (!isNamed && !(takesAll && isOne)) {
      sizes.push_back(size);
    }
  }
  if (std::optional<Sizes> known = node.maybeSizes(0); node.ok() && known && sizes.empty()) {
    return node.defineSizes(0, *known, /*isScalar=*/true);
  }
  defineReshaped(node, sizes);
}

static void importUnsqueeze(Node &node) {
  Sizes own = inputSizes(node, 0), sizes;
  SmallVector<int64_t> axes = axesOf(node);
  int64_t rank = own.size() + axes.size();
  for (int64_t &axis : axes) {
    axis = node.axis(axis, rank);
  }
  size_t next = 0;
  for (int64_t axis = 0; axis < rank; ++axis) {
    bool isNew = llvm::is_contained(axes, axis);
    if (!isNew && next == own.size()) {
      return node.fail("expected each axis once, found one of them twice");
    }
    sizes.push_back(isNew ? OpFoldResult(node.b.getIndexAttr(1)) : own[next++]);
  }
  if (std::optional<Sizes> known = node.maybeSizes(0); node.ok() && known && rank == 1) {
    return node.defineSizes(0, *known, /*isScalar=*/false);
  }
  defineReshaped(node, sizes);
}

static void importShape(Node &node) {
  Sizes sizes = inputSizes(node, 0);
  int64_t rank = sizes.size();
  auto clamped = [&](int64_t place) {
    return std::clamp<int64_t>(place < 0 ? place + rank : place, 0, rank);
  };
  int64_t start = clamped(node.attribute("start", int64_t(0)));
  int64_t end = std::max(start, clamped(node.attribute("end", rank)));
  node.defineSizes(0, Sizes(ArrayRef<OpFoldResult>(sizes).slice(start, end - start)),
                   /*isScalar=*/false);
}

static void importSize(Node &node) {
  int64_t count = 1;
  for (OpFoldResult size : inputSizes(node, 0)) {
    std::optional<int64_t> number = getConstantIntValue(size);
    if (!number || llvm::MulOverflow(count, *number, count)) {
      return node.fail("expected an input of fixed size");
    }
  }
  node.defineSizes(0, toSizes(node.b, {count}), /*isScalar=*/true);
}

static void importTranspose(Node &node) {
  Sizes own = inputSizes(node, 0);
  int64_t rank = own.size();
  SmallVector<int64_t> permutation = node.attributes("perm");
  if (permutation.empty()) {
    permutation.resize(rank);
    std::iota(permutation.rbegin(), permutation.rend(), 0);
  }
  SmallVector<int64_t> sorted(permutation);
  llvm::sort(sorted);
  for (int64_t axis = 0; axis < static_cast<int64_t>(sorted.size()); ++axis) {
    if (sorted[axis] != axis || static_cast<int64_t>(sorted.size()) != rank) {
      return node.fail("expected a permutation of " + Twine(rank) + " axes as attribute 'perm'");
    }
  }
  RankedValue input = node.value(0);
  if (!node.ok()) {
    return;
  }
  node.define(0, transpose(node.b, input, permutation));
}

static void importExpand(Node &node) {
  RankedValue input = node.value(0);
  std::optional<Sizes> sizes = node.maybeSizes(1);
  if (!sizes) {
    node.fail("expected a shape that is known at import as input 1");
  }
  if (!node.ok()) {
    return;
  }
  // An empty tensor gives the sizes; its elements are not read.
  Type element = input.getType().getElementType();
  for (int64_t size : shapeOf(*sizes)) {
    if (!ShapedType::isDynamic(size) && size < 1) {
      return node.fail("expected sizes above 0, found " + Twine(size));
    }
  }
  Value shape = tensor::EmptyOp::create(node.b, *sizes, element);
  node.define(0, elementwise(node, {input, shape}, element,
                             [](ImplicitLocOpBuilder &, ValueRange e) { return e[0]; }));
}

static void importIdentity(Node &node) {
  if (Tensor *tensor = node.tensor(0)) {
    Tensor copy = *tensor;
    node.define(0, std::move(copy));
  }
}

/// At inference it does nothing, and its mask is of ones.
static void importDropout(Node &node) {
  if (node.isRead(1)) {
    return node.fail("expected one result, found a mask, too");
  }
  const Constant *training = node.maybeConstant(2);
  if (node.has(2) && (!training || training->integers != std::vector<int64_t>{0})) {
    return node.fail("expected inference, found a training mode");
  }
  importIdentity(node);
}

static void importCast(Node &node) {
  ImplicitLocOpBuilder &b = node.b;
  llvm::Expected<ElementClass> to = classOf(static_cast<int32_t>(node.attribute("to", int64_t(0))));
  if (!to) {
    return node.fail(llvm::toString(to.takeError()));
  }
  if (const Constant *constant = node.maybeConstant(0)) {
    Constant result = *constant;
    result.elements = *to;
    bool wasFloat = constant->elements == ElementClass::Float;
    for (float value : constant->floats) {
      if (*to != ElementClass::Float) {
        if (!(std::abs(value) < 9e18f)) {
          return node.fail("expected floats that integers can hold");
        }
        result.integers.push_back(*to == ElementClass::Bool ? value != 0.0f
                                                            : static_cast<int64_t>(value));
      }
    }
    for (int64_t &value : result.integers) {
      if (!wasFloat && *to == ElementClass::Float) {
        result.floats.push_back(static_cast<float>(value));
      } else if (*to == ElementClass::Bool) {
        value = value != 0;
      }
    }
    (*to == ElementClass::Float ? result.integers.clear() : result.floats.clear());
    return node.define(0, std::move(result));
  }
  const Tensor *tensor = node.tensor(0);
  if (tensor && tensor->sizes && *to == ElementClass::Integer) {
    return importIdentity(node);
  }
  RankedValue input = node.value(0);
  if (!node.ok()) {
    return;
  }
  Type from = input.getType().getElementType();
  Type element = *to == ElementClass::Float     ? Type(b.getF32Type())
                 : *to == ElementClass::Integer ? Type(b.getI32Type())
                                                : Type(b.getI1Type());
  if (from == element) {
    return importIdentity(node);
  }
  node.define(0, elementwise(node, input, element, [&](ImplicitLocOpBuilder &at, ValueRange e) {
                Value x = e[0];
                if (element.isF32()) {
                  return from.isInteger(1) ? arith::UIToFPOp::create(at, element, x).getResult()
                                           : arith::SIToFPOp::create(at, element, x).getResult();
                }
                if (element.isInteger(32)) {
                  return from.isInteger(1) ? arith::ExtUIOp::create(at, element, x).getResult()
                                           : arith::FPToSIOp::create(at, element, x).getResult();
                }
                if (from.isF32()) {
                  return arith::CmpFOp::create(at, arith::CmpFPredicate::UNE, x,
                                               constantFloat(at, 0.0f))
                      .getResult();
                }
                Value zero = arith::ConstantIntOp::create(at, 0, 32);
                return arith::CmpIOp::create(at, arith::CmpIPredicate::ne, x, zero).getResult();
              }));
}

void addShapeOperators(OperatorTable &table) {
  table.add("Cast", importCast);
  table.add("Dropout", importDropout);
  table.add("Expand", importExpand);
  table.add("Flatten", importFlatten);
  table.add("Identity", importIdentity);
  table.add("Reshape", importReshape);
  table.add("Shape", importShape);
  table.add("Size", importSize);
  table.add("Squeeze", importSqueeze);
  table.add("Transpose", importTranspose);
  table.add("Unsqueeze", importUnsqueeze);
}

} // namespace quench::onnximport
