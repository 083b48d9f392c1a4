//===- BuildingBlocks.cpp - What many operators are made of ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "BuildingBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using llvm::Twine;

namespace quench::onnximport {

Sizes sizesOf(OpBuilder &b, Value value) { return tensor::getMixedSizes(b, value.getLoc(), value); }

Sizes toSizes(OpBuilder &b, ArrayRef<int64_t> numbers) {
  Sizes sizes;
  for (int64_t number : numbers) {
    sizes.push_back(b.getIndexAttr(number));
  }
  return sizes;
}

SmallVector<int64_t> shapeOf(ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes) {
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  }
  return shape;
}

Value constantFloat(ImplicitLocOpBuilder &b, float value) {
  return arith::ConstantOp::create(b, b.getF32FloatAttr(value));
}

Value constantScalar(ImplicitLocOpBuilder &b, float value) {
  auto type = RankedTensorType::get({}, b.getF32Type());
  return arith::ConstantOp::create(b, DenseElementsAttr::get(type, value));
}

Value filled(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, float value) {
  Value empty = tensor::EmptyOp::create(b, sizes, b.getF32Type());
  return linalg::FillOp::create(b, constantFloat(b, value), empty).getResult(0);
}

/// The sizes of shapes that are broadcast against each other; false when they do not fit.
static bool broadcastSizes(OpBuilder &b, ValueRange inputs, Sizes &sizes) {
  int64_t rank = 0;
  for (Value input : inputs) {
    rank = std::max(rank, cast<RankedTensorType>(input.getType()).getRank());
  }
  sizes.assign(rank, b.getIndexAttr(1));
  SmallVector<bool> taken(rank, false);
  for (Value input : inputs) {
    Sizes own = sizesOf(b, input);
    for (size_t i = 0; i < own.size(); ++i) {
      size_t axis = rank - own.size() + i;
      std::optional<int64_t> size = getConstantIntValue(own[i]),
                             before = getConstantIntValue(sizes[axis]);
      if (size == 1) {
        continue;
      }
      // Open sizes are equal: there is one of them in a model.
      if (taken[axis] && (size.has_value() != before.has_value() || size != before)) {
        return false;
      }
      if (!taken[axis]) {
        sizes[axis] = own[i];
        taken[axis] = true;
      }
    }
  }
  return true;
}

bool checkSize(Node &node, ArrayRef<int64_t> shape) {
  SmallVector<int64_t> known;
  llvm::copy_if(shape, std::back_inserter(known),
                [](int64_t size) { return !ShapedType::isDynamic(size); });
  llvm::Expected<int64_t> count = countElements(known);
  if (!count) {
    node.fail("expected a smaller result: " + llvm::toString(count.takeError()));
  }
  return node.ok();
}

Value elementwise(Node &node, ValueRange inputs, Type element, BodyFunction body) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes sizes;
  if (!broadcastSizes(b, inputs, sizes)) {
    std::string shapes;
    llvm::raw_string_ostream text(shapes);
    llvm::interleave(inputs.getTypes(), text, " and ");
    node.fail("expected shapes that can be broadcast against each other, found " + shapes);
    return {};
  }
  if (!checkSize(node, shapeOf(sizes))) {
    return {};
  }
  int64_t rank = sizes.size();
  SmallVector<AffineMap> maps;
  for (Value input : inputs) {
    auto type = cast<RankedTensorType>(input.getType());
    SmallVector<AffineExpr> places;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      int64_t axis = rank - type.getRank() + i;
      bool isRepeated = type.getDimSize(i) == 1 && getConstantIntValue(sizes[axis]) != 1;
      places.push_back(isRepeated ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(axis));
    }
    maps.push_back(AffineMap::get(rank, 0, places, b.getContext()));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value empty = tensor::EmptyOp::create(b, sizes, element);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto generic =
      linalg::GenericOp::create(b, empty.getType(), inputs, empty, maps, loops,
                                [&](OpBuilder &inner, Location loc, ValueRange elements) {
                                  ImplicitLocOpBuilder at(loc, inner);
                                  linalg::YieldOp::create(at, body(at, elements.drop_back()));
                                });
  return generic.getResult(0);
}

namespace {
/// Neighbouring axes of two shapes with the same number of elements.
struct AxisGroups {
  SmallVector<ReassociationIndices> from, to;
};
} // namespace

/// Cuts two shapes of equal products into as many groups as there can be; nothing when the products
/// differ.
static std::optional<AxisGroups> groupAxes(ArrayRef<int64_t> from, ArrayRef<int64_t> to) {
  AxisGroups groups;
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices left = {static_cast<int64_t>(i)}, right = {static_cast<int64_t>(j)};
    __int128 a = from[i++], c = to[j++];
    while (a != c) {
      if (a < c) {
        if (i == from.size()) {
          return std::nullopt;
        }
        left.push_back(i);
        a *= from[i++];
      } else {
        if (j == to.size()) {
          return std::nullopt;
        }
        right.push_back(j);
        c *= to[j++];
      }
      if (a > (__int128(1) << 100) || c > (__int128(1) << 100)) {
        return std::nullopt;
      }
    }
    groups.from.push_back(std::move(left));
    groups.to.push_back(std::move(right));
  }
  for (; i < from.size(); ++i) {
    if (from[i] != 1 || groups.from.empty()) {
      return std::nullopt;
    }
    groups.from.back().push_back(i);
  }
  for (; j < to.size(); ++j) {
    if (to[j] != 1 || groups.to.empty()) {
      return std::nullopt;
    }
    groups.to.back().push_back(j);
  }
  return groups;
}

/// Puts a number that divides no other size in the place of the open size of each shape.
static bool closeSizes(SmallVectorImpl<int64_t> &from, SmallVectorImpl<int64_t> &to) {
  constexpr int64_t prime = 2147483647;
  __int128 left = 1, right = 1;
  int64_t *leftOpen = nullptr, *rightOpen = nullptr;
  auto multiply = [](SmallVectorImpl<int64_t> &shape, __int128 &product, int64_t *&open) {
    for (int64_t &size : shape) {
      if (!ShapedType::isDynamic(size)) {
        product *= size;
        if (size <= 0 || product > (__int128(1) << 62)) {
          return false;
        }
      } else if (open) {
        return false;
      } else {
        open = &size;
      }
    }
    return true;
  };
  if (!multiply(from, left, leftOpen) || !multiply(to, right, rightOpen) ||
      (leftOpen == nullptr) != (rightOpen == nullptr)) {
    return false;
  }
  if (!leftOpen) {
    return left == right;
  }
  // The smallest sizes of which both products are equal, but for a factor.
  __int128 a = left, c = right;
  while (c != 0) {
    std::swap(a, c);
    c %= a;
  }
  __int128 wantedLeft = right / a * prime, wantedRight = left / a * prime;
  constexpr __int128 most = __int128(1) << 62;
  if (wantedLeft > most || wantedRight > most) {
    return false;
  }
  *leftOpen = static_cast<int64_t>(wantedLeft);
  *rightOpen = static_cast<int64_t>(wantedRight);
  return true;
}

Value reshape(Node &node, Value input, ArrayRef<OpFoldResult> sizes) {
  ImplicitLocOpBuilder &b = node.b;
  auto from = cast<RankedTensorType>(input.getType());
  auto to = RankedTensorType::get(shapeOf(sizes), from.getElementType());
  if (from == to && from.getNumDynamicDims() <= 1) {
    return input;
  }
  SmallVector<int64_t> left(from.getShape()), right(to.getShape());
  std::optional<AxisGroups> groups;
  if (closeSizes(left, right)) {
    if (left.empty() || right.empty()) {
      // Of one element: without axes, there is nothing to group.
      groups.emplace();
    } else {
      groups = groupAxes(left, right);
    }
  }
  if (!groups) {
    std::string types;
    llvm::raw_string_ostream(types) << from << " and " << to;
    node.fail("expected shapes of equally many elements, with one open size at most, found " +
              types);
    return {};
  }
  auto hasSeveral = [](const ReassociationIndices &group) { return group.size() > 1; };
  Value result = input;
  if (left.empty() || right.empty()) {
    if (!left.empty()) {
      result = tensor::CollapseShapeOp::create(b, RankedTensorType::get({}, from.getElementType()),
                                               result, ArrayRef<ReassociationIndices>());
    }
    return right.empty()
               ? result
               : tensor::ExpandShapeOp::create(b, to, result, ArrayRef<ReassociationIndices>())
                     .getResult();
  }
  if (llvm::any_of(groups->from, hasSeveral)) {
    result = tensor::CollapseShapeOp::create(b, result, groups->from);
  }
  if (llvm::any_of(groups->to, hasSeveral)) {
    result = tensor::ExpandShapeOp::create(b, to, result, groups->to, sizes);
  }
  return result;
}

Value transpose(ImplicitLocOpBuilder &b, Value input, ArrayRef<int64_t> permutation) {
  Sizes own = sizesOf(b, input), sizes;
  for (int64_t axis : permutation) {
    sizes.push_back(own[axis]);
  }
  Value empty = tensor::EmptyOp::create(b, sizes, getElementTypeOrSelf(input.getType()));
  return linalg::TransposeOp::create(b, input, empty, permutation)->getResult(0);
}

Value reduce(Node &node, Value input, ArrayRef<int64_t> axes, bool keep, float start,
             BodyFunction body) {
  ImplicitLocOpBuilder &b = node.b;
  SmallVector<int64_t> sorted(axes);
  llvm::sort(sorted);
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end()) {
    node.fail("expected each axis once, found one of them twice");
    return {};
  }
  Sizes own = sizesOf(b, input), left, kept;
  for (auto [axis, size] : llvm::enumerate(own)) {
    bool isReduced = llvm::is_contained(sorted, static_cast<int64_t>(axis));
    if (!isReduced) {
      left.push_back(size);
    }
    kept.push_back(isReduced ? OpFoldResult(b.getIndexAttr(1)) : size);
  }
  Value init = filled(b, left, start);
  Value result =
      sorted.empty()
          ? input
          : linalg::ReduceOp::create(b, input, init, sorted,
                                     [&](OpBuilder &inner, Location loc, ValueRange elements) {
                                       ImplicitLocOpBuilder at(loc, inner);
                                       linalg::YieldOp::create(at, body(at, elements));
                                     })
                ->getResult(0);
  return keep && !sorted.empty() ? reshape(node, result, kept) : result;
}

Value countAlong(Node &node, Value input, ArrayRef<int64_t> axes) {
  ImplicitLocOpBuilder &b = node.b;
  Sizes sizes = sizesOf(b, input);
  double count = 1;
  Value open;
  for (int64_t axis : axes) {
    if (std::optional<int64_t> size = getConstantIntValue(sizes[axis])) {
      count *= static_cast<double>(*size);
    } else {
      open = cast<Value>(sizes[axis]);
    }
  }
  if (!open) {
    return constantScalar(b, static_cast<float>(count));
  }
  Value integer = arith::IndexCastOp::create(b, b.getI32Type(), open);
  Value number = arith::SIToFPOp::create(b, b.getF32Type(), integer);
  number = arith::MulFOp::create(b, number, constantFloat(b, static_cast<float>(count)));
  return tensor::FromElementsOp::create(b, RankedTensorType::get({}, b.getF32Type()), number);
}

Value softmax(Node &node, Value input, ArrayRef<int64_t> axes) {
  Type f32 = node.b.getF32Type();
  Value largest = reduce(node, input, axes, /*keep=*/true, -INFINITY,
                         [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                           return arith::MaximumFOp::create(at, e[0], e[1]);
                         });
  if (!largest) {
    return {};
  }
  Value powers =
      elementwise(node, {input, largest}, f32, [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
        return math::ExpOp::create(at, arith::SubFOp::create(at, e[0], e[1]));
      });
  if (!powers) {
    return {};
  }
  Value sum = reduce(node, powers, axes, /*keep=*/true, 0.0f,
                     [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                       return arith::AddFOp::create(at, e[0], e[1]);
                     });
  return sum ? elementwise(node, {powers, sum}, f32,
                           [](ImplicitLocOpBuilder &at, ValueRange e) -> Value {
                             return arith::DivFOp::create(at, e[0], e[1]);
                           })
             : Value();
}

} // namespace quench::onnximport
