//===- DeviceTest.cpp - Devices, their memory, and what they refuse -*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// On whatever device of Vulkan there is, in software where tests are run. Kernels are given as the
// text of a spirv.module.
//
//===----------------------------------------------------------------------===//

#include "quench/Device/Device.h"
#include "quench/Device/DeviceMemory.h"

#include "mlir/Dialect/SPIRV/IR/SPIRVDialect.h"
#include "mlir/Dialect/SPIRV/IR/SPIRVOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Target/SPIRV/Serialization.h"

#include "gtest/gtest.h"

#include <cstring>

using namespace llvm;
using namespace quench;

/// y[i] = x[i] + size for 64 elements of a group; buffers begin at an element.
static constexpr const char *kAddText = R"(
  spirv.module Logical GLSL450 requires #spirv.vce<v1.6, [Shader], []> {
    spirv.GlobalVariable @x bind(0, 0) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>
    spirv.GlobalVariable @y bind(0, 1) : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>
    spirv.GlobalVariable @constants : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0]), Block>, PushConstant>
    spirv.GlobalVariable @id built_in("GlobalInvocationId") : !spirv.ptr<vector<3xi32>, Input>
    spirv.func @add() "None" {
      %zero = spirv.Constant 0 : i32
      %one = spirv.Constant 1 : i32
      %two = spirv.Constant 2 : i32
      %idAddress = spirv.mlir.addressof @id : !spirv.ptr<vector<3xi32>, Input>
      %ids = spirv.Load "Input" %idAddress : vector<3xi32>
      %id = spirv.CompositeExtract %ids[0 : i32] : vector<3xi32>
      %constants = spirv.mlir.addressof @constants : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0]), Block>, PushConstant>
      %sizeAt = spirv.AccessChain %constants[%zero, %zero] : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0]), Block>, PushConstant>, i32, i32 -> !spirv.ptr<i32, PushConstant>
      %size = spirv.Load "PushConstant" %sizeAt : i32
      %fromAt = spirv.AccessChain %constants[%zero, %one] : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0]), Block>, PushConstant>, i32, i32 -> !spirv.ptr<i32, PushConstant>
      %from = spirv.Load "PushConstant" %fromAt : i32
      %toAt = spirv.AccessChain %constants[%zero, %two] : !spirv.ptr<!spirv.struct<(!spirv.array<3 x i32, stride=4> [0]), Block>, PushConstant>, i32, i32 -> !spirv.ptr<i32, PushConstant>
      %to = spirv.Load "PushConstant" %toAt : i32
      %source = spirv.IAdd %id, %from : i32
      %target = spirv.IAdd %id, %to : i32
      %x = spirv.mlir.addressof @x : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>
      %y = spirv.mlir.addressof @y : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>
      %xAt = spirv.AccessChain %x[%zero, %source] : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>, i32, i32 -> !spirv.ptr<i32, StorageBuffer>
      %value = spirv.Load "StorageBuffer" %xAt : i32
      %sum = spirv.IAdd %value, %size : i32
      %yAt = spirv.AccessChain %y[%zero, %target] : !spirv.ptr<!spirv.struct<(!spirv.rtarray<i32, stride=4> [0]), Block>, StorageBuffer>, i32, i32 -> !spirv.ptr<i32, StorageBuffer>
      spirv.Store "StorageBuffer" %yAt, %sum : i32
      spirv.Return
    }
    spirv.EntryPoint "GLCompute" @add, @id, @x, @y, @constants
    spirv.ExecutionMode @add "LocalSize", 64, 1, 1
  })";

static std::string assemble(const char *text) {
  mlir::MLIRContext context;
  context.loadDialect<mlir::spirv::SPIRVDialect>();
  auto module = mlir::parseSourceString<mlir::spirv::ModuleOp>(text, &context);
  SmallVector<uint32_t, 0> words;
  if (!module || failed(mlir::spirv::serialize(*module, words))) {
    ADD_FAILURE() << "the kernel does not assemble";
  }
  return {reinterpret_cast<const char *>(words.data()), words.size() * sizeof(uint32_t)};
}

namespace {
class DeviceTest : public testing::Test {
protected:
  void SetUp() override {
    Expected<std::unique_ptr<Device>> opened = Device::open("vulkan");
    ASSERT_TRUE(static_cast<bool>(opened)) << toString(opened.takeError());
    device = std::move(*opened);
  }

  static std::string text(Error error) { return error ? toString(std::move(error)) : "success"; }

  DeviceKernelHandle *load(KernelSignature signature) {
    auto handles = device->load(assemble(kAddText), signature);
    if (!handles) {
      ADD_FAILURE() << toString(handles.takeError());
      return nullptr;
    }
    return handles->front();
  }

  int32_t *newBuffer(uint64_t count) {
    return static_cast<int32_t *>(cantFail(device->allocate(4 * count)));
  }

  std::shared_ptr<Device> device;
};
} // namespace

TEST_F(DeviceTest, KernelsRunInOrderOnBuffersThatBeginAnywhere) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  ASSERT_TRUE(add);
  int32_t *x = newBuffer(200), *y = newBuffer(200);
  for (int32_t i = 0; i < 200; ++i) {
    x[i] = i;
    y[i] = -1;
  }
  // y[7 + i] = x[3 + i] + 1000, then x[5 + i] = y[7 + i] + 50, without a wait in between.
  int32_t *xFrom = x + 3, *yTo = y + 7, *xTo = x + 5;
  int32_t thousand = 1000, fifty = 50;
  device->launch(add, {1, 1, 1}, 64, {&xFrom, &yTo, &thousand});
  device->launch(add, {1, 1, 1}, 64, {&yTo, &xTo, &fifty});
  EXPECT_EQ(text(device->synchronize()), "success");
  for (int32_t i = 0; i < 64; ++i) {
    EXPECT_EQ(y[7 + i], 1003 + i);
    EXPECT_EQ(x[5 + i], 1053 + i);
  }
  EXPECT_EQ(y[6], -1);
  EXPECT_EQ(y[71], -1);
  EXPECT_EQ(x[4], 4);
  EXPECT_EQ(x[69], 69);
}

TEST_F(DeviceTest, GroupsThatAreNoneRunNothing) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  int32_t *x = newBuffer(64), size = 1;
  x[0] = 7;
  device->launch(add, {0, 1, 1}, 64, {&x, &x, &size});
  EXPECT_EQ(text(device->synchronize()), "success");
  EXPECT_EQ(x[0], 7);
}

TEST_F(DeviceTest, MemoryThatIsReleasedServesUntilKernelsEnded) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  int32_t *x = newBuffer(64), *y = newBuffer(64), size = 5;
  std::memset(x, 0, 256);
  device->launch(add, {1, 1, 1}, 64, {&x, &y, &size});
  device->release(x);
  EXPECT_NE(newBuffer(64), x);
  EXPECT_EQ(text(device->synchronize()), "success");
  EXPECT_EQ(y[63], 5);
  EXPECT_EQ(newBuffer(64), x);
}

TEST_F(DeviceTest, WrongLaunchesFailAtTheNextWaitAndNoOther) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  int32_t onHost[64] = {}, *host = onHost, *x = newBuffer(64), size = 1;
  device->launch(add, {1, 1, 1}, 64, {&x, &host, &size});
  device->launch(add, {1, 1, 1}, 64, {&x, &x});
  EXPECT_EQ(text(device->synchronize()), "kernel 'add': a buffer is not in memory of the device");
  device->launch(add, {1, 1, 1}, 64, {&x, &x});
  EXPECT_EQ(text(device->synchronize()), "kernel 'add': expected 3 parameters, found 2");
  device->launch(add, {uint64_t(1) << 40, 1, 1}, 64, {&x, &x, &size});
  std::string message = text(device->synchronize());
  EXPECT_EQ(message.rfind("kernel 'add': 1099511627776 groups, ", 0), 0u) << message;
  EXPECT_EQ(text(device->synchronize()), "success");
}

TEST_F(DeviceTest, KernelsAreMeasuredBetweenStartAndStop) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  int32_t *x = newBuffer(64), size = 1;
  std::memset(x, 0, 256);
  auto launch = [&](int times) {
    for (int i = 0; i < times; ++i) {
      device->launch(add, {1, 1, 1}, 64, {&x, &x, &size});
    }
  };
  launch(3);
  ASSERT_EQ(text(device->startTiming()), "success");
  // More than the queries of one pool, then fewer in the same ones; a wait by the caller and one by
  // the end.
  launch(700);
  EXPECT_EQ(text(device->synchronize()), "success");
  launch(5);
  device->launch(add, {0, 1, 1}, 64, {&x, &x, &size});
  std::vector<KernelTime> times = cantFail(device->stopTiming());
  ASSERT_EQ(times.size(), 1u);
  EXPECT_EQ(times[0].name, "add");
  EXPECT_EQ(times[0].launches, 705u);
  EXPECT_GT(times[0].seconds, 0.0);
  EXPECT_LT(times[0].seconds, 60.0);
  launch(2);
  EXPECT_TRUE(cantFail(device->stopTiming()).empty());
  EXPECT_EQ(x[63], 710);
}

TEST_F(DeviceTest, AFailureWhileKernelsAreMeasuredForgetsThem) {
  DeviceKernelHandle *add = load({"add", 2, 1});
  int32_t *x = newBuffer(64), size = 1;
  ASSERT_EQ(text(device->startTiming()), "success");
  device->launch(add, {1, 1, 1}, 64, {&x, &x, &size});
  device->launch(add, {1, 1, 1}, 64, {&x});
  EXPECT_EQ(text(device->synchronize()), "kernel 'add': expected 3 parameters, found 1");
  device->launch(add, {1, 1, 1}, 64, {&x, &x, &size});
  EXPECT_EQ(cantFail(device->stopTiming()).front().launches, 1u);
}

TEST_F(DeviceTest, WhatIsNoSpirvOrHasNoSuchKernelIsRefused) {
  KernelSignature add{"add", 2, 1};
  for (const char *binary : {"", "not SPIR-V at all...", "\x03\x02\x23\x07"}) {
    auto handles = device->load(binary, add);
    ASSERT_FALSE(static_cast<bool>(handles));
    EXPECT_EQ(toString(handles.takeError()), "expected kernels as a SPIR-V module");
  }
  std::string whole = assemble(kAddText);
  auto other = device->load(whole, KernelSignature{"ad", 2, 1});
  ASSERT_FALSE(static_cast<bool>(other));
  EXPECT_EQ(toString(other.takeError()), "the SPIR-V module has no kernel 'ad'");
  // Cut in the midst of an instruction before the entry point.
  auto cut = device->load(StringRef(whole).take_front(28), add);
  ASSERT_FALSE(static_cast<bool>(cut));
  EXPECT_EQ(toString(cut.takeError()), "the SPIR-V module has no kernel 'add'");
}

TEST_F(DeviceTest, CopiesOfMemoryAreTheirOwn) {
  DeviceMemory first = cantFail(DeviceMemory::allocate(device, 100));
  std::memset(first.data(), 1, 100);
  DeviceMemory second = first;
  ASSERT_FALSE(second.isLost());
  EXPECT_NE(first.data(), second.data());
  EXPECT_EQ(0, std::memcmp(first.data(), second.data(), 100));
  DeviceMemory third = std::move(first);
  EXPECT_EQ(first.data(), nullptr);
  EXPECT_FALSE(first.isLost());
  EXPECT_EQ(third.size(), 100u);
}

TEST(DeviceOptionsTest, MoreMemoryThanTheLimitIsRefused) {
  DeviceOptions options;
  options.memoryLimit = 1000;
  std::shared_ptr<Device> device = cantFail(Device::open("vulkan", options));
  DeviceMemory memory = cantFail(DeviceMemory::allocate(device, 600));
  auto more = DeviceMemory::allocate(device, 401);
  ASSERT_FALSE(static_cast<bool>(more));
  EXPECT_EQ(toString(more.takeError()), ("out of memory on " + device->name() +
                                         ": 401 bytes asked for, 600 in use: the limit is 1000")
                                            .str());
  EXPECT_TRUE(DeviceMemory(memory).isLost());
  // What was released counts no longer.
  memory = DeviceMemory();
  EXPECT_TRUE(static_cast<bool>(DeviceMemory::allocate(device, 1000)));
}

TEST(DeviceOptionsTest, DevicesAreTakenByAPartOfTheirNames) {
  const std::string name = cantFail(Device::open("vulkan"))->name().str();
  DeviceOptions options;
  for (const std::string &part : {name, StringRef(name).upper(), name.substr(1)}) {
    options.name = part;
    EXPECT_EQ(cantFail(Device::open("vulkan", options))->name(), name);
  }
  options.name = name + " II";
  auto device = Device::open("vulkan", options);
  ASSERT_FALSE(static_cast<bool>(device));
  std::string message = toString(device.takeError());
  EXPECT_TRUE(StringRef(message).starts_with("expected a device of Vulkan with '" + options.name +
                                             "' in its name, found "))
      << message;
  EXPECT_TRUE(StringRef(message).contains("found " + name) ||
              StringRef(message).contains(", " + name))
      << message;
}

TEST(DeviceOptionsTest, InterfacesWithoutARuntimeAreNamed) {
  auto device = Device::open("metal");
  ASSERT_FALSE(static_cast<bool>(device));
  EXPECT_EQ(toString(device.takeError()),
            "no runtime for devices of 'metal', expected vulkan or cuda");
}

TEST(DeviceOptionsTest, FeaturesThatVulkanDoesNotHaveAreNamed) {
  for (const char *name : {"shaderInt7", "subgroupSize", "subgroupSize many",
                           "cooperativeMatrix i8 16x16", "cooperativeMatrix i8 16x16x-16"}) {
    DeviceOptions options;
    options.requiredFeatures = {"shaderIntegerDotProduct", name};
    auto device = Device::open("vulkan", options);
    ASSERT_FALSE(static_cast<bool>(device));
    EXPECT_EQ(toString(device.takeError()),
              "unknown feature '" + std::string(name) + "' of Vulkan");
  }
}
