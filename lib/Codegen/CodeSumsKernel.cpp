//===- CodeSumsKernel.cpp - Kernels that add up the codes of activations -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/CodeSumsKernel.h"

#include "quench/Codegen/ActivationCodes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace quench;

static void emitGroup(KernelBuilder &b, const GroupLayout &groups, Value codes, Value sums,
                      Value row, Value group, int64_t size) {
  Value from = b.mul(group, b.index(groups.paddedGroup()));
  SmallVector<Value> sum = b.forVectors(
      size, {b.splat(0)},
      [&](Value offset, int64_t live, ValueRange carried) -> SmallVector<Value> {
        Value bytes =
            b.load(codes, codeAddress(b, groups, codes, b.size(sums, 0), row, b.add(from, offset)),
                   b.lanes(), live);
        return {b.add(carried[0], arith::ExtSIOp::create(b, b.vectorType(b.getI32Type()), bytes))};
      });
  b.storeScalar(b.sumLanes(sum[0]), sums, {row, group});
}

func::FuncOp quench::getOrCreateCodeSumsKernel(ModuleOp module, const Target &target,
                                               const GroupLayout &groups) {
  std::string name = llvm::formatv("sum_codes_{0}{1}{2}", groups.k,
                                   groups.group == groups.k ? "" : "_g" + Twine(groups.group).str(),
                                   groups.nameOfRows());
  auto parameters = [&](KernelBuilder &b) {
    return SmallVector<Type>{
        codeBuffer(b, groups),
        b.bufferType({ShapedType::kDynamic, groups.numGroups()}, b.getI32Type())};
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    Value codes = values[0], sums = values[1];
    b.parallelLoop(b.size(sums, 0), groups.k / 8, [&](Value row) {
      int64_t count = groups.numGroups(), last = groups.groupSize(count - 1);
      int64_t equal = last == groups.group ? count : count - 1;
      b.loop(b.index(0), b.index(equal), 1,
             [&](Value group) { emitGroup(b, groups, codes, sums, row, group, groups.group); });
      if (equal < count) {
        emitGroup(b, groups, codes, sums, row, b.index(equal), last);
      }
    });
  };
  return getOrCreateKernel(module, name, target, parameters, body);
}
