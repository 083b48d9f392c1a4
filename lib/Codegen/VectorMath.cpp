//===- VectorMath.cpp - Elementary functions on vectors -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/VectorMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace quench;

Value quench::vectorExp(KernelBuilder &b, Value x) {
  auto type = cast<VectorType>(x.getType());
  int64_t lanes = type.getDimSize(0);
  auto constant = [&](float value) { return b.splat(value, lanes); };
  // From 88.73 on the result is infinite, which SiLU needs: x / (1 + exp(-x)) must go to 0.
  x = b.minimum(b.maximum(x, constant(-87.3f)), constant(89.0f));
  // exp(x) = 2^n * exp(r), r = x - n ln 2 in two steps so that n ln 2 is exact enough.
  Value n = math::RoundEvenOp::create(b, b.mul(x, constant(1.44269504f)));
  Value r = b.fma(n, constant(-0.693359375f), x);
  r = b.fma(n, constant(2.12194440e-4f), r);
  // Minimax coefficients of exp on [-ln 2 / 2, ln 2 / 2], degree 6 (Cephes).
  Value p = constant(1.9875691500e-4f);
  for (float coefficient : {1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                            5.0000001201e-1f, 1.0f, 1.0f}) {
    p = b.fma(p, r, constant(coefficient));
  }
  VectorType integers = b.vectorType(b.getI32Type(), lanes);
  Value exponent = arith::FPToSIOp::create(b, integers, n);
  // Two halves, because 2^n alone overflows at n = 128.
  Value half = arith::ShRSIOp::create(b, exponent, b.splat(1, lanes));
  Value rest = b.sub(exponent, half);
  for (Value part : {half, rest}) {
    Value bits = arith::ShLIOp::create(b, b.add(part, b.splat(127, lanes)), b.splat(23, lanes));
    p = b.mul(p, arith::BitcastOp::create(b, type, bits));
  }
  return p;
}

Value quench::vectorSiLU(KernelBuilder &b, Value x) {
  int64_t lanes = cast<VectorType>(x.getType()).getDimSize(0);
  Value negated = arith::NegFOp::create(b, x);
  return b.div(x, b.add(vectorExp(b, negated), b.splat(1.0f, lanes)));
}
