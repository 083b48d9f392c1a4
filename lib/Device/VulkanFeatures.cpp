//===- VulkanFeatures.cpp - What kernels need of a device of Vulkan -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanFeatures.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/Twine.h"

using namespace llvm;
using namespace quench;

namespace {
struct Flag {
  StringLiteral name;
  VkBool32 &(*of)(VulkanFeatureStructures &structures);
};
} // namespace

using Structures = VulkanFeatureStructures;
static constexpr Flag kFlags[] = {
    {"shaderIntegerDotProduct",
     [](Structures &s) -> VkBool32 & { return s.version13.shaderIntegerDotProduct; }},
    {"shaderFloat16", [](Structures &s) -> VkBool32 & { return s.version12.shaderFloat16; }},
    {"shaderInt8", [](Structures &s) -> VkBool32 & { return s.version12.shaderInt8; }},
    {"vulkanMemoryModel",
     [](Structures &s) -> VkBool32 & { return s.version12.vulkanMemoryModel; }},
    {"subgroupSizeControl",
     [](Structures &s) -> VkBool32 & { return s.version13.subgroupSizeControl; }},
    {"computeFullSubgroups",
     [](Structures &s) -> VkBool32 & { return s.version13.computeFullSubgroups; }},
    {"cooperativeMatrix", [](Structures &s) -> VkBool32 & { return s.matrices.cooperativeMatrix; }},
};
static constexpr size_t kCooperativeMatrix = std::size(kFlags) - 1;

void *VulkanFeatureStructures::chain(bool hasMatrices) {
  version12 = structure<VkPhysicalDeviceVulkan12Features>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
  version13 = structure<VkPhysicalDeviceVulkan13Features>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES);
  matrices = structure<CooperativeMatrixFeatures>(kCooperativeMatrixFeaturesType);
  version12.pNext = &version13;
  version13.pNext = hasMatrices ? &matrices : nullptr;
  return &version12;
}

/// "cooperativeMatrix f16 16x16x16"
static std::optional<VulkanMatrix> parseMatrix(StringRef name) {
  VulkanMatrix matrix;
  if (!name.consume_front("cooperativeMatrix ")) {
    return std::nullopt;
  }
  auto [element, rest] = name.split(' ');
  SmallVector<StringRef> sizes;
  rest.split(sizes, 'x');
  matrix.isHalf = element == "f16";
  if ((!matrix.isHalf && element != "i8") || sizes.size() != matrix.sizes.size()) {
    return std::nullopt;
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i].getAsInteger(10, matrix.sizes[i])) {
      return std::nullopt;
    }
  }
  return matrix;
}

Expected<VulkanFeatures> VulkanFeatures::parse(ArrayRef<std::string> names) {
  VulkanFeatures result;
  for (StringRef name : names) {
    const auto *flag = find_if(kFlags, [&](const Flag &each) { return each.name == name; });
    if (flag != std::end(kFlags)) {
      result.flags.push_back(flag - std::begin(kFlags));
      continue;
    }
    StringRef rest = name;
    if (rest.consume_front("subgroupSize ") && !rest.getAsInteger(10, result.subgroupSize)) {
      continue;
    }
    if (std::optional<VulkanMatrix> matrix = parseMatrix(name)) {
      result.matrices.push_back(*matrix);
      continue;
    }
    return createStringError("unknown feature '" + name + "' of Vulkan");
  }
  return result;
}

bool VulkanFeatures::hasMatrices() const { return is_contained(flags, kCooperativeMatrix); }

static bool hasExtension(const VulkanLibrary &vk, VkPhysicalDevice device, StringRef name) {
  uint32_t count = 0;
  vk.EnumerateDeviceExtensionProperties(device, nullptr, &count, nullptr);
  std::vector<VkExtensionProperties> extensions(count);
  vk.EnumerateDeviceExtensionProperties(device, nullptr, &count, extensions.data());
  return any_of(extensions,
                [&](const VkExtensionProperties &each) { return each.extensionName == name; });
}

/// Why subgroups cannot have so many threads.
static std::string refuseSubgroups(const VulkanLibrary &vk, VkPhysicalDevice device,
                                   uint32_t size) {
  auto found = structure<VkPhysicalDeviceVulkan13Properties>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_PROPERTIES);
  auto properties =
      structure<VkPhysicalDeviceProperties2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2);
  properties.pNext = &found;
  vk.GetPhysicalDeviceProperties2(device, &properties);
  if (size >= found.minSubgroupSize && size <= found.maxSubgroupSize &&
      (found.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT)) {
    return "";
  }
  return ("has subgroups of " + Twine(found.minSubgroupSize) + " to " +
          Twine(found.maxSubgroupSize) + " threads, expected " + Twine(size))
      .str();
}

/// All matrices that subgroups multiply: of signed bytes with sums in i32, of f16 in f32.
static std::vector<VulkanMatrix> findMatrices(const VulkanLibrary &vk, VkPhysicalDevice device) {
  auto query = reinterpret_cast<GetCooperativeMatrixProperties>(
      vk.GetInstanceProcAddr(vk.instance, "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"));
  uint32_t count = 0;
  if (!query || query(device, &count, nullptr) != VK_SUCCESS) {
    return {};
  }
  std::vector<CooperativeMatrixProperties> found(
      count, structure<CooperativeMatrixProperties>(kCooperativeMatrixPropertiesType));
  if (query(device, &count, found.data()) != VK_SUCCESS) {
    return {};
  }
  std::vector<VulkanMatrix> matrices;
  for (const CooperativeMatrixProperties &each : found) {
    const bool isHalf = each.a == ComponentType::Float16;
    const ComponentType element = isHalf ? ComponentType::Float16 : ComponentType::SInt8;
    const ComponentType sum = isHalf ? ComponentType::Float32 : ComponentType::SInt32;
    if (each.a == element && each.b == element && each.c == sum && each.result == sum &&
        !each.saturatingAccumulation && each.scope == MatrixScope::Subgroup) {
      matrices.push_back({isHalf, {each.rows, each.columns, each.depth}});
    }
  }
  return matrices;
}

/// Why a device with these matrices does not multiply those.
static std::string refuseMatrix(ArrayRef<VulkanMatrix> found, const VulkanMatrix &matrix) {
  auto describe = [](const VulkanMatrix &each) {
    const auto &[rows, columns, depth] = each.sizes;
    return (Twine(rows) + "x" + Twine(columns) + "x" + Twine(depth)).str();
  };
  std::string sizes;
  for (const VulkanMatrix &each : found) {
    if (each == matrix) {
      return "";
    }
    if (each.isHalf == matrix.isHalf) {
      sizes += (sizes.empty() ? "" : ", ") + describe(each);
    }
  }
  return "has cooperative matrices of " + std::string(matrix.isHalf ? "f16" : "i8") + " in " +
         (sizes.empty() ? "no size" : sizes) + ", expected " + describe(matrix);
}

std::string VulkanFeatures::refuse(const VulkanLibrary &vk, VkPhysicalDevice device) const {
  if (empty()) {
    return "";
  }
  Structures structures;
  auto features =
      structure<VkPhysicalDeviceFeatures2>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2);
  features.pNext = structures.chain(hasExtension(vk, device, kCooperativeMatrixExtension));
  vk.GetPhysicalDeviceFeatures2(device, &features);
  for (size_t flag : flags) {
    if (!kFlags[flag].of(structures)) {
      return "lacks the feature " + kFlags[flag].name.str();
    }
  }
  if (subgroupSize != 0) {
    if (std::string reason = refuseSubgroups(vk, device, subgroupSize); !reason.empty()) {
      return reason;
    }
  }
  std::vector<VulkanMatrix> found;
  if (!matrices.empty()) {
    found = findMatrices(vk, device);
  }
  for (const VulkanMatrix &matrix : matrices) {
    if (std::string reason = refuseMatrix(found, matrix); !reason.empty()) {
      return reason;
    }
  }
  return "";
}

void *VulkanFeatures::enable(VulkanFeatureStructures &structures) const {
  if (empty()) {
    return nullptr;
  }
  void *first = structures.chain(hasMatrices());
  for (size_t flag : flags) {
    kFlags[flag].of(structures) = VK_TRUE;
  }
  return first;
}
