//===- WarpgroupInstruction.cpp - Emission of wgmma -----------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// `wgmma.mma_async` with weights in registers, which `nvvm.wgmma.mma_async` does not have.
// Registers must be left alone from the first instruction to the wait for the last one, so all of
// that is one piece of assembly.
//
//===----------------------------------------------------------------------===//

#include "MatrixInstruction.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace quench;

void quench::publishToWarpgroup(GpuKernelBuilder &b) {
  NVVM::FenceProxyOp::create(
      b, NVVM::ProxyKindAttr::get(b.getContext(), NVVM::ProxyKind::async_shared),
      NVVM::SharedSpaceAttr::get(b.getContext(), NVVM::SharedSpace::shared_cta));
}

// PTX ISA, "Matrix Descriptor": in units of sixteen bytes the address, from bit 16 on the distance
// along K and from bit 32 on that of eight rows; no swizzling.
Value CoreMatrices::describe(GpuKernelBuilder &b, Value memory, Value word) const {
  constexpr int64_t kUnit = 4;
  Value begin = memref::ExtractAlignedPointerAsIndexOp::create(b, memory);
  Value bytes = b.toI32(b.add(begin, b.mul(word, 4)));
  Value address = b.bitAnd(b.shiftRight(bytes, 4), 0x3fff);
  Value low = b.bitOr(address, b.i32(static_cast<int32_t>(kWords / kUnit) << 16));
  auto wide = [&](Value x) -> Value { return arith::ExtUIOp::create(b, b.getI64Type(), x); };
  Value high = arith::ConstantIntOp::create(b, (wordsOfEightRows / kUnit) << 32, 64);
  return arith::AddIOp::create(b, wide(low), high);
}

/// "{$3, $4}"
static std::string registers(size_t first, size_t count) {
  std::string text;
  for (size_t i = first; i < first + count; ++i) {
    text += (text.empty() ? "{$" : ", $") + std::to_string(i);
  }
  return text + "}";
}

SmallVector<Value> quench::multiplyByWarpgroup(GpuKernelBuilder &b, const MatrixFragment &fragment,
                                               int64_t tiles, ValueRange weights, Value activations,
                                               ValueRange sums) {
  constexpr size_t kOperandWords = 4;
  const size_t numSums = tiles * fragment.numSums(), count = weights.size() / kOperandWords;
  const bool isFloat = fragment.multipliesFloats();
  SmallVector<Value> operands(weights);
  std::string constraints;
  for (size_t i = 0; i < numSums; ++i) {
    constraints += isFloat ? "=&f," : "=&r,";
  }
  for (size_t i = 0; i < weights.size(); ++i) {
    constraints += "r,";
  }
  for (size_t i = 0; i < count; ++i) {
    // Two matrices along K.
    Value step = arith::ConstantIntOp::create(
        b, static_cast<int64_t>(i) * 2 * CoreMatrices::kWords / CoreMatrices::kWordsOfRow, 64);
    operands.push_back(arith::AddIOp::create(b, activations, step));
    constraints += "l,";
  }
  for (size_t i = 0; i < sums.size(); ++i) {
    operands.push_back(sums[i]);
    constraints += std::to_string(i) + ",";
  }
  constraints += "~{memory}";
  std::string text = "{ .reg .pred from, plus; setp.ne.u32 from, 0, 0; setp.eq.u32 plus, 0, 0; "
                     "wgmma.fence.sync.aligned; ";
  for (size_t i = 0; i < count; ++i) {
    text += "wgmma.mma_async.sync.aligned." + fragment.warpgroup.str() + " " +
            registers(0, numSums) + ", " + registers(numSums + kOperandWords * i, kOperandWords) +
            ", $" + std::to_string(numSums + weights.size() + i) +
            (i == 0 && sums.empty() ? ", from" : ", plus") + (isFloat ? ", 1, 1" : "") +
            (fragment.isShort() ? ", 0; " : "; ");
  }
  text += "wgmma.commit_group.sync.aligned; wgmma.wait_group.sync.aligned 0; }";
  Type type = isFloat ? Type(b.getF32Type()) : b.getI32Type();
  auto result = LLVM::LLVMStructType::getLiteral(b.getContext(), SmallVector<Type>(numSums, type));
  auto assembly = LLVM::InlineAsmOp::create(
      b, result, operands, text, constraints, /*has_side_effects=*/true,
      /*is_align_stack=*/false, LLVM::TailCallKind::None, LLVM::AsmDialectAttr(), ArrayAttr());
  SmallVector<Value> next;
  for (size_t i = 0; i < numSums; ++i) {
    next.push_back(LLVM::ExtractValueOp::create(b, assembly.getResult(0), static_cast<int64_t>(i)));
  }
  return next;
}
