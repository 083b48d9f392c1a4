//===- LargePages.h - Memory on large pages ----------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_SUPPORT_LARGEPAGES_H
#define QUENCH_SUPPORT_LARGEPAGES_H

#include "llvm/Support/AllocatorBase.h"

namespace quench {

/// Memory that kernels read from front to back, faster than pages of 4 kB are found: whole pages of
/// 2 MB, which the system backs by such where it can. Takes addresses, not memory, until it is
/// written.
class LargePages : public llvm::AllocatorBase<LargePages> {
public:
  static constexpr size_t kPageBytes = 2 << 20;

  /// `size` bytes, rounded up to whole pages, at the beginning of one.
  void *Allocate(size_t size, size_t alignment);
  void Deallocate(const void *memory, size_t size, size_t alignment);

  using AllocatorBase::Allocate;
  using AllocatorBase::Deallocate;
};

} // namespace quench

#endif // QUENCH_SUPPORT_LARGEPAGES_H
