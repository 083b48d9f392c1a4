// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none width=4 o=4,2,16,64 width=2 down=4,16 last=4,16
// DEFINE: %{smooth} = quench-opt %s --quench-smooth='archive=%t/archive inputs=all'
// RUN: %{smooth} --remark-format=emitRemark --remarks-filter=quench-smooth 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks

// Inputs that linear layers make are smoothed, too: their rows take the scales in.

// CHECK-DAG: #[[$DOWN:.+]] = #quench.diagonal<dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>>
// CHECK-DAG: #[[$V:.+]] = #quench.diagonal<dense<[4.000000e+00, 8.000000e+00]> : tensor<2xf32>>
// CHECK-DAG: #[[$O:.+]] = #quench.diagonal<dense<[4.000000e+00, 8.000000e+00, 4.000000e+00, 8.000000e+00]> : tensor<4xf32>>

// Of a gated product only one side can be divided: the one that is linear.
// REMARK-DAG: [Passed] Smoothed | Category:quench-smooth | Function=gated_product | Alpha=0.5, Input=down, LargestAfter=4, LargestBefore=16
// CHECK-LABEL: func.func @gated_product
func.func @gated_product(%x: tensor<?x2xf32>, %gate: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = arith.constant dense<2.0> : tensor<2x2xf32>
  %v = arith.constant dense<1.0> : tensor<1x2xf32>
  // CHECK: %[[UP:.+]] = quench.change_basis %{{.+}} by #[[$DOWN]] axes [0] inverse : tensor<2x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[UP]]
  %up = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("up")
  %s = nn.silu %gate : tensor<?x2xf32>
  %p = arith.mulf %s, %up : tensor<?x2xf32>
  // CHECK: %[[DOWN:.+]] = quench.change_basis %{{.+}} by #[[$DOWN]] axes [1] : tensor<1x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[DOWN]]
  %y = nn.linear %p, %v : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("down")
  return %y : tensor<?x1xf32>
}

// Two query heads read one key head, so its channels have one scale for both: from 16 = max(4, 16) and 64 = max(2, 64).
// CHECK-LABEL: func.func @attention
func.func @attention(%x: tensor<?x2xf32>, %q: tensor<?x2x2xf32>, %k: tensor<?x1x2xf32>, %position: index) -> tensor<?x2xf32> {
  %wv = arith.constant dense<1.0> : tensor<2x2xf32>
  %wo = arith.constant dense<1.0> : tensor<2x4xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #[[$V]] axes [0] inverse : tensor<2x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[W]]
  %v = nn.linear %x, %wv : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("v")
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x2xf32>
  %heads = tensor.expand_shape %v [[0], [1, 2]] output_shape [%n, 1, 2] : tensor<?x2xf32> into tensor<?x1x2xf32>
  %a = nn.attention %q, %k, %heads at %position scale 0.5 : tensor<?x2x2xf32>, tensor<?x1x2xf32>
  %flat = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x2x2xf32> into tensor<?x4xf32>
  // CHECK: %[[O:.+]] = quench.change_basis %{{.+}} by #[[$O]] axes [1] : tensor<2x4xf32>
  // CHECK: nn.linear %{{.+}}, %[[O]]
  %y = nn.linear %flat, %wo : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("o")
  return %y : tensor<?x2xf32>
}

// REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=negative_argument | Input=last, Reason="the value is an argument of its function"
// CHECK-LABEL: func.func @negative_argument
// CHECK-NOT: quench.change_basis
func.func @negative_argument(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %v = arith.constant dense<1.0> : tensor<1x2xf32>
  %y = nn.linear %x, %v : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32> loc("last")
  return %y : tensor<?x1xf32>
}
