//===- AttentionKernel.cpp - Kernels of causal attention over a cache -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/AttentionKernel.h"

#include "PackedRowsEmitter.h"

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
// A thread takes one token and some heads that share their keys at a time, and walks the keys in
// blocks with a running maximum, so that no row of scores is ever stored (Milakov and Gimelshein,
// 2018). Keys and values are read once for all heads of a task: decoding is bound by that.
//===----------------------------------------------------------------------===//

namespace {
constexpr int64_t kBlock = 64;
/// Of a vector of keys and one of values.
constexpr int64_t kUnpackCycles = 8;
using Values = SmallVector<Value>;

class AttentionEmitter {
public:
  AttentionEmitter(KernelBuilder &builder, const AttentionKernel &kernel, ValueRange parameters)
      : b(builder), kernel(kernel), parts((kernel.headSize + b.lanes() - 1) / b.lanes()),
        together(headsTogether()), query(parameters[0]), keys(parameters[1]), values(parameters[2]),
        position(parameters[3]), result(parameters[4]) {}

  void emit() {
    Value tokens = b.size(query, 0);
    // About two cycles for each product with a key or value of a whole vector.
    int64_t keyCycles = together * (2 * parts + 4) + (kernel.packed ? kUnpackCycles * parts : 0);
    int64_t headTasks = kernel.heads / together;
    Value tasks = b.mul(tokens, b.index(headTasks));
    Value cycles = b.mul(b.mul(tasks, b.add(position, tokens)), b.index(keyCycles));
    b.parallelLoop(tasks, cycles, [&](Value task) {
      Value order = b.div(task, b.index(headTasks));
      Value head = arith::RemUIOp::create(b, task, b.index(headTasks));
      attend(balanced(order, tokens), b.mul(head, b.index(together)));
    });
  }

private:
  /// Sums over the keys of one head: the maximum, the sum of exponentials relative to it, and the
  /// values weighted by them.
  struct HeadState {
    Value largest;
    Value total;
    Values sums;
  };

  /// A divisor of the heads that share their keys, so that queries and sums fit half the registers.
  int64_t headsTogether() const {
    int64_t sharing = kernel.heads / kernel.keyHeads;
    int64_t most = std::max<int64_t>(1, b.getTarget().vectorRegisters / 2 / (2 * parts));
    int64_t count = std::min(sharing, most);
    while (sharing % count != 0) {
      --count;
    }
    return count;
  }

  /// Late tokens see more keys: pairing them with early ones gives threads equal work.
  Value balanced(Value order, Value tokens) {
    Value half = b.div(order, b.index(2));
    Value odd = arith::RemUIOp::create(b, order, b.index(2));
    Value mirrored = b.sub(b.sub(tokens, b.index(1)), half);
    Value isOdd = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, odd, b.index(1));
    return arith::SelectOp::create(b, isOdd, mirrored, half);
  }

  void attend(Value token, Value firstHead) {
    Value keyHead = b.div(firstHead, b.index(kernel.heads / kernel.keyHeads));
    Value length = b.add(b.add(position, token), b.index(1));
    Value scratch =
        memref::AllocaOp::create(b, MemRefType::get({together, kBlock}, b.getF32Type()));
    SmallVector<Values> queries(together);
    Value scale = b.splat(kernel.scale);
    Values initial;
    for (int64_t i = 0; i < together; ++i) {
      Values &q = queries[i];
      Value head = b.add(firstHead, b.index(i));
      forParts([&](int64_t offset, int64_t live) {
        q.push_back(b.mul(b.load(query, {token, head, b.index(offset)}, 0, live), scale));
      });
      HeadState none{b.f32(-std::numeric_limits<float>::infinity()), b.f32(0.0f), {}};
      none.sums.append(parts, b.splat(0.0f));
      append(initial, none);
    }
    Values done = b.loop(b.index(0), length, kBlock, initial, [&](Value begin, ValueRange state) {
      Value count = arith::MinUIOp::create(b, b.sub(length, begin), b.index(kBlock));
      return attendBlock(begin, count, keyHead, queries, scratch, state);
    });
    for (int64_t i = 0; i < together; ++i) {
      HeadState state = stateOf(i, done);
      Value inverse = b.splat(b.div(b.f32(1.0f), state.total));
      Value head = b.add(firstHead, b.index(i));
      auto part = state.sums.begin();
      forParts([&](int64_t offset, int64_t live) {
        b.store(b.mul(*part++, inverse), result, {token, head, b.index(offset)}, live);
      });
    }
  }

  static void append(Values &carried, const HeadState &state) {
    carried.push_back(state.largest);
    carried.push_back(state.total);
    llvm::append_range(carried, state.sums);
  }

  HeadState stateOf(int64_t head, ValueRange carried) const {
    ValueRange own = carried.slice(head * (2 + parts), 2 + parts);
    return {own[0], own[1], Values(own.drop_front(2))};
  }

  Values attendBlock(Value begin, Value count, Value keyHead, ArrayRef<Values> queries,
                     Value scratch, ValueRange carried) {
    scoreBlock(begin, count, keyHead, queries, scratch);
    SmallVector<HeadState> states;
    Values sums;
    for (int64_t head = 0; head < together; ++head) {
      states.push_back(stateOf(head, carried));
      weighBlock(states.back(), scratch, b.index(head));
      llvm::append_range(sums, states.back().sums);
    }
    sums = b.loop(b.index(0), count, 1, sums, [&](Value j, ValueRange before) {
      Values after(before);
      int64_t part = 0;
      Values weights;
      for (int64_t head = 0; head < together; ++head) {
        weights.push_back(b.splat(b.loadScalar(scratch, {b.index(head), j})));
      }
      forParts([&](int64_t offset, int64_t live) {
        Value v = loadCached(values, {b.add(begin, j), keyHead}, offset, live);
        for (int64_t head = 0; head < together; ++head) {
          Value &sum = after[head * parts + part];
          sum = b.fma(weights[head], v, sum);
        }
        ++part;
      });
      return after;
    });
    Values next;
    for (auto [head, state] : llvm::enumerate(states)) {
      state.sums.assign(sums.begin() + head * parts, sums.begin() + (head + 1) * parts);
      append(next, state);
    }
    return next;
  }

  /// Writes the scores of the block, minus infinity where there is no key.
  void scoreBlock(Value begin, Value count, Value keyHead, ArrayRef<Values> queries,
                  Value scratch) {
    Value lowest = b.splat(-std::numeric_limits<float>::infinity());
    for (int64_t head = 0; head < together; ++head) {
      for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
        b.store(lowest, scratch, {b.index(head), b.index(lane)});
      }
    }
    // A vector of keys at a time. Keys behind the last one are read as the last one and masked.
    Value lastKey = b.sub(b.add(begin, count), b.index(1));
    b.loop(b.index(0), count, b.lanes(), [&](Value first) {
      Value live =
          vector::CreateMaskOp::create(b, b.vectorType(b.getI1Type()), b.sub(count, first));
      Values sums = b.sumLanesOfEach([&](int64_t i) {
        Value key = b.add(begin, b.add(first, b.index(i)));
        return products(queries, arith::MinUIOp::create(b, key, lastKey), keyHead);
      });
      for (int64_t head = 0; head < together; ++head) {
        Value scores = arith::SelectOp::create(b, live, sums[head], lowest);
        b.store(scores, scratch, {b.index(head), first});
      }
    });
  }

  /// Turns the scores of a head into weights relative to the new maximum, and the state with them.
  void weighBlock(HeadState &state, Value scratch, Value head) {
    Value lowest = b.splat(-std::numeric_limits<float>::infinity());
    Value blockMax = lowest;
    for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
      blockMax = b.maximum(b.load(scratch, {head, b.index(lane)}), blockMax);
    }
    Value largest = b.maximum(b.maxLanes(blockMax), state.largest);
    Value shift = b.splat(largest);
    Value total = b.splat(0.0f);
    for (int64_t lane = 0; lane < kBlock; lane += b.lanes()) {
      Value score = b.load(scratch, {head, b.index(lane)});
      Value isPadding = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, score, lowest);
      Value weight =
          arith::SelectOp::create(b, isPadding, b.splat(0.0f), vectorExp(b, b.sub(score, shift)));
      b.store(weight, scratch, {head, b.index(lane)});
      total = b.add(total, weight);
    }
    // What was summed so far was relative to the old maximum.
    Value isFirst = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, state.largest,
                                          b.f32(-std::numeric_limits<float>::infinity()));
    Value decay = arith::SelectOp::create(b, b.splat(isFirst), b.splat(0.0f),
                                          vectorExp(b, b.splat(b.sub(state.largest, largest))));
    Value decayed = b.mul(state.total, vector::ExtractOp::create(b, decay, ArrayRef<int64_t>{0}));
    for (Value &sum : state.sums) {
      sum = b.mul(sum, decay);
    }
    state.largest = largest;
    state.total = b.add(decayed, b.sumLanes(total));
  }

  /// The products of each query with a key, not yet summed over the lanes.
  Values products(ArrayRef<Values> queries, Value key, Value keyHead) {
    Values sums(together, b.splat(0.0f));
    size_t part = 0;
    forParts([&](int64_t offset, int64_t live) {
      Value k = loadCached(keys, {key, keyHead}, offset, live);
      for (auto [sum, q] : llvm::zip_equal(sums, queries)) {
        sum = b.fma(q[part], k, sum);
      }
      ++part;
    });
    return sums;
  }

  /// A vector of a key or value. Lanes that are not live are zero, or finite if scales are.
  Value loadCached(Value cache, ArrayRef<Value> row, int64_t offset, int64_t live) {
    if (kernel.packed) {
      return PackedRowsEmitter(b, *kernel.packed, cache, row).loadValues(offset);
    }
    return b.load(cache, {row[0], row[1], b.index(offset)}, 0, live);
  }

  /// The vectors that make up a head.
  void forParts(llvm::function_ref<void(int64_t offset, int64_t live)> body) {
    for (int64_t offset = 0; offset < kernel.headSize; offset += b.lanes()) {
      body(offset, std::min(b.lanes(), kernel.headSize - offset));
    }
  }

  KernelBuilder &b;
  const AttentionKernel &kernel;
  /// Vectors of a head, and heads of a task.
  int64_t parts, together;
  Value query, keys, values, position, result;
};
} // namespace

std::string AttentionKernel::name() const {
  std::string text;
  llvm::raw_string_ostream(text) << "attention_" << heads << "x" << keyHeads << "x" << headSize
                                 << "_" << capacity << "_"
                                 << llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(scale), 8)
                                 << (packed ? "_" + packed->name() : "");
  return text;
}

func::FuncOp AttentionKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, heads, headSize}, b.getF32Type());
    MemRefType cache = packed ? b.bufferType({capacity, keyHeads, packed->bytes}, b.getI8Type())
                              : b.bufferType({capacity, keyHeads, headSize}, b.getF32Type());
    return {rows, cache, cache, b.getIndexType(), rows};
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { AttentionEmitter(b, *this, values).emit(); });
}
