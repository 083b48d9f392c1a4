//===- LayerMeasurementTest.cpp -------------------------------------------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "QuantizedDecoder.h"

#include "quench/Numerics/OutlierStatistics.h"
#include "quench/Numerics/QuantizeTensor.h"

using namespace quench;
using namespace quench::insight;

namespace {

Report describe(QuantizedDecoder &model) {
  Report report;
  report.passes = model.log.takePasses();
  describeLayers(model.quantizedStage().function, report);
  return report;
}

TEST(LayerMeasurementTest, DescribesLayersInProgramOrder) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  Report report = describe(model);
  ASSERT_EQ(report.layers.size(), 15u);
  const LayerReport &first = report.layers.front(), &head = report.layers.back();
  EXPECT_EQ(first.name, "layers.0.q");
  EXPECT_EQ(first.shape, (std::vector<int64_t>{8, 8}));
  EXPECT_EQ(first.weights, "i4, block = [1, *], scale = f16");
  EXPECT_EQ(first.activations, "i8, block = [1, *], scale = f32");
  EXPECT_EQ(first.bitsPerWeight, 4.0 + 16.0 / 8);
  EXPECT_EQ(first.reason, "");
  EXPECT_EQ(first.metrics.getString("weights"), "i4 per channel, f16 scales");
  EXPECT_EQ(head.name, "head");
  EXPECT_EQ(head.weights, "");
  EXPECT_EQ(head.activations, "");
  EXPECT_EQ(head.bitsPerWeight, 16.0);
  EXPECT_EQ(head.reason, "pattern 'head' of the recipe leaves it in float");
}

TEST(LayerMeasurementTest, LaterPassesWin) {
  QuantizedDecoder model(fourBitRecipe);
  Report report;
  for (int loss : {1, 2}) {
    PassReport pass;
    pass.records.push_back(llvm::json::Object{
        {"layers", llvm::json::Array{llvm::json::Object{{"layer", "head"}, {"loss", loss}},
                                     llvm::json::Object{{"layer", "none"}, {"loss", 9}}, 7}}});
    report.passes.push_back(std::move(pass));
  }
  describeLayers(model.floatStage().function, report);
  EXPECT_EQ(report.layers.back().metrics.getInteger("loss"), 2);
  EXPECT_TRUE(report.layers.front().metrics.empty());
}

TEST(LayerMeasurementTest, MeasuresWhatIsStored) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  Report report = describe(model);
  ASSERT_EQ(llvm::toString(measureWeights(model.floatStage(), model.floatStage(),
                                          model.quantizedStage(), 2, report)),
            "");
  std::vector<float> values = llvm::cantFail(model.store->readFloats("layers.1.up.weight"));
  numerics::Scheme scheme = model.scheme("i4, block = [1, *], scale = f16").getNumericsScheme();
  auto decoded = llvm::cantFail(numerics::dequantizeTensor(
      llvm::cantFail(numerics::quantizeTensor(values, {12, 8}, scheme)), scheme));
  numerics::SignalToNoise ratio;
  ratio.add(values, decoded);
  numerics::OutlierStatistics outliers;
  outliers.add(values);
  const LayerReport &layer = report.layers[12];
  ASSERT_EQ(layer.name, "layers.1.up");
  EXPECT_DOUBLE_EQ(*layer.weightSqnr, ratio.decibels());
  EXPECT_GT(*layer.weightSqnr, 10);
  EXPECT_LT(*layer.weightSqnr, 30);
  EXPECT_EQ(layer.weight->absmax, outliers.absmax());
  EXPECT_EQ(layer.importedWeight->kurtosis, outliers.kurtosis());
  // The head stays as it is.
  EXPECT_FALSE(report.layers.back().weightSqnr);
  EXPECT_TRUE(report.layers.back().weight);
}

TEST(LayerMeasurementTest, ThreadsChangeNothing) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  Report one = describe(model), many = one;
  llvm::cantFail(
      measureWeights(model.floatStage(), model.floatStage(), model.quantizedStage(), 1, one));
  llvm::cantFail(
      measureWeights(model.floatStage(), model.floatStage(), model.quantizedStage(), 4, many));
  EXPECT_EQ(printReport(one), printReport(many));
}

TEST(LayerMeasurementTest, LayersThatAStageDoesNotHaveAreLeftOut) {
  QuantizedDecoder model(fourBitRecipe);
  model.run();
  Report report = describe(model);
  report.layers[0].name = "another";
  ASSERT_EQ(llvm::toString(measureWeights(model.floatStage(), model.floatStage(),
                                          model.quantizedStage(), 1, report)),
            "");
  EXPECT_FALSE(report.layers[0].weight);
  EXPECT_TRUE(report.layers[1].weight);
}

} // namespace
