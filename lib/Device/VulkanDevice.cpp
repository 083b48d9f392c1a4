//===- VulkanDevice.cpp - Opening a device of Vulkan, and its kernels -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "VulkanDevice.h"

#include "DeviceName.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Twine.h"

#include <algorithm>

using namespace llvm;
using namespace quench;

/// "1.3"
static std::string describeVersion(uint32_t version) {
  return std::to_string(VK_API_VERSION_MAJOR(version)) + "." +
         std::to_string(VK_API_VERSION_MINOR(version));
}

std::string VulkanDevice::refuse(VkPhysicalDevice candidate,
                                 const VkPhysicalDeviceProperties &found) const {
  if (found.apiVersion < features.version()) {
    return "has Vulkan " + describeVersion(found.apiVersion) + ", expected " +
           describeVersion(features.version());
  }
  return features.refuse(vk, candidate);
}

/// Smaller is better.
static int rankOf(VkPhysicalDeviceType type) {
  switch (type) {
  case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
    return 0;
  case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
    return 1;
  case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
    return 2;
  default:
    return 3;
  }
}

Expected<std::unique_ptr<Device>> VulkanDevice::open(const DeviceOptions &options) {
  auto result = std::make_unique<VulkanDevice>();
  Expected<VulkanFeatures> features = VulkanFeatures::parse(options.requiredFeatures);
  if (!features) {
    return features.takeError();
  }
  result->features = std::move(*features);
  result->options = options;
  if (Error error = result->vk.open()) {
    return std::move(error);
  }
  if (Error error = result->choose()) {
    return std::move(error);
  }
  if (Error error = result->create()) {
    return std::move(error);
  }
  return std::unique_ptr<Device>(std::move(result));
}

Error VulkanDevice::choose() {
  uint32_t count = 0;
  vk.EnumeratePhysicalDevices(vk.instance, &count, nullptr);
  std::vector<VkPhysicalDevice> devices(count);
  vk.EnumeratePhysicalDevices(vk.instance, &count, devices.data());
  std::string refused;
  std::vector<std::string> others;
  for (VkPhysicalDevice candidate : devices) {
    VkPhysicalDeviceProperties found = {};
    vk.GetPhysicalDeviceProperties(candidate, &found);
    if (!isWanted(found.deviceName, options.name)) {
      others.push_back(found.deviceName);
      continue;
    }
    std::string reason = refuse(candidate, found);
    if (!reason.empty()) {
      refused += std::string(refused.empty() ? ": " : ", ") + found.deviceName + " " + reason;
    } else if (!physical || rankOf(found.deviceType) < rankOf(properties.deviceType)) {
      physical = candidate;
      properties = found;
    }
  }
  if (!devices.empty() && others.size() == devices.size()) {
    return noneIsWanted("Vulkan", options.name, others);
  }
  if (!physical) {
    return createStringError("no device of Vulkan can run kernels" +
                             (devices.empty() ? std::string(": there is none") : refused));
  }
  vk.GetPhysicalDeviceMemoryProperties(physical, &memories);
  return Error::success();
}

Error VulkanDevice::create() {
  uint32_t count = 0;
  vk.GetPhysicalDeviceQueueFamilyProperties(physical, &count, nullptr);
  std::vector<VkQueueFamilyProperties> families(count);
  vk.GetPhysicalDeviceQueueFamilyProperties(physical, &count, families.data());
  auto family = find_if(families, [](const VkQueueFamilyProperties &each) {
    return each.queueFlags & VK_QUEUE_COMPUTE_BIT;
  });
  auto index = static_cast<uint32_t>(family - families.begin());
  if (index == count) {
    return createStringError(name() + " has no queue for compute shaders");
  }
  clock = {family->timestampValidBits, properties.limits.timestampPeriod};
  float priority = 1.0f;
  auto queueInfo = structure<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
  queueInfo.queueFamilyIndex = index;
  queueInfo.queueCount = 1;
  queueInfo.pQueuePriorities = &priority;
  VulkanFeatureStructures structures;
  auto info = structure<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO);
  info.pNext = features.enable(structures);
  info.enabledExtensionCount = features.hasMatrices() ? 1 : 0;
  info.ppEnabledExtensionNames = &kCooperativeMatrixExtension;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queueInfo;
  if (VkResult result = vk.CreateDevice(physical, &info, nullptr, &device); result != VK_SUCCESS) {
    return createStringError("cannot open " + name() + ": " + describeResult(result));
  }
  if (Error error = vk.loadDevice(device)) {
    return error;
  }
  return createQueueObjects(index);
}

Error VulkanDevice::createQueueObjects(uint32_t family) {
  vk.GetDeviceQueue(device, family, 0, &queue);
  auto poolInfo = structure<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
  poolInfo.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  poolInfo.queueFamilyIndex = family;
  VkResult result = vk.CreateCommandPool(device, &poolInfo, nullptr, &commandPool);
  if (result == VK_SUCCESS) {
    auto info =
        structure<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
    info.commandPool = commandPool;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    result = vk.AllocateCommandBuffers(device, &info, &commands);
  }
  if (result == VK_SUCCESS) {
    auto info = structure<VkFenceCreateInfo>(VK_STRUCTURE_TYPE_FENCE_CREATE_INFO);
    result = vk.CreateFence(device, &info, nullptr, &fence);
  }
  return result == VK_SUCCESS
             ? Error::success()
             : createStringError("cannot open " + name() + ": " + describeResult(result));
}

VulkanDevice::~VulkanDevice() {
  if (device && vk.DestroyDevice) {
    if (Error error = synchronize()) {
      consumeError(std::move(error));
    }
    timer.reset();
    for (const std::unique_ptr<VulkanKernel> &kernel : kernels) {
      vk.DestroyPipeline(device, kernel->pipeline, nullptr);
      vk.DestroyPipelineLayout(device, kernel->layout, nullptr);
      vk.DestroyDescriptorSetLayout(device, kernel->setLayout, nullptr);
    }
    destroyAll();
    for (VkDescriptorPool pool : pools) {
      vk.DestroyDescriptorPool(device, pool, nullptr);
    }
    vk.DestroyFence(device, fence, nullptr);
    vk.DestroyCommandPool(device, commandPool, nullptr);
    vk.DestroyDevice(device, nullptr);
  }
  if (vk.instance && vk.DestroyInstance) {
    vk.DestroyInstance(vk.instance, nullptr);
  }
}

/// Whether a module has an entry point; drivers need not check that.
static bool hasEntryPoint(ArrayRef<uint32_t> words, StringRef name) {
  constexpr uint32_t kEntryPoint = 15;
  constexpr size_t kHeader = 5, kName = 3;
  for (size_t at = kHeader; at < words.size();) {
    size_t length = words[at] >> 16;
    if (length == 0 || length > words.size() - at) {
      return false;
    }
    if ((words[at] & 0xffff) == kEntryPoint && length > kName) {
      StringRef rest(reinterpret_cast<const char *>(&words[at + kName]), 4 * (length - kName));
      if (rest.take_until([](char c) { return c == 0; }) == name) {
        return true;
      }
    }
    at += length;
  }
  return false;
}

Expected<std::vector<DeviceKernelHandle *>>
VulkanDevice::load(StringRef binary, ArrayRef<KernelSignature> signatures) {
  constexpr uint32_t kMagic = 0x07230203;
  std::vector<uint32_t> words(binary.size() / sizeof(uint32_t));
  std::copy_n(binary.begin(), words.size() * sizeof(uint32_t),
              reinterpret_cast<char *>(words.data()));
  if (words.size() < 5 || words[0] != kMagic || binary.size() % sizeof(uint32_t) != 0) {
    return createStringError("expected kernels as a SPIR-V module");
  }
  auto info = structure<VkShaderModuleCreateInfo>(VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO);
  info.codeSize = binary.size();
  info.pCode = words.data();
  for (const KernelSignature &signature : signatures) {
    if (!hasEntryPoint(words, signature.name)) {
      return createStringError("the SPIR-V module has no kernel '" + signature.name + "'");
    }
  }
  VkShaderModule module = VK_NULL_HANDLE;
  if (VkResult result = vk.CreateShaderModule(device, &info, nullptr, &module);
      result != VK_SUCCESS) {
    return createStringError(name() + " rejects the kernels: " + describeResult(result));
  }
  std::vector<DeviceKernelHandle *> handles;
  for (const KernelSignature &signature : signatures) {
    auto kernel = std::make_unique<VulkanKernel>();
    kernel->signature = signature;
    Error error = createPipeline(*kernel, module);
    handles.push_back(kernel.get());
    kernels.push_back(std::move(kernel));
    if (error) {
      vk.DestroyShaderModule(device, module, nullptr);
      return std::move(error);
    }
  }
  vk.DestroyShaderModule(device, module, nullptr);
  return handles;
}

Error VulkanDevice::createPipeline(VulkanKernel &kernel, VkShaderModule module) {
  const KernelSignature &signature = kernel.signature;
  auto buffers = static_cast<uint32_t>(signature.buffers);
  std::vector<VkDescriptorSetLayoutBinding> bindings(buffers);
  for (uint32_t i = 0; i < buffers; ++i) {
    bindings[i] = {i, VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr};
  }
  auto setInfo = structure<VkDescriptorSetLayoutCreateInfo>(
      VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO);
  setInfo.bindingCount = buffers;
  setInfo.pBindings = bindings.data();
  VkResult result = vk.CreateDescriptorSetLayout(device, &setInfo, nullptr, &kernel.setLayout);
  if (result == VK_SUCCESS) {
    auto words = static_cast<uint32_t>(signature.buffers + signature.sizes);
    VkPushConstantRange range = {VK_SHADER_STAGE_COMPUTE_BIT, 0, 4 * words};
    auto info =
        structure<VkPipelineLayoutCreateInfo>(VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO);
    info.setLayoutCount = 1;
    info.pSetLayouts = &kernel.setLayout;
    info.pushConstantRangeCount = 1;
    info.pPushConstantRanges = &range;
    result = vk.CreatePipelineLayout(device, &info, nullptr, &kernel.layout);
  }
  if (result == VK_SUCCESS) {
    auto info =
        structure<VkComputePipelineCreateInfo>(VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO);
    info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
    info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
    info.stage.module = module;
    info.stage.pName = signature.name.c_str();
    info.layout = kernel.layout;
    auto size = structure<VkPipelineShaderStageRequiredSubgroupSizeCreateInfo>(
        VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO);
    size.requiredSubgroupSize = features.subgroupSize;
    if (features.subgroupSize != 0) {
      info.stage.pNext = &size;
      info.stage.flags = VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT;
    }
    result = vk.CreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &kernel.pipeline);
  }
  return result == VK_SUCCESS ? Error::success()
                              : createStringError(name() + " rejects kernel '" + signature.name +
                                                  "': " + describeResult(result));
}
