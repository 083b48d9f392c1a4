//===- Steps.cpp - From a folder to a compiled model, step by step --------===//
//
// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "quench-c/Steps.h"

#include "Structures.h"

#include "quench/Insight/LayerMeasurement.h"
#include "quench/Insight/ReportPage.h"
#include "quench/Recipe/RecipeFile.h"
#include "quench/Workflow/Calibrate.h"
#include "quench/Workflow/Catalogue.h"
#include "quench/Workflow/Compile.h"
#include "quench/Workflow/Export.h"
#include "quench/Workflow/Import.h"
#include "quench/Workflow/Quantize.h"
#include "quench/Workflow/WindowScorer.h"

#include "llvm/Support/FormatVariadic.h"

#include <cmath>
#include <limits>

using namespace llvm;
using namespace quench;
using namespace quench::workflow;
using namespace quench::capi;

static QuenchModelSummary summaryOf(const ModelSummary &model) {
  return {sizeof(QuenchModelSummary),
          model.vocabSize,
          model.maxPositions,
          model.size.linearLayers,
          model.size.quantizedLayers,
          model.size.bitsPerWeight,
          model.size.bytes};
}

static std::string textOr(const char *text, const char *otherwise) {
  return text ? text : otherwise;
}

//===----------------------------------------------------------------------===//
// Import and calibrate
//===----------------------------------------------------------------------===//

QuenchStatus quenchImport(QuenchContext *context, const char *source, const char *output,
                          const QuenchImportOptions *options, QuenchModelSummary *summary) {
  if (QuenchStatus status = require(context, {{"source", source}, {"output", output}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, summary)) {
    return status;
  }
  QuenchImportOptions chosen = readOptions(options, QUENCH_IMPORT_OPTIONS_INIT);
  if (chosen.maxPositions < 0 || chosen.maxPositions > INT32_MAX) {
    return context->invalid("maxPositions: expected 0 to " + Twine(INT32_MAX) + ", found " +
                            Twine(chosen.maxPositions));
  }
  Expected<ModelSummary> model =
      importModel({source, output, chosen.maxPositions}, context->host());
  if (!model) {
    return context->fail(model.takeError());
  }
  writeResult(summaryOf(*model), summary);
  return QUENCH_STATUS_OK;
}

static QuenchStatus calibrateWith(QuenchContext *context, const char *model,
                                  const QuenchCalibrateOptions &options, SampleFunction samples) {
  for (auto [name, value] :
       {std::make_pair("samples", options.samples), {"window", options.window}}) {
    if (value < 1 || value > INT32_MAX) {
      return context->invalid(Twine(name) + ": expected 1 to " + Twine(INT32_MAX) + ", found " +
                              Twine(value));
    }
  }
  auto kinds = calibration::StatisticKinds::parse(
      textOr(options.collect, calibration::StatisticKinds().str().c_str()));
  if (!kinds) {
    return context->invalid("collect: " + toString(kinds.takeError()));
  }
  CalibrateRequest request{model, textOr(options.output, ""), *kinds};
  return context->done(calibrateModel(request, samples, context->host()).takeError());
}

QuenchStatus quenchCalibrate(QuenchContext *context, const char *model, const char *data,
                             const QuenchCalibrateOptions *options) {
  if (QuenchStatus status = require(context, {{"model", model}, {"data", data}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  QuenchCalibrateOptions chosen = readOptions(options, QUENCH_CALIBRATE_OPTIONS_INIT);
  WindowsOfFile windows{data, chosen.samples, chosen.window};
  return calibrateWith(context, model, chosen,
                       [&](const ModelFolder &folder) { return windows.read(folder); });
}

QuenchStatus quenchCalibrateSamples(QuenchContext *context, const char *model,
                                    QuenchSampleFunction next, void *userData,
                                    const QuenchCalibrateOptions *options) {
  if (QuenchStatus status =
          require(context, {{"model", model}, {"next", reinterpret_cast<const void *>(next)}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  QuenchCalibrateOptions chosen = readOptions(options, QUENCH_CALIBRATE_OPTIONS_INIT);
  auto collect = [&](const ModelFolder &folder) -> Expected<calibration::Samples> {
    calibration::Samples samples;
    samples.window = chosen.window;
    if (Error failure = folder.requireCausalLM()) {
      return std::move(failure);
    }
    if (Error failure = checkWindow(chosen.window, folder)) {
      return std::move(failure);
    }
    std::vector<int32_t> tokens(chosen.window);
    for (int64_t index = 0; index < chosen.samples; ++index) {
      int32_t more = next(userData, index, tokens.data(), chosen.window);
      if (more < 0) {
        return createStringError("samples: sample " + Twine(index) + ": the caller gave up");
      }
      if (more == 0) {
        break;
      }
      for (auto [place, token] : enumerate(tokens)) {
        if (token < 0 || token >= folder.vocabSize()) {
          return createStringError("samples: sample " + Twine(index) + ", token " + Twine(place) +
                                   ": expected an id from 0 to " + Twine(folder.vocabSize() - 1) +
                                   ", found " + Twine(token));
        }
      }
      append_range(samples.tokens, tokens);
    }
    if (samples.empty()) {
      return createStringError("samples: expected at least one, found none");
    }
    return std::move(samples);
  };
  return calibrateWith(context, model, chosen, collect);
}

//===----------------------------------------------------------------------===//
// Quantize, compile and evaluate
//===----------------------------------------------------------------------===//

QuenchStatus quenchQuantize(QuenchContext *context, const char *model, const char *recipe,
                            const char *output, const QuenchQuantizeOptions *options,
                            QuenchModelSummary *summary) {
  if (QuenchStatus status =
          require(context, {{"model", model}, {"recipe", recipe}, {"output", output}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, summary)) {
    return status;
  }
  QuenchQuantizeOptions chosen = readOptions(options, QUENCH_QUANTIZE_OPTIONS_INIT);
  if (chosen.measuredWindows < 0) {
    return context->invalid("measuredWindows: expected 0 or more, found " +
                            Twine(chosen.measuredWindows));
  }
  Expected<recipe::Recipe> parsed = StringRef(recipe).contains('\n')
                                        ? recipe::parseRecipe(recipe, "recipe")
                                        : recipe::loadRecipe(recipe);
  if (!parsed) {
    return context->fail(parsed.takeError());
  }
  QuantizeRequest request{model,  std::move(*parsed),     textOr(chosen.archive, ""),
                          output, chosen.verifyEach != 0, chosen.measuredWindows};
  Expected<QuantizeResult> result = quantizeModel(std::move(request), context->host());
  if (!result) {
    return context->fail(result.takeError());
  }
  writeResult(summaryOf(result->model), summary);
  return QUENCH_STATUS_OK;
}

QuenchStatus quenchCompile(QuenchContext *context, const char *model, const char *output,
                           const QuenchCompileOptions *options) {
  if (QuenchStatus status = require(context, {{"model", model}, {"output", output}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  QuenchCompileOptions chosen = readOptions(options, QUENCH_COMPILE_OPTIONS_INIT);
  CompileRequest request;
  request.model = model;
  request.output = output;
  request.target = textOr(chosen.target, "host");
  request.symbol = textOr(chosen.name, "");
  return context->done(compileModelTo(std::move(request), context->host()).takeError());
}

QuenchStatus quenchExport(QuenchContext *context, const char *model, const char *output) {
  if (QuenchStatus status = require(context, {{"model", model}, {"output", output}})) {
    return status;
  }
  return context->done(exportModel({model, output}, context->host()).takeError());
}

QuenchStatus quenchEvaluate(QuenchContext *context, const char *model, const char *data,
                            const QuenchEvaluateOptions *options, QuenchEvaluation *evaluation) {
  if (QuenchStatus status =
          require(context, {{"model", model}, {"data", data}, {"evaluation", evaluation}})) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, options)) {
    return status;
  }
  if (QuenchStatus status = checkSize(context, evaluation)) {
    return status;
  }
  QuenchEvaluateOptions chosen = readOptions(options, QUENCH_EVALUATE_OPTIONS_INIT);
  if (chosen.window < 2 || chosen.window > INT32_MAX || chosen.limit < 0) {
    return context->invalid("expected a window of 2 to " + Twine(INT32_MAX) +
                            " tokens and a limit of 0 or more, found " + Twine(chosen.window) +
                            " and " + Twine(chosen.limit));
  }
  ScoringOptions scoring{data, textOr(chosen.baseline, ""), chosen.window,
                         chosen.limit == 0 ? INT64_MAX : chosen.limit};
  Host host = context->host();
  Expected<WindowScorer> scorer = WindowScorer::open(std::move(scoring), host);
  if (!scorer) {
    return context->fail(scorer.takeError());
  }
  Expected<LoadedModel> loaded = LoadedModel::load(model, host);
  if (!loaded) {
    return context->fail(loaded.takeError());
  }
  Expected<insight::ScoreSums> sums = scorer->score(*loaded, model);
  if (!sums) {
    return context->fail(sums.takeError());
  }
  double none = std::numeric_limits<double>::quiet_NaN();
  bool compared = scorer->hasBaseline();
  writeResult({sizeof(QuenchEvaluation), sums->perplexity(), sums->nll(),
               compared ? sums->divergence() : none,
               compared ? std::exp(sums->baselineNll()) : none, sums->tokens(), scorer->windows()},
              evaluation);
  return QUENCH_STATUS_OK;
}

//===----------------------------------------------------------------------===//
// Look at models
//===----------------------------------------------------------------------===//

QuenchStatus quenchInspect(QuenchContext *context, const char *model, char **json) {
  clear(json);
  if (QuenchStatus status = require(context, {{"model", model}, {"json", json}})) {
    return status;
  }
  Expected<LoadedModel> loaded = openModel(model, context->host());
  if (!loaded) {
    return context->fail(loaded.takeError());
  }
  const ModelFolder &folder = *loaded->folder;
  insight::Report report;
  insight::describeLayers(folder.function(), report);
  json::Array layers;
  for (const insight::LayerReport &layer : report.layers) {
    layers.push_back(json::Object{{"name", layer.name},
                                  {"shape", layer.shape},
                                  {"bits_per_weight", layer.bitsPerWeight},
                                  {"weights", layer.weights},
                                  {"activations", layer.activations}});
  }
  ModelSize size = measureModel(folder);
  json::Object object{{"vocab_size", folder.vocabSize()},
                      {"max_positions", folder.maxPositions()},
                      {"linear_layers", size.linearLayers},
                      {"quantized_layers", size.quantizedLayers},
                      {"bits_per_weight", size.bitsPerWeight},
                      {"bytes", size.bytes},
                      {"layers", std::move(layers)}};
  return context->give(formatv("{0:2}", json::Value(std::move(object))).str(), json);
}

QuenchStatus quenchReport(QuenchContext *context, const char *model, char **json) {
  clear(json);
  if (QuenchStatus status = require(context, {{"model", model}, {"json", json}})) {
    return status;
  }
  Expected<insight::Report> report = insight::readReport(model);
  if (!report) {
    return context->fail(report.takeError());
  }
  return context->give(insight::printReport(*report), json);
}

QuenchStatus quenchReportPage(QuenchContext *context, const char *const *models, size_t count,
                              char **html) {
  clear(html);
  if (QuenchStatus status = require(context, {{"models", models}, {"html", html}})) {
    return status;
  }
  if (count < 1 || count > insight::maxReportsOfPage) {
    return context->invalid("count: expected 1 to " + Twine(insight::maxReportsOfPage) +
                            " models, found " + Twine(count));
  }
  std::vector<insight::Report> reports;
  for (const char *model : ArrayRef(models, count)) {
    if (QuenchStatus status = require(context, {{"models", model}})) {
      return status;
    }
    Expected<insight::Report> report = insight::readReport(model);
    if (!report) {
      return context->fail(report.takeError());
    }
    reports.push_back(std::move(*report));
  }
  return context->give(insight::renderPage(reports), html);
}

QuenchStatus quenchRecipes(QuenchContext *context, char **json) {
  clear(json);
  if (QuenchStatus status = require(context, {{"json", json}})) {
    return status;
  }
  Expected<json::Array> list = workflow::listRecipes();
  return list ? context->give(formatv("{0:2}", json::Value(std::move(*list))).str(), json)
              : context->fail(list.takeError());
}

QuenchStatus quenchTargets(QuenchContext *context, char **json) {
  clear(json);
  if (QuenchStatus status = require(context, {{"json", json}})) {
    return status;
  }
  return context->give(formatv("{0:2}", json::Value(workflow::listTargets())).str(), json);
}

QuenchStatus quenchFormats(QuenchContext *context, char **json) {
  clear(json);
  if (QuenchStatus status = require(context, {{"json", json}})) {
    return status;
  }
  return context->give(formatv("{0:2}", json::Value(workflow::listFormats())).str(), json);
}
