//===- SessionNetworkTest.cpp - Compiled attention, norms and the rest ---------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A decoder layer, compared with the evaluator value by value. Inputs are of the order of 1, so
// that the bound `kBound * (1 + |expected|)` covers the roundings of all steps together; the
// largest part of it is the angle of the rotary table, position * 2^-24.
//
//===----------------------------------------------------------------------===//

#include "TestNetwork.h"

using namespace quench;

static constexpr double kBound = 2e-5;

static void compare(const Observed &expected, const Observed &found) {
  ASSERT_EQ(expected.name, found.name);
  ASSERT_EQ(expected.shape, found.shape) << expected.name;
  ASSERT_EQ(expected.values.size(), found.values.size()) << expected.name;
  for (size_t i = 0; i < expected.values.size(); ++i) {
    double want = expected.values[i], have = found.values[i];
    ASSERT_LE(std::abs(want - have), kBound * (1 + std::abs(want)))
        << expected.name << "[" << i << "]: expected " << want << ", found " << have;
  }
}

TEST(NetworkTest, EveryStepAgreesWithTheEvaluator) {
  const NetworkSizes all[] = {{2, 1, 10, 70}, {3, 3, 48, 67}, {4, 2, 80, 65},
                              {5, 1, 16, 40}, {1, 1, 2, 5},   {6, 3, 64, 130}};
  for (const NetworkSizes &sizes : all) {
    TestModel model;
    buildNetwork(model, sizes);
    if (testing::Test::HasFatalFailure()) {
      return;
    }
    std::vector<int32_t> tokens = randomTokens(sizes.capacity, sizes.vocabulary);
    std::vector<Observed> expected = model.evaluate(tokens);
    for (const Target &target : targetsAndDevicesHere()) {
      SCOPED_TRACE(
          llvm::formatv("{0}: {1} heads of {2}", target.name, sizes.heads, sizes.headSize).str());
      std::vector<Observed> seen;
      std::unique_ptr<Session> session = model.compile(target, 2, &seen);
      ASSERT_TRUE(session);
      EXPECT_EQ(session->vocabSize(), sizes.vocabulary);
      EXPECT_EQ(session->maxPositions(), sizes.capacity);
      SessionState state = session->newState();
      std::vector<float> logits = TestModel::run(*session, state, tokens);
      EXPECT_EQ(state.position(), sizes.capacity);
      seen.push_back({"logits", {sizes.capacity, sizes.vocabulary}, logits});
      ASSERT_EQ(seen.size(), expected.size());
      for (auto [want, have] : llvm::zip_equal(expected, seen)) {
        compare(want, have);
        if (testing::Test::HasFatalFailure()) {
          return;
        }
      }
    }
  }
}

TEST(NetworkTest, PiecesOfAnySizesGiveTheBitsOfOnePrefill) {
  NetworkSizes sizes{3, 1, 10, 73};
  TestModel model;
  buildNetwork(model, sizes);
  ASSERT_FALSE(HasFatalFailure());
  std::vector<int32_t> tokens = randomTokens(sizes.capacity, sizes.vocabulary);
  for (const Target &target : targetsAndDevicesHere()) {
    std::unique_ptr<Session> session = model.compile(target, 2);
    ASSERT_TRUE(session);
    SessionState whole = session->newState();
    std::vector<float> expected = TestModel::run(*session, whole, tokens);
    std::mt19937 random(5);
    for (int trial = 0; trial < 8; ++trial) {
      // The first trial decodes token by token.
      SessionState state = session->newState();
      std::vector<float> found;
      for (size_t begin = 0; begin < tokens.size();) {
        size_t count = trial == 0 ? 1 : 1 + random() % 30;
        count = std::min(count, tokens.size() - begin);
        std::vector<float> piece =
            TestModel::run(*session, state, llvm::ArrayRef<int32_t>(tokens).slice(begin, count));
        found.insert(found.end(), piece.begin(), piece.end());
        begin += count;
      }
      ASSERT_EQ(found.size(), expected.size());
      EXPECT_EQ(0, std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)))
          << target.name << ", trial " << trial;
    }
  }
}

TEST(NetworkTest, EveryLengthGivesTheLastLogitsOfThatPrefix) {
  NetworkSizes sizes{2, 2, 12, 66};
  TestModel model;
  buildNetwork(model, sizes);
  ASSERT_FALSE(HasFatalFailure());
  std::vector<int32_t> tokens = randomTokens(sizes.capacity, sizes.vocabulary);
  for (const Target &target : targetsAndDevicesHere()) {
    std::unique_ptr<Session> session = model.compile(target, 1);
    ASSERT_TRUE(session);
    SessionState whole = session->newState();
    std::vector<float> expected = TestModel::run(*session, whole, tokens);
    for (int64_t length = 1; length <= sizes.capacity; ++length) {
      SessionState state = session->newState();
      std::vector<float> found = TestModel::run(
          *session, state, llvm::ArrayRef<int32_t>(tokens).take_front(length), length - 1);
      EXPECT_EQ(0, std::memcmp(found.data(), &expected[(length - 1) * sizes.vocabulary],
                               sizes.vocabulary * sizeof(float)))
          << target.name << ", length " << length;
    }
  }
}

TEST(NetworkTest, ThreadsDoNotChangeTheBits) {
  NetworkSizes sizes{4, 2, 24, 90};
  TestModel model;
  buildNetwork(model, sizes);
  ASSERT_FALSE(HasFatalFailure());
  std::vector<int32_t> tokens = randomTokens(sizes.capacity, sizes.vocabulary);
  for (const Target &target : targetsHere()) {
    std::vector<float> expected;
    for (unsigned threads : {1, 2, 3}) {
      std::vector<Observed> seen;
      std::unique_ptr<Session> session = model.compile(target, threads);
      ASSERT_TRUE(session);
      SessionState state = session->newState();
      std::vector<float> found = TestModel::run(*session, state, tokens);
      if (expected.empty()) {
        expected = found;
      }
      EXPECT_EQ(0, std::memcmp(found.data(), expected.data(), found.size() * sizeof(float)))
          << target.name << ", " << threads << " threads";
    }
  }
}
