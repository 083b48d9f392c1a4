//===- ShortFloatKernel.cpp - Kernels that round rows of floats to 16 bits -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ShortFloatKernel.h"

#include "quench/Codegen/ActivationCodes.h"
#include "quench/Codegen/PointwiseKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace quench;

namespace {
class ShortFloatEmitter {
public:
  ShortFloatEmitter(KernelBuilder &builder, const GroupLayout &groups, ValueRange parameters)
      : b(builder), groups(groups), input(parameters[0]), codes(parameters[1]),
        sums(parameters[2]) {}

  void emit() {
    b.parallelLoop(b.size(input, 0), groups.k, [&](Value row) {
      int64_t count = groups.numGroups(), last = groups.groupSize(count - 1);
      int64_t equal = last == groups.group ? count : count - 1;
      b.loop(b.index(0), b.index(equal), 1,
             [&](Value group) { roundGroup(row, group, groups.group); });
      if (equal < count) {
        roundGroup(row, b.index(count - 1), last);
      }
    });
  }

private:
  void roundGroup(Value row, Value group, int64_t size) {
    Value from = b.mul(group, b.index(groups.group));
    Value to = b.mul(group, b.index(groups.paddedGroup()));
    SmallVector<Value> sum =
        b.forVectors(size, {b.splat(0.0f)},
                     [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
                       Value x = b.load(input, {row, b.add(from, offset)}, 0, live);
                       Value rounded = roundToBF16(b, x);
                       // Lanes that are not live are zeros, as padding is.
                       store(rounded, row, b.add(to, offset));
                       return {b.add(carried[0], arith::BitcastOp::create(b, b.floats(), rounded))};
                     });
    b.storeScalar(b.sumLanes(sum[0]), sums, {row, group});
    for (int64_t position = llvm::alignTo(size, b.lanes());
         position < static_cast<int64_t>(llvm::alignTo(size, GroupLayout::kUnit));
         position += b.lanes()) {
      store(b.splat(0), row, b.add(to, b.index(position)));
    }
  }

  /// Stores the upper halves of lanes.
  void store(Value lanes, Value row, Value position) {
    int64_t count = b.lanes();
    auto halves = VectorType::get({2 * count}, b.getI16Type());
    Value split = vector::BitCastOp::create(b, halves, lanes);
    SmallVector<int64_t> order;
    for (int64_t i = 0; i < count; ++i) {
      // Of each four the middle ones change places, except for products of two rows.
      constexpr int64_t places[] = {0, 2, 1, 3};
      order.push_back(2 * (groups.rows == 2 ? i : i / 4 * 4 + places[i % 4]) + 1);
    }
    Value ordered = vector::ShuffleOp::create(b, split, split, order);
    Value bytes =
        vector::BitCastOp::create(b, VectorType::get({2 * count}, b.getI8Type()), ordered);
    Value at = b.mul(position, b.index(ShortFloatKernel::kBytes));
    b.store(bytes, codes, codeAddress(b, groups, codes, b.size(input, 0), row, at));
  }

  KernelBuilder &b;
  const GroupLayout &groups;
  Value input, codes, sums;
};
} // namespace

std::string ShortFloatKernel::name() const {
  std::string text = "bf16_" + std::to_string(groups.k);
  if (groups.group != groups.k) {
    text += "_g" + std::to_string(groups.group);
  }
  return text + groups.nameOfRows().str();
}

func::FuncOp ShortFloatKernel::getOrCreate(ModuleOp module, const Target &target) const {
  auto parameters = [&](KernelBuilder &b) -> SmallVector<Type> {
    int64_t rows = ShapedType::kDynamic;
    return {b.bufferType({rows, groups.k}, b.getF32Type()), codeBuffer(b, groups, kBytes),
            b.bufferType({rows, groups.numGroups()}, b.getF32Type())};
  };
  return getOrCreateKernel(
      module, name(), target, parameters,
      [&](KernelBuilder &b, ValueRange values) { ShortFloatEmitter(b, groups, values).emit(); });
}
