/* What LLVM and MLIR say of bad input is the error of the context, on one line, and nothing is on stderr. */
// RUN: rm -rf %t && mkdir %t
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror -I%src/include %s %link_quench -o %t/program
// RUN: %t/program > %t/output 2> %t/errors
// RUN: FileCheck %s < %t/output
// RUN: count 0 < %t/errors
#include "quench-c/Quench.h"

#include <stdio.h>

static QuenchContext *context;

static void diagnose(void *userData, QuenchSeverity severity, const char *message) {
  (void)userData;
  printf("%d %s\n", (int)severity, message);
}

static void transform(const char *pipeline) {
  char *text = NULL;
  QuenchStatus status = quenchTransform(context, "func.func @f() { return }", pipeline, &text);
  printf("status %d\n", (int)status);
  quenchStringDestroy(text);
}

int main(void) {
  QuenchFunction *function = NULL;
  context = quenchContextCreate();
  quenchContextSetDiagnosticFunction(context, diagnose, NULL);
  // CHECK: 3 pipeline: no such option recip; failed to add `quench-quantize-functions` with options `recip=3`
  // CHECK-NEXT: status 1
  transform("builtin.module(quench-quantize-functions{recip=3})");
  // CHECK-NEXT: 3 pipeline: no such option recip; failed to add `quench-to-upstream` with options `recip=3`
  // CHECK-NEXT: status 1
  transform("builtin.module(quench-to-upstream{recip=3})");
  // CHECK-NEXT: 3 pipeline: no such option recip; failed to add `quench-quantize` with options `recip=3`
  // CHECK-NEXT: status 1
  transform("builtin.module(quench-quantize{recip=3})");
  // CHECK-NEXT: 3 pipeline: expected pass pipeline to be wrapped with the anchor operation type, e.g. 'builtin.module(...)'
  // CHECK-NEXT: status 1
  // CHECK-NEXT: 3 pipeline: expected pass pipeline to be wrapped {{.*}}
  // CHECK-NEXT: status 1
  // CHECK-NEXT: 3 pipeline: expected pass pipeline to be wrapped {{.*}}
  // CHECK-NEXT: status 1
  transform("nope(");
  transform("builtin.module(nope");
  transform("");
  // CHECK-NEXT: 3 pipeline:1:1: 'nope' does not refer to a registered pass or pass pipeline
  // CHECK-NEXT: status 1
  transform("builtin.module(nope)");
  // CHECK-NEXT: 3 pipeline: Can't add pass 'QuantizePass' restricted to 'builtin.module' {{.*}}'func.func'{{.*}}
  // CHECK-NEXT: status 1
  transform("builtin.module(func.func(quench-quantize))");
  // Pipelines on an op that their passes are not for.
  // CHECK-NEXT: 3 pipeline: expected 'quench-quantize-functions' in builtin.module(...), found it in func.func(...); failed to add {{.*}}
  // CHECK-NEXT: status 1
  // CHECK-NEXT: 3 pipeline: expected 'quench-quantize-functions' in builtin.module(...), found it in func.func(...); {{.*}}
  // CHECK-NEXT: status 1
  // CHECK-NEXT: 3 pipeline: expected 'quench-to-upstream' in builtin.module(...), found it in func.func(...); {{.*}}
  // CHECK-NEXT: status 1
  transform("builtin.module(func.func(quench-quantize-functions))");
  transform("func.func(quench-quantize-functions)");
  transform("builtin.module(func.func(quench-to-upstream))");
  // CHECK-NEXT: 3 pipeline: expected builtin.module(...), found passes on 'func.func'
  // CHECK-NEXT: status 1
  transform("func.func(cse)");
  // What a function calls is looked for in the process.
  // CHECK-NEXT: 3 {{.*}}Symbols not found: [ somewhere_else ]
  // CHECK-NEXT: status 2
  printf("status %d\n", (int)quenchFunctionCompile(context,
                                                   "func.func private @somewhere_else()\n"
                                                   "func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
                                                   "  call @somewhere_else() : () -> ()\n"
                                                   "  return %x : tensor<4xf32>\n"
                                                   "}\n",
                                                   "f", NULL, &function));
  quenchContextDestroy(context);
  return 0;
}
