//===- ByteDot.cpp - Sums of products of bytes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// LLVM does not form vpdpbusd from portable vector code, so the intrinsics are called by name.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ByteDot.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

static Value splatConstant(KernelBuilder &builder, VectorType type, int64_t value) {
  Attribute element = builder.getIntegerAttr(type.getElementType(), value);
  return arith::ConstantOp::create(builder, DenseElementsAttr::get(type, element));
}

static Value callIntrinsic(KernelBuilder &builder, StringRef name, Type result,
                           ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(builder, result, builder.getStringAttr(name), operands)
      .getResult(0);
}

/// The even bytes of every pair as 16-bit integers, and the odd ones.
static SmallVector<Value, 2> splitBytes(KernelBuilder &builder, Value bytes, bool isSigned) {
  int64_t count = cast<VectorType>(bytes.getType()).getDimSize(0) / 2;
  VectorType halves = builder.vectorType(builder.getI16Type(), count);
  Value pairs = vector::BitCastOp::create(builder, halves, bytes);
  Value eight = splatConstant(builder, halves, 8);
  if (isSigned) {
    Value raised = arith::ShLIOp::create(builder, pairs, eight);
    return {arith::ShRSIOp::create(builder, raised, eight),
            arith::ShRSIOp::create(builder, pairs, eight)};
  }
  return {arith::AndIOp::create(builder, pairs, splatConstant(builder, halves, 255)),
          arith::ShRUIOp::create(builder, pairs, eight)};
}

ActivationWord quench::loadActivationWord(KernelBuilder &builder, Value buffer,
                                          ValueRange indices) {
  Value bytes = builder.load(buffer, indices, 4);
  Value word =
      vector::BitCastOp::create(builder, builder.vectorType(builder.getI32Type(), 1), bytes);
  Value scalar = vector::ExtractOp::create(builder, word, ArrayRef<int64_t>{0});
  Value words = builder.splat(scalar);
  Value all = vector::BitCastOp::create(
      builder, builder.vectorType(builder.getI8Type(), 4 * builder.lanes()), words);
  if (builder.getTarget().integerDot == IntegerDot::Widen) {
    return {splitBytes(builder, all, /*isSigned=*/true)};
  }
  return {{all}};
}

int32_t quench::byteDotBias(const Target &target) {
  return target.integerDot == IntegerDot::SignedSigned ? 128 : 0;
}

Value quench::byteDot(KernelBuilder &builder, Value accumulator, Value weights,
                      const ActivationWord &activations, bool nibbles) {
  Type type = accumulator.getType();
  switch (builder.getTarget().integerDot) {
  case IntegerDot::UnsignedSigned: {
    const char *name = builder.lanes() == 16  ? "llvm.x86.avx512.vpdpbusd.512"
                       : builder.lanes() == 8 ? "llvm.x86.avx512.vpdpbusd.256"
                                              : "llvm.x86.avx512.vpdpbusd.128";
    return callIntrinsic(builder, name, type, {accumulator, weights, activations.parts[0]});
  }
  case IntegerDot::SignedSigned: {
    if (!nibbles) {
      auto bytes = cast<VectorType>(weights.getType());
      weights = arith::XOrIOp::create(builder, weights, splatConstant(builder, bytes, -128));
    }
    return callIntrinsic(builder, "llvm.aarch64.neon.sdot.v4i32.v16i8", type,
                         {accumulator, weights, activations.parts[0]});
  }
  case IntegerDot::Widen: {
    // vpmaddubsw would saturate on full bytes; 16-bit pairs cannot.
    SmallVector<Value, 2> halves = splitBytes(builder, weights, /*isSigned=*/false);
    for (auto [weight, activation] : llvm::zip_equal(halves, activations.parts)) {
      Value products = callIntrinsic(builder, "llvm.x86.avx2.pmadd.wd", type, {weight, activation});
      accumulator = builder.add(accumulator, products);
    }
    return accumulator;
  }
  }
  llvm_unreachable("all integer dots are handled");
}
