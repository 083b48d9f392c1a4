//===- BasisPlanTest.cpp ---------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Which steps a map falls into.
//
//===----------------------------------------------------------------------===//

#include "quench/Codegen/BasisPlan.h"

#include "gtest/gtest.h"

using namespace quench;
using namespace quench::numerics;

using Kind = BasisStep::Kind;

namespace {

BasisMap diagonal(std::vector<double> entries) {
  return llvm::cantFail(BasisMap::diagonal(std::move(entries)));
}
BasisMap hadamard(int64_t order) { return llvm::cantFail(BasisMap::hadamard(order)); }
BasisMap seeded(int64_t order) { return llvm::cantFail(BasisMap::hadamard(order, 1)); }
BasisMap composed(std::vector<BasisMap::Factor> factors) {
  return llvm::cantFail(BasisMap::composed(std::move(factors)));
}

BasisPlan planOf(const BasisMap &map, MapFlags flags = {}, int64_t outer = 1, int64_t inner = 1,
                 int64_t lanes = 8) {
  return llvm::cantFail(BasisPlan::create(map, flags, outer, inner, lanes));
}

std::vector<Kind> kinds(const BasisPlan &plan) {
  std::vector<Kind> result;
  for (const BasisStep &step : plan.steps) {
    result.push_back(step.kind);
  }
  return result;
}

TEST(BasisPlan, signs_and_scales_ride_on_the_transform) {
  const BasisPlan plan = planOf(seeded(16));
  ASSERT_EQ(kinds(plan), std::vector<Kind>{Kind::Hadamard});
  EXPECT_EQ(plan.steps[0].factors.size(), 16u);
  EXPECT_TRUE(plan.steps[0].factorsAfter.empty());
  // The signs of the inverse come last.
  const BasisPlan back = planOf(seeded(16), {true, false});
  ASSERT_EQ(kinds(back), std::vector<Kind>{Kind::Hadamard});
  EXPECT_TRUE(back.steps[0].factors.empty());
  EXPECT_EQ(back.steps[0].factorsAfter, plan.steps[0].factors);
  const BasisMap scale = diagonal(std::vector<double>(16, 2.0));
  const BasisPlan both = planOf(composed({{scale}, {hadamard(16)}, {scale, {true, false}}}));
  ASSERT_EQ(kinds(both), std::vector<Kind>{Kind::Hadamard});
  EXPECT_EQ(both.steps[0].factors, std::vector<float>(16, 2.0f));
  EXPECT_EQ(both.steps[0].factorsAfter, std::vector<float>(16, 0.5f));
}

TEST(BasisPlan, blocks_are_loops_and_offsets) {
  const BasisMap block =
      llvm::cantFail(BasisMap::blockDiagonal({hadamard(8), diagonal({1.0, 2.0})}));
  const BasisPlan plan = planOf(llvm::cantFail(BasisMap::repeat(block, 3)), {}, 5, 4);
  EXPECT_EQ(plan.rowSize, 5 * 30 * 4);
  ASSERT_EQ(kinds(plan), (std::vector<Kind>{Kind::Hadamard, Kind::Scale}));
  const BasisRegion &first = plan.steps[0].region, &second = plan.steps[1].region;
  ASSERT_EQ(first.loops.size(), 2u);
  EXPECT_EQ(first.loops[0].count, 5);
  EXPECT_EQ(first.loops[0].stride, 120);
  EXPECT_EQ(first.loops[1].count, 3);
  EXPECT_EQ(first.loops[1].stride, 40);
  EXPECT_EQ(first.offset, 0);
  EXPECT_EQ(first.span(), 32);
  EXPECT_EQ(first.total(), 15 * 32);
  EXPECT_TRUE(first.loops == second.loops);
  EXPECT_EQ(second.offset, 32);
  EXPECT_EQ(second.span(), 8);
  EXPECT_EQ(plan.steps[1].factors, (std::vector<float>{1, 1, 1, 1, 2, 2, 2, 2}));
}

TEST(BasisPlan, inverse_permutations_are_permutations) {
  const BasisMap map = llvm::cantFail(BasisMap::permutation({2, 0, 1}));
  EXPECT_EQ(planOf(map).steps[0].sources, (std::vector<int64_t>{2, 0, 1}));
  EXPECT_EQ(planOf(map, {true, false}).steps[0].sources, (std::vector<int64_t>{1, 2, 0}));
  EXPECT_EQ(planOf(map, {true, true}).steps[0].sources, (std::vector<int64_t>{2, 0, 1}));
}

TEST(BasisPlan, vectors_fit_the_butterflies) {
  EXPECT_EQ(planOf(hadamard(64)).steps[0].lanes, 8);
  EXPECT_EQ(planOf(hadamard(96), {}, 1, 1, 16).steps[0].lanes, 8);
  EXPECT_EQ(planOf(hadamard(12), {}, 1, 64, 16).steps[0].lanes, 16);
  EXPECT_EQ(planOf(hadamard(4), {}, 1, 24, 16).steps[0].lanes, 8);
  // What is left of narrow ones is a matrix.
  for (const BasisMap &map : {hadamard(12), hadamard(2), seeded(20)}) {
    const BasisPlan plan = planOf(map);
    ASSERT_EQ(kinds(plan), std::vector<Kind>{Kind::Matrix});
    const std::vector<double> expected = llvm::cantFail(map.toDense());
    EXPECT_EQ(plan.steps[0].entries, std::vector<float>(expected.begin(), expected.end()));
  }
  EXPECT_EQ(kinds(planOf(hadamard(4), {}, 1, 6)), std::vector<Kind>{Kind::Matrix});
}

TEST(BasisPlan, what_cancels_has_no_steps) {
  const BasisMap map = seeded(64);
  EXPECT_TRUE(planOf(composed({{map}, {map, {true, false}}})).steps.empty());
}

TEST(BasisPlan, different_plans_have_different_digests) {
  std::vector<std::string> digests;
  for (const BasisPlan &plan :
       {planOf(hadamard(64)), planOf(seeded(64)), planOf(seeded(64), {true, false}),
        planOf(hadamard(32), {}, 2), planOf(hadamard(32), {}, 1, 2), planOf(hadamard(768)),
        planOf(hadamard(768), {true, false}), planOf(diagonal({1.0, 2.0})),
        planOf(diagonal({2.0, 1.0})), planOf(llvm::cantFail(BasisMap::permutation({1, 0})))}) {
    EXPECT_EQ(plan.digest().size(), 16u);
    EXPECT_EQ(std::count(digests.begin(), digests.end(), plan.digest()), 0);
    digests.push_back(plan.digest());
  }
  EXPECT_EQ(planOf(seeded(64)).digest(), planOf(seeded(64)).digest());
}

TEST(BasisPlan, negative_singular_diagonal) {
  llvm::Expected<BasisPlan> plan = BasisPlan::create(diagonal({0.0}), {true, false}, 1, 1, 8);
  EXPECT_EQ(llvm::toString(plan.takeError()), "cannot invert a diagonal map: entry 0 of 1 is 0");
}

} // namespace
