//===- SessionTest.cpp - States, errors and observers of sessions -------- -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "TestNetwork.h"

using namespace quench;

namespace {
/// One compiled network for all tests: nothing here changes it.
class SessionTest : public testing::Test {
protected:
  static constexpr NetworkSizes sizes{2, 1, 6, 8};

  static void SetUpTestSuite() {
    model = new TestModel;
    buildNetwork(*model, sizes);
    session = model->compile(Target::host()).release();
  }
  static void TearDownTestSuite() {
    delete session;
    delete model;
  }
  void SetUp() override { ASSERT_TRUE(session); }

  /// The error of a run that must fail; `state` may not change by it.
  std::string error(SessionState &state, std::vector<int32_t> tokens, int64_t first,
                    size_t numLogits) {
    int64_t position = state.position();
    std::vector<float> logits(numLogits, 123.0f);
    llvm::Error error = session->run(state, tokens, first, logits);
    EXPECT_EQ(state.position(), position);
    EXPECT_EQ(logits, std::vector<float>(numLogits, 123.0f));
    return error ? llvm::toString(std::move(error)) : "success";
  }

  static TestModel *model;
  static Session *session;
};
TestModel *SessionTest::model = nullptr;
Session *SessionTest::session = nullptr;
} // namespace

TEST_F(SessionTest, FailedRunsLeaveTheStateAsItWas) {
  SessionState clean = session->newState(), state = session->newState();
  TestModel::run(*session, clean, {1, 2, 3});
  TestModel::run(*session, state, {1, 2, 3});

  EXPECT_EQ(error(state, {4, 11}, 0, 22), "token 1 is 11, outside the vocabulary of 11");
  EXPECT_EQ(error(state, {-1}, 0, 11), "token 0 is -1, outside the vocabulary of 11");
  EXPECT_EQ(error(state, {INT32_MIN, 0}, 2, 0),
            "token 0 is -2147483648, outside the vocabulary of 11");
  EXPECT_EQ(error(state, {1, 1, 1, 1, 1, 1}, 5, 11),
            "6 more tokens do not fit: 3 of 8 positions of the cache are taken");
  EXPECT_EQ(error(state, {1, 2}, 0, 21), "expected room for 22 logits, found 21");
  EXPECT_EQ(error(state, {1, 2}, 0, 0), "expected room for 22 logits, found 0");
  EXPECT_EQ(error(state, {1, 2}, 3, 0), "expected the first logits at a token in [0, 2], found 3");
  EXPECT_EQ(error(state, {1, 2}, -1, 33),
            "expected the first logits at a token in [0, 2], found -1");

  EXPECT_EQ(TestModel::run(*session, clean, {4, 5}), TestModel::run(*session, state, {4, 5}));
}

TEST_F(SessionTest, StatesOfOtherModelsAreRefused) {
  TestModel other;
  buildNetwork(other, {2, 1, 6, 24});
  std::unique_ptr<Session> longer = other.compile(Target::host());
  ASSERT_TRUE(longer);
  SessionState foreign = longer->newState(), empty;
  EXPECT_EQ(error(foreign, {1}, 0, 11), "the state belongs to another model");
  EXPECT_EQ(error(empty, {1}, 0, 11), "the state belongs to another model");
}

TEST_F(SessionTest, TheCacheCanBeFilledToTheLastPosition) {
  SessionState state = session->newState();
  TestModel::run(*session, state, {1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_EQ(state.position(), 8);
  EXPECT_EQ(error(state, {1}, 0, 11),
            "1 more tokens do not fit: 8 of 8 positions of the cache are taken");
  EXPECT_EQ(error(state, {}, 0, 0), "success");
}

TEST_F(SessionTest, RewindingForgetsTheTokensBehind) {
  SessionState state = session->newState();
  TestModel::run(*session, state, {1, 2});
  std::vector<float> expected = TestModel::run(*session, state, {3, 4});
  TestModel::run(*session, state, {9, 9, 9});
  state.rewind(2);
  EXPECT_EQ(TestModel::run(*session, state, {3, 4}), expected);
  state.rewind(0);
  TestModel::run(*session, state, {1, 2});
  EXPECT_EQ(TestModel::run(*session, state, {3, 4}), expected);
}

TEST_F(SessionTest, RewindingOutsideTheCacheMakesRunsFail) {
  SessionState state = session->newState();
  for (int64_t position : {int64_t(-1), int64_t(9), INT64_MAX, INT64_MIN}) {
    state.rewind(position);
    EXPECT_NE(error(state, {1}, 0, 11), "success") << position;
  }
}

TEST_F(SessionTest, CopiedStatesGoTheirOwnWays) {
  SessionState state = session->newState();
  TestModel::run(*session, state, {1, 2, 3});
  SessionState copy = state;
  std::vector<float> expected = TestModel::run(*session, state, {4, 5});
  TestModel::run(*session, copy, {7});
  copy.rewind(3);
  EXPECT_EQ(TestModel::run(*session, copy, {4, 5}), expected);
}

TEST_F(SessionTest, LogitsAreThoseOfTheFirstTokenAndLater) {
  SessionState state = session->newState();
  std::vector<float> all = TestModel::run(*session, state, {1, 2, 3, 4});
  for (int64_t first = 0; first <= 4; ++first) {
    state.rewind(0);
    std::vector<float> found = TestModel::run(*session, state, {1, 2, 3, 4}, first);
    EXPECT_EQ(found, std::vector<float>(all.begin() + first * 11, all.end()));
  }
}

TEST_F(SessionTest, ObserversAreCompiledAwayOrReportInOrder) {
  std::vector<Observed> seen;
  std::unique_ptr<Session> observing = model->compile(Target::host(), 2, &seen);
  ASSERT_TRUE(observing);
  SessionState state = session->newState(), observed = observing->newState();
  std::vector<int32_t> tokens = {5, 0, 10};
  EXPECT_EQ(TestModel::run(*session, state, tokens), TestModel::run(*observing, observed, tokens));
  std::vector<std::string> names;
  for (const Observed &value : seen) {
    names.push_back(value.name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"cosine", "sine", "rotated", "attention", "sum",
                                             "norm", "norm with gain", "silu", "gated"}));
  EXPECT_EQ(seen[2].shape, (std::vector<int64_t>{3, 2, 6}));
  // A second run reports again, and the same values for the same tokens.
  std::vector<Observed> once = std::move(seen);
  seen.clear();
  observed.rewind(0);
  TestModel::run(*observing, observed, tokens);
  EXPECT_TRUE(once == seen);
}

TEST_F(SessionTest, TargetsThatDoNotRunHereAreRefused) {
  for (const Target &target : Target::all()) {
    if (target.caller().runsHere()) {
      continue;
    }
    SessionOptions options;
    options.target = target;
    auto refused = Session::create(*model->module, *model->store, options);
    ASSERT_FALSE(static_cast<bool>(refused));
    EXPECT_EQ(llvm::toString(refused.takeError()),
              "this machine cannot run code for target '" + target.name + "'");
  }
}

TEST_F(SessionTest, MissingAndWrongWeightsAreErrorsWithTheirKey) {
  TestModel empty;
  buildNetwork(empty, sizes);
  TestModel wrong;
  wrong.add("q", {3, 2}, std::vector<float>(6));
  wrong.build("module {}");
  auto missing = Session::create(*empty.module, *wrong.store, {});
  ASSERT_FALSE(static_cast<bool>(missing));
  std::string message = llvm::toString(missing.takeError());
  EXPECT_NE(message.find("tensor 'q'"), std::string::npos) << message;
}
