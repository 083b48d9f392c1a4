//===- TargetTest.cpp - The list of targets ------------------------------ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Target/TargetSpec.h"

#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

#include "gtest/gtest.h"

#include <set>

using namespace quench;

TEST(TargetTest, EveryTargetIsFoundByItsName) {
  std::set<std::string> names;
  for (const Target &target : Target::all()) {
    EXPECT_TRUE(names.insert(target.name).second) << target.name;
    llvm::Expected<Target> found = Target::find(target.name);
    ASSERT_TRUE(static_cast<bool>(found));
    EXPECT_EQ(found->name, target.name);
    EXPECT_EQ(found->features, target.features);
    EXPECT_FALSE(target.summary.empty());
  }
  EXPECT_EQ(names, (std::set<std::string>{"amdgpu-gfx1100",   "amdgpu-gfx90a",  "amdgpu-gfx942",
                                          "arm-dotprod",      "arm-i8mm",       "arm-neon",
                                          "arm-sme",          "arm-sve2",       "arm-sve256",
                                          "nvptx-sm100",      "nvptx-sm80",     "nvptx-sm89",
                                          "nvptx-sm90",       "nvptx-sm90a",    "tosa",
                                          "vulkan",           "vulkan-1.1",     "vulkan-coopmat16",
                                          "vulkan-coopmat32", "x86-amx",        "x86-avx2",
                                          "x86-avx512bf16",   "x86-avx512vnni", "x86-avxvnni",
                                          "x86-sse41"}));
}

TEST(TargetTest, RegistersAreWholeLanesOfAPowerOfTwo) {
  for (const Target &target : Target::all()) {
    EXPECT_EQ(target.lanes() * 32, target.vectorBits);
    EXPECT_TRUE(target.lanes() == 4 || target.lanes() == 8 || target.lanes() == 16) << target.name;
  }
}

TEST(TargetTest, IntegerProductsMatchTheInstructions) {
  EXPECT_EQ(llvm::cantFail(Target::find("x86-avx512vnni")).integerDot(),
            IntegerDot::UnsignedSigned);
  EXPECT_EQ(llvm::cantFail(Target::find("x86-avx2")).integerDot(), IntegerDot::Widen);
  EXPECT_EQ(llvm::cantFail(Target::find("arm-dotprod")).integerDot(), IntegerDot::SignedSigned);
}

TEST(TargetTest, TheFastestProductOfBytesIsTaken) {
  Target target = llvm::cantFail(Target::find("x86-avxvnni"));
  ASSERT_NE(target.integerProduct(), nullptr);
  EXPECT_EQ(target.integerProduct()->instruction, "vpdpbusd");
  EXPECT_EQ(target.integerProduct()->macsPerCycle(), 64.0);
  NativeProduct faster = {"tdpbusd",       NumberType::UI8, NumberType::I8,
                          NumberType::I32, {16, 16, 64},    1.0 / 16.0};
  target.products.push_back(faster);
  EXPECT_EQ(target.integerProduct()->instruction, "tdpbusd");
  EXPECT_EQ(target.matrixProduct(), target.integerProduct());
  EXPECT_EQ(target.dotProduct()->instruction, "vpdpbusd");
  // Signed weights are not what the product of one row takes.
  target.products.back().weights = NumberType::I8;
  EXPECT_EQ(target.matrixProduct(), nullptr);
  EXPECT_EQ(target.findProduct(NumberType::F32, NumberType::F32)->instruction, "fma");
  EXPECT_EQ(target.findProduct(NumberType::BF16, NumberType::BF16), nullptr);
  target.products.clear();
  EXPECT_EQ(target.integerProduct(), nullptr);
  EXPECT_EQ(target.integerDot(), IntegerDot::Widen);
}

TEST(TargetTest, TheFirstIsTheFastestOfItsArchitecture) {
  for (size_t i = 1; i < Target::all().size(); ++i) {
    if (Target::all()[i].isDevice() && !Target::all()[i - 1].isDevice()) {
      continue;
    }
    EXPECT_GE(Target::all()[i - 1].integerProduct()->macsPerCycle(),
              Target::all()[i].integerProduct()->macsPerCycle());
  }
}

TEST(TargetTest, WhatIsPrintedIsReadAgain) {
  for (const Target &target : Target::all()) {
    mlir::MLIRContext context;
    context.loadDialect<mlir::DLTIDialect>();
    mlir::OwningOpRef<mlir::ModuleOp> module =
        mlir::parseSourceString<mlir::ModuleOp>(printTarget(target), &context);
    ASSERT_TRUE(module);
    mlir::FailureOr<Target> read = getTarget(*module);
    ASSERT_TRUE(mlir::succeeded(read)) << target.name;
    EXPECT_EQ(printTarget(*read), printTarget(target));
    EXPECT_EQ(read->required, target.required);
    EXPECT_EQ(read->products.size(), target.products.size());
  }
}

TEST(TargetTest, ADeviceIsBesideTheHost) {
  Target device = llvm::cantFail(Target::find("vulkan"));
  EXPECT_TRUE(device.isDevice());
  EXPECT_FALSE(device.runsHere());
  EXPECT_EQ(device.caller().name, Target::host().name);
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module =
      mlir::ModuleOp::create(mlir::UnknownLoc::get(&context));
  context.loadDialect<mlir::DLTIDialect>();
  setTarget(*module, Target::host());
  setTarget(*module, device);
  mlir::FailureOr<Target> read = getTarget(*module);
  ASSERT_TRUE(mlir::succeeded(read));
  EXPECT_EQ(read->name, "vulkan");
}

TEST(TargetTest, DeviceFeaturesNameTheMatricesOfProducts) {
  Target target = llvm::cantFail(Target::find("vulkan-coopmat32"));
  std::vector<std::string> expected = target.required;
  expected.insert(expected.end(), {"subgroupSize 32", "cooperativeMatrix i8 16x16x32",
                                   "cooperativeMatrix f16 16x16x16"});
  EXPECT_EQ(target.deviceFeatures(), expected);
  ASSERT_NE(target.findProduct("OpCooperativeMatrixMulAddKHR.i8"), nullptr);
  EXPECT_EQ(target.findProduct("OpCooperativeMatrixMulAddKHR.i8"), target.integerProduct());
  EXPECT_EQ(target.findProduct("wgmma"), nullptr);
  Target plain = llvm::cantFail(Target::find("vulkan"));
  EXPECT_EQ(plain.deviceFeatures(), plain.required);
}

TEST(TargetTest, UnknownNamesGetTheListOfNames) {
  for (const char *name : {"", "x86", "X86-AVX2", "x86-avx2 "}) {
    llvm::Expected<Target> found = Target::find(name);
    ASSERT_FALSE(static_cast<bool>(found)) << name;
    std::string message = llvm::toString(found.takeError());
    EXPECT_EQ(message.rfind(std::string("unknown target '") + name + "', expected host, ", 0), 0u);
    EXPECT_NE(message.find("arm-dotprod"), std::string::npos);
  }
}

TEST(TargetTest, TheHostIsTheFirstThatRuns) {
  auto first = llvm::find_if(Target::all(), [](const Target &t) { return t.runsHere(); });
  if (first == Target::all().end()) {
    EXPECT_FALSE(static_cast<bool>(Target::find("host")));
    GTEST_SKIP() << "no built-in target runs here";
  }
  EXPECT_EQ(Target::host().name, first->name);
  llvm::Expected<Target> found = Target::find("host");
  ASSERT_TRUE(static_cast<bool>(found));
  EXPECT_EQ(found->name, first->name);
}

TEST(TargetTest, OtherArchitecturesDoNotRunHere) {
  llvm::Triple here(llvm::sys::getProcessTriple());
  for (const Target &target : Target::all()) {
    if (llvm::Triple(target.triple).getArch() != here.getArch()) {
      EXPECT_FALSE(target.runsHere()) << target.name;
    }
  }
}
