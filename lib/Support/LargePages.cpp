//===- LargePages.cpp - Memory on large pages -------------------- -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/LargePages.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemAlloc.h"

#include <cassert>

#include <sys/mman.h>

using namespace quench;

void *LargePages::Allocate(size_t size, size_t alignment) {
  assert(alignment <= kPageBytes && "expected less than the alignment of a page");
  size = llvm::alignTo(size, kPageBytes);
  void *memory = llvm::allocate_buffer(size, kPageBytes);
#ifdef MADV_HUGEPAGE
  // A wish: without it the bytes are the same.
  ::madvise(memory, size, MADV_HUGEPAGE);
#endif
  return memory;
}

void LargePages::Deallocate(const void *memory, size_t size, size_t) {
  llvm::deallocate_buffer(const_cast<void *>(memory), llvm::alignTo(size, kPageBytes), kPageBytes);
}
