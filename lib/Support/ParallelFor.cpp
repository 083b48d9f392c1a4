//===- ParallelFor.cpp - Independent pieces of work on threads -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A counter hands out the pieces.
//
//===----------------------------------------------------------------------===//

#include "quench/Support/ParallelFor.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

void quench::parallelFor(unsigned threads, size_t count, llvm::function_ref<void(size_t)> work) {
  if (threads == 0) {
    threads = std::max(1u, std::thread::hardware_concurrency());
  }
  std::atomic<size_t> next = 0;
  auto run = [&] {
    for (size_t piece = next++; piece < count; piece = next++) {
      work(piece);
    }
  };
  std::vector<std::thread> crew;
  for (size_t member = 1; member < std::min<size_t>(threads, count); ++member) {
    crew.emplace_back(run);
  }
  run();
  for (std::thread &member : crew) {
    member.join();
  }
}
