// SmoothQuant on IR that never saw `nn`: a layer is what weighs and sums the channels, whichever op that is.
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none width=2 linalg=4,16 tosa=4,16
// DEFINE: %{smooth} = quench-opt %s --quench-smooth='archive=%t/archive inputs=all'
// RUN: %{smooth} --remark-format=emitRemark --remarks-filter=quench-smooth 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// RUN: quench-opt %s --quench-verify-equivalence='passes=quench-smooth{inputs=all},quench-fold-weights archive=%t/archive' -o /dev/null
// RUN: %{smooth} --quench-fold-weights -o %t/smoothed.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t/smoothed.mlir

// CHECK-DAG: #[[$S:.+]] = #quench.diagonal<dense<[2.000000e+00, 4.000000e+00]> : tensor<2xf32>>

// Activations reach 4 and 16, weights 1: the scales are sqrt(4 / 1) and sqrt(16 / 1).
// REMARK-DAG: [Passed] Smoothed | Category:quench-smooth | Function=products | Alpha=0.5, Input=linalg, LargestAfter=4, LargestBefore=16
// CHECK-LABEL: @products
func.func @products(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %w = arith.constant dense<[[2.0, 0.5], [-1.0, 3.0]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[1.0, 0.5], [-1.0, 0.25]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] inverse : tensor<2x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]]
  %h = linalg.matmul ins(%x, %w : tensor<3x2xf32>, tensor<2x2xf32>) outs(%z : tensor<3x2xf32>) -> tensor<3x2xf32> loc("first")
  %r = linalg.max ins(%h, %z : tensor<3x2xf32>, tensor<3x2xf32>) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK: %[[V:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] : tensor<2x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[V]]
  %y = linalg.matmul ins(%r, %v : tensor<3x2xf32>, tensor<2x2xf32>) outs(%z : tensor<3x2xf32>) -> tensor<3x2xf32> loc("linalg")
  return %y : tensor<3x2xf32>
}

// REMARK-DAG: [Passed] Smoothed | Category:quench-smooth | Function=tosa | Alpha=0.5, Input=tosa, LargestAfter=4, LargestBefore=16
// REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=tosa | Input=first, Reason="the value is an argument of its function"
// CHECK-LABEL: @tosa
func.func @tosa(%x: tensor<1x3x2xf32>) -> tensor<1x3x2xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{values = dense<[[[2.0, 0.5], [-1.0, 3.0]]]> : tensor<1x2x2xf32>}> : () -> tensor<1x2x2xf32>
  %v = "tosa.const"() <{values = dense<[[[1.0, 0.5], [-1.0, 0.25]]]> : tensor<1x2x2xf32>}> : () -> tensor<1x2x2xf32>
  // CHECK: %[[W:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [2] inverse : tensor<1x2x2xf32>
  // CHECK: tosa.matmul %{{.+}}, %[[W]]
  %h = tosa.matmul %x, %w, %zp, %zp : (tensor<1x3x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32> loc("first")
  // CHECK: %[[V:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] : tensor<1x2x2xf32>
  // CHECK: tosa.matmul %{{.+}}, %[[V]]
  %y = tosa.matmul %h, %v, %zp, %zp : (tensor<1x3x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x2xf32> loc("tosa")
  return %y : tensor<1x3x2xf32>
}
