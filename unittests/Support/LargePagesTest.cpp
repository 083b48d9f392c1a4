//===- LargePagesTest.cpp -------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Support/LargePages.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Allocator.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace llvm;
using namespace quench;

namespace {

TEST(LargePages, BeginAtPagesAndEndWithThem) {
  LargePages pages;
  for (size_t size : {size_t(1), LargePages::kPageBytes, LargePages::kPageBytes + 1}) {
    auto *memory = static_cast<char *>(pages.Allocate(size, 64));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % LargePages::kPageBytes, 0u) << size;
    std::memset(memory, 1, alignTo(size, LargePages::kPageBytes));
    pages.Deallocate(memory, size, 64);
  }
}

/// What small and large pieces of one allocator are used for: nothing of one is in another.
TEST(LargePages, PiecesKeepTheirBytes) {
  BumpPtrAllocatorImpl<LargePages, 2 * LargePages::kPageBytes> allocator;
  SmallVector<MutableArrayRef<char>> pieces;
  for (size_t size : {size_t(0), size_t(100), size_t(1 << 20), size_t(3 << 20), size_t(5 << 20)}) {
    auto *memory = static_cast<char *>(allocator.Allocate(size, Align(64)));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % 64, 0u) << size;
    std::memset(memory, static_cast<int>(pieces.size()), size);
    pieces.push_back({memory, size});
  }
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_TRUE(all_of(pieces[i], [&](char byte) { return byte == static_cast<char>(i); })) << i;
  }
  // The small ones share a page.
  EXPECT_LT(pieces[1].data() - pieces[0].data(), 200);
}

} // namespace
