//===- BasisKernel.cpp - Kernels of online changes of basis ---------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread takes one row at a time and does all steps on it, so that it stays in the cache. Scales
// and Hadamard transforms work in place; permutations and matrices go through a row of scratch
// memory.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/BasisKernel.h"
#include "HadamardEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

/// Vectors of a row of a matrix that are summed at a time.
static constexpr int64_t kColumns = 4;

namespace {
class BasisEmitter {
public:
  BasisEmitter(KernelBuilder &builder, const BasisKernel &kernel, StringRef name)
      : b(builder), kernel(kernel), name(name) {}

  void emit(Value input, Value result);

private:
  void emitRow(const RowBuffer &input, const RowBuffer &result);
  void emitStep(const BasisStep &step, StringRef prefix, const RowBuffer &source,
                const RowBuffer &target);
  void emitScale(const BasisStep &step, Value factors, const RowBuffer &source,
                 const RowBuffer &target, Value base);
  void emitGather(const BasisStep &step, Value sources, const RowBuffer &source,
                  const RowBuffer &target, Value base);
  void emitMatrix(const BasisStep &step, Value entries, const RowBuffer &source,
                  const RowBuffer &target, Value base);
  void emitInnerMatrix(const BasisStep &step, Value entries, const RowBuffer &source,
                       const RowBuffer &target, Value base);
  void copy(int64_t count, const RowBuffer &source, Value from, const RowBuffer &target, Value to);
  /// Calls `body` with the start of each run of a region.
  void forRegion(const BasisRegion &region, llvm::function_ref<void(Value base)> body);

  KernelBuilder &b;
  const BasisKernel &kernel;
  StringRef name;
};
} // namespace

void BasisEmitter::emit(Value input, Value result) {
  // [rows, elements], or [elements] of a single row.
  auto collapse = [&](Value buffer) -> Value {
    int64_t rank = cast<MemRefType>(buffer.getType()).getRank();
    SmallVector<ReassociationIndices> axes(kernel.single ? 1 : 2);
    for (int64_t axis = 0; axis < rank; ++axis) {
      axes[kernel.single || axis == 0 ? 0 : 1].push_back(axis);
    }
    if (static_cast<int64_t>(axes.size()) == rank) {
      return buffer;
    }
    return memref::CollapseShapeOp::create(b, buffer, axes);
  };
  input = collapse(input);
  result = collapse(result);
  if (kernel.single) {
    return emitRow({input, {}}, {result, {}});
  }
  b.parallelLoop(b.size(input, 0), std::max<int64_t>(1, kernel.plan.cycles()),
                 [&](Value row) { emitRow({input, {row}}, {result, {row}}); });
}

void BasisEmitter::emitRow(const RowBuffer &input, const RowBuffer &result) {
  const BasisPlan &plan = kernel.plan;
  auto isInPlace = [](const BasisStep &step) {
    return step.kind == BasisStep::Kind::Scale || step.kind == BasisStep::Kind::Hadamard;
  };
  RowBuffer scratch;
  if (!llvm::all_of(plan.steps, isInPlace)) {
    auto type = MemRefType::get({plan.rowSize}, b.getF32Type());
    scratch.buffer = memref::AllocaOp::create(b, type, b.getI64IntegerAttr(64));
  }
  // The first step may read the input if it writes the whole row.
  bool isCopied = plan.steps.empty() || plan.steps[0].region.total() != plan.rowSize;
  if (isCopied) {
    copy(plan.rowSize, input, b.index(0), result, b.index(0));
  }
  for (size_t index = 0; index < plan.steps.size(); ++index) {
    const BasisStep &step = plan.steps[index];
    const std::string prefix = (name + "_" + Twine(index)).str();
    const RowBuffer &source = index == 0 && !isCopied ? input : result;
    if (isInPlace(step) || (index == 0 && !isCopied)) {
      emitStep(step, prefix, source, result);
      continue;
    }
    emitStep(step, prefix, source, scratch);
    forRegion(step.region,
              [&](Value base) { copy(step.region.span(), scratch, base, result, base); });
  }
}

void BasisEmitter::emitStep(const BasisStep &step, StringRef prefix, const RowBuffer &source,
                            const RowBuffer &target) {
  const int64_t size = step.region.size;
  Type f32 = b.getF32Type();
  switch (step.kind) {
  case BasisStep::Kind::Scale: {
    Value factors =
        constantBuffer(b, (prefix + "_scale").str(), f32, {step.region.span()}, step.factors);
    return forRegion(step.region,
                     [&](Value base) { emitScale(step, factors, source, target, base); });
  }
  case BasisStep::Kind::Gather: {
    std::vector<int32_t> narrow(step.sources.begin(), step.sources.end());
    Value sources = constantBuffer(b, (prefix + "_sources").str(), b.getI32Type(), {size}, narrow);
    return forRegion(step.region,
                     [&](Value base) { emitGather(step, sources, source, target, base); });
  }
  case BasisStep::Kind::Matrix: {
    Value entries = constantBuffer(b, (prefix + "_matrix").str(), f32, {size, size}, step.entries);
    return forRegion(step.region, [&](Value base) {
      if (step.region.inner == 1) {
        emitMatrix(step, entries, source, target, base);
      } else {
        emitInnerMatrix(step, entries, source, target, base);
      }
    });
  }
  case BasisStep::Kind::Hadamard: {
    HadamardEmitter emitter(b, step, prefix);
    return forRegion(step.region, [&](Value base) { emitter.emit(source, target, base); });
  }
  }
}

void BasisEmitter::forRegion(const BasisRegion &region, llvm::function_ref<void(Value)> body) {
  auto nest = [&](auto &self, ArrayRef<BasisRegion::Loop> loops, Value base) -> void {
    if (loops.empty()) {
      return body(base);
    }
    b.loop(b.index(0), b.index(loops[0].count * loops[0].stride), loops[0].stride,
           [&](Value offset) { self(self, loops.drop_front(), b.add(base, offset)); });
  };
  nest(nest, region.loops, b.index(region.offset));
}

void BasisEmitter::copy(int64_t count, const RowBuffer &source, Value from, const RowBuffer &target,
                        Value to) {
  b.forVectors(count, [&](Value offset, int64_t live) {
    Value x = b.load(source.buffer, source.at(b.add(from, offset)), 0, live);
    b.store(x, target.buffer, target.at(b.add(to, offset)), live);
  });
}

void BasisEmitter::emitScale(const BasisStep &step, Value factors, const RowBuffer &source,
                             const RowBuffer &target, Value base) {
  b.forVectors(step.region.span(), [&](Value offset, int64_t live) {
    Value x = b.load(source.buffer, source.at(b.add(base, offset)), 0, live);
    Value y = b.mul(x, b.load(factors, {offset}, 0, live));
    b.store(y, target.buffer, target.at(b.add(base, offset)), live);
  });
}

void BasisEmitter::emitGather(const BasisStep &step, Value sources, const RowBuffer &source,
                              const RowBuffer &target, Value base) {
  const int64_t inner = step.region.inner;
  b.loop(b.index(0), b.index(step.region.size), 1, [&](Value j) {
    Value place = b.loadScalar(sources, {j});
    Value run = arith::IndexCastOp::create(b, b.getIndexType(), place);
    Value from = b.add(base, b.mul(run, b.index(inner)));
    Value to = b.add(base, b.mul(j, b.index(inner)));
    if (inner == 1) {
      Value x = b.loadScalar(source.buffer, source.at(from));
      b.storeScalar(x, target.buffer, target.at(to));
    } else {
      copy(inner, source, from, target, to);
    }
  });
}

void BasisEmitter::emitMatrix(const BasisStep &step, Value entries, const RowBuffer &source,
                              const RowBuffer &target, Value base) {
  const int64_t size = step.region.size, lanes = b.lanes();
  // As many vectors of outputs at a time as there are, at most kColumns of them.
  auto emitColumns = [&](Value first, int64_t vectors, int64_t live) {
    auto liveIn = [&](int64_t vector) { return vector + 1 == vectors ? live : -1; };
    SmallVector<Value> zeros(vectors, b.splat(0.0f));
    SmallVector<Value> sums =
        b.loop(b.index(0), b.index(size), 1, zeros, [&](Value i, ValueRange carried) {
          Value x = b.splat(b.loadScalar(source.buffer, source.at(b.add(base, i))));
          SmallVector<Value> next;
          for (int64_t vector = 0; vector < vectors; ++vector) {
            Value column = b.add(first, b.index(vector * lanes));
            Value entry = b.load(entries, {i, column}, 0, liveIn(vector));
            next.push_back(b.fma(x, entry, carried[vector]));
          }
          return next;
        });
    for (int64_t vector = 0; vector < vectors; ++vector) {
      Value column = b.add(first, b.index(vector * lanes));
      b.store(sums[vector], target.buffer, target.at(b.add(base, column)), liveIn(vector));
    }
  };
  const int64_t tile = kColumns * lanes, full = size / tile * tile;
  b.loop(b.index(0), b.index(full), tile, [&](Value first) { emitColumns(first, kColumns, -1); });
  if (full < size) {
    const int64_t rest = size - full, vectors = (rest + lanes - 1) / lanes;
    emitColumns(b.index(full), vectors, rest - (vectors - 1) * lanes);
  }
}

void BasisEmitter::emitInnerMatrix(const BasisStep &step, Value entries, const RowBuffer &source,
                                   const RowBuffer &target, Value base) {
  const int64_t size = step.region.size, inner = step.region.inner;
  b.loop(b.index(0), b.index(size), 1, [&](Value j) {
    b.forVectors(inner, [&](Value offset, int64_t live) {
      Value start = b.add(base, offset);
      SmallVector<Value> sum =
          b.loop(b.index(0), b.index(size), 1, {b.splat(0.0f)},
                 [&](Value i, ValueRange carried) -> SmallVector<Value> {
                   Value position = b.add(start, b.mul(i, b.index(inner)));
                   Value x = b.load(source.buffer, source.at(position), 0, live);
                   return {b.fma(b.splat(b.loadScalar(entries, {i, j})), x, carried[0])};
                 });
      Value position = b.add(start, b.mul(j, b.index(inner)));
      b.store(sum[0], target.buffer, target.at(position), live);
    });
  });
}

std::string BasisKernel::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto addShape = [&]() { llvm::interleave(ArrayRef(shape).drop_front(single ? 0 : 1), os, "x"); };
  const BasisStep *only = plan.steps.size() == 1 ? &plan.steps[0] : nullptr;
  if (only && only->kind == BasisStep::Kind::Hadamard && only->factors.empty() &&
      only->factorsAfter.empty() && only->region.total() == plan.rowSize) {
    const bool isHartley =
        only->hadamard->construction() == numerics::HadamardConstruction::Hartley;
    os << (isHartley ? "hartley_" : "hadamard_") << only->hadamard->coreOrder() << "x"
       << only->hadamard->sylvesterOrder();
    os << (only->transposed ? "_transposed_" : "_");
    addShape();
    if (only->region.inner > 1) {
      os << "_by_" << only->region.inner;
    }
    return text;
  }
  os << "change_basis_";
  addShape();
  os << "_" << plan.digest();
  return text;
}

func::FuncOp BasisKernel::getOrCreate(ModuleOp module, const Target &target) const {
  const std::string name = this->name();
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    SmallVector<int64_t> sizes(shape);
    if (!single) {
      sizes[0] = ShapedType::kDynamic;
    }
    MemRefType type = b.bufferType(sizes, b.getF32Type());
    return {type, type};
  };
  return getOrCreateKernel(module, name, target, parameters, [&](KernelBuilder &b, ValueRange v) {
    BasisEmitter(b, *this, name).emit(v[0], v[1]);
  });
}
