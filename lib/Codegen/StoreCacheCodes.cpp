//===- StoreCacheCodes.cpp - Hold codes in key/value caches ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Input: a `nn.causal_lm` function whose caches hold floats, some of them rounded to codes and back
// before they enter. Output: those caches hold the codes, and attention turns them back. What it
// computes is the same.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/Passes.h"

#include "quench/Codegen/EntryInterface.h"
#include "quench/Codegen/FakeQuantizeKernel.h"
#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/SmallPtrSet.h"

#define DEBUG_TYPE "quench-store-cache-codes"

namespace quench {
#define GEN_PASS_DEF_STORECACHECODESPASS
#include "quench/Codegen/Passes.h.inc"
} // namespace quench

using namespace mlir;
using namespace quench;

namespace {

/// A cache whose entries are rounded to codes and back, and how their rows are packed.
struct RoundedCache {
  BlockArgument argument;
  nn::CacheUpdateOp update;
  QuantizeOp quantize;
  PackedRows rows;
  /// Why floats have to stay; empty if they need not.
  std::string obstacle;

  SchemeAttr scheme() { return quantize.getResult().getType().getScheme(); }
};

class CacheRewriter {
public:
  CacheRewriter(func::FuncOp function, int64_t lanes) : function(function), lanes(lanes) {}

  void run();

private:
  std::optional<RoundedCache> find(BlockArgument argument);
  /// Why something but attention would see codes.
  std::string findObstacle(const RoundedCache &cache, const FakeQuantizeKernel *kernel);
  /// Attention reads keys and values of one layout: neither can change alone.
  void pairCaches();
  void store(RoundedCache &cache);

  func::FuncOp function;
  int64_t lanes;
  SmallVector<RoundedCache> caches;
};

} // namespace

std::optional<RoundedCache> CacheRewriter::find(BlockArgument argument) {
  for (Operation *user : argument.getUsers()) {
    auto update = dyn_cast<nn::CacheUpdateOp>(user);
    auto dequantize = update ? update.getInput().getDefiningOp<DequantizeOp>() : DequantizeOp();
    auto quantize = dequantize ? dequantize.getInput().getDefiningOp<QuantizeOp>() : QuantizeOp();
    if (!quantize) {
      continue;
    }
    RoundedCache cache{argument, update, quantize, {}, ""};
    std::optional<FakeQuantizeKernel> kernel = FakeQuantizeKernel::get(quantize);
    if (kernel) {
      auto rows = PackedRows::get(cache.scheme(), kernel->rowShape.back(), lanes);
      cache.rows = std::move(*rows);
    }
    cache.obstacle = findObstacle(cache, kernel ? &*kernel : nullptr);
    return cache;
  }
  return std::nullopt;
}

std::string CacheRewriter::findObstacle(const RoundedCache &cache,
                                        const FakeQuantizeKernel *kernel) {
  if (!kernel) {
    return "no kernel packs codes of this format";
  }
  nn::CacheUpdateOp update = cache.update;
  if (!cache.argument.hasOneUse() || update.getCache() != cache.argument) {
    return "the old cache has other uses";
  }
  unsigned result = cache.argument.getArgNumber() - EntryInterface::kFirstCache + 1;
  for (OpOperand &use : update.getResult().getUses()) {
    bool isResult = isa<func::ReturnOp>(use.getOwner()) && use.getOperandNumber() == result;
    auto attention = dyn_cast<nn::AttentionOp>(use.getOwner());
    if (!isResult && (!attention || use == attention.getQueryMutable())) {
      return "something but attention reads it";
    }
  }
  if (function.getBody().front().getTerminator()->getOperand(result) != update.getResult()) {
    return "it is not handed on";
  }
  return "";
}

void CacheRewriter::pairCaches() {
  auto packed = [&](Value value) -> RoundedCache * {
    auto cache = llvm::find_if(caches, [&](RoundedCache &cache) {
      return cache.obstacle.empty() && cache.update.getResult() == value;
    });
    return cache == caches.end() ? nullptr : &*cache;
  };
  bool changed = true;
  while (changed) {
    changed = false;
    function.walk([&](nn::AttentionOp op) {
      RoundedCache *keys = packed(op.getKeys()), *values = packed(op.getValues());
      if (keys == values || (keys && values && keys->scheme() == values->scheme())) {
        return;
      }
      for (RoundedCache *cache : {keys, values}) {
        if (cache) {
          cache->obstacle = "attention reads it with a cache of another format";
          changed = true;
        }
      }
    });
  }
}

void CacheRewriter::store(RoundedCache &cache) {
  nn::CacheUpdateOp update = cache.update;
  ImplicitLocOpBuilder b(update.getLoc(), update);
  auto withBytes = [&](Type type) {
    SmallVector<int64_t> shape(cast<RankedTensorType>(type).getShape());
    shape.back() = cache.rows.bytes;
    return RankedTensorType::get(shape, b.getI8Type());
  };
  auto floats = cast<RankedTensorType>(cache.argument.getType());
  cache.argument.setType(withBytes(floats));
  Value bytes = PackRowsOp::create(b, withBytes(update.getInput().getType()),
                                   cache.quantize.getResult(), lanes);
  SmallVector<OpFoldResult> offsets(3, b.getIndexAttr(0)), strides(3, b.getIndexAttr(1)), sizes;
  offsets[0] = update.getPosition();
  for (int64_t axis = 0; axis < 3; ++axis) {
    sizes.push_back(tensor::getMixedSize(b, b.getLoc(), bytes, axis));
  }
  Value updated = tensor::InsertSliceOp::create(b, bytes, cache.argument, offsets, sizes, strides);
  Value codes = UnpackRowsOp::create(b, QTensorType::get(floats, cache.scheme()), updated, lanes);
  Value decoded = DequantizeOp::create(b, floats, codes);
  update.getResult().replaceUsesWithIf(
      decoded, [](OpOperand &use) { return isa<nn::AttentionOp>(use.getOwner()); });
  update.getResult().replaceAllUsesWith(updated);
  Operation *rounded = update.getInput().getDefiningOp();
  update.erase();
  if (rounded->use_empty()) {
    rounded->erase();
  }
}

void CacheRewriter::run() {
  for (BlockArgument argument :
       function.getBody().getArguments().drop_front(EntryInterface::kFirstCache)) {
    if (std::optional<RoundedCache> cache = find(argument)) {
      caches.push_back(std::move(*cache));
    }
  }
  pairCaches();
  for (RoundedCache &cache : caches) {
    Location loc = cache.update.getLoc();
    if (!cache.obstacle.empty()) {
      remark::missed(loc, remark::RemarkOpts::name("HeldInFloat").category(DEBUG_TYPE))
          << remark::metric("Reason", cache.obstacle);
      continue;
    }
    store(cache);
    remark::passed(loc, remark::RemarkOpts::name("StoredAsCodes").category(DEBUG_TYPE))
        << remark::metric("BytesPerHead", cache.rows.bytes)
        << remark::metric("BytesInFloat", 4 * cache.rows.elements);
  }
  Block &entry = function.getBody().front();
  function.setType(FunctionType::get(function.getContext(), entry.getArgumentTypes(),
                                     entry.getTerminator()->getOperandTypes()));
}

namespace {
struct StoreCacheCodesPass : quench::impl::StoreCacheCodesPassBase<StoreCacheCodesPass> {
  using Base::Base;
  void runOnOperation() override;
};
} // namespace

void StoreCacheCodesPass::runOnOperation() {
  FailureOr<Target> found = getTarget(getOperation());
  if (failed(found)) {
    return signalPassFailure();
  }
  llvm::Expected<CausalLM> model = findCausalLM(getOperation(), "module");
  if (!model) {
    getOperation().emitError(llvm::toString(model.takeError()));
    return signalPassFailure();
  }
  CacheRewriter(model->function, found->lanes()).run();
}
