//===- FixedPointKernel.h - Kernels that turn rows of floats into fixed point -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A product of floats with 4-bit codes has to turn every code into a float, which costs more than
// the product. It is cheaper to turn the floats into integers once, and to multiply bytes: three
// byte products instead of four float products and the decoding of four weights.
//
// A row takes a common exponent E, the least one with |x| < 2^E for all its elements. An element
// becomes q = round(x * 2^(22 - E)), so it is off by 2^-23 of the row's largest magnitude at most:
// what the rounding of one f32 sum that this element enters is off by, too. q is stored as three
// signed digits of base 256 in [-128, 127]: q = d0 + 256 d1 + 256^2 d2.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_CODEGEN_FIXEDPOINTKERNEL_H
#define QUENCH_CODEGEN_FIXEDPOINTKERNEL_H

#include "quench/Codegen/KernelBuilder.h"
#include "quench/Codegen/PanelLayout.h"

namespace quench {

/// Turns rows of f32 into digits in the layout that `ContractKernel` reads.
struct FixedPointKernel {
  static constexpr int64_t kDigits = 3;
  /// Sums of so many products of a digit with an unsigned byte fit 32 bits.
  static constexpr int64_t kLargestGroup = 1 << 16;

  GroupLayout groups;

  std::string name() const;

  /// Parameters: input `?xK` f32; digits `codeBuffer` i8, all d0 of a row, padded with zeros,
  /// then all d1 and so on; the scales `?x1` f32 = 2^(E - 22), at least 2^-149, NaN for a row with
  /// an element that is infinite or NaN; sums of each digit in each group `?x(3 G)` i32.
  mlir::func::FuncOp getOrCreate(mlir::ModuleOp module, const Target &target) const;
};

} // namespace quench

#endif // QUENCH_CODEGEN_FIXEDPOINTKERNEL_H
