/*===- Steps.h - From a folder to a compiled model, step by step --*- C -*-===*
 *
 * Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 *===----------------------------------------------------------------------===*
 *
 * Each step reads and writes files: a model folder holds model.mlir, readable IR,
 * weights.safetensors and, once quantized, report.json. Steps are those of the command line
 * tool; docs/command-line.md says what their numbers mean.
 *
 *===----------------------------------------------------------------------===*/

#ifndef QUENCH_C_STEPS_H
#define QUENCH_C_STEPS_H

#include "quench-c/Context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be said of a model. Since 1. */
typedef struct QuenchModelSummary {
  size_t structSize;
  int64_t vocabSize;
  int64_t maxPositions;
  uint64_t linearLayers;
  uint64_t quantizedLayers;
  /* Of the quantized linear layers with their scales; of all of them when none is quantized. */
  double bitsPerWeight;
  /* Of the file of weights. */
  uint64_t bytes;
} QuenchModelSummary;
#define QUENCH_MODEL_SUMMARY_INIT {sizeof(QuenchModelSummary), 0, 0, 0, 0, 0.0, 0}

typedef struct QuenchImportOptions {
  size_t structSize;
  /* Tokens that the caches hold; 0 for what the model is made for, at most 4096. */
  int64_t maxPositions;
} QuenchImportOptions;
#define QUENCH_IMPORT_OPTIONS_INIT {sizeof(QuenchImportOptions), 0}

/* Makes a model folder of a Hugging Face folder or a GGUF file. `summary` may be NULL. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchImport(QuenchContext *context, const char *source,
                                          const char *output, const QuenchImportOptions *options,
                                          QuenchModelSummary *summary);

typedef struct QuenchCalibrateOptions {
  size_t structSize;
  /* The archive to write; NULL for MODEL/calibration.safetensors, where quenchQuantize
   * looks. */
  const char *output;
  /* Statistics to keep: "channels,histogram" (the default), "gram", "none", "tokens". */
  const char *collect;
  /* Samples to run at most, and tokens of each. */
  int64_t samples;
  int64_t window;
} QuenchCalibrateOptions;
#define QUENCH_CALIBRATE_OPTIONS_INIT {sizeof(QuenchCalibrateOptions), NULL, NULL, 128, 256}

/* Runs a float model on windows of a file of tokens (.bin, .u16, .npy), spread evenly. A run
 * that was killed goes on where it was saved last. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchCalibrate(QuenchContext *context, const char *model,
                                             const char *data,
                                             const QuenchCalibrateOptions *options);

/* Writes the `window` tokens of sample `index` (0, 1, …) to `tokens` and returns 1, or
 * returns 0 when there are no more, or a negative number to give up. Called from the thread
 * of the step. */
typedef int32_t (*QuenchSampleFunction)(void *userData, int64_t index, int32_t *tokens,
                                        int64_t window);

/* The same on samples of the caller, at most `options->samples`, at least one. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchCalibrateSamples(QuenchContext *context, const char *model,
                                                    QuenchSampleFunction next, void *userData,
                                                    const QuenchCalibrateOptions *options);

typedef struct QuenchQuantizeOptions {
  size_t structSize;
  /* A calibration archive; NULL for MODEL/calibration.safetensors, if it is there. */
  const char *archive;
  /* 1: run the model after every pass that must not change what it computes, and fail if one
   * did. */
  int32_t verifyEach;
  /* Calibration windows that outputs of layers are measured on for the report; 0 for none. */
  int64_t measuredWindows;
} QuenchQuantizeOptions;
#define QUENCH_QUANTIZE_OPTIONS_INIT {sizeof(QuenchQuantizeOptions), NULL, 0, 8}

/* Runs the passes of a recipe on a float model and writes another folder; a model with
 * quantized layers fails, and so does the folder of the model as the output. `recipe` is the
 * name of a built-in recipe, the path of a file, or the text of a recipe, which has a
 * newline. `summary` may be NULL. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchQuantize(QuenchContext *context, const char *model,
                                            const char *recipe, const char *output,
                                            const QuenchQuantizeOptions *options,
                                            QuenchModelSummary *summary);

typedef struct QuenchCompileOptions {
  size_t structSize;
  /* A name of `quench targets`, or a file; NULL for the machine at hand. */
  const char *target;
  /* What the C names begin with; NULL for the name of the output. */
  const char *name;
} QuenchCompileOptions;
#define QUENCH_COMPILE_OPTIONS_INIT {sizeof(QuenchCompileOptions), NULL, NULL}

/* Compiles a model to a file: .so or .o, with a C header beside it (docs/compiled-model.md),
 * .s, .ll or .mlir. With quenchContextSetThreads(context, 1) the code has no threads of its
 * own. quenchModelLoad compiles in memory. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchCompile(QuenchContext *context, const char *model,
                                           const char *output, const QuenchCompileOptions *options);

/* Writes a model for other tools: a GGUF file if the name ends in .gguf, otherwise a Hugging Face
 * folder, quantized layers as compressed-tensors has them; docs/interchange.md. Since 2. */
QUENCH_C_EXPORT QuenchStatus quenchExport(QuenchContext *context, const char *model,
                                          const char *output);

typedef struct QuenchEvaluateOptions {
  size_t structSize;
  /* A model folder to compare with, or NULL. */
  const char *baseline;
  /* Tokens of a window, and how many windows at most; 0 for all. */
  int64_t window;
  int64_t limit;
} QuenchEvaluateOptions;
#define QUENCH_EVALUATE_OPTIONS_INIT {sizeof(QuenchEvaluateOptions), NULL, 256, 0}

typedef struct QuenchEvaluation {
  size_t structSize;
  /* exp of nll, and the mean negative log-likelihood in nats per token. */
  double perplexity;
  double nll;
  /* Mean divergence from the baseline in nats per token, and its perplexity; NaN without
   * one. */
  double kl;
  double baselinePerplexity;
  /* Tokens that were scored, in how many windows. */
  uint64_t tokens;
  uint64_t windows;
} QuenchEvaluation;
#define QUENCH_EVALUATION_INIT {sizeof(QuenchEvaluation), 0.0, 0.0, 0.0, 0.0, 0, 0}

/* Scores a model on a file of tokens, in windows that do not overlap. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchEvaluate(QuenchContext *context, const char *model,
                                            const char *data, const QuenchEvaluateOptions *options,
                                            QuenchEvaluation *evaluation);

/* What is in a model folder, as JSON: sizes, and for each linear layer its name, shape, bits
 * per weight and formats. Ends with quenchStringDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchInspect(QuenchContext *context, const char *model, char **json);

/* The report that quenchQuantize left in a model folder, as JSON (docs/report.md). Ends with
 * quenchStringDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchReport(QuenchContext *context, const char *model, char **json);

/* The same of one to four models side by side, as an HTML page that needs nothing else. Ends
 * with quenchStringDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchReportPage(QuenchContext *context, const char *const *models,
                                              size_t count, char **html);

/* The built-in recipes, as a JSON array of objects with "name", "summary" and
 * "needs_calibration". Ends with quenchStringDestroy. Since 1. */
QUENCH_C_EXPORT QuenchStatus quenchRecipes(QuenchContext *context, char **json);

/* The built-in targets, likewise, with the keys of `quench targets --json`: "name", "summary",
 * "runs_here" and others. Since 2. */
QUENCH_C_EXPORT QuenchStatus quenchTargets(QuenchContext *context, char **json);

/* The encodings of elements and scales, likewise: "name", "bits", "min", "max" and "summary".
 * Since 2. */
QUENCH_C_EXPORT QuenchStatus quenchFormats(QuenchContext *context, char **json);

#ifdef __cplusplus
}
#endif

#endif /* QUENCH_C_STEPS_H */
