//===- OutputMeasurementTest.cpp ------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench/Insight/OutputMeasurement.h"

#include "QuantizedDecoder.h"

#include "quench/Insight/TokenScores.h"
#include "quench/Numerics/OutlierStatistics.h"
#include "quench/Transforms/LayerNames.h"
#include "quench/Tuning/ModelSegments.h"

using namespace quench;
using namespace quench::insight;

namespace {

/// What every layer computes for one sequence, by the evaluator.
std::map<std::string, std::vector<float>>
evaluateLayers(TestDecoder &model, const ModelStage &stage, llvm::ArrayRef<int32_t> tokens) {
  mlir::OwningOpRef<mlir::ModuleOp> copy =
      stage.function->getParentOfType<mlir::ModuleOp>().clone();
  copy->walk([](ObserveOp op) { op.erase(); });
  LayerNames names(*copy);
  for (QuantizableOpInterface layer : names.layers()) {
    mlir::OpBuilder builder(layer->getContext());
    builder.setInsertionPointAfter(layer);
    ObserveOp::create(builder, layer->getLoc(), layer->getResult(0),
                      builder.getStringAttr(names.nameOf(layer)), mlir::DenseF32ArrayAttr());
  }
  std::map<std::string, std::vector<float>> result;
  reference::Evaluator evaluator(*copy, stage.weights,
                                 [&](llvm::StringRef name, const reference::Value &value) {
                                   result[name.str()] = value.floats;
                                   return llvm::Error::success();
                                 });
  mlir::Builder b(copy->getContext());
  std::vector<reference::Value> arguments = {
      reference::Value::tensor(b.getI32Type(), {static_cast<int64_t>(tokens.size())},
                               std::vector<int64_t>(tokens.begin(), tokens.end())),
      reference::Value::scalar(b.getIndexType(), 0), reference::Value::scalar(b.getIndexType(), 0)};
  for (int i = 0; i < 2 * TestDecoder::kLayers; ++i) {
    arguments.push_back(
        reference::Value::tensor(b.getF32Type(), {16, 1, 8}, std::vector<float>(16 * 8, 0.0f)));
  }
  llvm::cantFail(evaluator.call("forward", arguments));
  return result;
}

TEST(OutputMeasurementTest, ErrorsAreThoseOfTheEvaluator) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  calibration::Samples samples = TestDecoder::samples(3, 6);
  Report report;
  describeLayers(model.quantizedStage().function, report);
  size_t steps = 0;
  OutputMeasurement measurement(samples, 1, [&] {
    ++steps;
    return llvm::Error::success();
  });
  ASSERT_EQ(llvm::toString(measurement.runLockstep(model.floatStage(), model.quantizedStage())),
            "");
  measurement.write(report);
  EXPECT_EQ(steps, 2 * findSegments(model.function()).size());

  std::map<std::string, numerics::SignalToNoise> expected;
  CompensatedSum divergences;
  for (size_t i = 0; i < samples.size(); ++i) {
    auto exact = evaluateLayers(model, model.floatStage(), samples[i]);
    auto rounded = evaluateLayers(model, model.quantizedStage(), samples[i]);
    for (auto &[name, values] : exact) {
      expected[name].add(values, rounded[name]);
    }
    for (size_t row = 0; row < 5; ++row) {
      divergences.add(divergence(llvm::ArrayRef<float>(exact["head"]).slice(row * 7, 7),
                                 llvm::ArrayRef<float>(rounded["head"]).slice(row * 7, 7)));
    }
  }
  ASSERT_EQ(report.layers.size(), 15u);
  for (const LayerReport &layer : report.layers) {
    ASSERT_TRUE(layer.outputSqnr) << layer.name;
    EXPECT_NEAR(*layer.outputSqnr, expected[layer.name].decibels(), 0.05) << layer.name;
    EXPECT_LT(*layer.outputSqnr, 60) << layer.name;
  }
  ASSERT_TRUE(report.measurement);
  EXPECT_EQ(report.measurement->windows, 3u);
  EXPECT_EQ(report.measurement->tokens, 15u);
  EXPECT_NEAR(report.measurement->logitsSqnr, expected["head"].decibels(), 0.05);
  EXPECT_NEAR(*report.measurement->divergence, divergences.value() / 15, 1e-4);
  ASSERT_EQ(report.residual.size(), 2u);
  EXPECT_EQ(report.residual[0].name, "layers.0");
}

TEST(OutputMeasurementTest, AModelIsExactAgainstItself) {
  QuantizedDecoder model(fourBitRecipe);
  calibration::Samples samples = TestDecoder::samples(2, 4);
  Report report;
  describeLayers(model.floatStage().function, report);
  OutputMeasurement measurement(samples, 2);
  ASSERT_EQ(llvm::toString(measurement.runStage(model.floatStage())), "");
  ASSERT_EQ(llvm::toString(
                measurement.runLockstep(model.floatStage("again"), model.floatStage("quantized"))),
            "");
  measurement.write(report);
  for (const LayerReport &layer : report.layers) {
    EXPECT_EQ(layer.outputSqnr, numerics::SignalToNoise::limit) << layer.name;
  }
  EXPECT_EQ(report.measurement->logitsSqnr, numerics::SignalToNoise::limit);
  EXPECT_EQ(report.measurement->divergence, 0.0);
  EXPECT_EQ(report.stages, (std::vector<std::string>{"imported", "again"}));
  // Four edges in each block, and the head.
  ASSERT_EQ(report.edges.size(), 9u);
  EXPECT_EQ(report.edges[0].name, "layers.0.{k,q,v}");
  EXPECT_EQ(report.edges.back().name, "head");
  for (const EdgeReport &edge : report.edges) {
    ASSERT_EQ(edge.stages.size(), 2u);
    EXPECT_EQ(edge.stages[0]->kurtosis, edge.stages[1]->kurtosis) << edge.name;
  }
}

TEST(OutputMeasurementTest, EdgesAreWhatLayersRead) {
  QuantizedDecoder model(fourBitRecipe);
  calibration::Samples samples = TestDecoder::samples(2, 4);
  numerics::OutlierStatistics expected;
  for (size_t i = 0; i < samples.size(); ++i) {
    for (const Observed &seen : model.evaluate(samples[i])) {
      if (seen.name == "layers.1.attn_in") {
        expected.add(seen.values);
      }
    }
  }
  Report report;
  OutputMeasurement measurement(samples, 1);
  ASSERT_EQ(llvm::toString(measurement.runLockstep(model.floatStage(), model.floatStage())), "");
  measurement.write(report);
  ASSERT_EQ(report.edges[4].name, "layers.1.{k,q,v}");
  EXPECT_NEAR(report.edges[4].stages[0]->absmax, expected.absmax(), 1e-5);
  EXPECT_NEAR(*report.edges[4].stages[0]->kurtosis, *expected.kurtosis(), 1e-4);
}

TEST(OutputMeasurementTest, NamesWhatIsNotFinite) {
  QuantizedDecoder model(fourBitRecipe);
  llvm::cantFail(model.workspace->edit([](SafetensorsWriter &writer) {
    llvm::cantFail(writer.declare("layers.1.o.weight", ElementKind::F32, {8, 8}));
    return writer.writeElements<float>("layers.1.o.weight", std::vector<float>(64, 3e38f));
  }));
  calibration::Samples samples = TestDecoder::samples(1, 4);
  ModelStage broken{"test-break", model.function(), model.workspace->weights()};
  OutputMeasurement measurement(samples, 1);
  ASSERT_EQ(llvm::toString(measurement.runStage(model.floatStage())), "");
  std::string message = llvm::toString(measurement.runLockstep(broken, model.floatStage()));
  EXPECT_EQ(message.find("test-break: 'layers.1.o', sample 0: expected finite values, found "), 0u)
      << message;
}

TEST(OutputMeasurementTest, PicksSamplesEvenly) {
  calibration::Samples samples;
  samples.window = 2;
  for (int i = 0; i < 20; ++i) {
    samples.tokens.push_back(i);
  }
  EXPECT_EQ(pickSamples(samples, 4).tokens, (std::vector<int32_t>{0, 1, 4, 5, 10, 11, 14, 15}));
  EXPECT_EQ(pickSamples(samples, 100).tokens, samples.tokens);
  EXPECT_TRUE(pickSamples(samples, 0).empty());
  EXPECT_TRUE(pickSamples({}, 4).empty());
}

} // namespace
