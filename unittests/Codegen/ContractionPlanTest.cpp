//===- ContractionPlanTest.cpp - The search for the cheapest product ------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/ContractionPlan.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"

#include "mlir/AsmParser/AsmParser.h"

#include "gtest/gtest.h"

using namespace quench;

namespace {
constexpr const char *kByToken = "i8, block = [1, *], scale = f32";

class ContractionPlanTest : public testing::Test {
protected:
  ContractionPlanTest() { context.loadDialect<QuenchDialect>(); }

  QTensorType type(int64_t n, int64_t k, const std::string &scheme) {
    auto attribute =
        llvm::cast<SchemeAttr>(mlir::parseAttribute("#quench.scheme<" + scheme + ">", &context));
    return QTensorType::get(mlir::RankedTensorType::get({n, k}, mlir::Float32Type::get(&context)),
                            attribute);
  }
  llvm::SmallVector<ContractionChoice> plan(const Target &target, const std::string &weights,
                                            const char *activations = nullptr) {
    mlir::Type lhs = activations ? type(64, 4096, activations) : QTensorType();
    return planContraction(target, type(4096, 4096, weights), lhs);
  }
  static Target target(const char *name) { return llvm::cantFail(Target::find(name)); }

  mlir::MLIRContext context;
};
} // namespace

TEST_F(ContractionPlanTest, ProductsOfCodesComeFirst) {
  for (const Target &target : Target::all()) {
    auto choices = plan(target, "i4, block = [1, 32], scale = f16", kByToken);
    ASSERT_EQ(choices.size(), 4u);
    EXPECT_EQ(choices[0].form, ContractionForm::Integer) << target.name;
    EXPECT_EQ(choices[0].container, PanelContainer::I4);
    EXPECT_EQ(choices[0].product, target.integerProduct());
  }
}

TEST_F(ContractionPlanTest, FloatsBecomeFixedPointWhereBytesAreFast) {
  const std::pair<const char *, ContractionForm> expected[] = {
      {"x86-avx512vnni", ContractionForm::FixedPoint},
      {"arm-dotprod", ContractionForm::FixedPoint},
      {"x86-avx2", ContractionForm::DecodedInRegisters},
      {"arm-neon", ContractionForm::DecodedInRegisters}};
  for (auto [name, form] : expected) {
    EXPECT_EQ(plan(target(name), "i4, block = [1, 32], scale = f16").front().form, form) << name;
  }
}

TEST_F(ContractionPlanTest, FewerBitsAreReadFaster) {
  Target vnni = target("x86-avx512vnni");
  double two = plan(vnni, "i2, block = [1, 64], scale = f16", kByToken).front().oneRow;
  double four = plan(vnni, "i4, block = [1, 64], scale = f16", kByToken).front().oneRow;
  double eight = plan(vnni, "i8, block = [1, 64], scale = f16", kByToken).front().oneRow;
  EXPECT_LT(two, 0.6 * four);
  EXPECT_LT(four, 0.6 * eight);
  // 4096 * 4096 bytes and 64 scales of two bytes a row.
  EXPECT_NEAR(eight, (4096.0 * 4096 + 4096 * 64 * 2) / (vnni.readBandwidth * 1e9), 1e-9);
}

TEST_F(ContractionPlanTest, ManyRowsTakeWhatProductsTake) {
  Target vnni = target("x86-avx512vnni");
  ContractionChoice choice = plan(vnni, "i8, block = [1, *], scale = f32", kByToken).front();
  EXPECT_NEAR(choice.manyRows, 64.0 * 4096 * 4096 / 128 / (vnni.clock * 1e9), 1e-9);
}

TEST_F(ContractionPlanTest, RefusalsComeLastAndSayWhy) {
  Target noLookups = target("x86-avx512vnni");
  noLookups.byteLookupsPerCycle = 0.0;
  auto choices = plan(noLookups, "f4E2M1FN, block = [1, 32], scale = f8E8M0FNU", kByToken);
  EXPECT_EQ(choices[0].form, ContractionForm::DecodedWhenPacked);
  EXPECT_EQ(choices[0].container, PanelContainer::F32);
  EXPECT_EQ(choices[1].refusal, "the target looks no bytes up");
  EXPECT_EQ(choices[3].refusal, "no kernel decodes these codes");

  Target nothing = noLookups;
  nothing.products.erase(nothing.products.begin());
  choices = plan(nothing, "i8, block = [1, *], scale = f32", kByToken);
  EXPECT_FALSE(choices[0].refusal.has_value());
  EXPECT_EQ(choices[2].form, ContractionForm::Integer);
  EXPECT_TRUE(choices[2].refusal.has_value());
}

TEST_F(ContractionPlanTest, NoSumExceedsItsAccumulator) {
  Target vnni = target("x86-avx512vnni");
  auto form = [&](int64_t k) {
    QTensorType weights = type(16, k, "i8, block = [1, *], scale = f32");
    return planContraction(vnni, weights, type(1, k, kByToken)).front().form;
  };
  EXPECT_EQ(form(131071), ContractionForm::Integer);
  EXPECT_NE(form(131072), ContractionForm::Integer);
}

TEST_F(ContractionPlanTest, ShortFloatsAreMultipliedWhereTheTargetCan) {
  QTensorType codes = type(4096, 4096, "i4, block = [1, 32], scale = f16");
  QTensorType floats = type(4096, 4096, "f8E4M3FN, block = [1, *], scale = f32");
  mlir::Type brain = mlir::BFloat16Type::get(&context), half = mlir::Float16Type::get(&context);
  Target target = this->target("x86-avx512bf16");
  auto choices = planContraction(target, codes, brain);
  EXPECT_EQ(choices.front().form, ContractionForm::ShortFloats);
  EXPECT_EQ(choices.front().container, PanelContainer::I4);
  EXPECT_EQ(choices.front().product->instruction, "vdpbf16ps");
  EXPECT_EQ(choices.size(), 5u);
  // What is no multiple of a unit is rounded when it is packed.
  choices = planContraction(target, floats, brain);
  EXPECT_EQ(choices.front().form, ContractionForm::ShortFloats);
  EXPECT_EQ(choices.front().container, PanelContainer::BF16);
  // There is no product of f16, and f32 stays what it is.
  EXPECT_EQ(planContraction(target, codes, half).front().form, ContractionForm::FixedPoint);
  choices = planContraction(target, codes, nullptr);
  EXPECT_EQ(choices.front().form, ContractionForm::FixedPoint);
  EXPECT_EQ(choices.size(), 4u);
  choices = planContraction(this->target("x86-avx512vnni"), codes, brain);
  EXPECT_EQ(choices.front().form, ContractionForm::FixedPoint);
  EXPECT_EQ(choices.back().form, ContractionForm::ShortFloats);
  EXPECT_EQ(choices.back().refusal, "the target has no such product");
}
