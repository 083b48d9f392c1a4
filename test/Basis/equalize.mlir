// RUN: quench-opt %s --quench-equalize | FileCheck %s
// RUN: quench-opt %s --quench-equalize --quench-fold-weights | FileCheck %s --check-prefix=FOLD
// RUN: quench-opt %s --quench-equalize -o /dev/null --remark-format=emitRemark --remarks-filter=quench-equalize 2>&1 | FileCheck %s --check-prefix=REMARK

// CHECK-DAG: #[[$S:.+]] = #quench.diagonal<dense<[4.000000e+00, 2.500000e-01]> : tensor<2xf32>>

// Row 0 of the first weight reaches 16, column 0 of the second 1: both reach 4. Row 1 reaches 1, column 1 reaches 16.
// REMARK: remark: [Missed] NotEqualized | {{.*}}Function=rectifier | {{.*}}Reason="the value is an argument of its function"
// CHECK-LABEL: @rectifier
// FOLD-LABEL: @rectifier
func.func @rectifier(%x: tensor<4x2xf32>) -> tensor<4x1xf32> {
  // FOLD-DAG: %[[W1:.+]] = arith.constant dense<{{\[\[}}-4.000000e+00, 5.000000e-01], [2.000000e+00, 4.000000e+00]]>
  %w1 = arith.constant dense<[[-16.0, 2.0], [0.5, 1.0]]> : tensor<2x2xf32>
  // FOLD-DAG: %[[B:.+]] = arith.constant dense<[1.000000e+00, 2.000000e+00]>
  %b = arith.constant dense<[4.0, 0.5]> : tensor<2xf32>
  // FOLD-DAG: %[[W2:.+]] = arith.constant dense<{{\[\[}}4.000000e+00, -4.000000e+00]]>
  %w2 = arith.constant dense<[[1.0, -16.0]]> : tensor<1x2xf32>
  %zero = arith.constant dense<0.0> : tensor<4x2xf32>
  // CHECK-DAG: %[[V1:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] inverse : tensor<2x2xf32>
  // CHECK-DAG: %[[C:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] inverse : tensor<2xf32>
  // CHECK: nn.linear %{{.+}}, %[[V1]] bias(%[[C]])
  // FOLD: nn.linear %{{.+}}, %[[W1]] bias(%[[B]])
  %h = nn.linear %x, %w1 bias(%b) : tensor<4x2xf32>, tensor<2x2xf32>, tensor<2xf32> -> tensor<4x2xf32>
  %r = arith.maximumf %h, %zero : tensor<4x2xf32>
  // CHECK: %[[V2:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] : tensor<1x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[V2]]
  // FOLD: nn.linear %{{.+}}, %[[W2]]
  %y = nn.linear %r, %w2 : tensor<4x2xf32>, tensor<1x2xf32> -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// A gated product: the other side is an activation, so the scales go to the weight of this one. Three layers in a row
// settle together: all weights are 2 afterwards, 2 = sqrt(1 * 4) of the outer ones.
// FOLD-LABEL: @chain
func.func @chain(%x: tensor<4x1xf32>, %g: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w1 = arith.constant dense<1.0> : tensor<1x1xf32>
  %w2 = arith.constant dense<2.0> : tensor<1x1xf32>
  %w3 = arith.constant dense<4.0> : tensor<1x1xf32>
  // FOLD-COUNT-3: arith.constant dense<{{(2\.00|1\.99).*}}> : tensor<1x1xf32>
  %h1 = nn.linear %x, %w1 : tensor<4x1xf32>, tensor<1x1xf32> -> tensor<4x1xf32>
  %a = nn.silu %g : tensor<4x1xf32>
  %p = arith.mulf %a, %h1 : tensor<4x1xf32>
  %h2 = nn.linear %p, %w2 : tensor<4x1xf32>, tensor<1x1xf32> -> tensor<4x1xf32>
  %y = nn.linear %h2, %w3 : tensor<4x1xf32>, tensor<1x1xf32> -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// Scaling does not pass an activation that is not homogeneous.
// REMARK: remark: [Missed] NotEqualized | {{.*}}Function=negative_activation | {{.*}}Reason="'nn.silu' refuses: only permutations pass an activation that is not homogeneous
// CHECK-LABEL: @negative_activation
// CHECK-NOT: change_basis
func.func @negative_activation(%x: tensor<4x1xf32>) -> tensor<4x1xf32> {
  %w1 = arith.constant dense<1.0> : tensor<1x1xf32>
  %w2 = arith.constant dense<4.0> : tensor<1x1xf32>
  %h = nn.linear %x, %w1 : tensor<4x1xf32>, tensor<1x1xf32> -> tensor<4x1xf32>
  %a = nn.silu %h : tensor<4x1xf32>
  %y = nn.linear %a, %w2 : tensor<4x1xf32>, tensor<1x1xf32> -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// REMARK: remark: [Missed] NotEqualized | {{.*}}Function=negative_norm | {{.*}}Reason="no layer makes its input with weights that could be scaled"
// CHECK-LABEL: @negative_norm
// CHECK-NOT: change_basis
func.func @negative_norm(%x: tensor<4x2xf32>) -> tensor<4x1xf32> {
  %g = arith.constant dense<[1.0, 8.0]> : tensor<2xf32>
  %w = arith.constant dense<4.0> : tensor<1x2xf32>
  %n = nn.rms_norm %x gain(%g : tensor<2xf32>) epsilon 1.0e-5 : tensor<4x2xf32>
  %y = nn.linear %n, %w : tensor<4x2xf32>, tensor<1x2xf32> -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}
