//===- SampleReport.h - A report with everything in it ----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_UNITTESTS_INSIGHT_SAMPLEREPORT_H
#define QUENCH_UNITTESTS_INSIGHT_SAMPLEREPORT_H

#include "quench/Insight/Report.h"

namespace quench::insight {

/// Two layers, one of them float, one edge at two stages, one pass.
inline Report sampleReport() {
  Report report;
  report.model = "sample";
  report.recipeName = "w4";
  report.recipeSummary = "four bits";
  report.recipeText = "name: w4\n";
  report.bitsPerWeight = 4.5;
  report.bytes = 1000;
  report.linearLayers = 2;
  report.quantizedLayers = 1;
  report.stages = {"imported", "quench-rotate"};
  LayerReport quantized;
  quantized.name = "a.0.x_proj";
  quantized.shape = {8, 4};
  quantized.weights = "i4, block = [1, 32], scale = f16";
  quantized.activations = "i8, block = [1, *], scale = f32";
  quantized.bitsPerWeight = 4.5;
  quantized.weightSqnr = 21.5;
  quantized.outputSqnr = 17.25;
  quantized.importedWeight = OutlierFigures{4.0, 0.5, 8.0, 9.0};
  quantized.weight = OutlierFigures{2.0, 0.5, 4.0, 3.5};
  quantized.metrics = llvm::json::Object{{"loss", 0.25}};
  LayerReport left;
  left.name = "lm_head";
  left.shape = {16, 8};
  left.bitsPerWeight = 32;
  left.reason = "the recipe leaves it in float";
  report.layers = {quantized, left};
  report.edges = {
      {"a.0.x_proj", {OutlierFigures{60, 0.5, 120.0, 80.0}, OutlierFigures{3, 0.5, 6.0, 3.25}}}};
  report.residual = {{"a.0", 19.5}};
  RemarkReport missed{"missed", "LeftInFloat", "lm_head",
                      llvm::json::Object{{"Reason", "why not"}}};
  RemarkReport passed{"passed", "Quantized", "a.0.x_proj", llvm::json::Object{{"Bits", "4"}}};
  report.passes = {{"quench-quantize", "Quantize", {missed, passed}, {}}};
  report.passes[0].records.push_back(llvm::json::Object{{"layers_seen", 2}});
  report.measurement = MeasurementReport{8, 2048, 16.5, 0.25};
  report.evaluation = EvaluationReport{1020, 4.25, 1.447, 0.0625, 4.05};
  report.certificate = llvm::json::Object{{"exact", true}};
  return report;
}

} // namespace quench::insight

#endif // QUENCH_UNITTESTS_INSIGHT_SAMPLEREPORT_H
