/* A C program takes a model from its folder to compiled, quantized and evaluated, by the C API alone. */
// RUN: rm -rf %t && mkdir %t
// RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
// RUN: %python -c "open(r'%t/ids.bin', 'wb').write(bytes(range(7)) * 7)"
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror -I%src/include %s %link_quench -o %t/program
// RUN: cd %t && ./program > output
// RUN: FileCheck %s < %t/output
//
// What it computes is what the tool computes.
// RUN: quench quantize %t/model --recipe w8a8-dynamic -o %t/tool && cmp %t/tool/weights.safetensors %t/w8/weights.safetensors
// RUN: quench eval %t/w8 --data %t/ids.bin --window 8 > %t/tool.txt && quench generate %t/w8 --prompt-ids 1,2,3 --tokens 4 >> %t/tool.txt
// RUN: %python %S/Inputs/same_lines.py %t/tool.txt %t/output perplexity 'GENERATED:'
#include "quench-c/Quench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int progressCalls = 0;

static void diagnose(void *userData, QuenchSeverity severity, const char *message) {
  (void)userData;
  printf("message %d: %s\n", (int)severity, message);
}

static void showProgress(void *userData, const char *step, const char *unit, uint64_t done, uint64_t total, int32_t finished) {
  (void)userData;
  (void)unit;
  ++progressCalls;
  if (finished) {
    printf("%s %d of %d\n", step, (int)done, (int)total);
  }
}

/* Two samples: 0 1 2 3 ... and 1 2 3 4 ... */
static int32_t nextSample(void *userData, int64_t index, int32_t *tokens, int64_t window) {
  int64_t i;
  for (i = 0; i < window; ++i) {
    tokens[i] = (int32_t)((i + index) % 7);
  }
  return index < *(const int *)userData;
}

static void require(int isTrue, const char *what) {
  if (!isTrue) {
    printf("failed: %s\n", what);
    exit(1);
  }
}

static void inspect(QuenchContext *context) {
  char *text = NULL;
  require(quenchInspect(context, "w8", &text) == QUENCH_STATUS_OK, "inspect");
  printf("%s\n", text);
  quenchStringDestroy(text);
  require(quenchReport(context, "w8", &text) == QUENCH_STATUS_OK && strstr(text, "quench-report"), "report");
  quenchStringDestroy(text);
  {
    const char *models[2] = {"w8", "w8"};
    require(quenchReportPage(context, models, 2, &text) == QUENCH_STATUS_OK && strstr(text, "<html"), "page");
    quenchStringDestroy(text);
  }
  require(quenchRecipes(context, &text) == QUENCH_STATUS_OK && strstr(text, "\"w8a8-dynamic\""), "recipes");
  quenchStringDestroy(text);
  require(quenchTargets(context, &text) == QUENCH_STATUS_OK && strstr(text, "\"x86-avx2\"") && strstr(text, "\"runs_here\""), "targets");
  quenchStringDestroy(text);
  require(quenchFormats(context, &text) == QUENCH_STATUS_OK && strstr(text, "\"f8E4M3FN\"") && strstr(text, "\"bits\""), "formats");
  quenchStringDestroy(text);
}

static void run(QuenchContext *context) {
  QuenchModel *model = NULL;
  QuenchSequence *sequence = NULL, *copy = NULL;
  int32_t tokens[3] = {1, 2, 3}, more[4];
  float all[3 * 7], last[7];
  int64_t three = 3, four = 4, allShape[2] = {3, 7}, lastShape[2] = {1, 7};
  QuenchTensor input = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL}, output = {NULL, QUENCH_ELEMENT_TYPE_F32, 2, NULL};
  QuenchTensor generated = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL};
  input.data = tokens;
  input.shape = &three;
  output.data = all;
  output.shape = allShape;
  generated.data = more;
  generated.shape = &four;
  require(quenchModelLoad(context, "w8", &model) == QUENCH_STATUS_OK, "load");
  require(quenchModelVocabSize(model) == 7 && quenchModelMaxPositions(model) == 16, "sizes");
  require(quenchSequenceCreate(model, &sequence) == QUENCH_STATUS_OK, "sequence");
  require(quenchModelRun(model, sequence, &input, &output) == QUENCH_STATUS_OK, "run");
  require(quenchSequencePosition(sequence) == 3, "position");

  /* The last row alone, from a copy that was taken back, has the same bits. */
  require(quenchSequenceCopy(sequence, &copy) == QUENCH_STATUS_OK, "copy");
  require(quenchSequenceRewind(copy, 0) == QUENCH_STATUS_OK, "rewind");
  output.data = last;
  output.shape = lastShape;
  require(quenchModelRun(model, copy, &input, &output) == QUENCH_STATUS_OK, "run again");
  require(memcmp(last, all + 2 * 7, sizeof(last)) == 0, "same bits");
  quenchSequenceDestroy(copy);

  require(quenchSequenceRewind(sequence, 0) == QUENCH_STATUS_OK, "rewind");
  require(quenchModelGenerate(model, sequence, &input, &generated, NULL) == QUENCH_STATUS_OK, "generate");
  require(quenchSequencePosition(sequence) == 6, "the last token is not in the sequence");
  printf("GENERATED: %d %d %d %d\n", (int)more[0], (int)more[1], (int)more[2], (int)more[3]);
  quenchSequenceDestroy(sequence);
  quenchModelDestroy(model);
}

int main(void) {
  QuenchContext *context = quenchContextCreate();
  QuenchModelSummary summary = QUENCH_MODEL_SUMMARY_INIT;
  QuenchCalibrateOptions calibration = QUENCH_CALIBRATE_OPTIONS_INIT;
  QuenchEvaluateOptions evaluation = QUENCH_EVALUATE_OPTIONS_INIT;
  QuenchEvaluation scores = QUENCH_EVALUATION_INIT;
  int samples = 2;
  require(context && quenchApiVersion() == QUENCH_C_API_VERSION, "context");
  quenchContextSetDiagnosticFunction(context, diagnose, NULL);
  quenchContextSetProgressFunction(context, showProgress, NULL);
  require(quenchContextSetThreads(context, 2) == QUENCH_STATUS_OK, "threads");

  // CHECK: import {{[0-9]+}} of {{[0-9]+}}
  // CHECK-NEXT: 15 layers, 0 quantized, 7 tokens, 16 positions
  require(quenchImport(context, "hf", "model", NULL, &summary) == QUENCH_STATUS_OK, "import");
  printf("%d layers, %d quantized, %d tokens, %d positions\n", (int)summary.linearLayers, (int)summary.quantizedLayers,
         (int)summary.vocabSize, (int)summary.maxPositions);

  // CHECK: calibrate 2 of 2
  calibration.window = 8;
  require(quenchCalibrateSamples(context, "model", nextSample, &samples, &calibration) == QUENCH_STATUS_OK, "samples");
  calibration.samples = 4;
  calibration.output = "file.safetensors";
  calibration.collect = "none";
  // CHECK: calibrate 4 of 4
  require(quenchCalibrate(context, "model", "ids.bin", &calibration) == QUENCH_STATUS_OK, "calibrate");

  // CHECK: quantize {{[0-9]+}} of
  // CHECK: 15 layers, 14 quantized
  require(quenchQuantize(context, "model", "w8a8-dynamic", "w8", NULL, &summary) == QUENCH_STATUS_OK, "quantize");
  printf("%d layers, %d quantized\n", (int)summary.linearLayers, (int)summary.quantizedLayers);
  // CHECK: export {{[0-9]+}} of
  // CHECK: 15 layers from the export
  require(quenchExport(context, "w8", "w8.hf") == QUENCH_STATUS_OK, "export");
  require(quenchImport(context, "w8.hf", "w8.again", NULL, &summary) == QUENCH_STATUS_OK, "import of the export");
  printf("%d layers from the export\n", (int)summary.linearLayers);
  // CHECK: "bits_per_weight": {{[0-9.]+}}
  // CHECK: "name": "model.layers.0.self_attn.q_proj"
  // CHECK: "weights": "i8,
  // CHECK: "linear_layers": 15,
  inspect(context);

  /* A recipe in memory. */
  require(quenchQuantize(context, "model", "name: four\nsummary: 4 bits\nweights: { type: i4, group: 4, scale: f16 }\nactivations: none\npasses: [quench-quantize]\n", "w4", NULL, NULL) == QUENCH_STATUS_OK, "recipe");

  evaluation.window = 8;
  evaluation.baseline = "model";
  require(quenchEvaluate(context, "w8", "ids.bin", &evaluation, &scores) == QUENCH_STATUS_OK, "evaluate");
  // CHECK: {{^}}perplexity{{ +[0-9.]+$}}
  printf("perplexity %.4f\nscored %d\n", scores.perplexity, (int)scores.tokens);
  require(scores.kl >= 0.0 && scores.kl < 1.0, "divergence");

  // CHECK: GENERATED{{:}} {{[0-6]( [0-6])+}}
  run(context);
  require(quenchCompile(context, "w8", "libw8.so", NULL) == QUENCH_STATUS_OK, "compile");
  require(progressCalls > 10, "progress");
  quenchContextDestroy(context);
  return 0;
}
