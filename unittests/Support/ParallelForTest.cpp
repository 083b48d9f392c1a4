//===- ParallelForTest.cpp --------------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every piece is done once, by as many threads as were asked for.
//
//===----------------------------------------------------------------------===//

#include "quench/Support/ParallelFor.h"

#include "gtest/gtest.h"

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using namespace quench;

namespace {

TEST(ParallelFor, each_piece_is_done_once) {
  for (unsigned threads : {0u, 1u, 3u, 100u}) {
    for (size_t count : {0, 1, 2, 1000}) {
      std::vector<int> done(count);
      parallelFor(threads, count, [&](size_t piece) { ++done[piece]; });
      EXPECT_EQ(done, std::vector<int>(count, 1)) << threads << " threads";
    }
  }
}

TEST(ParallelFor, one_thread_is_the_calling_one) {
  std::set<std::thread::id> threads;
  parallelFor(1, 50, [&](size_t) { threads.insert(std::this_thread::get_id()); });
  EXPECT_EQ(threads, std::set<std::thread::id>{std::this_thread::get_id()});
}

TEST(ParallelFor, threads_work_at_the_same_time) {
  // Each piece waits until all have begun.
  std::mutex mutex;
  std::condition_variable begun;
  size_t count = 0;
  parallelFor(4, 4, [&](size_t) {
    std::unique_lock<std::mutex> lock(mutex);
    ++count;
    begun.notify_all();
    EXPECT_TRUE(begun.wait_for(lock, std::chrono::seconds(60), [&] { return count == 4; }));
  });
}

} // namespace
