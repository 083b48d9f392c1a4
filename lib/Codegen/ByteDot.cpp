//===- ByteDot.cpp - Sums of products of bytes -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ByteDot.h"

#include "quench/Dialect/Quench/IR/QuenchOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace quench;

static bool multipliesSigned(KernelBuilder &b) {
  return b.getTarget().integerDot() == IntegerDot::SignedSigned;
}

Value quench::byteDot(KernelBuilder &b, Value accumulator, Value weights, Value activations) {
  return ByteDotOp::create(b, accumulator.getType(), accumulator, weights, activations,
                           multipliesSigned(b));
}

Value quench::byteMatmul(KernelBuilder &b, Value accumulator, Value weights, Value activations) {
  return ByteMatmulOp::create(b, accumulator.getType(), accumulator, weights, activations,
                              multipliesSigned(b));
}

std::string quench::productIntrinsic(const NativeProduct &product) {
  StringRef name = product.instruction;
  int64_t lanes = product.shape[1];
  if (name == "vpdpbusd" && (lanes == 4 || lanes == 8 || lanes == 16)) {
    return "llvm.x86.avx512.vpdpbusd." + std::to_string(32 * lanes);
  }
  if (name == "vdpbf16ps" && lanes == 16) {
    return "llvm.x86.avx512bf16.dpbf16ps.512";
  }
  if (name == "vpmaddwd" && lanes == 8) {
    return "llvm.x86.avx2.pmadd.wd";
  }
  if (name == "vpmaddubsw" && lanes == 16) {
    return "llvm.x86.avx2.pmadd.ub.sw";
  }
  if (name == "pmaddubsw" && lanes == 8) {
    return "llvm.x86.ssse3.pmadd.ub.sw.128";
  }
  if (name == "pmaddwd" && lanes == 4) {
    return "llvm.x86.sse2.pmadd.wd";
  }
  if ((name == "sdot" || name == "usdot") && lanes == 4) {
    return ("llvm.aarch64.neon." + name + ".v4i32.v16i8").str();
  }
  if ((name == "smmla" || name == "usmmla") && lanes == 2) {
    return ("llvm.aarch64.neon." + name + ".v4i32.v16i8").str();
  }
  // On more than 128 bits: the same in each 128 of a scalable register.
  if (((name == "smmla" || name == "usmmla") && lanes > 2) ||
      ((name == "sdot" || name == "usdot") && lanes > 4)) {
    return ("llvm.aarch64.sve." + name + ".nxv4i32").str();
  }
  return "";
}
