//===- StorageError.h - What storing a block costs --------------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The measure of every search over scales.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_STORAGEERROR_H
#define QUENCH_LIB_NUMERICS_STORAGEERROR_H

#include "quench/Numerics/QuantizeTensor.h"

#include "llvm/ADT/ArrayRef.h"

namespace quench::numerics {

/// The sum of importance * (x - decode(encode(x)))^2 over the values of a block. The difference is
/// one of f32 numbers, the sum is f64; its order is fixed, so that the result is the same on every
/// machine. `importance` is empty or as long as `values`.
double storageError(llvm::ArrayRef<float> values, llvm::ArrayRef<float> importance,
                    const BlockCoding &coding, const Encoding &element);

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_STORAGEERROR_H
