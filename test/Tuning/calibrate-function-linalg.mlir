// The same on upstream ops alone, with observers where the tool puts them.
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/x 0=2x1x2:4,16,-2,8
// RUN: quench-opt %s --quench-insert-observers -o %t/observed.mlir
// RUN: quench-opt %t/observed.mlir --quench-calibrate='samples=%t/x output=%t/archive' -o /dev/null
// RUN: quench-opt %s --quench-smooth='archive=%t/archive inputs=all' --remark-format=emitRemark --remarks-filter=quench-smooth -o /dev/null 2>&1 | FileCheck %s
// CHECK: [Passed] Smoothed | {{.*}}Function=f |

// What is wrong with samples is said.
// RUN: not quench-opt %s --quench-calibrate=samples=%t/x 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: expected observers, found none; run quench-insert-observers first
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/wide 0=2x1x3
// RUN: not quench-opt %t/observed.mlir --quench-calibrate=samples=%t/wide 2>&1 | FileCheck %s --check-prefix=WIDE
// WIDE: error: {{.*}}wide: tensor '0': expected samples of tensor<1x2xf32>, found the shape [2, 1, 3]
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/other 1=2x1x2
// RUN: not quench-opt %t/observed.mlir --quench-calibrate=samples=%t/other 2>&1 | FileCheck %s --check-prefix=OTHER
// OTHER: error: {{.*}}other: {{.*}}'0'
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/nan 0=2x1x2:nan
// RUN: not quench-opt %t/observed.mlir --quench-calibrate=samples=%t/nan 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error: {{.*}}nan: tensor '0': expected finite values, found nan
// RUN: not quench-opt %t/observed.mlir --quench-calibrate=samples=%t/missing 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: error: {{.*}}missing

func.func @f(%x: tensor<1x2xf32>) -> tensor<1x3xf32> {
  %one = arith.constant dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %w = arith.constant dense<1.0> : tensor<2x3xf32>
  %z2 = arith.constant dense<0.0> : tensor<1x2xf32>
  %z3 = arith.constant dense<0.0> : tensor<1x3xf32>
  %a = linalg.matmul ins(%x, %one : tensor<1x2xf32>, tensor<2x2xf32>) outs(%z2 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %y = linalg.matmul ins(%a, %w : tensor<1x2xf32>, tensor<2x3xf32>) outs(%z3 : tensor<1x3xf32>) -> tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}
