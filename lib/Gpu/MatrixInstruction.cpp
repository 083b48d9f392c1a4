//===- MatrixInstruction.cpp - Emission of matrix instructions ------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "MatrixInstruction.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;
using namespace quench;

static bool isNvidia(const MatrixFragment &fragment) {
  return fragment.intrinsic.starts_with("llvm.nvvm.");
}

static Value constant(GpuKernelBuilder &b, Type type, int64_t value) {
  return LLVM::ConstantOp::create(b, type, b.getIntegerAttr(type, value));
}

/// A vector of 32-bit words; of two, an i64; of one, the word.
static Value pack(GpuKernelBuilder &b, ValueRange words) {
  if (words.size() == 1) {
    return words[0];
  }
  auto type = VectorType::get({static_cast<int64_t>(words.size())}, b.getI32Type());
  Value vector = LLVM::PoisonOp::create(b, type);
  for (auto [index, word] : llvm::enumerate(words)) {
    vector = LLVM::InsertElementOp::create(
        b, vector, word, constant(b, b.getI32Type(), static_cast<int64_t>(index)));
  }
  return words.size() == 2 ? LLVM::BitcastOp::create(b, b.getI64Type(), vector) : vector;
}

static Type sumType(GpuKernelBuilder &b, const MatrixFragment &fragment) {
  return fragment.multipliesFloats() ? Type(b.getF32Type()) : b.getI32Type();
}

SmallVector<Value> quench::noSums(GpuKernelBuilder &b, const MatrixFragment &fragment) {
  if (isNvidia(fragment)) {
    Value zero = fragment.multipliesFloats() ? b.f32(0.0f) : b.i32(0);
    return SmallVector<Value>(fragment.numSums(), zero);
  }
  auto type = VectorType::get({fragment.numSums()}, sumType(b, fragment));
  return {LLVM::ConstantOp::create(b, type, b.getZeroAttr(type))};
}

SmallVector<Value> quench::elementsOfSums(GpuKernelBuilder &b, ValueRange sums) {
  auto type = dyn_cast<VectorType>(sums[0].getType());
  if (!type) {
    return SmallVector<Value>(sums);
  }
  SmallVector<Value> elements;
  for (int64_t i = 0; i < type.getDimSize(0); ++i) {
    elements.push_back(LLVM::ExtractElementOp::create(b, sums[0], constant(b, b.getI32Type(), i)));
  }
  return elements;
}

/// Words as an operand of an instruction, for floats of 16 bits a vector of these, in which bf16
/// are integers.
static Value packShort(GpuKernelBuilder &b, const MatrixFragment &fragment, ValueRange words) {
  auto packed = VectorType::get({static_cast<int64_t>(words.size())}, b.getI32Type());
  Value vector = LLVM::PoisonOp::create(b, packed);
  for (auto [index, word] : llvm::enumerate(words)) {
    vector = LLVM::InsertElementOp::create(
        b, vector, word, constant(b, b.getI32Type(), static_cast<int64_t>(index)));
  }
  Type element =
      fragment.element == MatrixElement::F16 ? Type(b.getF16Type()) : b.getIntegerType(16);
  auto type = VectorType::get({2 * static_cast<int64_t>(words.size())}, element);
  return LLVM::BitcastOp::create(b, type, vector);
}

SmallVector<Value> quench::multiplyTiles(GpuKernelBuilder &b, const MatrixFragment &fragment,
                                         ValueRange weights, ValueRange activations,
                                         ValueRange sums) {
  StringAttr name = b.getStringAttr(fragment.intrinsic);
  SmallVector<Value> operands;
  if (isNvidia(fragment)) {
    for (ValueRange words : {weights, activations}) {
      for (Value word : words) {
        // Halves have a type of their own, others are words.
        const bool isHalf = fragment.element == MatrixElement::F16;
        operands.push_back(isHalf ? packShort(b, fragment, word) : word);
      }
    }
    operands.append(sums.begin(), sums.end());
    auto type = LLVM::LLVMStructType::getLiteral(
        b.getContext(), SmallVector<Type>(sums.size(), sumType(b, fragment)));
    Value result = LLVM::CallIntrinsicOp::create(b, type, name, operands)->getResult(0);
    SmallVector<Value> next;
    for (size_t i = 0; i < sums.size(); ++i) {
      next.push_back(LLVM::ExtractValueOp::create(b, result, static_cast<int64_t>(i)));
    }
    return next;
  }
  const bool isShort = fragment.isShort();
  Value a = isShort ? packShort(b, fragment, weights) : pack(b, weights);
  Value x = isShort ? packShort(b, fragment, activations) : pack(b, activations);
  if (isShort && fragment.lanes == 32) {
    operands = {a, x, sums[0]};
  } else if (fragment.mixesSigns) {
    Value no = constant(b, b.getI1Type(), 0), yes = constant(b, b.getI1Type(), 1);
    operands = {no, a, yes, x, sums[0], no};
  } else {
    // Nothing is broadcast or permuted.
    Value zero = constant(b, b.getI32Type(), 0);
    operands = {a, x, sums[0], zero, zero, zero};
  }
  return {LLVM::CallIntrinsicOp::create(b, sums[0].getType(), name, operands)->getResult(0)};
}
