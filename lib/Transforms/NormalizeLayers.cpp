//===- NormalizeLayers.cpp - Layers as passes look for them ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Front ends write matrix products as `linalg.generic`, transpose weights in the IR and keep large
// ones as resources. Output: named products, and weights that are dense constants.
//
//===----------------------------------------------------------------------===//

#include "quench/ExternalModels/UpstreamModels.h"
#include "quench/Interfaces/QuantizableOpInterface.h"
#include "quench/Transforms/DenseConstant.h"
#include "quench/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

namespace quench {
#define GEN_PASS_DEF_NORMALIZELAYERSPASS
#include "quench/Transforms/Passes.h.inc"
} // namespace quench

using namespace quench;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

static bool isProduct(linalg::LinalgOp op) {
  auto isSame = [&](Value operand) {
    return getElementTypeOrSelf(operand) == getElementTypeOrSelf(op->getResult(0));
  };
  return isa<linalg::GenericOp, linalg::ContractOp>(op) && linalg::isaContractionOpInterface(op) &&
         op.hasPureTensorSemantics() && llvm::all_of(op->getOperands(), isSame);
}

/// The maps of a product whose loops are those of the batch, if there is one, of the rows, of the
/// columns and of the sum; nothing for another product. What is summed is written in this order.
static std::optional<SmallVector<AffineMap>> matmulMaps(linalg::LinalgOp op) {
  FailureOr<linalg::ContractionDimensions> loops = linalg::inferContractionDims(op);
  if (failed(loops) || loops->batch.size() > 1 || loops->m.size() != 1 || loops->n.size() != 1 ||
      loops->k.size() != 1) {
    return std::nullopt;
  }
  SmallVector<unsigned> order(loops->batch.begin(), loops->batch.end());
  order.append({loops->m[0], loops->n[0], loops->k[0]});
  if (order.size() != op.getNumLoops()) {
    return std::nullopt;
  }
  AffineMap oldLoops = inversePermutation(AffineMap::getPermutationMap(order, op.getContext()));
  SmallVector<AffineMap> maps;
  for (AffineMap map : op.getIndexingMapsArray()) {
    maps.push_back(map.compose(oldLoops));
    bool isBatchFirst =
        loops->batch.empty() || maps.back().getResult(0) == getAffineDimExpr(0, op.getContext());
    if (!maps.back().isProjectedPermutation() || !isBatchFirst) {
      return std::nullopt;
    }
  }
  unsigned rank = order.size() - 1;
  return maps[2] ==
                 AffineMap::getMultiDimIdentityMap(rank + 1, op.getContext()).getMajorSubMap(rank)
             ? std::optional(maps)
             : std::nullopt;
}

template <typename OpTy>
static void replaceByNamed(IRRewriter &rewriter, linalg::LinalgOp op, ArrayRef<AffineMap> maps) {
  auto named = OpTy::create(rewriter, op.getLoc(), op->getResultTypes(), op.getDpsInputs(),
                            op.getDpsInits());
  named.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
  rewriter.replaceOp(op, named);
}

static void nameProduct(IRRewriter &rewriter, linalg::LinalgOp op) {
  if (std::optional<SmallVector<AffineMap>> maps = matmulMaps(op)) {
    rewriter.setInsertionPoint(op);
    auto replace = op.getNumLoops() == 3 ? replaceByNamed<linalg::MatmulOp>
                                         : replaceByNamed<linalg::BatchMatmulOp>;
    replace(rewriter, op, *maps);
  }
}

//===----------------------------------------------------------------------===//
// Moves of elements
//===----------------------------------------------------------------------===//

/// The map from loops to elements of the input where an op copies elements along its loops, which
/// are the axes of the result; null for every other op.
static AffineMap copiedFrom(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() || !op.hasPureTensorSemantics()) {
    return {};
  }
  Block *body = op.getBlock();
  if (body->getTerminator()->getOperand(0) != body->getArgument(0)) {
    return {};
  }
  AffineMap from = op.getMatchingIndexingMap(op.getDpsInputOperand(0));
  AffineMap to = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  return to.isPermutation() && from.isProjectedPermutation() ? from.compose(inversePermutation(to))
                                                             : AffineMap();
}

/// What moves the elements of its first operand without changing them.
static bool isMove(Operation *op) {
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tosa::ReshapeOp, tosa::TransposeOp>(op)) {
    return true;
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured && copiedFrom(structured);
}

/// The map from an index of the result of a move to one of its operand; null if elements stay in
/// row-major order.
static AffineMap movedFrom(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    return copiedFrom(structured);
  }
  if (auto transpose = dyn_cast<tosa::TransposeOp>(op)) {
    SmallVector<unsigned> axes(transpose.getPerms().begin(), transpose.getPerms().end());
    return inversePermutation(AffineMap::getPermutationMap(axes, op->getContext()));
  }
  return {};
}

/// Elements of `size` bytes of a tensor of shape `from` in the order of one of shape `to`.
static std::vector<char> gather(ArrayRef<char> bytes, size_t size, ArrayRef<int64_t> from,
                                ArrayRef<int64_t> to, AffineMap map) {
  SmallVector<int64_t> strides = computeStrides(from), steps(to.size(), 0);
  for (auto [axis, expression] : llvm::enumerate(map.getResults())) {
    steps[cast<AffineDimExpr>(expression).getPosition()] = strides[axis];
  }
  std::vector<char> result(computeProduct(to) * size);
  SmallVector<int64_t> index(to.size(), 0);
  int64_t source = 0;
  for (size_t target = 0; target < result.size(); target += size) {
    std::copy_n(bytes.data() + source * size, size, result.data() + target);
    for (size_t axis = to.size(); axis-- > 0;) {
      source += steps[axis];
      if (++index[axis] < to[axis]) {
        break;
      }
      source -= steps[axis] * to[axis];
      index[axis] = 0;
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

static bool isStaticFloat(Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked && ranked.hasStaticShape() && isa<FloatType>(ranked.getElementType()) &&
         ranked.getElementTypeBitWidth() % 8 == 0;
}

static DenseElementsAttr applyMove(Operation *move, DenseElementsAttr elements) {
  auto type = cast<RankedTensorType>(move->getResult(0).getType());
  if (elements.isSplat()) {
    return elements.resizeSplat(type);
  }
  AffineMap map = movedFrom(move);
  return map ? DenseElementsAttr::getFromRawBuffer(
                   type, gather(elements.getRawData(), type.getElementTypeBitWidth() / 8,
                                elements.getType().getShape(), type.getShape(), map))
             : elements.reshape(type);
}

/// Makes a weight a dense constant if moves of one lead to it, or if it is a resource.
static LogicalResult normalizeWeight(OpOperand &weight) {
  SmallVector<Operation *> moves;
  Operation *root = weight.get().getDefiningOp();
  while (root && isMove(root) && isStaticFloat(root->getResult(0).getType())) {
    moves.push_back(root);
    root = root->getOperand(0).getDefiningOp();
  }
  if (!root || root->getNumResults() != 1 || !isStaticFloat(root->getResult(0).getType())) {
    return success();
  }
  ElementsAttr value;
  if (!matchPattern(root, m_Constant(&value)) || (moves.empty() && isa<DenseElementsAttr>(value))) {
    return success();
  }
  FailureOr<DenseElementsAttr> elements = denseElements(root, value);
  if (failed(elements) || !*elements) {
    return LogicalResult(elements);
  }
  for (Operation *move : llvm::reverse(moves)) {
    *elements = applyMove(move, *elements);
  }
  OpBuilder builder(root->getContext());
  builder.setInsertionPointAfter(root);
  // As the dialect of the root writes them, `tosa.const`, if it does.
  Operation *constant = root->getDialect()->materializeConstant(
      builder, *elements, elements->getType(), root->getLoc());
  weight.set(constant ? constant->getResult(0)
                      : arith::ConstantOp::create(builder, root->getLoc(), *elements).getResult());
  moves.push_back(root);
  for (Operation *op : moves) {
    if (op->use_empty()) {
      op->erase();
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Pass
//===----------------------------------------------------------------------===//

namespace {

struct NormalizeLayersPass
    : WithUpstreamModels<quench::impl::NormalizeLayersPassBase<NormalizeLayersPass>> {
  void runOnOperation() override;
};

} // namespace

void NormalizeLayersPass::runOnOperation() {
  SmallVector<linalg::LinalgOp> products;
  getOperation().walk([&](linalg::LinalgOp op) {
    if (isProduct(op)) {
      products.push_back(op);
    }
  });
  IRRewriter rewriter(&getContext());
  for (linalg::LinalgOp op : products) {
    nameProduct(rewriter, op);
  }
  WalkResult result = getOperation().walk(
      [](QuantizableOpInterface op) { return WalkResult(normalizeWeight(op.getWeightOperand())); });
  if (result.wasInterrupted()) {
    signalPassFailure();
  }
}
