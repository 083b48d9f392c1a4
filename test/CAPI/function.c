/* Any function of IR, on tensors that the caller describes. */
// RUN: rm -rf %t && mkdir %t
// RUN: %clang -std=c99 -pedantic -Wall -Wextra -Werror -I%src/include %s %link_quench -o %t/program
// RUN: %t/program | FileCheck %s
#include "quench-c/Quench.h"

#include <stdio.h>

static const char *const ir =
    "func.func @affine(%x: tensor<?x3xf32>, %w: tensor<2x3xf32>, %n: i32) -> (tensor<?x2xf32>, tensor<2xi32>) {\n"
    "  %y = nn.linear %x, %w : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32>\n"
    "  %two = arith.constant 2 : i32\n"
    "  %m = arith.muli %n, %two : i32\n"
    "  %c = tensor.from_elements %n, %m : tensor<2xi32>\n"
    "  return %y, %c : tensor<?x2xf32>, tensor<2xi32>\n"
    "}\n";

static void diagnose(void *userData, QuenchSeverity severity, const char *message) {
  (void)userData;
  printf("message %d: %s\n", (int)severity, message);
}

int main(void) {
  QuenchContext *context = quenchContextCreate();
  QuenchFunction *function = NULL;
  float x[6] = {1, 2, 3, 4, 5, 6}, w[6] = {1, 0, 1, 0, 1, 0}, y[4] = {0};
  int32_t n = 21, c[2] = {0};
  int64_t xShape[2] = {2, 3}, wShape[2] = {2, 3}, yShape[2] = {2, 2}, cShape[1] = {2};
  QuenchTensor arguments[3] = {{NULL, QUENCH_ELEMENT_TYPE_F32, 2, NULL},
                               {NULL, QUENCH_ELEMENT_TYPE_F32, 2, NULL},
                               {NULL, QUENCH_ELEMENT_TYPE_I32, -1, NULL}};
  QuenchTensor results[2] = {{NULL, QUENCH_ELEMENT_TYPE_F32, 2, NULL}, {NULL, QUENCH_ELEMENT_TYPE_I32, 1, NULL}};
  arguments[0].data = x;
  arguments[0].shape = xShape;
  arguments[1].data = w;
  arguments[1].shape = wShape;
  arguments[2].data = &n;
  results[0].data = y;
  results[0].shape = yShape;
  results[1].data = c;
  results[1].shape = cShape;
  quenchContextSetDiagnosticFunction(context, diagnose, NULL);
  if (quenchFunctionCompile(context, ir, "affine", NULL, &function) != QUENCH_STATUS_OK) {
    return 1;
  }
  // CHECK: status 0: 4 2 10 5, 21 42
  {
    QuenchStatus status = quenchFunctionCall(function, arguments, 3, results, 2);
    printf("status %d: %g %g %g %g, %d %d\n", (int)status, y[0], y[1], y[2], y[3], (int)c[0], (int)c[1]);
  }
  // CHECK: message 3: {{.*}}expected 3 arguments and 2 results, found 2 and 2
  // CHECK-NEXT: status 2
  printf("status %d\n", (int)quenchFunctionCall(function, arguments, 2, results, 2));
  // CHECK: message 3: argument 0: expected a shape that fits into memory, found -3 at axis 1
  // CHECK-NEXT: status 1
  xShape[1] = -3;
  printf("status %d\n", (int)quenchFunctionCall(function, arguments, 3, results, 2));
  // CHECK: message 3: argument 0: expected data, found NULL
  // CHECK-NEXT: status 1
  xShape[1] = 3;
  arguments[0].data = NULL;
  printf("status %d\n", (int)quenchFunctionCall(function, arguments, 3, results, 2));
  quenchFunctionDestroy(function);

  // Passes on IR in memory.
  // CHECK: status 0
  // CHECK: linalg.generic
  // CHECK-NOT: nn.linear
  // CHECK: message 3: pipeline:1:1: 'no-such-pass' does not refer to a registered pass
  // CHECK-NEXT: status 1
  // CHECK: message 3: pipeline: expected builtin.module(...), found passes on 'func.func'
  // CHECK-NEXT: status 1
  // CHECK: message 3: ir:{{.*}}
  // CHECK: status 2
  {
    char *text = NULL;
    printf("status %d\n", (int)quenchTransform(context, ir, "builtin.module(convert-nn-to-linalg,canonicalize)", &text));
    printf("%s", text);
    quenchStringDestroy(text);
    printf("status %d\n", (int)quenchTransform(context, ir, "builtin.module(no-such-pass)", &text));
    printf("status %d\n", (int)quenchTransform(context, ir, "func.func(canonicalize)", &text));
    printf("status %d\n", (int)quenchTransform(context, "nonsense", "builtin.module(canonicalize)", &text));
  }
  quenchContextDestroy(context);
  return 0;
}
