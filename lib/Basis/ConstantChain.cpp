//===- ConstantChain.cpp - Constants and what changes their basis ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Basis/ConstantChain.h"

#include "quench/Basis/Rebase.h"
#include "quench/WeightStore/TensorFloats.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/Parallel.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using llvm::createStringError;
using llvm::Error;
using llvm::Expected;

/// Elements that are in memory at once where a tensor can be cut, 32 MiB in double.
static constexpr int64_t pieceElements = int64_t(1) << 22;

/// Numbers in one call to a map: 512 KiB.
static constexpr int64_t numbersAtOnce = int64_t(1) << 16;

ConstantChain ConstantChain::of(Value value) {
  ConstantChain chain;
  chain.shape.assign(cast<RankedTensorType>(value.getType()).getShape().begin(),
                     cast<RankedTensorType>(value.getType()).getShape().end());
  Operation *op = value.getDefiningOp();
  while (isa<arith::ExtFOp, ChangeBasisOp>(op)) {
    if (auto change = dyn_cast<ChangeBasisOp>(op)) {
      chain.uses.push_back(change.getUse());
    }
    op = op->getOperand(0).getDefiningOp();
  }
  std::reverse(chain.uses.begin(), chain.uses.end());
  chain.root = op;
  return chain;
}

StringRef ConstantChain::key() const {
  auto weight = dyn_cast<WeightOp>(root);
  return weight ? weight.getKey() : "";
}

ElementsAttr ConstantChain::elements() const {
  ElementsAttr value;
  return matchPattern(root, m_Constant(&value)) ? value : ElementsAttr();
}

bool quench::isChainLink(Operation *op) {
  return isa<arith::ExtFOp, ChangeBasisOp>(op) && isConstantLike(op->getResult(0));
}

void quench::eraseUnread(Value value) {
  while (value && value.use_empty() && isConstantLike(value)) {
    Operation *op = value.getDefiningOp();
    value = op->getNumOperands() == 0 ? Value() : op->getOperand(0);
    op->erase();
  }
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

static Expected<std::vector<double>> readConstant(ElementsAttr elements) {
  std::vector<double> values;
  if (auto dense = dyn_cast<DenseElementsAttr>(elements)) {
    values.reserve(dense.getNumElements());
    for (const APFloat &value : dense.getValues<APFloat>()) {
      values.push_back(value.convertToDouble());
    }
  } else if (auto resource = dyn_cast<DenseF32ResourceElementsAttr>(elements)) {
    std::optional<ArrayRef<float>> data = resource.tryGetAsArrayRef();
    if (!data || static_cast<int64_t>(data->size()) != elements.getNumElements()) {
      return createStringError("expected the data of a constant, found a resource without it");
    }
    values.assign(data->begin(), data->end());
  } else {
    return createStringError("expected a constant of dense elements");
  }
  for (auto [index, value] : llvm::enumerate(values)) {
    if (!std::isfinite(value)) {
      return createStringError("expected finite values, element %zu of a constant is not", index);
    }
  }
  return values;
}

Expected<std::vector<double>> ConstantEvaluator::readRoot(const ConstantChain &chain,
                                                          int64_t firstRow, int64_t numRows) {
  if (ElementsAttr elements = chain.elements()) {
    return readConstant(elements);
  }
  if (!store) {
    return createStringError("expected a weight store to read '" + chain.key() +
                             "' from, found no option 'weights'");
  }
  Expected<const TensorView *> view = store->requireShape(chain.key(), chain.shape);
  if (!view) {
    return view.takeError();
  }
  TensorView rows = **view;
  if (numRows < chain.shape.front()) {
    size_t rowBytes = rows.bytes.size() / chain.shape.front();
    rows.shape.front() = numRows;
    rows.bytes = rows.bytes.slice(firstRow * rowBytes, numRows * rowBytes);
  }
  std::optional<std::vector<float>> floats = toFloats(rows);
  if (!floats) {
    return createStringError(store->fileOf(chain.key()) + ": tensor '" + chain.key() +
                             "': expected floats, found " + safetensorsName(rows.kind));
  }
  for (float value : *floats) {
    if (!std::isfinite(value)) {
      // Read again as a whole, for a message that says where.
      Expected<std::vector<float>> all = store->readFiniteFloats(chain.key(), chain.shape);
      return all ? createStringError("tensor '" + chain.key() + "' changed while it was read")
                 : all.takeError();
    }
  }
  return std::vector<double>(floats->begin(), floats->end());
}

//===----------------------------------------------------------------------===//
// Changing the basis
//===----------------------------------------------------------------------===//

Expected<const numerics::BasisMap *> ConstantEvaluator::mapOf(BasisMapAttrInterface attribute) {
  std::unique_ptr<numerics::BasisMap> &known = maps[attribute];
  if (!known) {
    Expected<numerics::BasisMap> map = attribute.getNumericsMap();
    if (!map) {
      return map.takeError();
    }
    known = std::make_unique<numerics::BasisMap>(std::move(*map));
  }
  return known.get();
}

/// Multiplies `count` columns of a row-major matrix, `stride` numbers from one row to the next.
static Error applyToColumns(const numerics::BasisMap &map, numerics::MapFlags flags, double *corner,
                            int64_t count, int64_t stride) {
  const int64_t size = map.dimension();
  std::vector<double> rows(count * size);
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t column = 0; column < count; ++column) {
      rows[column * size + i] = corner[i * stride + column];
    }
  }
  if (Error error = map.apply(rows, flags)) {
    return error;
  }
  for (int64_t i = 0; i < size; ++i) {
    for (int64_t column = 0; column < count; ++column) {
      corner[i * stride + column] = rows[column * size + i];
    }
  }
  return Error::success();
}

Error ConstantEvaluator::applyUse(const BasisUse &use, ArrayRef<int64_t> shape,
                                  std::vector<double> &values) {
  Expected<const numerics::BasisMap *> map = mapOf(use.map.map);
  if (!map) {
    return map.takeError();
  }
  numerics::MapFlags flags{use.map.inverse, use.map.transposed};
  int64_t inner = 1;
  for (int64_t dim : shape.drop_front(use.endAxis())) {
    inner *= dim;
  }
  // Rows are independent, so any cut gives the same numbers. Rows along an inner axis are copied to
  // be contiguous, as many at a time as fit a cache.
  const int64_t size = (*map)->dimension();
  auto count = static_cast<int64_t>(values.size()) / size;
  int64_t width = std::max<int64_t>(1, std::min(numbersAtOnce / size, count));
  int64_t perBlock = llvm::divideCeil(inner, width);
  int64_t pieces = inner == 1 ? llvm::divideCeil(count, width) : count / inner * perBlock;
  if (Error error = (*map)->checkEvaluable(flags)) {
    return error;
  }
  auto work = [&](size_t piece) {
    auto index = static_cast<int64_t>(piece);
    if (inner == 1) {
      int64_t begin = index * width, end = std::min(count, begin + width);
      return (*map)->apply(MutableArrayRef(values.data() + begin * size, (end - begin) * size),
                           flags);
    }
    int64_t begin = index % perBlock * width, used = std::min(width, inner - begin);
    return applyToColumns(**map, flags, values.data() + index / perBlock * size * inner + begin,
                          used, inner);
  };
  if (threads == 1) {
    for (int64_t piece = 0; piece < pieces; ++piece) {
      cantFail(work(piece));
    }
  } else {
    // `checkEvaluable` has passed, and the counts are right: nothing is left to fail.
    llvm::parallelFor(0, pieces, [&](size_t piece) { cantFail(work(piece)); });
  }
  return Error::success();
}

Error ConstantEvaluator::applyUses(const ConstantChain &chain, std::vector<double> &values) {
  for (const BasisUse &use : chain.uses) {
    if (Error error = applyUse(use, chain.shape, values)) {
      StringRef key = chain.key();
      return createStringError((key.empty() ? "a constant" : "weight '" + key + "'") + Twine(": ") +
                               toString(std::move(error)));
    }
  }
  return Error::success();
}

Expected<std::vector<double>> ConstantEvaluator::evaluate(const ConstantChain &chain) {
  Expected<std::vector<double>> values =
      readRoot(chain, 0, chain.shape.empty() ? 1 : chain.shape.front());
  if (values) {
    if (Error error = applyUses(chain, *values)) {
      return error;
    }
  }
  return values;
}

Error ConstantEvaluator::stream(const ConstantChain &chain,
                                function_ref<Error(ArrayRef<double>)> consume) {
  bool mixesRows = chain.shape.empty() || !isa<WeightOp>(chain.root) ||
                   llvm::any_of(chain.uses, [](const BasisUse &use) { return use.firstAxis == 0; });
  int64_t numRows = chain.shape.empty() ? 1 : chain.shape.front();
  int64_t rowSize = 1;
  for (int64_t dim : ArrayRef(chain.shape).drop_front(chain.shape.empty() ? 0 : 1)) {
    rowSize *= dim;
  }
  int64_t step =
      mixesRows ? numRows : std::max<int64_t>(1, pieceElements / std::max<int64_t>(1, rowSize));
  for (int64_t first = 0; first < numRows; first += step) {
    Expected<std::vector<double>> values = readRoot(chain, first, std::min(step, numRows - first));
    if (!values) {
      return values.takeError();
    }
    if (Error error = applyUses(chain, *values)) {
      return error;
    }
    if (Error error = consume(*values)) {
      return error;
    }
  }
  return Error::success();
}
