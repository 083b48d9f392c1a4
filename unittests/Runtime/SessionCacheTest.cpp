//===- SessionCacheTest.cpp - Compiled caches of codes --------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A cache that holds codes must give the bits of one that holds the rounded floats. What rounds
// them is judged in SessionFakeQuantizeTest.
//
//===----------------------------------------------------------------------===//

#include "TestNetwork.h"

#include "quench/Runtime/Compilation.h"

using namespace quench;

namespace {
struct CacheCase {
  const char *scheme;
  NetworkSizes sizes;
};
} // namespace

// Vectors within groups, groups within vectors, several planes of bits, rows with rests.
static const CacheCase cases[] = {
    {"ui8, block = [1, 1, *], scale = f32, zero_point", {2, 1, 64, 9}},
    {"ui4, block = [1, 1, *], scale = f32, zero_point", {4, 2, 64, 70}},
    {"ui3, block = [1, 1, 20], scale = f32, zero_point", {1, 1, 48, 9}},
    {"i3, range = [-3, 3], block = [1, 1, 4], scale = f32", {2, 1, 16, 9}},
    {"ui2, block = [1, 1, 3], scale = f32, zero_point", {3, 1, 14, 9}},
};

static int64_t stateBytes(TestModel &model, const Target &target) {
  CompilePipelineOptions options;
  options.target = target;
  return llvm::cantFail(compileModel(*model.module, *model.store, options)).stateBytes;
}

/// Logits of a prefill, of single tokens and of all others.
static std::vector<float> logitsOf(Session &session, const std::vector<int32_t> &tokens) {
  SessionState state = session.newState();
  std::vector<float> logits;
  for (size_t at = 0; at < tokens.size();) {
    size_t count = at == 0 ? 3 : at < 5 ? 1 : tokens.size() - at;
    std::vector<int32_t> piece(tokens.begin() + at, tokens.begin() + at + count);
    std::vector<float> some = TestModel::run(session, state, piece);
    logits.insert(logits.end(), some.begin(), some.end());
    at += count;
  }
  return logits;
}

TEST(SessionCacheTest, CodesGiveTheBitsOfRoundedFloats) {
  for (const CacheCase &test : cases) {
    NetworkSizes sizes = test.sizes;
    sizes.cacheScheme = test.scheme;
    TestModel codes, floats;
    buildNetwork(codes, sizes);
    sizes.watchCaches = true;
    buildNetwork(floats, sizes);
    ASSERT_FALSE(testing::Test::HasFatalFailure());
    std::vector<int32_t> tokens = randomTokens(sizes.capacity, sizes.vocabulary);
    for (const Target &target : targetsHere()) {
      SCOPED_TRACE(
          llvm::formatv("{0}: {1}, heads of {2}", target.name, test.scheme, sizes.headSize).str());
      std::unique_ptr<Session> packed = codes.compile(target, 2);
      std::vector<Observed> seen;
      std::unique_ptr<Session> reference = floats.compile(target, 2, &seen);
      ASSERT_TRUE(packed && reference);
      std::vector<float> found = logitsOf(*packed, tokens);
      std::vector<float> expected = logitsOf(*reference, tokens);
      ASSERT_EQ(found.size(), expected.size());
      for (size_t i = 0; i < found.size(); ++i) {
        ASSERT_EQ(found[i], expected[i]) << "logit " << i;
      }
    }
  }
}

TEST(SessionCacheTest, CodesMakeTheStateSmaller) {
  NetworkSizes sizes{2, 1, 64, 16};
  TestModel floats, codes;
  buildNetwork(floats, sizes);
  sizes.cacheScheme = "ui4, block = [1, 1, *], scale = f32, zero_point";
  buildNetwork(codes, sizes);
  ASSERT_FALSE(HasFatalFailure());
  for (const Target &target : targetsHere()) {
    EXPECT_EQ(stateBytes(floats, target), 2 * 16 * 64 * 4);
    EXPECT_EQ(stateBytes(codes, target), 2 * 16 * (4 + 32 + 1 + 3));
  }
}
