/* Every error comes back as a status and a message that says what was expected, and the process goes on. */
// RUN: rm -rf %t && mkdir %t
// RUN: %python %src/test/Import/Inputs/make_model.py %t/hf
// RUN: quench import %t/hf -o %t/model
// RUN: %python -c "open(r'%t/ids.bin', 'wb').write(bytes(range(8)) * 7)"
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror -I%src/include %s %link_quench -o %t/program
// RUN: cd %t && ./program > output
// RUN: FileCheck %s < %t/output
// RUN: not ls %t/cancelled
#include "quench-c/Quench.h"

#include <stdio.h>
#include <string.h>

static QuenchContext *context;

static void diagnose(void *userData, QuenchSeverity severity, const char *message) {
  (void)userData;
  if (severity == QUENCH_SEVERITY_ERROR) {
    printf("error: %s\n", message);
  }
}

static void cancel(void *userData, const char *step, const char *unit, uint64_t done, uint64_t total,
                   int32_t finished) {
  (void)userData, (void)step, (void)unit, (void)total, (void)finished;
  if (done == 1) {
    quenchContextCancel(context);
  }
}

/* The status, and whether there is a last error. */
static void show(QuenchStatus status) {
  printf("status %d%s\n", (int)status, quenchContextLastError(context)[0] ? "" : " without an error");
}

static int32_t badSample(void *userData, int64_t index, int32_t *tokens, int64_t window) {
  (void)index;
  memset(tokens, 0, sizeof(*tokens) * (size_t)window);
  tokens[1] = 9;
  return *(const int32_t *)userData;
}

// CHECK: status 0 without an error
static void steps(void) {
  QuenchImportOptions import = QUENCH_IMPORT_OPTIONS_INIT;
  QuenchCalibrateOptions calibrate = QUENCH_CALIBRATE_OPTIONS_INIT;
  QuenchEvaluation scores = QUENCH_EVALUATION_INIT;
  QuenchCompileOptions compile = QUENCH_COMPILE_OPTIONS_INIT;
  char *text = (char *)"not touched";
  const char *models[1] = {"model"};
  int32_t one = 1, none = 0, minus = -1;
  // CHECK: error: output: expected a value, found NULL
  // CHECK-NEXT: status 1
  show(quenchImport(context, "hf", NULL, NULL, NULL));
  // CHECK: error: none: expected a Hugging Face folder, found nothing
  // CHECK-NEXT: status 2
  show(quenchImport(context, "none", "out", NULL, NULL));
  // CHECK: error: maxPositions: expected 0 to 2147483647, found -1
  // CHECK-NEXT: status 1
  import.maxPositions = -1;
  show(quenchImport(context, "hf", "out", &import, NULL));
  // CHECK: error: window: expected at most 16, the number of positions of model, found 256
  // CHECK-NEXT: status 2
  show(quenchCalibrate(context, "model", "ids.bin", NULL));
  // CHECK: error: collect: expected channels, {{.*}}found 'all'
  // CHECK-NEXT: status 1
  calibrate.window = 4;
  calibrate.collect = "all";
  show(quenchCalibrate(context, "model", "ids.bin", &calibrate));
  // CHECK: error: samples: sample 0, token 1: expected an id from 0 to 6, found 9
  // CHECK-NEXT: status 2
  // CHECK: error: samples: expected at least one, found none
  // CHECK-NEXT: status 2
  // CHECK: error: samples: sample 0: the caller gave up
  // CHECK-NEXT: status 2
  calibrate.collect = NULL;
  calibrate.samples = 2;
  show(quenchCalibrateSamples(context, "model", badSample, &one, &calibrate));
  show(quenchCalibrateSamples(context, "model", badSample, &none, &calibrate));
  show(quenchCalibrateSamples(context, "model", badSample, &minus, &calibrate));
  // CHECK: error: {{.*}}w9
  // CHECK-NEXT: status 2
  show(quenchQuantize(context, "model", "w9", "out", NULL, NULL));
  // CHECK: error: recipe:3:{{[0-9]+}}: expected
  // CHECK-NEXT: status 2
  show(quenchQuantize(context, "model", "name: x\nsummary: y\nweights: { type: i99 }\n", "out", NULL, NULL));
  // CHECK: error: recipe 'w8a8-static' needs statistics: {{.*}}
  // CHECK-NEXT: status 2
  show(quenchQuantize(context, "model", "w8a8-static", "out", NULL, NULL));
  // A step that is cancelled; the next one is not.
  // CHECK: error: {{.*}}cancelled
  // CHECK-NEXT: status 2
  quenchContextSetProgressFunction(context, cancel, NULL);
  show(quenchQuantize(context, "model", "w8a8-dynamic", "cancelled", NULL, NULL));
  quenchContextSetProgressFunction(context, NULL, NULL);
  // CHECK: error: ids.bin: token 7 (byte 7): expected an id from 0 to 6, found 7
  // CHECK-NEXT: status 2
  {
    QuenchEvaluateOptions evaluate = QUENCH_EVALUATE_OPTIONS_INIT;
    evaluate.window = 8;
    show(quenchEvaluate(context, "model", "ids.bin", &evaluate, &scores));
  }
  // CHECK: error: {{.*}}z80
  // CHECK-NEXT: status 2
  compile.target = "z80";
  show(quenchCompile(context, "model", "m.o", &compile));
  // CHECK: error: {{.*}}report.json
  // CHECK-NEXT: status 2
  // CHECK-NEXT: handed out NULL
  show(quenchReport(context, "model", &text));
  printf("handed out %s\n", text ? text : "NULL");
  // CHECK: error: count: expected 1 to 4 models, found 9
  // CHECK-NEXT: status 1
  show(quenchReportPage(context, models, 9, &text));
  // CHECK: error: threads: expected 0 to 1024, found 5000
  // CHECK-NEXT: status 1
  show(quenchContextSetThreads(context, 5000));
}

static void memory(void) {
  QuenchModel *model = NULL;
  QuenchSequence *sequence = NULL;
  QuenchFunction *function = NULL;
  int32_t tokens[2] = {1, 7}, many[20];
  float logits[7];
  int64_t two = 2, one = 1, twenty = 20, shape[2] = {1, 7}, wrong[2] = {1, 6};
  QuenchTensor input = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL}, output = {NULL, QUENCH_ELEMENT_TYPE_F32, 2, NULL};
  QuenchTensor generated = {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL};
  input.data = tokens;
  input.shape = &two;
  output.data = logits;
  output.shape = shape;
  generated.data = many;
  generated.shape = &twenty;
  // CHECK: error: {{.*}}nowhere
  // CHECK-NEXT: status 2
  show(quenchModelLoad(context, "nowhere", &model));
  printf("%s\n", model ? "a model" : "no model");
  // CHECK-NEXT: no model
  quenchModelLoad(context, "model", &model);
  quenchSequenceCreate(model, &sequence);
  // CHECK: error: {{.*}}7
  // CHECK-NEXT: status 2
  // CHECK-NEXT: position 0
  show(quenchModelRun(model, sequence, &input, &output));
  printf("position %d\n", (int)quenchSequencePosition(sequence));
  // CHECK: error: logits: expected at most 1 rows of 7, found 1 of 6
  // CHECK-NEXT: status 1
  input.shape = &one;
  output.shape = wrong;
  show(quenchModelRun(model, sequence, &input, &output));
  // CHECK: error: logits: expected a tensor of rank 2 of f32, found another
  // CHECK-NEXT: status 1
  show(quenchModelRun(model, sequence, &input, &input));
  // CHECK: error: tokens: expected at most 16 after the prompt, {{.*}} found 20
  // CHECK-NEXT: status 1
  show(quenchModelGenerate(model, sequence, &input, &generated, NULL));
  // CHECK: error: position: expected 0 to 0, found 1
  // CHECK-NEXT: status 1
  show(quenchSequenceRewind(sequence, 1));
  // CHECK: error: sequence: expected one of this model, found NULL
  // CHECK-NEXT: status 1
  show(quenchModelRun(model, NULL, &input, &output));
  // CHECK: error: ir:1:1: {{.*}}
  // CHECK: status 2
  show(quenchFunctionCompile(context, "nonsense", "f", NULL, &function));
  quenchSequenceDestroy(sequence);
  quenchModelDestroy(model);
}

int main(void) {
  context = quenchContextCreate();
  show(QUENCH_STATUS_OK);
  quenchContextSetDiagnosticFunction(context, diagnose, NULL);
  steps();
  memory();
  // Without a handle there is nobody to tell.
  // CHECK: without handles 1 1 1 1 1 1 0
  printf("without handles %d %d %d %d %d %d %d\n", (int)quenchImport(NULL, "hf", "out", NULL, NULL),
         (int)quenchContextSetThreads(NULL, 1), (int)quenchSequenceCreate(NULL, NULL), (int)quenchModelRun(NULL, NULL, NULL, NULL),
         (int)quenchSequenceRewind(NULL, 0), (int)quenchFunctionCall(NULL, NULL, 0, NULL, 0), (int)quenchModelVocabSize(NULL));
  quenchContextDestroy(context);
  quenchContextDestroy(NULL);
  // CHECK: done
  printf("done\n");
  return 0;
}
