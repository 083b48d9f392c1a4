//===- WeightIntegers.h - Weights as bytes and scales -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_CONVERSION_QUENCHTOTOSA_WEIGHTINTEGERS_H
#define QUENCH_LIB_CONVERSION_QUENCHTOTOSA_WEIGHTINTEGERS_H

#include "quench/WeightStore/WeightStore.h"

#include "mlir/IR/Value.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace quench {

/// Integers of a weight that have a scale for each channel.
struct WeightBlock {
  /// Of the elements of each row.
  int64_t first = 0;
  int64_t count = 0;
  /// `code - zero point`, in the order in which they are stored.
  std::vector<int8_t> integers;
  /// One for each channel.
  llvm::SmallVector<double> scales;
  /// The largest sum of magnitudes of a channel.
  int64_t channelSum = 0;
};

/// The blocks of a dequantized weight whose channels are its rows, N x K or N x KH x KW x C, in
/// order along the rows; or the reason why it is none of integers of 8 bits in blocks of one row or
/// of all rows.
llvm::Expected<std::vector<WeightBlock>> readWeight(mlir::Value dequantized,
                                                    const WeightStore *store);

/// The same of a weight KH x KW x C with its channels last, which is one block.
llvm::Expected<WeightBlock> readChannelsLast(mlir::Value dequantized, const WeightStore *store);

/// The elements of a constant tensor of f32: one in the IR or in the store.
llvm::Expected<std::vector<float>> readFloats(mlir::Value constant, const WeightStore *store);

} // namespace quench

#endif // QUENCH_LIB_CONVERSION_QUENCHTOTOSA_WEIGHTINTEGERS_H
