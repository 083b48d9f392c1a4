//===- AttentionKernel.cpp - Kernels of causal attention over a cache -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/AttentionKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "quench/Codegen/VectorMath.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"
#include <limits>

using namespace mlir;
using namespace quench;

//===----------------------------------------------------------------------===//
// A thread takes one (token, head) at a time and walks the keys in blocks with a running maximum,
// so that no row of scores is ever stored (Milakov and Gimelshein, 2018).
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t kBlock = 64;
using Values = SmallVector<Value>;

class AttentionEmitter {
public:
  AttentionEmitter(KernelBuilder &builder, const AttentionKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel), query(parameters[0]), keys(parameters[1]),
        values(parameters[2]), position(parameters[3]), result(parameters[4]) {}

  void emit() {
    Value tokens = b.size(query, 0);
    // About two cycles for each product with a key or value of a whole vector.
    int64_t keyCycles = 2 * (kernel.headSize + b.lanes() - 1) / b.lanes() + 4;
    Value tasks = b.mul(tokens, b.index(kernel.heads));
    Value cycles = b.mul(b.mul(tasks, b.add(position, tokens)), b.index(keyCycles));
    b.parallelLoop(tasks, cycles, [&](Value task) {
      Value order = b.div(task, b.index(kernel.heads));
      Value head = arith::RemUIOp::create(b, task, b.index(kernel.heads));
      attend(balanced(order, tokens), head);
    });
  }

private:
  /// Late tokens see more keys: pairing them with early ones gives threads equal work.
  Value balanced(Value order, Value tokens) {
    Value half = b.div(order, b.index(2));
    Value odd = arith::RemUIOp::create(b, order, b.index(2));
    Value mirrored = b.sub(b.sub(tokens, b.index(1)), half);
    Value isOdd = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, odd, b.index(1));
    return arith::SelectOp::create(b, isOdd, mirrored, half);
  }

  void attend(Value token, Value head) {
    Value keyHead = b.div(head, b.index(kernel.heads / kernel.keyHeads));
    Value length = b.add(b.add(position, token), b.index(1));
    Value scratch = memref::AllocaOp::create(b, MemRefType::get({kBlock}, b.getF32Type()));
    Values q;
    Value scale = b.splat(kernel.scale);
    forParts([&](int64_t offset, int64_t live) {
      q.push_back(b.mul(b.load(query, {token, head, b.index(offset)}, 0, live), scale));
    });
    // Carried: the maximum, the sum of exponentials, the weighted sum of values.
    Values initial = {b.f32(-std::numeric_limits<float>::infinity()), b.f32(0.0f)};
    initial.append(q.size(), b.splat(0.0f));
    Values done = b.loop(b.index(0), length, kBlock, initial, [&](Value begin, ValueRange state) {
      Value count = arith::MinUIOp::create(b, b.sub(length, begin), b.index(kBlock));
      return attendBlock(begin, count, keyHead, q, scratch, state);
    });
    Value inverse = b.splat(b.div(b.f32(1.0f), done[1]));
    size_t part = 2;
    forParts([&](int64_t offset, int64_t live) {
      b.store(b.mul(done[part++], inverse), result, {token, head, b.index(offset)}, live);
    });
  }

  Values attendBlock(Value begin, Value count, Value keyHead, ArrayRef<Value> q, Value scratch,
                     ValueRange state) {
    Value lowest = b.splat(-std::numeric_limits<float>::infinity());
    for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
      b.store(lowest, scratch, {b.index(lane)});
    }
    // A vector of keys at a time. Keys behind the last one are read as the last one and masked.
    Value lastKey = b.sub(b.add(begin, count), b.index(1));
    b.loop(b.index(0), count, b.lanes(), [&](Value first) {
      Values sums;
      for (int64_t i = 0; i < b.lanes(); ++i) {
        Value key = b.add(begin, b.add(first, b.index(i)));
        sums.push_back(dot(q, arith::MinUIOp::create(b, key, lastKey), keyHead));
      }
      Value live =
          vector::CreateMaskOp::create(b, b.vectorType(b.getI1Type()), b.sub(count, first));
      Value scores = arith::SelectOp::create(b, live, b.sumLanesOfEach(sums), lowest);
      b.store(scores, scratch, {first});
    });
    Value blockMax = lowest;
    for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
      blockMax = b.maximum(blockMax, b.load(scratch, {b.index(lane)}));
    }
    Value largest = b.maximum(state[0], b.maxLanes(blockMax));
    Value shift = b.splat(largest);
    Value total = b.splat(0.0f);
    for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
      Value score = b.load(scratch, {b.index(lane)});
      Value isPadding = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, score, lowest);
      Value weight =
          arith::SelectOp::create(b, isPadding, b.splat(0.0f), vectorExp(b, b.sub(score, shift)));
      b.store(weight, scratch, {b.index(lane)});
      total = b.add(total, weight);
    }
    // What was summed so far was relative to the old maximum.
    Value isFirst = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, state[0],
                                          b.f32(-std::numeric_limits<float>::infinity()));
    Value decay = arith::SelectOp::create(b, b.splat(isFirst), b.splat(0.0f),
                                          vectorExp(b, b.splat(b.sub(state[0], largest))));
    Value decayed = b.mul(state[1], vector::ExtractOp::create(b, decay, ArrayRef<int64_t>{0}));
    Values sums;
    for (Value part : state.drop_front(2)) {
      sums.push_back(b.mul(part, decay));
    }
    sums = b.loop(b.index(0), count, 1, sums, [&](Value j, ValueRange carried) {
      Value weight = b.splat(b.loadScalar(scratch, {j}));
      Values next;
      forParts([&](int64_t offset, int64_t live) {
        Value v = b.load(values, {b.add(begin, j), keyHead, b.index(offset)}, 0, live);
        next.push_back(b.fma(weight, v, carried[next.size()]));
      });
      return next;
    });
    Values next = {largest, b.add(decayed, b.sumLanes(total))};
    next.append(sums);
    return next;
  }

  /// The products of a query with a key, not yet summed over the lanes.
  Value dot(ArrayRef<Value> q, Value key, Value keyHead) {
    Value sum = b.splat(0.0f);
    size_t part = 0;
    forParts([&](int64_t offset, int64_t live) {
      Value k = b.load(keys, {key, keyHead, b.index(offset)}, 0, live);
      sum = b.fma(q[part++], k, sum);
    });
    return sum;
  }

  /// The vectors that make up a head.
  void forParts(llvm::function_ref<void(int64_t offset, int64_t live)> body) {
    for (int64_t offset = 0; offset < kernel.headSize; offset += b.lanes()) {
      body(offset, std::min(b.lanes(), kernel.headSize - offset));
    }
  }

  KernelBuilder &b;
  const AttentionKernel &kernel;
  Value query, keys, values, position, result;
};
} // namespace

std::string AttentionKernel::name() const {
  std::string text;
  llvm::raw_string_ostream(text) << "attention_" << heads << "x" << keyHeads << "x" << headSize
                                 << "_" << capacity << "_"
                                 << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(scale), 8);
  return text;
}

func::FuncOp AttentionKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, heads, headSize}, b.getF32Type());
    MemRefType cache = b.bufferType({capacity, keyHeads, headSize}, b.getF32Type());
    return {rows, cache, cache, b.getIndexType(), rows};
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { AttentionEmitter(b, *this, values).emit(); });
}
