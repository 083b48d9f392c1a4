//===- Quantize.h - Quantize a model as a recipe says -----------*- C++ -*-===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef QUENCH_WORKFLOW_QUANTIZE_H
#define QUENCH_WORKFLOW_QUANTIZE_H

#include "quench/Recipe/Recipe.h"
#include "quench/Workflow/Host.h"
#include "quench/Workflow/ModelSize.h"

#include "llvm/Support/JSON.h"

#include <optional>
#include <string>

namespace quench::workflow {

struct QuantizeRequest {
  /// A float model folder.
  std::string model;
  recipe::Recipe recipe;
  /// A calibration archive; empty for MODEL/calibration.safetensors, if that is there.
  std::string archive;
  /// The model folder to write, another one.
  std::string output;
  /// Run the model after every pass that must not change what it computes.
  bool verifyEach = false;
  /// Calibration windows that outputs are measured on for the report; 0 for none.
  int64_t measuredWindows = 8;
};

struct QuantizeResult {
  ModelSummary model;
  /// What the verification saw, if it was asked for.
  std::optional<llvm::json::Object> certificate;
};

/// Runs the passes of the recipe and writes a model folder with its report. Fails when a layer is
/// quantized already, or the output is the model itself. All passes have to be registered
/// (quench/InitAll.h).
llvm::Expected<QuantizeResult> quantizeModel(QuantizeRequest request, const Host &host);

} // namespace quench::workflow

#endif // QUENCH_WORKFLOW_QUANTIZE_H
