//===- GpuAttention.cpp - Attention on devices -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Gpu/GpuNetworkKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace quench;

namespace {
class AttentionEmitter {
public:
  AttentionEmitter(GpuKernelBuilder &b, const GpuAttention &kernel, ValueRange buffers,
                   Value position)
      : b(b), kernel(kernel), query(buffers[0]), keys(buffers[1]), values(buffers[2]),
        result(buffers[3]), position(position) {}

  void emit() {
    Value head = b.groupId(0), token = b.groupId(1);
    thread = b.threadId();
    keyHead = b.div(head, kernel.heads / kernel.keyHeads);
    firstQuery = b.mul(b.add(b.mul(token, kernel.heads), head), kernel.headSize);
    count = b.add(b.add(position, token), b.index(1));
    shared = b.sharedBuffer(b.threads, b.getF32Type());
    int64_t parts = (kernel.headSize + b.threads - 1) / b.threads;
    for (int64_t part = 0; part < parts; ++part) {
      elements.push_back(b.add(thread, b.index(part * b.threads)));
    }
    SmallVector<Value> initial(elements.size(), b.f32(0.0f));
    initial.push_back(b.f32(0.0f));
    initial.push_back(b.f32(kLowest));
    SmallVector<Value> carried =
        b.loop(b.index(0), count, b.index(b.threads), initial,
               [&](Value begin, ValueRange state) { return addBlock(begin, state); });
    Value denominator = carried[elements.size()];
    for (auto [element, sum] : llvm::zip(elements, carried)) {
      b.ifThen(b.lessThan(element, b.index(kernel.headSize)), [&, at = element, total = sum] {
        b.store(b.div(total, denominator), result, b.add(firstQuery, at));
      });
    }
  }

private:
  /// Below every score, and far enough from it that its exponential is 0.
  static constexpr float kLowest = -3.0e38f;

  Value rowOf(Value key) {
    return b.mul(b.add(b.mul(key, kernel.keyHeads), keyHead), kernel.headSize);
  }

  Value scoreOf(Value key) {
    Value first = rowOf(key);
    SmallVector<Value> dot = b.loop(b.index(0), b.index(kernel.headSize), b.index(1), {b.f32(0.0f)},
                                    [&](Value i, ValueRange carried) {
                                      Value q = b.load(query, b.add(firstQuery, i));
                                      Value k = b.load(keys, b.add(first, i));
                                      return SmallVector<Value>{b.fma(q, k, carried[0])};
                                    });
    return b.mul(dot[0], b.f32(kernel.scale));
  }

  /// Sums of weighted values, the sum of weights and the largest score, with one more block.
  SmallVector<Value> addBlock(Value begin, ValueRange state) {
    size_t parts = elements.size();
    Value key = b.add(begin, thread), isKey = b.lessThan(key, count);
    Value score = scoreOf(b.select(isKey, key, begin));
    score = b.select(isKey, score, b.f32(kLowest));
    Value largest =
        b.reduce(score, shared, [&](Value lhs, Value rhs) { return b.maximum(lhs, rhs); });
    largest = b.maximum(largest, state[parts + 1]);
    Value weight = b.select(isKey, b.exp(b.sub(score, largest)), b.f32(0.0f));
    b.store(weight, shared, thread);
    b.barrier();
    Value shrink = b.exp(b.sub(state[parts + 1], largest));
    SmallVector<Value> initial;
    for (Value sum : state.drop_back()) {
      initial.push_back(b.mul(sum, shrink));
    }
    Value left = b.sub(count, begin);
    Value live = b.select(b.lessThan(left, b.index(b.threads)), left, b.index(b.threads));
    SmallVector<Value> sums =
        b.loop(b.index(0), live, b.index(1), initial, [&](Value j, ValueRange carried) {
          Value each = b.load(shared, j), first = rowOf(b.add(begin, j));
          SmallVector<Value> next;
          for (size_t part = 0; part < parts; ++part) {
            // Threads beyond the head read its first element and store nothing.
            Value exists = b.lessThan(elements[part], b.index(kernel.headSize));
            Value element = b.select(exists, elements[part], b.index(0));
            next.push_back(b.fma(each, b.load(values, b.add(first, element)), carried[part]));
          }
          next.push_back(b.add(carried[parts], each));
          return next;
        });
    b.barrier();
    sums.push_back(largest);
    return sums;
  }

  GpuKernelBuilder &b;
  const GpuAttention &kernel;
  Value query, keys, values, result, position;
  Value thread, keyHead, firstQuery, count, shared;
  SmallVector<Value> elements;
};
} // namespace

func::FuncOp GpuAttention::getOrCreate(ModuleOp module) const {
  Type f32 = Float32Type::get(module.getContext());
  MemRefType rows = ArithmeticBuilder::bufferType({ShapedType::kDynamic, heads, headSize}, f32);
  MemRefType cache = ArithmeticBuilder::bufferType({capacity, keyHeads, headSize}, f32);
  GpuKernel kernel;
  llvm::raw_string_ostream(kernel.name)
      << "attention_" << heads << "x" << keyHeads << "x" << headSize << "_" << capacity << "_"
      << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(scale), 8);
  kernel.parameters = {rows, cache, cache, IndexType::get(module.getContext()), rows};
  kernel.launch = [&](GpuKernelBuilder &host, ValueRange parameters) {
    Value tokens = memref::DimOp::create(host, parameters.front(), 0);
    return GpuLaunch{{host.index(heads), tokens, host.index(1)}, {parameters[3]}};
  };
  kernel.body = [&](GpuKernelBuilder &device, ValueRange buffers, ValueRange sizes) {
    AttentionEmitter(device, *this, buffers, sizes[0]).emit();
  };
  return kernel.getOrCreate(module);
}
