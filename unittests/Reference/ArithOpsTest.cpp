//===- ArithOpsTest.cpp - Constants and element-wise arithmetic -----------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "EvaluatorFixture.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench::reference;

namespace {

class ArithOpsTest : public EvaluatorFixture {
protected:
  /// One op on two operands of the same tensor type.
  std::string binary(StringRef op, StringRef type) {
    return ("func.func @main(%x: " + type + ", %y: " + type + ") -> " + type + " {\n  %z = " + op +
            " %x, %y : " + type + "\n  return %z : " + type + "\n}")
        .str();
  }
  Integers onI8(StringRef op, Integers x, Integers y) {
    int64_t size = x.size();
    return result(binary(op, "tensor<?xi8>"), {integers({size}, x, 8), integers({size}, y, 8)})
        .integers;
  }
  std::string errorOnI8(StringRef op, int64_t x, int64_t y) {
    return error(binary(op, "tensor<?xi8>"), {integers({1}, {x}, 8), integers({1}, {y}, 8)});
  }
  Floats onF32(StringRef op, Floats x, Floats y) {
    int64_t size = x.size();
    return result(binary(op, "tensor<?xf32>"), {floats({size}, x), floats({size}, y)}).floats;
  }
};

TEST_F(ArithOpsTest, ReadsConstants) {
  auto found = results(R"mlir(
func.func @main() -> (tensor<2x2xf32>, tensor<3xi4>, index, f32, i1, tensor<2xf16>, tensor<0xi8>) {
  %a = arith.constant dense<[[1.0, -0.0], [0x7F800000, 0.1]]> : tensor<2x2xf32>
  %b = arith.constant dense<-8> : tensor<3xi4>
  %c = arith.constant -5 : index
  %d = arith.constant 0.1 : f32
  %e = arith.constant true
  %f = arith.constant dense<[1.0, 65504.0]> : tensor<2xf16>
  %g = arith.constant dense<[]> : tensor<0xi8>
  return %a, %b, %c, %d, %e, %f, %g
      : tensor<2x2xf32>, tensor<3xi4>, index, f32, i1, tensor<2xf16>, tensor<0xi8>
})mlir",
                       {}, 7);
  EXPECT_EQ(text(found[0]), "v: 2x2xf32 = [1, -0, inf, 0.100000001]\n");
  EXPECT_EQ(text(found[1]), "v: 3xi4 = [-8, -8, -8]\n");
  EXPECT_EQ(text(found[2]), "v: index = -5\n");
  EXPECT_EQ(text(found[3]), "v: f32 = 0.100000001\n");
  EXPECT_EQ(text(found[4]), "v: i1 = 1\n");
  EXPECT_EQ(text(found[5]), "v: 2xf16 = [1, 65504]\n");
  EXPECT_EQ(text(found[6]), "v: 0xi8 = []\n");
}

TEST_F(ArithOpsTest, RefusesConstantsItCannotHold) {
  EXPECT_EQ(
      error("func.func @main() -> f64 {\n %a = arith.constant 1.0 : f64\n return %a : f64\n}", {}),
      "test.mlir:2:7: 'arith.constant' op expected floats of at most 32 bits, integers of at "
      "most 64 bits or indices as elements, found f64");
  EXPECT_EQ(
      error("func.func @main() -> i65 {\n %a = arith.constant 1 : i65\n return %a : i65\n}", {}),
      "test.mlir:2:7: 'arith.constant' op expected floats of at most 32 bits, integers of at "
      "most 64 bits or indices as elements, found i65");
  EXPECT_EQ(error("func.func @main() -> tensor<1099511627776xi8> {\n"
                  " %a = arith.constant dense<1> : tensor<1099511627776xi8>\n"
                  " return %a : tensor<1099511627776xi8>\n}",
                  {}),
            "test.mlir:2:7: 'arith.constant' op expected a tensor of at most 2^30 elements, found "
            "the shape 1099511627776");
}

TEST_F(ArithOpsTest, ComputesFloatsInTheirType) {
  EXPECT_EQ(onF32("arith.addf", {1, 16777216}, {0.5f, 1}), (Floats{1.5f, 16777216}));
  EXPECT_EQ(onF32("arith.subf", {1, 2}, {0.5f, 5}), (Floats{0.5f, -3}));
  EXPECT_EQ(onF32("arith.mulf", {3, 0.1f}, {-2, 0.1f}), (Floats{-6, 0.1f * 0.1f}));
  EXPECT_EQ(onF32("arith.divf", {1, -7}, {3, 2}), (Floats{1.0f / 3.0f, -3.5f}));
  // 2048 + 1 is a tie between 2048 and 2050 in f16.
  auto f16 = mlir::Float16Type::get(&context);
  EXPECT_EQ(
      result(binary("arith.addf", "tensor<2xf16>"),
             {Value::tensor(f16, {2}, Floats{2048, 2050}), Value::tensor(f16, {2}, Floats{1, 1})})
          .floats,
      (Floats{2048, 2052}));
}

TEST_F(ArithOpsTest, OrdersZerosAndKeepsNaNInMaximumAndMinimum) {
  Floats most = onF32("arith.maximumf", {-0.0f, 1, NAN}, {0.0f, 2, 1});
  EXPECT_FALSE(std::signbit(most[0]));
  EXPECT_EQ(most[1], 2);
  EXPECT_TRUE(std::isnan(most[2]));
  Floats least = onF32("arith.minimumf", {0.0f, 1, 1}, {-0.0f, 2, NAN});
  EXPECT_TRUE(std::signbit(least[0]));
  EXPECT_EQ(least[1], 1);
  EXPECT_TRUE(std::isnan(least[2]));
}

TEST_F(ArithOpsTest, WrapsIntegers) {
  EXPECT_EQ(onI8("arith.addi", {127, -128, 3}, {1, -1, 4}), (Integers{-128, 127, 7}));
  EXPECT_EQ(onI8("arith.subi", {-128, 5}, {1, 7}), (Integers{127, -2}));
  EXPECT_EQ(onI8("arith.muli", {-128, 100, -7}, {-1, 3, 6}), (Integers{-128, 44, -42}));
}

TEST_F(ArithOpsTest, DividesWithEachRounding) {
  const Integers x{7, -7, 7, -7, -128}, y{2, 2, -2, -2, 127};
  EXPECT_EQ(onI8("arith.divsi", x, y), (Integers{3, -3, -3, 3, -1}));
  EXPECT_EQ(onI8("arith.remsi", x, y), (Integers{1, -1, 1, -1, -1}));
  EXPECT_EQ(onI8("arith.floordivsi", x, y), (Integers{3, -4, -4, 3, -2}));
  EXPECT_EQ(onI8("arith.ceildivsi", x, y), (Integers{4, -3, -3, 4, -1}));
  EXPECT_EQ(onI8("arith.divui", {-1, 7}, {2, 2}), (Integers{127, 3}));
  EXPECT_EQ(onI8("arith.remui", {-1, 7}, {2, 4}), (Integers{1, 3}));
}

TEST_F(ArithOpsTest, FailsWhereTheResultIsUndefined) {
  for (StringRef op : {"arith.divsi", "arith.remsi", "arith.floordivsi", "arith.ceildivsi"}) {
    EXPECT_EQ(errorOnI8(op, 1, 0),
              ("test.mlir:2:8: '" + op + "' op has no defined result for 1 and 0").str());
    EXPECT_NE(errorOnI8(op, -128, -1), "success");
  }
  EXPECT_NE(errorOnI8("arith.divui", 1, 0), "success");
  EXPECT_NE(errorOnI8("arith.remui", 1, 0), "success");
  EXPECT_NE(errorOnI8("arith.shli", 1, 8), "success");
  EXPECT_NE(errorOnI8("arith.shrsi", 1, -1), "success");
}

TEST_F(ArithOpsTest, WorksOnBits) {
  EXPECT_EQ(onI8("arith.andi", {12}, {10}), (Integers{8}));
  EXPECT_EQ(onI8("arith.ori", {12}, {10}), (Integers{14}));
  EXPECT_EQ(onI8("arith.xori", {12, -1}, {10, 1}), (Integers{6, -2}));
  EXPECT_EQ(onI8("arith.shli", {1, 3}, {7, 1}), (Integers{-128, 6}));
  EXPECT_EQ(onI8("arith.shrsi", {-128, 6}, {7, 1}), (Integers{-1, 3}));
  EXPECT_EQ(onI8("arith.shrui", {-128, 6}, {7, 1}), (Integers{1, 3}));
  EXPECT_EQ(onI8("arith.maxsi", {-1}, {1}), (Integers{1}));
  EXPECT_EQ(onI8("arith.maxui", {-1}, {1}), (Integers{-1}));
  EXPECT_EQ(onI8("arith.minsi", {-1}, {1}), (Integers{-1}));
  EXPECT_EQ(onI8("arith.minui", {-1}, {1}), (Integers{1}));
}

TEST_F(ArithOpsTest, ComparesSignedAndUnsigned) {
  auto compare = [&](const std::string &predicate) {
    return result("func.func @main(%x: tensor<3xi8>, %y: tensor<3xi8>) -> tensor<3xi1> {\n"
                  "  %z = arith.cmpi " +
                      predicate +
                      ", %x, %y : tensor<3xi8>\n"
                      "  return %z : tensor<3xi1>\n}",
                  {integers({3}, {-1, 2, 5}, 8), integers({3}, {1, 2, 3}, 8)})
        .integers;
  };
  EXPECT_EQ(compare("eq"), (Integers{0, 1, 0}));
  EXPECT_EQ(compare("ne"), (Integers{1, 0, 1}));
  EXPECT_EQ(compare("slt"), (Integers{1, 0, 0}));
  EXPECT_EQ(compare("sle"), (Integers{1, 1, 0}));
  EXPECT_EQ(compare("sgt"), (Integers{0, 0, 1}));
  EXPECT_EQ(compare("sge"), (Integers{0, 1, 1}));
  EXPECT_EQ(compare("ult"), (Integers{0, 0, 0}));
  EXPECT_EQ(compare("ule"), (Integers{0, 1, 0}));
  EXPECT_EQ(compare("ugt"), (Integers{1, 0, 1}));
  EXPECT_EQ(compare("uge"), (Integers{1, 1, 1}));
}

TEST_F(ArithOpsTest, Selects) {
  constexpr StringLiteral elements = R"mlir(
func.func @main(%c: tensor<?xi1>, %x: tensor<?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %z = arith.select %c, %x, %y : tensor<?xi1>, tensor<?xf32>
  return %z : tensor<?xf32>
})mlir";
  EXPECT_EQ(
      result(elements, {integers({2}, {1, 0}, 1), floats({2}, {1, 2}), floats({2}, {3, 4})}).floats,
      (Floats{1, 4}));
  EXPECT_NE(
      error(elements, {integers({2}, {1, 0}, 1), floats({2}, {1, 2}), floats({3}, {3, 4, 5})}),
      "success");
  EXPECT_EQ(result(R"mlir(
func.func @main(%x: index, %y: index) -> index {
  %c = arith.cmpi slt, %x, %y : index
  %z = arith.select %c, %x, %y : index
  return %z : index
})mlir",
                   {index(-9), index(4)})
                .integers,
            (Integers{-9}));
}

} // namespace
