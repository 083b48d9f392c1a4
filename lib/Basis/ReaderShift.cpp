//===- ReaderShift.cpp - Constants move from a value to its readers -------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ReaderShift.h"

#include "LayerBias.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Interfaces/BasisOpInterface.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"

using namespace mlir;
using namespace quench;

//===----------------------------------------------------------------------===//
// Contractions
//===----------------------------------------------------------------------===//

using View = std::optional<ContractionView>;

static View viewOf(nn::LinearOp op, OpOperand &operand, int64_t axis) {
  if (operand != op.getInputMutable() || axis != 1) {
    return std::nullopt;
  }
  return ContractionView{op->getOpResult(0), op.getWeight(), 1, 0, 1};
}

/// Rows times a matrix, or a matrix times columns, the same in every batch.
static View viewOf(tosa::MatMulOp op, OpOperand &operand, int64_t axis) {
  bool isLeft = operand.getOperandNumber() == 0;
  Value weight = isLeft ? op.getB() : op.getA();
  auto type = dyn_cast<RankedTensorType>(weight.getType());
  if (operand.getOperandNumber() > 1 || axis != (isLeft ? 2 : 1) || !type ||
      type.getDimSize(0) != 1) {
    return std::nullopt;
  }
  return isLeft ? ContractionView{op->getOpResult(0), weight, 1, 2, 2}
                : ContractionView{op->getOpResult(0), weight, 2, 1, 1};
}

template <typename OpTy>
static View viewOfConvolution(OpTy op, OpOperand &operand, int64_t axis, int64_t innerAxis,
                              int64_t outerAxis) {
  if (operand.getOperandNumber() != 0 || axis != 3) {
    return std::nullopt;
  }
  return ContractionView{op->getOpResult(0), op.getWeight(), innerAxis, outerAxis, 3};
}

/// The input that is multiplied with `operand`, in a body that adds the products to its init.
static OpOperand *factorBeside(linalg::LinalgOp op, OpOperand &operand) {
  Block *body = op.getBlock();
  if (!op.hasPureTensorSemantics() || op.getNumDpsInits() != 1 || op.hasIndexSemantics() ||
      body->getNumArguments() != op->getNumOperands()) {
    return nullptr;
  }
  auto sum = body->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
  BlockArgument init = op.getMatchingBlockArgument(op.getDpsInitOperand(0));
  if (!sum || (sum.getLhs() != init && sum.getRhs() != init)) {
    return nullptr;
  }
  auto product =
      (sum.getLhs() == init ? sum.getRhs() : sum.getLhs()).getDefiningOp<arith::MulFOp>();
  BlockArgument own = op.getMatchingBlockArgument(&operand);
  if (!product || (product.getLhs() != own && product.getRhs() != own)) {
    return nullptr;
  }
  auto other =
      dyn_cast<BlockArgument>(product.getLhs() == own ? product.getRhs() : product.getLhs());
  bool isInput = other && other != own && other != init && other.getOwner() == body;
  return isInput ? &op->getOpOperand(other.getArgNumber()) : nullptr;
}

/// Any product that is summed: the maps say which loop is what.
static View viewOf(linalg::LinalgOp op, OpOperand &operand, int64_t axis) {
  OpOperand *weight = factorBeside(op, operand);
  auto type = weight ? dyn_cast<RankedTensorType>(weight->get().getType()) : RankedTensorType();
  auto channel = dyn_cast<AffineDimExpr>(op.getMatchingIndexingMap(&operand).getResult(axis));
  if (!type || !channel) {
    return std::nullopt;
  }
  AffineMap weightMap = op.getMatchingIndexingMap(weight);
  AffineMap resultMap = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<utils::IteratorType> loops = op.getIteratorTypesArray();
  std::optional<int64_t> innerAxis, outerAxis;
  llvm::SmallBitVector walked(loops.size());
  for (auto [own, expr] : llvm::enumerate(weightMap.getResults())) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || walked.test(dim.getPosition())) {
      return std::nullopt;
    }
    walked.set(dim.getPosition());
    bool isParallel = loops[dim.getPosition()] == utils::IteratorType::parallel;
    if (dim == channel) {
      innerAxis = own;
    }
    bool isLarger = !outerAxis || type.getDimSize(*outerAxis) == 1;
    if (isParallel && isLarger) {
      outerAxis = own;
    } else if (isParallel && type.getDimSize(own) != 1) {
      return std::nullopt;
    }
  }
  for (auto [loop, kind] : llvm::enumerate(loops)) {
    if (kind == utils::IteratorType::reduction && !walked.test(loop)) {
      return std::nullopt;
    }
  }
  std::optional<unsigned> resultAxis =
      outerAxis ? resultMap.getResultPosition(weightMap.getResult(*outerAxis)) : std::nullopt;
  if (!innerAxis || !resultAxis) {
    return std::nullopt;
  }
  return ContractionView{op->getOpResult(0), weight->get(), *innerAxis, *outerAxis, *resultAxis};
}

/// Any reader that is a layer of the channels along `axis`.
static View viewOf(OpOperand &operand, int64_t axis) {
  Operation *op = operand.getOwner();
  if (auto linear = dyn_cast<nn::LinearOp>(op)) {
    return viewOf(linear, operand, axis);
  }
  if (auto product = dyn_cast<tosa::MatMulOp>(op)) {
    return viewOf(product, operand, axis);
  }
  if (auto convolution = dyn_cast<tosa::Conv2DOp>(op)) {
    return viewOfConvolution(convolution, operand, axis, 3, 0);
  }
  if (auto convolution = dyn_cast<tosa::DepthwiseConv2DOp>(op)) {
    return viewOfConvolution(convolution, operand, axis, 2, 2);
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  return structured && !structured.isDpsInit(&operand) ? viewOf(structured, operand, axis)
                                                       : std::nullopt;
}

static bool isPadded(Operation *op) {
  auto padding = op->getAttrOfType<DenseI64ArrayAttr>("pad");
  return padding && llvm::any_of(padding.asArrayRef(), [](int64_t pad) { return pad != 0; });
}

/// What the weights make of an input that is `shift` everywhere.
static llvm::Expected<std::vector<double>>
sumsOf(const ContractionView &view, ArrayRef<double> shift, ConstantEvaluator &evaluator) {
  ConstantChain chain = ConstantChain::of(view.weight);
  auto stride = [&](int64_t axis) {
    int64_t inner = 1;
    for (int64_t dim : ArrayRef(chain.shape).drop_front(axis + 1)) {
      inner *= dim;
    }
    return inner;
  };
  int64_t channels = chain.shape[view.innerAxis], outputs = chain.shape[view.outerAxis];
  int64_t channelStride = stride(view.innerAxis), outputStride = stride(view.outerAxis);
  std::vector<double> sums(outputs, 0.0);
  int64_t position = 0;
  llvm::Error error = evaluator.stream(chain, [&](ArrayRef<double> values) {
    for (double value : values) {
      sums[position / outputStride % outputs] += value * shift[position / channelStride % channels];
      ++position;
    }
    return llvm::Error::success();
  });
  if (error) {
    return std::move(error);
  }
  return sums;
}

//===----------------------------------------------------------------------===//
// Readers
//===----------------------------------------------------------------------===//

/// Whether the op only moves elements to other places.
static bool onlyMoves(Operation *op) {
  return isa<tosa::ReshapeOp, tosa::TransposeOp, tensor::CollapseShapeOp, tensor::ExpandShapeOp,
             tensor::ExtractSliceOp, tensor::CastOp, linalg::TransposeOp>(op);
}

/// The axis of the channels behind an op that only moves elements, if it is one: where a diagonal
/// of the channels goes.
static std::optional<int64_t> axisBehind(OpOperand &operand, int64_t axis, int64_t channels) {
  auto model = dyn_cast<BasisOpInterface>(operand.getOwner());
  if (!model) {
    return std::nullopt;
  }
  std::vector<double> entries;
  for (int64_t i = 0; i < channels; ++i) {
    entries.push_back(static_cast<double>(i + 2));
  }
  BasisUse probe{axis, 1, diagonalOf(model.getContext(), entries)};
  BasisAnswer answer = model.propagateBasis(BasisPort::operand(operand.getOperandNumber()), probe);
  for (const BasisAlternative &alternative : answer.alternatives) {
    for (const auto &[port, use] : alternative) {
      auto type = cast<RankedTensorType>(model->getResult(0).getType());
      BasisUse behind = normalize(use, type.getShape());
      if (port == BasisPort::result(0) && behind.numAxes == 1 && behind.map == probe.map) {
        return behind.firstAxis;
      }
    }
  }
  return std::nullopt;
}

bool ReaderShift::visitLayer(OpOperand &operand, int64_t axis, ArrayRef<double> shift,
                             ConstantEvaluator &evaluator, RebaseRefusal &refusal) {
  Operation *op = operand.getOwner();
  auto refuse = [&](const Twine &reason) {
    refusal = {op, op->getLoc(), reason.str()};
    return false;
  };
  if (op->hasTrait<OpTrait::ReturnLike>()) {
    return refuse("the value leaves its function");
  }
  View view = viewOf(operand, axis);
  if (!view) {
    return refuse(
        "only a layer that sums over the channels takes a shift of its input into its bias");
  }
  if (!isConstantLike(view->weight)) {
    return refuse("its weights are not constant, so that it has no bias for a shift of its input");
  }
  if (isPadded(op)) {
    return refuse("it pads its input with zeros, which a shift does not reach");
  }
  if (std::optional<std::string> reason =
          LayerBias(view->result, view->resultAxis).whyNot(evaluator)) {
    return refuse(*reason);
  }
  llvm::Expected<std::vector<double>> sums = sumsOf(*view, shift, evaluator);
  if (!sums) {
    return refuse(llvm::toString(sums.takeError()));
  }
  layers.push_back({*view, std::move(*sums)});
  return true;
}

bool ReaderShift::visit(Value value, int64_t axis, ArrayRef<double> shift,
                        ConstantEvaluator &evaluator, RebaseRefusal &refusal) {
  SmallVector<OpOperand *> readers;
  for (OpOperand &reader : value.getUses()) {
    readers.push_back(&reader);
  }
  // Uses are listed from the last to the first.
  return llvm::all_of(llvm::reverse(readers), [&](OpOperand *reader) {
    Operation *op = reader->getOwner();
    if (isa<ObserveOp>(op)) {
      return true;
    }
    if (!onlyMoves(op)) {
      return visitLayer(*reader, axis, shift, evaluator, refusal);
    }
    std::optional<int64_t> behind = axisBehind(*reader, axis, shift.size());
    if (!behind) {
      refusal = {op, op->getLoc(), "the channels do not stay together"};
      return false;
    }
    return visit(op->getResult(0), *behind, shift, evaluator, refusal);
  });
}

std::optional<ReaderShift> ReaderShift::plan(Value value, int64_t axis, ArrayRef<double> shift,
                                             ConstantEvaluator &evaluator, RebaseRefusal &refusal) {
  ReaderShift result;
  if (!result.visit(value, axis, shift, evaluator, refusal)) {
    return std::nullopt;
  }
  return result;
}

bool ReaderShift::agreesWith(const RebasePlan &plan) const {
  return llvm::none_of(layers,
                       [&](const Layer &layer) { return plan.bases.contains(layer.view.result); });
}

void ReaderShift::apply(ConstantEvaluator &evaluator) {
  for (const Layer &layer : layers) {
    OpResult result = layer.view.result;
    Value shifted = LayerBias(result, layer.view.resultAxis).addForReaders(layer.sums, evaluator);
    if (shifted != result) {
      result.replaceAllUsesExcept(shifted, shifted.getDefiningOp());
    }
  }
}
