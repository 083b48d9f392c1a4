//===- MachineLimits.h - What this machine reaches at best -*- C++ -* -===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A roofline has two parts, both measured in the process that uses them, with code
// made for the same target: reading a buffer of the size of the weights again and
// again, and multiply-accumulates on registers alone.
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_DRIVER_MACHINELIMITS_H
#define QUENCH_DRIVER_MACHINELIMITS_H

#include "quench/Target/Target.h"

#include "llvm/Support/Error.h"

#include <cstdint>

namespace quench::driver {

/// Rates of all threads together.
struct MachineLimits {
  /// Sequential reading of a buffer that is already in memory (or in caches, if it fits).
  double readBytesPerSecond = 0;
  /// f32 fused multiply-adds.
  double floatMacsPerSecond = 0;
  /// Products of bf16 summed in f32, or of f32 where the target has none of bf16.
  double shortMacsPerSecond = 0;
  /// 8-bit products summed in 32 bits, by the instruction that the target uses for them.
  double integerMacsPerSecond = 0;

  /// The least time in which so many bytes can be read and so many products be made, both at once.
  double attainableSeconds(double bytes, double floatMacs, double integerMacs) const;
};

/// Measures this machine, which must be able to run `target`. Takes about half a second. `threads`
/// is at least 1; each thread reads its own part of `bufferBytes`, at least one page.
llvm::Expected<MachineLimits> measureMachine(const Target &target, uint64_t bufferBytes,
                                             unsigned threads);

} // namespace quench::driver

#endif // QUENCH_DRIVER_MACHINELIMITS_H
