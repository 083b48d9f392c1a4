//===- RebaseTest.cpp - Let a value live in another basis -----------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small functions around one idea each. The value to rebase is observed as "seed"; after a plan was
// applied the function has to evaluate to what it did.
//
//===----------------------------------------------------------------------===//

#include "quench/Basis/Rebase.h"

#include "quench/Dialect/NN/IR/NNOps.h"
#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchOps.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Reference/Evaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include "gtest/gtest.h"

using namespace mlir;
using namespace quench;

namespace {

class RebaseTest : public ::testing::Test {
protected:
  RebaseTest() {
    DialectRegistry registry;
    registerBasisModels(registry);
    context.appendDialectRegistry(registry);
    context.loadDialect<arith::ArithDialect, func::FuncDialect, tensor::TensorDialect,
                        QuenchDialect, nn::NNDialect>();
  }

  /// Parses `body` as @main, which returns one tensor, behind constants that functions share.
  void parse(const std::string &type, const std::string &body) {
    std::string text = R"(
      func.func @main() -> )" +
                       type + R"( {
        %x = arith.constant dense<[[1.0, -2.0, 3.0, 0.5], [-0.5, 0.25, 4.0, 1.0]]> : tensor<2x4xf32>
        %w = arith.constant dense<[[1.0, 2.0, -3.0, 4.0], [0.5, -1.0, 2.0, 8.0], [1.0, 1.0, 0.0, -2.0],
                                   [3.0, 0.5, 0.25, 1.0]]> : tensor<4x4xf32>
        %b = arith.constant dense<[1.0, -2.0, 0.5, 4.0]> : tensor<4xf32>
    )" + body + "}";
    module = parseSourceString<ModuleOp>(text, &context);
    ASSERT_TRUE(module);
    expected = evaluate();
  }

  std::vector<float> evaluate() {
    reference::Evaluator evaluator(*module);
    auto results = evaluator.call("main", {});
    if (!results) {
      ADD_FAILURE() << llvm::toString(results.takeError());
      return {};
    }
    return results->front().floats;
  }

  Value seed() {
    Value found;
    module->walk([&](ObserveOp observe) {
      if (observe.getName() == "seed") {
        found = observe.getInput();
      }
    });
    return found;
  }

  RebaseResult plan(MapUse map, RebasePolicy policy = {}) {
    Value value = seed();
    int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
    return planRebase(value, BasisUse{rank - 1, 1, map}, policy);
  }

  /// Applies a plan that has to be there, and checks the function.
  void apply(const RebaseResult &result) {
    ASSERT_TRUE(result.plan.has_value()) << result.refusal.message();
    ASSERT_TRUE(succeeded(result.plan->apply()));
    ASSERT_TRUE(succeeded(verify(*module)));
    std::vector<float> actual = evaluate();
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 1e-5f * (1.0f + std::abs(expected[i]))) << i;
    }
  }

  /// The refusal, and that there is one.
  std::string refusal(MapUse map, RebasePolicy policy = {}) {
    RebaseResult result = plan(map, std::move(policy));
    EXPECT_FALSE(result.plan.has_value());
    return result.refusal.message();
  }

  template <typename OpTy> unsigned count() {
    unsigned number = 0;
    module->walk([&](OpTy) { ++number; });
    return number;
  }

  MapUse diagonal() { return diagonalOf(&context, {2.0, 0.5, 4.0, 1.0}); }
  MapUse hadamard() { return {HadamardAttr::get(&context, 4, 1, 0)}; }
  MapUse permutation() {
    return {PermutationAttr::get(&context, DenseI64ArrayAttr::get(&context, {1, 3, 0, 2}))};
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::vector<float> expected;
};

// Two linear layers: all maps vanish in both weights, and in the bias.
TEST_F(RebaseTest, linearLayersAbsorbAnything) {
  for (MapUse map : {diagonal(), hadamard(), permutation(), compose(hadamard(), diagonal())}) {
    parse("tensor<2x4xf32>", R"(
      %h = nn.linear %x, %w bias(%b) : tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
      quench.observe %h as "seed" : tensor<2x4xf32>
      %y = nn.linear %h, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
      return %y : tensor<2x4xf32>
    )");
    RebaseResult result = plan(map);
    apply(result);
    EXPECT_EQ(result.plan->constants.size(), 3u);
    EXPECT_TRUE(result.plan->followed.empty() && result.plan->preceded.empty());
  }
}

// A residual stream: everything that is added to it has to follow.
TEST_F(RebaseTest, sumsAgree) {
  parse("tensor<2x4xf32>", R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %n = nn.rms_norm %h epsilon 1.0e-5 : tensor<2x4xf32>
    %a = nn.linear %n, %w bias(%b) : tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
    %s = arith.addf %h, %a : tensor<2x4xf32>
    %d = arith.subf %s, %x : tensor<2x4xf32>
    %e = arith.negf %d : tensor<2x4xf32>
    %y = nn.linear %e, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )");
  apply(plan(hadamard()));
  // Weights on both sides of the stream, the bias, and the constant that is subtracted.
  EXPECT_EQ(count<ChangeBasisOp>(), 6u);
  EXPECT_EQ(refusal(diagonal()),
            "'nn.rms_norm' refuses: only orthogonal maps pass a norm without gain (asked for "
            "diagonal of 4)");
}

// The diagonal can go either way; behind the first is an op that refuses it.
TEST_F(RebaseTest, productsTakeTheSideThatWorks) {
  const char *body = R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    %g = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    %a = nn.silu %g : tensor<2x4xf32>
    %p = arith.mulf %a, %h : tensor<2x4xf32>
    quench.observe %p as "seed" : tensor<2x4xf32>
    %y = nn.linear %p, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  parse("tensor<2x4xf32>", body);
  RebaseResult result = plan(diagonal());
  apply(result);
  EXPECT_EQ(result.plan->constants.size(), 2u);
  // A permutation goes both ways, through the activation too.
  parse("tensor<2x4xf32>", body);
  result = plan(permutation());
  apply(result);
  EXPECT_EQ(result.plan->constants.size(), 3u);
}

TEST_F(RebaseTest, squaresRefuse) {
  parse("tensor<2x4xf32>", R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %p = arith.mulf %h, %h : tensor<2x4xf32>
    %y = nn.linear %p, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )");
  EXPECT_EQ(refusal(diagonal()), "'arith.mulf' refuses: its other operands and results cannot "
                                 "follow a diagonal of 4");
  apply(plan(permutation()));
}

TEST_F(RebaseTest, quotients) {
  parse("tensor<2x4xf32>", R"(
    %h = nn.linear %x, %w bias(%b) : tensor<2x4xf32>, tensor<4x4xf32>, tensor<4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %p = arith.divf %x, %h : tensor<2x4xf32>
    %y = nn.linear %p, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )");
  apply(plan(diagonal()));
}

// Positive scales pass max(x, 0); negative ones do not, nor does another bound.
TEST_F(RebaseTest, rectifiersPassPositiveDiagonals) {
  const std::string before = R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %zero = arith.constant dense<)",
                    after = R"(> : tensor<2x4xf32>
    %p = arith.maximumf %h, %zero : tensor<2x4xf32>
    %y = nn.linear %p, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  parse("tensor<2x4xf32>", before + "0.0" + after);
  EXPECT_NE(refusal(diagonalOf(&context, {1.0, -1.0, 1.0, 1.0})).find("positive"),
            std::string::npos);
  apply(plan(diagonal()));
  parse("tensor<2x4xf32>", before + "1.0" + after);
  EXPECT_NE(refusal(diagonal()).find("positive"), std::string::npos);
  apply(plan(permutation()));
}

TEST_F(RebaseTest, gainsTakeDiagonalsAndPermutations) {
  const char *body = R"(
    %n = nn.rms_norm %x gain(%b : tensor<4xf32>) epsilon 1.0e-5 : tensor<2x4xf32>
    quench.observe %n as "seed" : tensor<2x4xf32>
    %y = nn.linear %n, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  for (MapUse map : {diagonal(), permutation(), diagonalOf(&context, {1.0, -1.0, -1.0, 1.0})}) {
    parse("tensor<2x4xf32>", body);
    apply(plan(map));
  }
  parse("tensor<2x4xf32>", body);
  EXPECT_EQ(refusal(hadamard()), "'nn.rms_norm' refuses: its gain is not folded into what reads "
                                 "it (quench-fold-norms does) (asked for hadamard of 4)");
}

// Where the policy allows it, refusals become online changes on either side.
TEST_F(RebaseTest, layerNormsKeepTheirMean) {
  const std::string alone = R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %n = nn.layer_norm %h epsilon 1.0e-5 : tensor<2x4xf32>
    %y = nn.linear %n, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  // A reflection I - 2 v vT / vTv with v = (1, -1, 1, -1) keeps the row of ones, a Hadamard matrix
  // does not.
  std::vector<float> reflection(16);
  for (int i = 0; i < 4; ++i) {
    for (int j = 0; j < 4; ++j) {
      reflection[4 * i + j] = (i == j ? 1.0f : 0.0f) - ((i + j) % 2 == 0 ? 0.5f : -0.5f);
    }
  }
  auto type = RankedTensorType::get({4, 4}, Float32Type::get(&context));
  MapUse keeps{OrthogonalAttr::get(&context, DenseElementsAttr::get(type, ArrayRef(reflection)))};
  parse("tensor<2x4xf32>", alone);
  apply(plan(keeps));
  parse("tensor<2x4xf32>", alone);
  apply(plan(permutation()));
  parse("tensor<2x4xf32>", alone);
  EXPECT_EQ(refusal(hadamard()), "'nn.layer_norm' refuses: it subtracts the mean of the channels, "
                                 "which the map does not keep (asked for hadamard of 4)");
  EXPECT_EQ(refusal(diagonal()), "'nn.layer_norm' refuses: only orthogonal maps pass a norm "
                                 "without gain (asked for diagonal of 4)");

  const std::string full = R"(
    %n = nn.layer_norm %x gain(%b : tensor<4xf32>) bias(%b : tensor<4xf32>) epsilon 1.0e-5 : tensor<2x4xf32>
    quench.observe %n as "seed" : tensor<2x4xf32>
    %y = nn.linear %n, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  parse("tensor<2x4xf32>", full);
  apply(plan(diagonal()));
  parse("tensor<2x4xf32>", full);
  apply(plan(permutation()));
  parse("tensor<2x4xf32>", full);
  EXPECT_EQ(refusal(keeps), "'nn.layer_norm' refuses: its gain and bias are not folded into what "
                            "reads it (quench-fold-norms does) (asked for orthogonal of 4)");
}

TEST_F(RebaseTest, boundariesStayOnline) {
  const char *body = R"(
    %a = nn.silu %x : tensor<2x4xf32>
    quench.observe %a as "seed" : tensor<2x4xf32>
    %y = nn.linear %a, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    %z = nn.silu %a : tensor<2x4xf32>
    %s = arith.addf %y, %z : tensor<2x4xf32>
    return %s : tensor<2x4xf32>
  )";
  parse("tensor<2x4xf32>", body);
  EXPECT_FALSE(plan(hadamard()).plan.has_value());
  RebasePolicy policy;
  policy.mayFollow = [&](Value value) { return value == seed(); };
  EXPECT_FALSE(plan(hadamard(), policy).plan.has_value());
  policy.mayPrecede = [](OpOperand &reader) { return isa<nn::SiLUOp>(reader.getOwner()); };
  RebaseResult result = plan(hadamard(), policy);
  apply(result);
  EXPECT_EQ(result.plan->followed.size(), 1u);
  EXPECT_EQ(result.plan->preceded.size(), 1u);
  // What wants the old basis reads the old value: online is one change, the weight has another.
  EXPECT_EQ(count<ChangeBasisOp>(), 2u);
}

// A change that is there takes in what comes, from both sides; the inverse of it disappears.
TEST_F(RebaseTest, changesAbsorb) {
  const char *body = R"(
    %h = quench.change_basis %x by #quench.hadamard<4, seed = 1> axes [1] inverse : tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %n = nn.rms_norm %h epsilon 1.0e-5 : tensor<2x4xf32>
    %y = quench.change_basis %n by #quench.diagonal<dense<[2.0, 4.0, 8.0, 1.0]> : tensor<4xf32>> axes [1] : tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )";
  parse("tensor<2x4xf32>", body);
  apply(plan(hadamard()));
  EXPECT_EQ(count<ChangeBasisOp>(), 1u);
  parse("tensor<2x4xf32>", body);
  apply(plan(permutation()));
  EXPECT_EQ(count<ChangeBasisOp>(), 2u);
}

// Reshapes, and slices of other axes.
TEST_F(RebaseTest, shapesAreFollowed) {
  parse("tensor<1x4xf32>", R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %e = tensor.expand_shape %h [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf32> into tensor<2x2x2xf32>
    %n = arith.negf %e : tensor<2x2x2xf32>
    %c = tensor.collapse_shape %n [[0], [1, 2]] : tensor<2x2x2xf32> into tensor<2x4xf32>
    %s = tensor.extract_slice %c[1, 0] [1, 4] [1, 1] : tensor<2x4xf32> to tensor<1x4xf32>
    %y = nn.linear %s, %w : tensor<1x4xf32>, tensor<4x4xf32> -> tensor<1x4xf32>
    return %y : tensor<1x4xf32>
  )");
  apply(plan(hadamard()));
  parse("tensor<2x2xf32>", R"(
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %s = tensor.extract_slice %h[0, 2] [2, 2] [1, 1] : tensor<2x4xf32> to tensor<2x2xf32>
    return %s : tensor<2x2xf32>
  )");
  EXPECT_NE(refusal(hadamard()).find("it takes a slice along an axis of the map"),
            std::string::npos);
}

// Values pass to the result, head by head; query heads that share a key head have one map.
TEST_F(RebaseTest, attention) {
  const std::string body = R"(
    %zero = arith.constant 0 : index
    %q2 = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    %v = arith.constant dense<[[1.0, 2.0, -3.0, 4.0], [0.5, -1.0, 2.0, 8.0]]> : tensor<2x4xf32>
    %k2 = nn.linear %x, %v : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x2xf32>
    %v2 = nn.linear %x, %v : tensor<2x4xf32>, tensor<2x4xf32> -> tensor<2x2xf32>
    %q = tensor.expand_shape %q2 [[0], [1, 2]] output_shape [2, 2, 2] : tensor<2x4xf32> into tensor<2x2x2xf32>
    %k = tensor.expand_shape %k2 [[0], [1, 2]] output_shape [2, 1, 2] : tensor<2x2xf32> into tensor<2x1x2xf32>
    %vs = tensor.expand_shape %v2 [[0], [1, 2]] output_shape [2, 1, 2] : tensor<2x2xf32> into tensor<2x1x2xf32>
    %o = nn.attention %q, %k, %vs at %zero scale 5.0e-1 : tensor<2x2x2xf32>, tensor<2x1x2xf32>
    %c = tensor.collapse_shape %o [[0], [1, 2]] : tensor<2x2x2xf32> into tensor<2x4xf32>
    %y = nn.linear %c, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
  )",
                    end = "return %y : tensor<2x4xf32>";
  MapUse two{HadamardAttr::get(&context, 2)};
  MapUse scale = diagonalOf(&context, {2.0, 0.5});
  for (const char *value : {"%v2", "%k2"}) {
    for (MapUse map : {two, scale, compose(scale, two)}) {
      parse("tensor<2x4xf32>",
            body + "quench.observe " + value + " as \"seed\" : tensor<2x2xf32>\n" + end);
      apply(plan(map));
    }
  }
  const std::string result = body + "quench.observe %c as \"seed\" : tensor<2x4xf32>\n" + end;
  parse("tensor<2x4xf32>", result);
  EXPECT_NE(refusal(diagonal()).find("query heads that share a key head have different maps"),
            std::string::npos);
  EXPECT_NE(refusal(hadamard()).find("only maps within heads pass"), std::string::npos);
  apply(plan(diagonalOf(&context, {2.0, 0.5, 2.0, 0.5})));
}

// Equal halves commute with positions.
TEST_F(RebaseTest, rotaryEmbedding) {
  parse("tensor<2x4xf32>", R"(
    %zero = arith.constant 0 : index
    %two = arith.constant 2 : index
    %f = arith.constant dense<[1.0, 0.1]> : tensor<2xf32>
    %cos, %sin = nn.rotary_table %f from %zero length %two : tensor<2xf32> -> tensor<2x2xf32>
    %h = nn.linear %x, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    quench.observe %h as "seed" : tensor<2x4xf32>
    %e = tensor.expand_shape %h [[0], [1, 2]] output_shape [2, 1, 4] : tensor<2x4xf32> into tensor<2x1x4xf32>
    %r = nn.rotary_embedding %e, %cos, %sin : tensor<2x1x4xf32>, tensor<2x2xf32>
    %c = tensor.collapse_shape %r [[0], [1, 2]] : tensor<2x1x4xf32> into tensor<2x4xf32>
    %y = nn.linear %c, %w : tensor<2x4xf32>, tensor<4x4xf32> -> tensor<2x4xf32>
    return %y : tensor<2x4xf32>
  )");
  EXPECT_NE(refusal(hadamard()).find("it turns the halves of each head by its position"),
            std::string::npos);
  EXPECT_NE(refusal(diagonal()).find("it turns the halves"), std::string::npos);
  apply(plan(diagonalOf(&context, {2.0, 0.5, 2.0, 0.5})));
}

TEST_F(RebaseTest, mapsHaveToFit) {
  parse("tensor<2x4xf32>", R"(
    quench.observe %x as "seed" : tensor<2x4xf32>
    return %x : tensor<2x4xf32>
  )");
  EXPECT_EQ(refusal({HadamardAttr::get(&context, 8)}),
            "'arith.constant' refuses: the map does not fit the type of the value");
  // A weight that changes for one reader does not for all: it is rebased at the reader.
  EXPECT_EQ(refusal(hadamard()), "'arith.constant' refuses: it has no rule for changes of basis");
}

} // namespace
