/* Invalid arguments are refused before anything is done: sizes of structures, and places of results, which are NULL then. */
// RUN: rm -rf %t && mkdir %t
// RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
// RUN: quench import %t/hf -o %t/model
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror -I%src/include %s %link_quench -o %t/program
// RUN: cd %t && ./program > output
// RUN: FileCheck %s < %t/output
// RUN: not ls %t/out
#include "quench-c/Quench.h"

#include <stdio.h>
#include <string.h>

static QuenchContext *context;
static QuenchModel *model;
static QuenchSequence *sequence;

static void show(QuenchStatus status) { printf("status %d: %s\n", (int)status, quenchContextLastError(context)); }

static int32_t noSample(void *userData, int64_t index, int32_t *tokens, int64_t window) {
  (void)userData, (void)index, (void)tokens, (void)window;
  return 0;
}

static QuenchStatus generate(const QuenchGenerateOptions *options) {
  int32_t prompt[1] = {1}, tokens[1] = {-1};
  int64_t one = 1;
  QuenchTensor in = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL}, out = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL};
  in.data = prompt;
  out.data = tokens;
  in.shape = out.shape = &one;
  return quenchModelGenerate(model, sequence, &in, &out, options);
}

static void options(void) {
  QuenchCalibrateOptions calibrate = QUENCH_CALIBRATE_OPTIONS_INIT;
  QuenchCompileOptions compile = QUENCH_COMPILE_OPTIONS_INIT;
  QuenchEvaluateOptions evaluate = QUENCH_EVALUATE_OPTIONS_INIT;
  QuenchEvaluation scores = QUENCH_EVALUATION_INIT;
  QuenchGenerateOptions sampling = QUENCH_GENERATE_OPTIONS_INIT;
  QuenchImportOptions import = QUENCH_IMPORT_OPTIONS_INIT;
  QuenchModelSummary summary = QUENCH_MODEL_SUMMARY_INIT;
  QuenchQuantizeOptions quantize = QUENCH_QUANTIZE_OPTIONS_INIT;
  // Half a pointer.
  // CHECK: status 1: QuenchCompileOptions: expected a structSize of at least 24 and a multiple of 8, found 12
  compile.target = "z80";
  compile.structSize = 12;
  show(quenchCompile(context, "model", "out", &compile));
  // A structure of a version that did not have `name`: there is none.
  // CHECK-NEXT: status 1: QuenchCompileOptions: {{.*}} found 16
  compile.structSize = 16;
  show(quenchCompile(context, "model", "out", &compile));
  // Set to zeros instead of QUENCH_COMPILE_OPTIONS_INIT.
  // CHECK-NEXT: status 1: QuenchCompileOptions: {{.*}} found 0
  memset(&compile, 0, sizeof(compile));
  show(quenchCompile(context, "model", "out", &compile));
  // CHECK-NEXT: status 1: QuenchImportOptions: expected a structSize of at least 16 {{.*}} found 8
  // CHECK-NEXT: status 1: QuenchModelSummary: expected a structSize of at least 56 {{.*}} found 3
  import.structSize = 8;
  show(quenchImport(context, "hf", "out", &import, NULL));
  summary.structSize = 3;
  show(quenchImport(context, "hf", "out", NULL, &summary));
  // CHECK-NEXT: status 1: QuenchCalibrateOptions: expected a structSize of at least 40 {{.*}} found 39
  // CHECK-NEXT: status 1: QuenchCalibrateOptions: expected a structSize of at least 40 {{.*}} found 39
  calibrate.structSize = 39;
  show(quenchCalibrate(context, "model", "ids.bin", &calibrate));
  show(quenchCalibrateSamples(context, "model", noSample, NULL, &calibrate));
  // CHECK-NEXT: status 1: QuenchQuantizeOptions: expected a structSize of at least 32 {{.*}} found 20
  // CHECK-NEXT: status 1: QuenchModelSummary: {{.*}} found 3
  quantize.structSize = 20;
  show(quenchQuantize(context, "model", "w8a16", "out", &quantize, NULL));
  show(quenchQuantize(context, "model", "w8a16", "out", NULL, &summary));
  // CHECK-NEXT: status 1: QuenchEvaluateOptions: expected a structSize of at least 32 {{.*}} found 0
  // CHECK-NEXT: status 1: QuenchEvaluation: expected a structSize of at least 56 {{.*}} found 0
  evaluate.structSize = scores.structSize = 0;
  show(quenchEvaluate(context, "model", "ids.bin", &evaluate, &scores));
  show(quenchEvaluate(context, "model", "ids.bin", NULL, &scores));
  // CHECK-NEXT: status 1: QuenchGenerateOptions: expected a structSize of at least 24 {{.*}} found 16
  sampling.structSize = 16;
  show(generate(&sampling));
  // Those of a later version end in members that this one does not know, whole ones.
  // CHECK-NEXT: status 1: QuenchGenerateOptions: {{.*}} found 31
  // CHECK-NEXT: later version 0
  sampling.structSize = 31;
  show(generate(&sampling));
  sampling.structSize = 32;
  printf("later version %d\n", (int)generate(&sampling));
}

// What is at a place of a result before.
#define NOWHERE ((void *)&context)

static void show1(const char *name, QuenchStatus status, const void *result) {
  printf("%s %d %s\n", name, (int)status, result ? "not NULL" : "NULL");
}

static void results(void) {
  QuenchModel *loaded = NOWHERE;
  QuenchSequence *created = NOWHERE, *copy = NOWHERE;
  QuenchFunction *function = NOWHERE;
  char *ir = NOWHERE, *inspected = NOWHERE, *report = NOWHERE, *page = NOWHERE;
  char *recipes = NOWHERE, *targets = NOWHERE, *formats = NOWHERE;
  QuenchStatus status;
  // CHECK-NEXT: load 1 NULL
  status = quenchModelLoad(context, NULL, &loaded);
  show1("load", status, loaded);
  // CHECK-NEXT: create 1 NULL
  status = quenchSequenceCreate(NULL, &created);
  show1("create", status, created);
  // CHECK-NEXT: copy 1 NULL
  status = quenchSequenceCopy(NULL, &copy);
  show1("copy", status, copy);
  // CHECK-NEXT: transform 1 NULL
  status = quenchTransform(context, "", NULL, &ir);
  show1("transform", status, ir);
  // CHECK-NEXT: compile 1 NULL
  status = quenchFunctionCompile(context, NULL, "f", NULL, &function);
  show1("compile", status, function);
  // CHECK-NEXT: inspect 1 NULL
  status = quenchInspect(context, NULL, &inspected);
  show1("inspect", status, inspected);
  // CHECK-NEXT: report 1 NULL
  status = quenchReport(context, NULL, &report);
  show1("report", status, report);
  // CHECK-NEXT: page 1 NULL
  status = quenchReportPage(context, NULL, 1, &page);
  show1("page", status, page);
  // CHECK-NEXT: recipes 1 NULL
  status = quenchRecipes(NULL, &recipes);
  show1("recipes", status, recipes);
  // CHECK-NEXT: targets 1 NULL
  status = quenchTargets(NULL, &targets);
  show1("targets", status, targets);
  // CHECK-NEXT: formats 1 NULL
  status = quenchFormats(NULL, &formats);
  show1("formats", status, formats);
  // CHECK-NEXT: nowhere 1
  printf("nowhere %d\n", (int)quenchFormats(context, NULL));
}

int main(void) {
  context = quenchContextCreate();
  if (quenchModelLoad(context, "model", &model) || quenchSequenceCreate(model, &sequence)) {
    return 1;
  }
  options();
  results();
  quenchSequenceDestroy(sequence);
  quenchModelDestroy(model);
  quenchContextDestroy(context);
  return 0;
}
