// RUN: quench-opt %s --split-input-file --quench-quantize=recipe=%S/Inputs/w4a8.yaml | FileCheck %s

// Weights become codes and scales: absmax / 7 of each group of four, the last one shorter.
// CHECK-DAG: #[[$W4:.+]] = #quench.scheme<i4, block = [1, 4], scale = f32>
// CHECK-DAG: #[[$A8:.+]] = #quench.scheme<i8, block = [1, *], scale = f32>
// CHECK-LABEL: func.func @linear_on_a_constant(
// CHECK-SAME:    %[[X:.+]]: tensor<?x6xf32>)
func.func @linear_on_a_constant(%x: tensor<?x6xf32>) -> tensor<?x2xf32> {
  // CHECK-DAG:  %[[XQ:.+]] = quench.quantize %[[X]] : tensor<?x6xf32> to !quench.qtensor<?x6xf32, #[[$A8]]>
  // CHECK-DAG:  %[[XD:.+]] = quench.dequantize %[[XQ]]
  // CHECK-DAG:  %[[C:.+]] = arith.constant dense<{{\[\[}}7, -4, 2, 0, 7, 4], [4, -2, -7, 0, -1, 7]]> : tensor<2x6xi4>
  // CHECK-DAG:  %[[S:.+]] = arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [5.000000e-01, 1.000000e+00]]> : tensor<2x2xf32>
  // CHECK:      %[[WQ:.+]] = quench.assemble %[[C]], %[[S]] : tensor<2x6xi4>, tensor<2x2xf32> to !quench.qtensor<2x6xf32, #[[$W4]]>
  // CHECK-NEXT: %[[WD:.+]] = quench.dequantize %[[WQ]]
  // CHECK:      nn.linear %[[XD]], %[[WD]] :
  // CHECK-NOT:  dense<{{.*}}tensor<2x6xf32>
  %w = arith.constant dense<[[7.0, -4.5, 1.5, 0.25, 14.0, 7.0], [2.0, -1.2, -3.5, 0.0, -0.6, 7.0]]> : tensor<2x6xf32>
  %y = nn.linear %x, %w : tensor<?x6xf32>, tensor<2x6xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// One pair serves all readers of a value that want the same; rules apply by name.
// CHECK-LABEL: func.func @shared_activation(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>)
func.func @shared_activation(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK:      %[[XQ:.+]] = quench.quantize %[[X]]
  // CHECK-NEXT: %[[XD:.+]] = quench.dequantize %[[XQ]]
  // CHECK-NOT:  quench.quantize
  // CHECK:      %[[WD:.+]] = quench.dequantize
  // CHECK-NEXT: %[[W:.+]] = arith.constant dense<1.000000e+00> : tensor<4x4xf32>
  // CHECK-NEXT: nn.linear %[[XD]], %[[WD]] :
  // CHECK-NEXT: nn.linear %[[XD]], %[[WD]] :
  // CHECK-NEXT: nn.linear %[[X]], %[[WD]] :
  // CHECK-NEXT: nn.linear %[[XD]], %[[W]] :
  // CHECK-NEXT: nn.linear %[[X]], %[[W]] :
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %q = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("q")
  %k = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("k")
  %i = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("mlp.float_in")
  %f = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("mlp.float_weight")
  %h = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("head")
  %a = arith.addf %q, %k : tensor<?x4xf32>
  %b = arith.addf %i, %f : tensor<?x4xf32>
  %c = arith.addf %a, %b : tensor<?x4xf32>
  %d = arith.addf %c, %h : tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// -----

// Weights that are computed stay.
// CHECK-LABEL: func.func @negative_dynamic_weight(
// CHECK-NEXT:    nn.linear
func.func @negative_dynamic_weight(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>) -> tensor<?x4xf32> {
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A weight that another pass has quantized is left alone, in whatever format; its activation is not.
// CHECK-LABEL: func.func @quantized_weight(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>)
func.func @quantized_weight(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  // CHECK-NEXT: %[[XQ:.+]] = quench.quantize %[[X]]
  // CHECK-NEXT: %[[XD:.+]] = quench.dequantize %[[XQ]]
  // CHECK-NEXT: %[[WQ:.+]] = quench.weight @w : !quench.qtensor<2x4xf32, #{{.+}}>
  // CHECK-NEXT: %[[WD:.+]] = quench.dequantize %[[WQ]]
  // CHECK-NEXT: nn.linear %[[XD]], %[[WD]]
  %q = quench.weight @w : !quench.qtensor<2x4xf32, #quench.scheme<i3, block = [1, *], scale = f16>>
  %w = quench.dequantize %q : !quench.qtensor<2x4xf32, #quench.scheme<i3, block = [1, *], scale = f16>> to tensor<2x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A weight in half precision is read as f32 and gets one scale a group all the same.
// CHECK-LABEL: func.func @half_weight(
func.func @half_weight(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  // CHECK-NOT:  f16
  // CHECK:      quench.assemble {{.*}} to !quench.qtensor<2x4xf32,
  // CHECK-NOT:  f16
  // CHECK:      nn.linear {{.*}} : tensor<?x4xf32>, tensor<2x4xf32>
  %h = arith.constant dense<0.5> : tensor<2x4xf16>
  %w = arith.extf %h : tensor<2x4xf16> to tensor<2x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
