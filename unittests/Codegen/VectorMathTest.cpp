//===- VectorMathTest.cpp - Errors of elementary functions --------------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The functions are compiled for a target, run over a dense sweep of all f32 and compared with
// double precision.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/VectorMath.h"

#include "NativeKernel.h"

#include "llvm/ADT/bit.h"

#include "gtest/gtest.h"

#include <cmath>

using namespace mlir;
using namespace quench;

namespace {
using Function = Value(KernelBuilder &, Value);

/// A vector function of VectorMath.h as native code over arrays.
class CompiledFunction {
public:
  CompiledFunction(const quench::Target &target, Function *function)
      : kernel(target, [&](ModuleOp module) {
          auto parameters = [](KernelBuilder &b) {
            return SmallVector<Type>(2, MemRefType::get({ShapedType::kDynamic}, b.getF32Type()));
          };
          return getOrCreateKernel(
              module, "apply", target, parameters, [&](KernelBuilder &b, ValueRange values) {
                b.loop(b.index(0), b.size(values[0], 0), b.lanes(), [&](Value at) {
                  b.store(function(b, b.load(values[0], {at})), values[1], {at});
                });
              });
        }) {}

  /// `values.size()` is a multiple of the lanes.
  std::vector<float> operator()(std::vector<float> values) {
    std::vector<float> result(values.size());
    int64_t size = static_cast<int64_t>(values.size());
    kernel.get<Apply>()(values.data(), values.data(), 0, size, 1, result.data(), result.data(), 0,
                        size, 1);
    return result;
  }

private:
  using Apply = void(float *, float *, int64_t, int64_t, int64_t, float *, float *, int64_t,
                     int64_t, int64_t);
  NativeKernel kernel;
};
} // namespace

/// Every `stride`th float from `begin` to `end`, both of the same sign.
static void sweep(std::vector<float> &values, float begin, float end, uint32_t stride) {
  uint32_t last = llvm::bit_cast<uint32_t>(end);
  for (uint32_t bits = llvm::bit_cast<uint32_t>(begin); bits < last; bits += stride) {
    values.push_back(llvm::bit_cast<float>(bits));
  }
  values.push_back(end);
}

static void pad(std::vector<float> &values) {
  while (values.size() % 16 != 0) {
    values.push_back(1.0f);
  }
}

/// The distance from the exact value in units in the last place of the f32 nearest to it.
static double ulps(float found, double exact) {
  int exponent = std::max(std::ilogb(exact), -126);
  return std::abs(double(found) - exact) / std::ldexp(1.0, exponent - 23);
}

TEST(VectorMathTest, ExpIsWithinTwoUlps) {
  std::vector<float> values;
  sweep(values, 0.0f, 88.7f, 769);
  sweep(values, -0.0f, -87.3f, 769);
  pad(values);
  for (const quench::Target &target : quench::Target::all()) {
    if (!target.runsHere()) {
      continue;
    }
    CompiledFunction exp(target, vectorExp);
    std::vector<float> found = exp(values);
    double worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      double error = ulps(found[i], std::exp(double(values[i])));
      worst = std::max(worst, error);
      ASSERT_LE(error, 2.0) << target.name << ": exp(" << values[i] << ") = " << found[i];
    }
    RecordProperty(target.name, std::to_string(worst));
  }
}

TEST(VectorMathTest, ExpIsMonotonousEnoughForSoftmaxAtItsEnds) {
  float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> values = {0.0f,      -0.0f, -87.4f, -100.0f, -1e30f,
                               -infinity, 89.0f, 100.0f, 1e30f,   infinity};
  pad(values);
  for (const quench::Target &target : quench::Target::all()) {
    if (!target.runsHere()) {
      continue;
    }
    std::vector<float> found = CompiledFunction(target, vectorExp)(values);
    EXPECT_EQ(found[0], 1.0f);
    EXPECT_EQ(found[1], 1.0f);
    for (int i = 2; i < 6; ++i) {
      EXPECT_GE(found[i], 0.0f) << target.name << ": " << values[i];
      EXPECT_LE(found[i], 1.3e-38f) << target.name << ": " << values[i];
    }
    for (int i = 6; i < 10; ++i) {
      EXPECT_EQ(found[i], infinity) << target.name << ": " << values[i];
    }
  }
}

TEST(VectorMathTest, SiLUIsWithinItsBoundEverywhere) {
  std::vector<float> values;
  sweep(values, 0.0f, 3e38f, 3001);
  sweep(values, -0.0f, -3e38f, 3001);
  pad(values);
  for (const quench::Target &target : quench::Target::all()) {
    if (!target.runsHere()) {
      continue;
    }
    std::vector<float> found = CompiledFunction(target, vectorSiLU)(values);
    for (size_t i = 0; i < values.size(); ++i) {
      double exact = values[i] / (1.0 + std::exp(-double(values[i])));
      // Relative where exp does not leave f32, 1e-36 beyond.
      ASSERT_LE(std::abs(found[i] - exact), 4e-7 * std::abs(exact) + 1e-36)
          << target.name << ": silu(" << values[i] << ") = " << found[i];
    }
  }
}
