//===- TargetTest.cpp - The list of targets ------------------------------ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Target/Target.h"

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
  EXPECT_EQ(names, (std::set<std::string>{"arm-dotprod", "x86-avx2", "x86-avx512vnni"}));
}

TEST(TargetTest, RegistersAreWholeLanesOfAPowerOfTwo) {
  for (const Target &target : Target::all()) {
    EXPECT_EQ(target.lanes() * 32, target.vectorBits);
    EXPECT_TRUE(target.lanes() == 4 || target.lanes() == 8 || target.lanes() == 16) << target.name;
  }
}

TEST(TargetTest, IntegerProductsMatchTheInstructions) {
  EXPECT_EQ(llvm::cantFail(Target::find("x86-avx512vnni")).integerDot, IntegerDot::UnsignedSigned);
  EXPECT_EQ(llvm::cantFail(Target::find("x86-avx2")).integerDot, IntegerDot::Widen);
  EXPECT_EQ(llvm::cantFail(Target::find("arm-dotprod")).integerDot, IntegerDot::SignedSigned);
}

TEST(TargetTest, UnknownNamesGetTheListOfNames) {
  for (const char *name : {"", "x86", "X86-AVX2", "x86-avx2 "}) {
    llvm::Expected<Target> found = Target::find(name);
    ASSERT_FALSE(static_cast<bool>(found)) << name;
    EXPECT_EQ(llvm::toString(found.takeError()),
              std::string("unknown target '") + name +
                  "', expected host, x86-avx512vnni, x86-avx2, arm-dotprod");
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
