//===- PointwiseKernel.cpp - Kernels of elementwise functions -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/PointwiseKernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/BuiltinOps.h"
#include "quench/Codegen/VectorMath.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/Format.h"

#include <limits>

using namespace mlir;
using namespace quench;

Value quench::roundToBF16(KernelBuilder &b, Value floats) {
  auto type = VectorType::get(cast<VectorType>(floats.getType()).getShape(), b.getI32Type());
  auto splat = [&](int32_t value) { return b.splat(value, type.getDimSize(0)); };
  Value bits = arith::BitcastOp::create(b, type, floats);
  Value last = arith::AndIOp::create(b, arith::ShRUIOp::create(b, bits, splat(16)), splat(1));
  Value rounded = b.add(bits, b.add(last, splat(0x7FFF)));
  Value isNan = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, floats, floats);
  Value quiet = arith::OrIOp::create(b, bits, splat(0x00400000));
  Value chosen = arith::SelectOp::create(b, isNan, quiet, rounded);
  return arith::AndIOp::create(b, chosen, splat(static_cast<int32_t>(0xFFFF0000)));
}

StringRef quench::nameOf(Pointwise function) {
  switch (function) {
  case Pointwise::SiLU:
    return "silu";
  case Pointwise::SiLUMul:
    return "silu_mul";
  case Pointwise::Add:
    return "add";
  case Pointwise::RoundToBF16:
    return "round_bf16";
  case Pointwise::RoundToF16:
    return "round_f16";
  }
  llvm_unreachable("all functions are named");
}

Value quench::emitPointwise(KernelBuilder &b, Pointwise function, Value x, Value y) {
  switch (function) {
  case Pointwise::SiLU:
    return vectorSiLU(b, x);
  case Pointwise::SiLUMul:
    return b.mul(vectorSiLU(b, x), y);
  case Pointwise::Add:
    return b.add(x, y);
  case Pointwise::RoundToBF16:
    return arith::BitcastOp::create(b, b.floats(), roundToBF16(b, x));
  case Pointwise::RoundToF16: {
    Value narrow = arith::TruncFOp::create(b, b.vectorType(b.getF16Type()), x);
    return arith::ExtFOp::create(b, b.floats(), narrow);
  }
  }
  llvm_unreachable("all functions are emitted");
}

static constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::string Epilogue::name() const {
  std::string text;
  llvm::raw_string_ostream os(text);
  if (function) {
    os << "_" << nameOf(*function);
  }
  if (!clamp) {
    return text;
  }
  auto bits = [](float value) {
    return llvm::format_hex_no_prefix(llvm::bit_cast<uint32_t>(value), 8);
  };
  bool isReLU = llvm::bit_cast<uint32_t>(clamp->low) == 0;
  if (isReLU && clamp->high == kInfinity) {
    os << "_relu";
  } else if (isReLU && clamp->high == 6.0f) {
    os << "_relu6";
  } else {
    os << "_clamp" << bits(clamp->low) << '_' << bits(clamp->high);
  }
  return text;
}

Value Epilogue::emit(KernelBuilder &b, Value value, Value other) const {
  if (function) {
    value = takesTwo() ? emitPointwise(b, *function, other, value)
                       : emitPointwise(b, *function, value, {});
  }
  if (clamp && clamp->low > -kInfinity) {
    value = arith::MaximumFOp::create(b, value, b.splat(clamp->low));
  }
  if (clamp && clamp->high < kInfinity) {
    value = arith::MinimumFOp::create(b, value, b.splat(clamp->high));
  }
  return value;
}

func::FuncOp quench::getOrCreatePointwiseKernel(ModuleOp module, const Target &target,
                                                Pointwise function, int64_t width) {
  std::string name = (nameOf(function) + "_" + Twine(width)).str();
  auto parameters = [&](KernelBuilder &b) {
    MemRefType rows = b.bufferType({ShapedType::kDynamic, width}, b.getF32Type());
    return SmallVector<Type>(takesTwo(function) ? 3 : 2, rows);
  };
  auto body = [&](KernelBuilder &b, ValueRange values) {
    bool isCheap = function != Pointwise::SiLU && function != Pointwise::SiLUMul;
    int64_t cycles = isCheap ? width / 8 : width;
    b.parallelLoop(b.size(values[0], 0), cycles, [&](Value row) {
      b.forVectors(width, [&](Value offset, int64_t live) {
        Value x = b.load(values[0], {row, offset}, 0, live);
        Value y = takesTwo(function) ? b.load(values[1], {row, offset}, 0, live) : Value();
        b.store(emitPointwise(b, function, x, y), values.back(), {row, offset}, live);
      });
    });
  };
  return getOrCreateKernel(module, name, target, parameters, body);
}
