//===- BasisKernelTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Compiled kernels against the maps themselves, on every target that runs here.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/BasisKernel.h"

#include "NativeKernel.h"

#include <cmath>

using namespace mlir;
using namespace quench;

using numerics::BasisMap;
using numerics::MapFlags;

namespace {

BasisMap hadamard(int64_t order, std::optional<uint64_t> seed = std::nullopt) {
  return llvm::cantFail(BasisMap::hadamard(order, seed));
}
BasisMap repeat(BasisMap block, int64_t copies) {
  return llvm::cantFail(BasisMap::repeat(std::move(block), copies));
}
BasisMap composed(std::vector<BasisMap::Factor> factors) {
  return llvm::cantFail(BasisMap::composed(std::move(factors)));
}
BasisMap listed(std::vector<BasisMap> blocks) {
  return llvm::cantFail(BasisMap::blockDiagonal(std::move(blocks)));
}
BasisMap diagonal(int64_t size) {
  std::vector<double> entries(size);
  for (int64_t i = 0; i < size; ++i) {
    entries[i] = 0.5 + static_cast<double>(i % 7);
  }
  return llvm::cantFail(BasisMap::diagonal(std::move(entries)));
}
/// Multiplication by a number without a common factor with `size`.
BasisMap permutation(int64_t size, int64_t factor) {
  std::vector<int64_t> sources(size);
  for (int64_t i = 0; i < size; ++i) {
    sources[i] = i * factor % size;
  }
  return llvm::cantFail(BasisMap::permutation(std::move(sources)));
}
/// A dense matrix without symmetry.
BasisMap orthogonal(int64_t size) {
  return llvm::cantFail(BasisMap::orthogonal(llvm::cantFail(
      composed({{hadamard(size, 5)}, {permutation(size, size / 2 - 1)}}).toDense())));
}

/// Applies a map to [rows][outer][map][inner] by a kernel and compares with the map in double.
void check(const BasisMap &map, MapFlags flags = {}, int64_t outer = 1, int64_t inner = 1) {
  const int64_t rows = 3;
  for (const quench::Target &target : quench::Target::all()) {
    if (!target.runsHere()) {
      continue;
    }
    BasisKernel kernel;
    kernel.plan = llvm::cantFail(BasisPlan::create(map, flags, outer, inner, target.lanes()));
    kernel.shape = {rows, kernel.plan.rowSize};
    NativeKernel native(target,
                        [&](ModuleOp module) { return kernel.getOrCreate(module, target); });
    using Apply = void(float *, float *, int64_t, int64_t, int64_t, int64_t, int64_t, float *,
                       float *, int64_t, int64_t, int64_t, int64_t, int64_t);
    Apply *apply = native.get<Apply>();
    ASSERT_NE(apply, nullptr);
    const int64_t size = kernel.plan.rowSize;
    std::vector<float> x(rows * size), y(rows * size + 16, 77.0f);
    for (int64_t i = 0; i < rows * size; ++i) {
      x[i] = static_cast<float>(std::sin(0.37 * i + 0.1)) * static_cast<float>(i % 11 + 1);
    }
    std::vector<double> expected(x.begin(), x.end());
    ASSERT_FALSE(map.applyAlong(expected, inner, flags));
    apply(x.data(), x.data(), 0, rows, size, size, 1, y.data(), y.data(), 0, rows, size, size, 1);
    double largest = 0.0;
    for (double value : expected) {
      largest = std::max(largest, std::abs(value));
    }
    for (int64_t i = 0; i < rows * size; ++i) {
      ASSERT_NEAR(y[i], expected[i], 1e-6 * largest)
          << target.name << ", " << kernel.name() << " at " << i;
    }
    for (size_t i = rows * size; i < y.size(); ++i) {
      ASSERT_EQ(y[i], 77.0f) << "beyond the buffer";
    }
  }
}

constexpr MapFlags inverse = {true, false};
constexpr MapFlags transposed = {false, true};

TEST(BasisKernel, powers_of_two) {
  for (int64_t order : {2, 4, 8, 16, 32, 64, 128, 256, 512, 2048, 4096, 16384}) {
    check(hadamard(order));
  }
}

TEST(BasisKernel, orders_with_a_core) {
  for (int64_t order : {12, 20, 24, 28, 36, 48, 96, 768, 896, 352, 4864, 1376, 2752, 5504}) {
    check(hadamard(order));
    check(hadamard(order), transposed);
  }
}

TEST(BasisKernel, orders_without_a_hadamard_matrix) {
  for (numerics::HadamardFallback fallback :
       {numerics::HadamardFallback::Hartley, numerics::HadamardFallback::Blocks}) {
    check(llvm::cantFail(BasisMap::hadamard(11 * 16, 7, 0, fallback)));
    check(llvm::cantFail(BasisMap::hadamard(107 * 32, std::nullopt, 0, fallback)), inverse);
    check(llvm::cantFail(BasisMap::hadamard(10, std::nullopt, 0, fallback)), {}, 2, 16);
    check(llvm::cantFail(BasisMap::hadamard(6, 1, 0, fallback)));
    check(llvm::cantFail(BasisMap::hadamard(1029, 1, 0, fallback)));
  }
  check(hadamard(1848), transposed);
}

TEST(BasisKernel, random_signs_and_scales) {
  check(hadamard(64, 3));
  check(hadamard(64, 3), inverse);
  check(hadamard(768, 4), inverse);
  check(composed({{diagonal(96)}, {hadamard(96)}, {diagonal(96), inverse}}));
  check(composed({{diagonal(704)}, {hadamard(704)}, {diagonal(704)}}), inverse);
}

TEST(BasisKernel, heads_and_inner_axes) {
  check(hadamard(64), {}, 6);
  check(hadamard(4), {}, 1, 64);
  check(hadamard(12), {}, 2, 80);
  check(hadamard(32, 9), {}, 3, 2);
  check(hadamard(44), transposed, 1, 16);
  check(hadamard(4), {}, 2, 24);
  check(hadamard(8), {}, 2, 5);
}

TEST(BasisKernel, scales_permutations_and_matrices) {
  check(diagonal(13));
  check(diagonal(13), inverse, 2, 3);
  check(permutation(35, 3));
  check(permutation(35, 3), inverse);
  check(permutation(9, 2), {}, 2, 17);
  check(orthogonal(20));
  check(orthogonal(96), transposed);
  check(orthogonal(12), {}, 3, 18);
}

TEST(BasisKernel, blocks_and_compositions) {
  check(repeat(orthogonal(28), 3));
  const BasisMap mixed =
      listed({hadamard(16, 2), permutation(5, 3), diagonal(3), orthogonal(12), hadamard(64)});
  check(mixed);
  check(repeat(mixed, 2), inverse, 2);
  // DuQuant: rotate blocks, deal channels out, rotate again; scales come first.
  check(composed({{diagonal(256)},
                  {repeat(orthogonal(64), 4)},
                  {permutation(256, 5)},
                  {repeat(orthogonal(64), 4), transposed}}));
  check(composed({{permutation(256, 5)}, {hadamard(256)}, {permutation(256, 7)}}));
  check(BasisMap::identity(10));
}

TEST(BasisKernel, names_say_what_is_simple) {
  BasisKernel kernel;
  kernel.plan = llvm::cantFail(BasisPlan::create(hadamard(768), transposed, 1, 1, 8));
  kernel.shape = {ShapedType::kDynamic, 768};
  EXPECT_EQ(kernel.name(), "hadamard_12x64_transposed_768");
  kernel.plan = llvm::cantFail(BasisPlan::create(hadamard(4), {}, 1, 64, 8));
  kernel.shape = {ShapedType::kDynamic, 4, 64};
  EXPECT_EQ(kernel.name(), "hadamard_1x4_4x64_by_64");
  kernel.plan = llvm::cantFail(BasisPlan::create(hadamard(64, 1), {}, 4, 1, 8));
  EXPECT_EQ(kernel.name(), "change_basis_4x64_" + kernel.plan.digest());
}

} // namespace
