//===- SchemeBuilderTest.cpp - From schemes to attributes -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Recipe/SchemeBuilder.h"

#include "mlir/IR/MLIRContext.h"

#include "gtest/gtest.h"

using namespace quench;
using namespace quench::numerics;

namespace {

class SchemeBuilderTest : public ::testing::Test {
protected:
  SchemeBuilderTest() { context.loadDialect<QuenchDialect>(); }

  std::string text(const Scheme &scheme) {
    llvm::Expected<SchemeAttr> attribute = recipe::buildScheme(&context, scheme);
    if (!attribute) {
      return llvm::toString(attribute.takeError());
    }
    // The attribute means the scheme.
    Scheme back = attribute->getNumericsScheme();
    EXPECT_EQ(back.block, scheme.block);
    EXPECT_EQ(back.element.bitWidth(), scheme.element.bitWidth());
    EXPECT_EQ(back.element.minCode(), scheme.element.minCode());
    EXPECT_EQ(back.zeroPoint, scheme.zeroPoint);
    EXPECT_EQ(back.realZeroPoint, scheme.realZeroPoint);
    std::string result;
    llvm::raw_string_ostream(result) << *attribute;
    return result;
  }

  mlir::MLIRContext context;
};

TEST_F(SchemeBuilderTest, everySchemeThatTheAttributeKnows) {
  EXPECT_EQ(text({Encoding::integer(4), {1, 32}, FloatFormat::F16}),
            "#quench.scheme<i4, block = [1, 32], scale = f16>");
  EXPECT_EQ(text({Encoding::integer(3, false), {1, kWhole}, FloatFormat::BF16, true}),
            "#quench.scheme<ui3, block = [1, *], scale = bf16, zero_point>");
  EXPECT_EQ(text({Encoding::integer(8, true, -127, 127), {kWhole, kWhole}, FloatFormat::F32}),
            "#quench.scheme<i8, range = [-127, 127], block = [*, *], scale = f32>");
  EXPECT_EQ(text({Encoding::floating(FloatFormat::F4E2M1FN), {1, 32}, FloatFormat::F8E8M0FNU}),
            "#quench.scheme<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU>");
  Scheme six{Encoding::integer(6, false), {1, 8}, FloatFormat::F16};
  EXPECT_EQ(text({Encoding::integer(4, false), {1, 64}, FloatFormat::F16, false, ScaleSpec()}),
            "#quench.scheme<ui4, block = [1, 64], scale = f16, zero_point = f32>");
  EXPECT_EQ(text({Encoding::integer(4, false), {1, 32}, FloatFormat::F16, false, ScaleSpec(six)}),
            "#quench.scheme<ui4, block = [1, 32], scale = f16, zero_point = "
            "#quench.scheme<ui6, block = [1, 8], scale = f16>>");
  Scheme scales{Encoding::floating(FloatFormat::F8E4M3FN), {kWhole, kWhole}, FloatFormat::F32};
  EXPECT_EQ(text({Encoding::floating(FloatFormat::F4E2M1FN), {1, 16}, scales}),
            "#quench.scheme<f4E2M1FN, block = [1, 16], scale = #quench.scheme<f8E4M3FN, block = "
            "[*, *], scale = f32>>");
  EXPECT_EQ(
      text({Encoding::nf4(), {1, 64}, FloatFormat::F32}).find("#quench.scheme<#quench.codebook<["),
      0u);
}

TEST_F(SchemeBuilderTest, whatTheAttributeCannotSayIsAnError) {
  EXPECT_EQ(text({Encoding::integer(4), {1, 32}, FloatFormat::F8E4M3FN}),
            "expected f32, f16, bf16, f8E8M0FNU or a scheme as scale, found f8E4M3FN");
  Scheme scales{Encoding::integer(8, false), {1, 4}, FloatFormat::F32, true};
  EXPECT_EQ(text({Encoding::integer(4), {1, 32}, scales}),
            "the scheme of the scales must have 2 block extents and no zero point");
  EXPECT_EQ(text({Encoding::integer(4), {1, 0}, FloatFormat::F32}),
            "expected a positive block size or the whole axis, found 0 for axis 1");
}

} // namespace
