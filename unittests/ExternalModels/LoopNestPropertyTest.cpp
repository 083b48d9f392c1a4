//===- LoopNestPropertyTest.cpp - Every answer keeps the function ---------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An answer is a claim: with these operands changed, the op makes a changed result. Each op is
// compiled once, as a function of all its operands; then every port, every axis and maps of every
// kind are asked for, and each alternative is tried on numbers. Their number is fixed, so that
// refusing everything is no way to pass.
//
//===----------------------------------------------------------------------===//

#include "quench/Dialect/Quench/IR/BasisAlgebra.h"
#include "quench/Dialect/Quench/IR/QuenchDialect.h"
#include "quench/ExternalModels/BasisModels.h"
#include "quench/Interfaces/BasisOpInterface.h"
#include "quench/Runtime/FunctionSession.h"

#include "mlir/Conversion/TosaToArith/TosaToArith.h"
#include "mlir/Conversion/TosaToLinalg/TosaToLinalg.h"
#include "mlir/Conversion/TosaToTensor/TosaToTensor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tosa/IR/TosaOps.h"
#include "mlir/Dialect/Tosa/Transforms/Passes.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"

#include "gtest/gtest.h"

#include <random>

using namespace mlir;
using namespace quench;

namespace {

using Floats = std::vector<float>;

/// `text` defines @f, whose last op makes its result. Ten maps are asked for on each axis, so an op
/// that lets everything through in one way has ten alternatives for each axis of each port.
struct Case {
  const char *name;
  const char *text;
  size_t alternatives;
};

class LoopNestPropertyTest : public testing::TestWithParam<Case> {
protected:
  LoopNestPropertyTest() {
    DialectRegistry registry;
    registerBasisModels(registry);
    context.appendDialectRegistry(registry);
    context
        .loadDialect<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                     math::MathDialect, tensor::TensorDialect, tosa::TosaDialect, QuenchDialect>();
  }

  void SetUp() override;
  std::vector<MapUse> mapsOf(int64_t size);
  Value valueOf(BasisPort port) {
    return port.isResult ? op->getResult(port.index) : op->getOperand(port.index);
  }
  Floats change(Floats values, Value value, const BasisUse &use);
  Floats run(const std::vector<Floats> &arguments);
  void tryAll(BasisPort port, const BasisUse &use);
  void tryOne(const BasisAlternative &alternative, BasisPort port, const BasisUse &use);

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  Operation *op = nullptr;
  std::unique_ptr<FunctionSession> session;
  std::vector<Floats> inputs;
  Floats expected;
  size_t tried = 0;
};

} // namespace

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

void LoopNestPropertyTest::SetUp() {
  module = parseSourceString<ModuleOp>(GetParam().text, &context);
  ASSERT_TRUE(module);
  function = *module->getOps<func::FuncOp>().begin();
  op = function.getBody().front().getTerminator()->getOperand(0).getDefiningOp();
  OwningOpRef<ModuleOp> lowered = module->clone();
  PassManager passes(&context);
  passes.addNestedPass<func::FuncOp>(tosa::createTosaToLinalgNamed());
  passes.addNestedPass<func::FuncOp>(tosa::createTosaMakeBroadcastablePass());
  passes.addNestedPass<func::FuncOp>(tosa::createTosaToLinalg());
  passes.addNestedPass<func::FuncOp>(createTosaToArithPass());
  passes.addNestedPass<func::FuncOp>(createTosaToTensorPass());
  ASSERT_TRUE(succeeded(passes.run(*lowered)));
  auto created = FunctionSession::create(*lowered, "f", nullptr);
  ASSERT_TRUE(bool(created)) << llvm::toString(created.takeError());
  session = std::move(*created);
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  for (Value argument : function.getArguments()) {
    Floats &values =
        inputs.emplace_back(cast<RankedTensorType>(argument.getType()).getNumElements());
    for (float &value : values) {
      value = normal(random);
    }
  }
  expected = run(inputs);
}

Floats LoopNestPropertyTest::run(const std::vector<Floats> &values) {
  std::vector<FunctionArgument> arguments;
  for (auto [own, argument] : llvm::zip_equal(values, function.getArguments())) {
    arguments.push_back(FunctionArgument::tensor(own, shapeOf(argument)));
  }
  Floats result(cast<RankedTensorType>(op->getResult(0).getType()).getNumElements());
  llvm::Error error =
      session->run(arguments, {FunctionResult::tensor(result, shapeOf(op->getResult(0)))});
  EXPECT_FALSE(bool(error)) << llvm::toString(std::move(error));
  return result;
}

/// One of each kind: positive and any diagonals, permutations, rotations, and a product.
std::vector<MapUse> LoopNestPropertyTest::mapsOf(int64_t size) {
  std::vector<double> positive, any;
  std::vector<int64_t> sources;
  for (int64_t i = 0; i < size; ++i) {
    positive.push_back(0.5 + static_cast<double>(i));
    any.push_back(i % 2 == 0 ? -2.0 : 0.5);
    sources.push_back((i + 1) % size);
  }
  MapUse permutation{PermutationAttr::get(&context, DenseI64ArrayAttr::get(&context, sources))};
  std::vector<MapUse> maps = {diagonalOf(&context, positive), diagonalOf(&context, any),
                              permutation};
  // There is no rotation of this kind for three columns.
  if (size <= 2 || size % 4 == 0) {
    MapUse hadamard = quench::normalize(MapUse{HadamardAttr::get(&context, size)});
    maps.push_back(hadamard);
    maps.push_back(compose(diagonalOf(&context, any), hadamard));
  }
  return maps;
}

/// Multiplies all rows along the axis of a use.
Floats LoopNestPropertyTest::change(Floats values, Value value, const BasisUse &use) {
  if (use.isIdentity()) {
    return values;
  }
  numerics::BasisMap map = llvm::cantFail(use.map.map.getNumericsMap());
  int64_t inner = 1;
  for (int64_t dim : shapeOf(value).drop_front(use.endAxis())) {
    inner *= dim;
  }
  std::vector<double> numbers(values.begin(), values.end());
  llvm::cantFail(map.applyAlong(numbers, inner, {use.map.inverse, use.map.transposed}));
  return Floats(numbers.begin(), numbers.end());
}

void LoopNestPropertyTest::tryOne(const BasisAlternative &alternative, BasisPort port,
                                  const BasisUse &use) {
  std::vector<Floats> changed = inputs;
  Floats wanted = expected;
  BasisAlternative all = alternative;
  all.push_back({port, use});
  for (const auto &[other, own] : all) {
    Value value = valueOf(other);
    if (other.isResult) {
      wanted = change(wanted, value, own);
    } else if (auto argument = dyn_cast<BlockArgument>(value)) {
      Floats &values = changed[argument.getArgNumber()];
      values = change(values, value, own);
    } else {
      // Constants of a case are zeros or infinite, and the same in every basis that is asked for.
      EXPECT_TRUE(value.getDefiningOp()->hasTrait<OpTrait::ConstantLike>());
    }
  }
  Floats found = run(changed);
  double largest = 0.0, worst = 0.0;
  for (auto [a, b] : llvm::zip_equal(found, wanted)) {
    largest = std::max<double>(largest, std::abs(b));
    worst = std::max<double>(worst, std::abs(a - b));
  }
  EXPECT_LE(worst, 1e-5 * largest) << (port.isResult ? "result" : "operand ") << port.index
                                   << " axis " << use.firstAxis << ", " << describe(use.map);
  ++tried;
}

void LoopNestPropertyTest::tryAll(BasisPort port, const BasisUse &use) {
  BasisAnswer answer = cast<BasisOpInterface>(op).propagateBasis(port, use);
  EXPECT_NE(answer.alternatives.empty(), answer.refusal.empty());
  for (const BasisAlternative &alternative : answer.alternatives) {
    tryOne(alternative, port, use);
  }
}

TEST_P(LoopNestPropertyTest, EveryAnswerKeepsTheFunction) {
  std::vector<BasisPort> ports = {BasisPort::result(0)};
  for (OpOperand &operand : op->getOpOperands()) {
    if (isa<BlockArgument>(operand.get())) {
      ports.push_back(BasisPort::operand(operand.getOperandNumber()));
    }
  }
  for (BasisPort port : ports) {
    for (auto [axis, size] : llvm::enumerate(shapeOf(valueOf(port)))) {
      if (size < 2) {
        continue;
      }
      for (const MapUse &map : mapsOf(size)) {
        tryAll(port, quench::normalize(BasisUse{static_cast<int64_t>(axis), 1, map},
                                       shapeOf(valueOf(port))));
        tryAll(port, quench::normalize(BasisUse{static_cast<int64_t>(axis), 1, invert(map)},
                                       shapeOf(valueOf(port))));
      }
    }
  }
  EXPECT_EQ(tried, GetParam().alternatives);
}

static const Case cases[] = {
    {"MatMul", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<4x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.matmul ins(%a, %b : tensor<2x4xf32>, tensor<4x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     80},
    {"MatMulTransposed", R"(
      func.func @f(%a: tensor<4x2xf32>, %b: tensor<8x4xf32>, %c: tensor<2x8xf32>) -> tensor<2x8xf32> {
        %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (n, k)>,
                                            affine_map<(m, n, k) -> (m, n)>]
          ins(%a, %b : tensor<4x2xf32>, tensor<8x4xf32>) outs(%c : tensor<2x8xf32>) -> tensor<2x8xf32>
        return %y : tensor<2x8xf32>
      })",
     80},
    {"BatchMatMul", R"(
      func.func @f(%a: tensor<2x2x4xf32>, %b: tensor<2x4x2xf32>, %c: tensor<2x2x2xf32>) -> tensor<2x2x2xf32> {
        %y = linalg.batch_matmul ins(%a, %b : tensor<2x2x4xf32>, tensor<2x4x2xf32>)
          outs(%c : tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
        return %y : tensor<2x2x2xf32>
      })",
     120},
    {"ConvNhwcHwcf", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %b: tensor<2x2x2x4xf32>, %c: tensor<2x2x2x4xf32>) -> tensor<2x2x2x4xf32> {
        %y = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>}
          ins(%a, %b : tensor<2x4x4x2xf32>, tensor<2x2x2x4xf32>) outs(%c : tensor<2x2x2x4xf32>) -> tensor<2x2x2x4xf32>
        return %y : tensor<2x2x2x4xf32>
      })",
     80},
    {"DepthwiseConv", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %b: tensor<2x2x2xf32>, %c: tensor<2x3x3x2xf32>) -> tensor<2x3x3x2xf32> {
        %y = linalg.depthwise_conv_2d_nhwc_hwc ins(%a, %b : tensor<2x4x4x2xf32>, tensor<2x2x2xf32>)
          outs(%c : tensor<2x3x3x2xf32>) -> tensor<2x3x3x2xf32>
        return %y : tensor<2x3x3x2xf32>
      })",
     70},
    {"MaxPool", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %c: tensor<2x3x3x2xf32>) -> tensor<2x3x3x2xf32> {
        %w = tensor.empty() : tensor<2x2xf32>
        %y = linalg.pooling_nhwc_max ins(%a, %w : tensor<2x4x4x2xf32>, tensor<2x2xf32>)
          outs(%c : tensor<2x3x3x2xf32>) -> tensor<2x3x3x2xf32>
        return %y : tensor<2x3x3x2xf32>
      })",
     24},
    // Nothing is less than what it starts from, in every basis of positive diagonals.
    {"MaxPoolOfConstant", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>) -> tensor<2x3x3x2xf32> {
        %c = arith.constant dense<0xFF800000> : tensor<2x3x3x2xf32>
        %w = tensor.empty() : tensor<2x2xf32>
        %y = linalg.pooling_nhwc_max ins(%a, %w : tensor<2x4x4x2xf32>, tensor<2x2xf32>)
          outs(%c : tensor<2x3x3x2xf32>) -> tensor<2x3x3x2xf32>
        return %y : tensor<2x3x3x2xf32>
      })",
     16},
    {"Multiply", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.mul ins(%a, %b : tensor<2x4xf32>, tensor<2x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     80},
    {"Divide", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.div ins(%a, %b : tensor<2x4xf32>, tensor<2x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     80},
    {"Maximum", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.max ins(%a, %b : tensor<2x4xf32>, tensor<2x4xf32>) outs(%c : tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     44},
    {"Transpose", R"(
      func.func @f(%a: tensor<2x4x8xf32>, %c: tensor<8x2x4xf32>) -> tensor<8x2x4xf32> {
        %y = linalg.transpose ins(%a : tensor<2x4x8xf32>) outs(%c : tensor<8x2x4xf32>) permutation = [2, 0, 1]
        return %y : tensor<8x2x4xf32>
      })",
     90},
    {"Broadcast", R"(
      func.func @f(%a: tensor<4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.broadcast ins(%a : tensor<4xf32>) outs(%c : tensor<2x4xf32>) dimensions = [0]
        return %y : tensor<2x4xf32>
      })",
     42},
    {"ReduceSum", R"(
      func.func @f(%a: tensor<2x4xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
        %y = linalg.reduce { arith.addf } ins(%a : tensor<2x4xf32>) outs(%c : tensor<2xf32>) dimensions = [1]
        return %y : tensor<2xf32>
      })",
     32},
    {"ReduceMax", R"(
      func.func @f(%a: tensor<2x4xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
        %y = linalg.reduce { arith.maximumf } ins(%a : tensor<2x4xf32>) outs(%c : tensor<2xf32>) dimensions = [1]
        return %y : tensor<2xf32>
      })",
     14},
    {"ReduceProduct", R"(
      func.func @f(%a: tensor<2x4xf32>, %c: tensor<2xf32>) -> tensor<2xf32> {
        %y = linalg.reduce { arith.mulf } ins(%a : tensor<2x4xf32>) outs(%c : tensor<2xf32>) dimensions = [1]
        return %y : tensor<2xf32>
      })",
     0},
    {"LeakyRectifier", R"(
      func.func @f(%a: tensor<2x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %zero = arith.constant 0.0 : f32
        %slope = arith.constant 0.125 : f32
        %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                             iterator_types = ["parallel", "parallel"]}
            ins(%a : tensor<2x4xf32>) outs(%c : tensor<2x4xf32>) {
        ^bb0(%in: f32, %out: f32):
          %positive = arith.cmpf ogt, %in, %zero : f32
          %small = arith.mulf %in, %slope : f32
          %either = arith.select %positive, %in, %small : f32
          linalg.yield %either : f32
        } -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     36},
    // A norm of channels: x * g + b with a gate from another value, and what was there before.
    {"ScaleShiftGateAccumulate", R"(
      func.func @f(%a: tensor<2x4xf32>, %g: tensor<4xf32>, %b: tensor<4xf32>, %h: tensor<2xf32>, %c: tensor<2x4xf32>)
          -> tensor<2x4xf32> {
        %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>,
                                              affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m)>,
                                              affine_map<(m, n) -> (m, n)>],
                             iterator_types = ["parallel", "parallel"]}
            ins(%a, %g, %b, %h : tensor<2x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<2xf32>) outs(%c : tensor<2x4xf32>) {
        ^bb0(%in: f32, %gain: f32, %offset: f32, %gate: f32, %out: f32):
          %0 = arith.mulf %in, %gain : f32
          %1 = arith.addf %0, %offset : f32
          %2 = arith.mulf %1, %gate : f32
          %3 = arith.addf %out, %2 : f32
          linalg.yield %3 : f32
        } -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     70},
    {"Gelu", R"(
      func.func @f(%a: tensor<2x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %one = arith.constant 1.0 : f32
        %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                             iterator_types = ["parallel", "parallel"]}
            ins(%a : tensor<2x4xf32>) outs(%c : tensor<2x4xf32>) {
        ^bb0(%in: f32, %out: f32):
          %0 = math.tanh %in : f32
          %1 = arith.addf %0, %one : f32
          %2 = arith.mulf %in, %1 : f32
          linalg.yield %2 : f32
        } -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     28},
    {"DiagonalOfMatrix", R"(
      func.func @f(%a: tensor<4x4xf32>, %c: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (n, n)>, affine_map<(m, n) -> (m, n)>],
                             iterator_types = ["parallel", "parallel"]}
            ins(%a : tensor<4x4xf32>) outs(%c : tensor<2x4xf32>) {
        ^bb0(%l: f32, %out: f32):
          linalg.yield %l : f32
        } -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     22},
    {"TosaMatMul", R"(
      func.func @f(%a: tensor<2x2x4xf32>, %b: tensor<2x4x2xf32>) -> tensor<2x2x2xf32> {
        %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %y = tosa.matmul %a, %b, %zp, %zp
          : (tensor<2x2x4xf32>, tensor<2x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x2x2xf32>
        return %y : tensor<2x2x2xf32>
      })",
     90},
    {"TosaConv", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %b: tensor<4x2x2x2xf32>, %c: tensor<4xf32>) -> tensor<2x3x3x4xf32> {
        %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %y = tosa.conv2d %a, %b, %c, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>,
                                               pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
          : (tensor<2x4x4x2xf32>, tensor<4x2x2x2xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x3x3x4xf32>
        return %y : tensor<2x3x3x4xf32>
      })",
     54},
    // One bias for all channels lets only permutations of them through.
    {"TosaConvOneBias", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %b: tensor<4x2x2x2xf32>, %c: tensor<1xf32>) -> tensor<2x3x3x4xf32> {
        %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %y = tosa.conv2d %a, %b, %c, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>,
                                               pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
          : (tensor<2x4x4x2xf32>, tensor<4x2x2x2xf32>, tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x3x3x4xf32>
        return %y : tensor<2x3x3x4xf32>
      })",
     28},
    {"TosaDepthwiseConv", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>, %b: tensor<2x2x2x1xf32>, %c: tensor<2xf32>) -> tensor<2x3x3x2xf32> {
        %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %y = tosa.depthwise_conv2d %a, %b, %c, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>,
                                                         pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
          : (tensor<2x4x4x2xf32>, tensor<2x2x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x3x3x2xf32>
        return %y : tensor<2x3x3x2xf32>
      })",
     44},
    {"TosaAvgPool", R"(
      func.func @f(%a: tensor<2x4x4x2xf32>) -> tensor<2x3x3x2xf32> {
        %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %y = tosa.avg_pool2d %a, %zp, %zp {acc_type = f32, kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>,
                                           stride = array<i64: 1, 1>}
          : (tensor<2x4x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x3x3x2xf32>
        return %y : tensor<2x3x3x2xf32>
      })",
     40},
    {"TosaMulBroadcast", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<1x4xf32>) -> tensor<2x4xf32> {
        %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
        %y = tosa.mul %a, %b, %shift : (tensor<2x4xf32>, tensor<1x4xf32>, tensor<1xi8>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     50},
    {"TosaAddBroadcast", R"(
      func.func @f(%a: tensor<2x4xf32>, %b: tensor<1x4xf32>) -> tensor<2x4xf32> {
        %y = tosa.add %a, %b : (tensor<2x4xf32>, tensor<1x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     34},
    {"TosaRectifier", R"(
      func.func @f(%a: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = tosa.clamp %a {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     16},
    {"TosaClamp", R"(
      func.func @f(%a: tensor<2x4xf32>) -> tensor<2x4xf32> {
        %y = tosa.clamp %a {min_val = 0.0 : f32, max_val = 1.0 : f32} : (tensor<2x4xf32>) -> tensor<2x4xf32>
        return %y : tensor<2x4xf32>
      })",
     8},
    {"TosaTranspose", R"(
      func.func @f(%a: tensor<2x4x8xf32>) -> tensor<8x2x4xf32> {
        %y = tosa.transpose %a {perms = array<i32: 2, 0, 1>} : (tensor<2x4x8xf32>) -> tensor<8x2x4xf32>
        return %y : tensor<8x2x4xf32>
      })",
     60},
    {"TosaReshape", R"(
      func.func @f(%a: tensor<2x4x8xf32>) -> tensor<8x8xf32> {
        %s = tosa.const_shape {values = dense<[8, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
        %y = tosa.reshape %a, %s : (tensor<2x4x8xf32>, !tosa.shape<2>) -> tensor<8x8xf32>
        return %y : tensor<8x8xf32>
      })",
     46},
    {"TosaPad", R"(
      func.func @f(%a: tensor<2x4xf32>) -> tensor<3x4xf32> {
        %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
        %p = tosa.const_shape {values = dense<[1, 0, 0, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
        %y = tosa.pad %a, %p, %zero : (tensor<2x4xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<3x4xf32>
        return %y : tensor<3x4xf32>
      })",
     20},
};

INSTANTIATE_TEST_SUITE_P(Ops, LoopNestPropertyTest, testing::ValuesIn(cases),
                         [](const auto &info) { return std::string(info.param.name); });
