// RUN: %python %S/Inputs/make_store.py write %t.in up.weight=2x6 tied.weight=2x4 gain=2:f16 unused=1:i32
// RUN: quench-opt %s --quench-quantize='recipe=%S/Inputs/w4a8.yaml weights=%t.in output=%t.out' --mlir-print-local-scope | FileCheck %s
// RUN: %python %S/Inputs/make_store.py print %t.out | FileCheck %s --check-prefix=STORE
// RUN: quench-opt %s --quench-quantize='recipe=%S/Inputs/w4a8.yaml weights=%t.in output=%t.again' -o /dev/null
// RUN: cmp %t.out %t.again

// The output holds what the module refers to: quantized weights as codes and scales, the rest as it was. A weight that is
// also read as floats is there in both forms.
// STORE:      gain F16 [2] -1.5 0.25
// STORE-NEXT: tied.weight F32 [2, 4] -1.5 0.25 -1.25 0.5 -1 0.75 -0.75 1
// STORE-NEXT: tied.weight.codes U8 [2, 2] 25 42 89 123
// STORE-NEXT: tied.weight.scale F32 [2, 1] 0.214286 0.142857
// STORE-NEXT: up.weight.codes U8 [2, 3] 25 42 89 108 125 127
// STORE-NEXT: up.weight.scale F32 [2, 2] 0.214286 0.142857 0.178571 0.214286
// STORE-NOT:  {{.}}

// CHECK-LABEL: func.func @stored_weights(
func.func @stored_weights(%x: tensor<?x6xf32>, %t: tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4xf32>) {
  // CHECK:      %[[U:.+]] = quench.weight @up.weight : !quench.qtensor<2x6xf32, #quench.scheme<i4, block = [1, 4], scale = f32>>
  // CHECK-NEXT: %[[UD:.+]] = quench.dequantize %[[U]]
  %u = quench.weight @up.weight : tensor<2x6xf32>
  // CHECK-NEXT: %[[T:.+]] = quench.weight @tied.weight : !quench.qtensor<2x4xf32, #quench.scheme<i4, block = [1, 4], scale = f32>>
  // CHECK-NEXT: %[[TD:.+]] = quench.dequantize %[[T]]
  // CHECK-NEXT: %[[TF:.+]] = quench.weight @tied.weight : tensor<2x4xf32>
  %w = quench.weight @tied.weight : tensor<2x4xf32>
  // CHECK:      nn.linear %{{.+}}, %[[UD]]
  // CHECK:      nn.embedding %[[TD]]
  // CHECK:      nn.linear %{{.+}}, %[[TD]]
  // CHECK:      return %{{.+}}, %{{.+}}, %[[TF]]
  %y = nn.linear %x, %u : tensor<?x6xf32>, tensor<2x6xf32> -> tensor<?x2xf32>
  %e = nn.embedding %w[%t] : tensor<2x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %z = nn.linear %e, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  %g = quench.weight @gain : tensor<2xf16>
  return %y, %z, %w : tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4xf32>
}
