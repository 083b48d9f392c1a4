//===- VulkanTimer.cpp - Timestamps of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanTimer.h"

#include "llvm/Support/MathExtras.h"

using namespace llvm;
using namespace quench;

static constexpr uint32_t kQueries = 1024;

VulkanTimer::~VulkanTimer() {
  for (VkQueryPool pool : pools) {
    vk.DestroyQueryPool(device, pool, nullptr);
  }
}

Error VulkanTimer::record(size_t stamp) {
  const size_t number = stamp / kQueries;
  const auto query = static_cast<uint32_t>(stamp % kQueries);
  if (number == pools.size()) {
    auto info = structure<VkQueryPoolCreateInfo>(VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO);
    info.queryType = VK_QUERY_TYPE_TIMESTAMP;
    info.queryCount = kQueries;
    VkQueryPool pool = VK_NULL_HANDLE;
    if (VkResult result = vk.CreateQueryPool(device, &info, nullptr, &pool); result != VK_SUCCESS) {
      return createStringError(describeResult(result));
    }
    pools.push_back(pool);
  }
  if (query == 0) {
    vk.CmdResetQueryPool(commands, pools[number], 0, kQueries);
  }
  // The top of the pipe would not wait for the launch before.
  vk.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pools[number], query);
  return Error::success();
}

Expected<uint64_t> VulkanTimer::read(size_t stamp) const {
  uint64_t value = 0;
  // All has ended, so a stamp that is missing never comes.
  VkResult result = vk.GetQueryPoolResults(
      device, pools[stamp / kQueries], static_cast<uint32_t>(stamp % kQueries), 1, sizeof(value),
      &value, sizeof(value), VK_QUERY_RESULT_64_BIT);
  if (result != VK_SUCCESS) {
    return createStringError(describeResult(result));
  }
  return value;
}

Expected<double> VulkanTimer::elapsed(size_t from, size_t to) {
  Expected<uint64_t> begin = read(from);
  if (!begin) {
    return begin.takeError();
  }
  Expected<uint64_t> end = read(to);
  if (!end) {
    return end.takeError();
  }
  // The clock begins again at 0 when its bits are used up.
  const uint64_t steps = (*end - *begin) & maskTrailingOnes<uint64_t>(clock.bits);
  return static_cast<double>(steps) * clock.period * 1e-9;
}
