// A function that is no language model runs on tensors of a file: "0" has three samples of its first argument, (4, 16),
// (-2, 8) and (0, 2), "1" one factor for each. Statistics are those of its observers, and what looks at them works then.
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/x 0=3x1x2:4,16,-2,8,0,2 1=3x1x2:1,1,2,2,1,1
// RUN: quench-opt %s --quench-calibrate='samples=%t/x collect=channels,gram output=%t/archive' | FileCheck %s
// RUN: %python %S/../Transforms/Inputs/make_store.py print %t/archive | FileCheck %s --check-prefix=ARCHIVE
// RUN: quench-opt %s --quench-calibrate='samples=%t/x collect=channels,gram output=%t/again' -o /dev/null
// RUN: cmp %t/archive %t/again
// RUN: quench-opt %s --quench-annotate-calibration=archive=%t/archive | FileCheck %s --check-prefix=RANGES
// RUN: quench-opt %s --quench-verify-equivalence='passes=quench-smooth{inputs=all} archive=%t/archive' | FileCheck %s --check-prefix=SMOOTH

// The rows behind the product: (4, 16), (-4, 16), (0, 2).
// ARCHIVE:      hidden.batches I64 [1] 3
// ARCHIVE:      hidden.channel_absmax F32 [2] 4 16
// ARCHIVE-NEXT: hidden.channel_sum F64 [2] 0 34
// ARCHIVE:      hidden.gram F64 [2, 2] 32 0 0 516
// ARCHIVE-NOT:  tokens

// CHECK-LABEL: func.func @f(
// CHECK: quench.observe %{{.+}} as "hidden" : tensor<?x2xf32>
// RANGES: quench.observe %{{.+}} as "hidden" range [-4.000000e+00, 1.600000e+01] : tensor<?x2xf32>
// Weights are 1: the scales are sqrt(4 / 1) and sqrt(16 / 1).
// SMOOTH: #quench.diagonal<dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>>
// SMOOTH: quench.change_basis
func.func @f(%x: tensor<?x2xf32>, %factor: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %h = arith.mulf %x, %factor : tensor<?x2xf32>
  %one = arith.constant dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %a = nn.linear %h, %one : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("first")
  quench.observe %a as "hidden" : tensor<?x2xf32>
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  %y = nn.linear %a, %w : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32> loc("second")
  return %y : tensor<?x3xf32>
}
