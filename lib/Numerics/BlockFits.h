//===- BlockFits.h - Something for every block ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// How the searches for scales visit the blocks of a tensor.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_LIB_NUMERICS_BLOCKFITS_H
#define QUENCH_LIB_NUMERICS_BLOCKFITS_H

#include "quench/Numerics/WeightRange.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace quench::numerics {

/// Calls fit(block, its values, its importance) for all blocks, on threads. Excluded elements are
/// left out; the importance is empty when there is none. Of several errors the one of the first
/// block is returned.
llvm::Expected<std::vector<BlockFit>>
fitBlocks(llvm::ArrayRef<float> values, llvm::ArrayRef<int64_t> shape, const Scheme &scheme,
          const RangeOptions &options,
          llvm::function_ref<llvm::Expected<BlockFit>(size_t, llvm::ArrayRef<float>,
                                                      llvm::ArrayRef<float>)>
              fit);

} // namespace quench::numerics

#endif // QUENCH_LIB_NUMERICS_BLOCKFITS_H
