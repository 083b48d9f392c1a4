// W8A8 on IR that never saw `nn`: quantized by a recipe, computed in integers, and plain linalg in the end.
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --quench-multiply-codes | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --quench-multiply-codes -o /dev/null --remark-format=emitRemark --remarks-filter=quench-multiply-codes 2> %t.remarks
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// The integer form computes what the QDQ form says, and that is near to the float function.
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --convert-quench-to-linalg -o %t.qdq.mlir
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --quench-multiply-codes --convert-quench-to-linalg --canonicalize -o %t.codes.mlir
// RUN: FileCheck %s --check-prefix=PLAIN --implicit-check-not=quench. --implicit-check-not=unrealized < %t.codes.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %t.qdq.mlir %t.codes.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.codes.mlir 0.03

// CHECK-DAG: #[[$M:.+]] = affine_map<(d0, d1) -> (d0, 0)>
// CHECK-DAG: #[[$N:.+]] = affine_map<(d0, d1) -> (0, d1)>
// CHECK-LABEL: @mlp
// PLAIN-LABEL: @mlp
func.func @mlp(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w1 = arith.constant dense<[[0.5, -1.0, 0.25, 0.75], [1.0, 0.5, -0.5, 0.1], [-0.3, 0.2, 0.9, -0.8], [0.7, 0.6, -0.1, 0.4],
                              [0.2, -0.9, 0.3, 0.5], [-0.6, 0.8, 0.1, -0.2], [0.4, 0.3, -0.7, 0.9], [0.1, -0.4, 0.6, 0.2]]> : tensor<8x4xf32>
  %b1 = arith.constant dense<[0.5, -0.25, 0.125, 1.0]> : tensor<4xf32>
  %w2 = arith.constant dense<[[0.5, -1.0, 0.25], [1.0, 0.5, -0.5], [-0.3, 0.2, 0.9], [0.7, 0.6, -0.1]]> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: %[[BIAS:.+]] = linalg.broadcast
  %i = linalg.broadcast ins(%b1 : tensor<4xf32>) outs(%e : tensor<4x4xf32>) dimensions = [0]
  // One scale for each row of activations, one for each column of the weight.
  // CHECK: %[[XC:.+]], %[[XS:.+]] = quench.disassemble %{{.+}} to tensor<4x8xi8>, tensor<4x1xf32>
  // CHECK: %[[WC:.+]], %[[WS:.+]] = quench.disassemble %{{.+}} to tensor<8x4xi8>, tensor<1x4xf32>
  // CHECK: %[[SUMS:.+]] = linalg.matmul ins(%[[XC]], %[[WC]] : tensor<4x8xi8>, tensor<8x4xi8>) outs(%{{.+}} : tensor<4x4xi32>) -> tensor<4x4xi32>
  // CHECK: %[[H:.+]] = linalg.generic {indexing_maps = [#{{.+}}, #[[$M]], #[[$N]], #{{.+}}], {{.*}}} ins(%[[SUMS]], %[[XS]], %[[WS]] : {{.*}}) outs(%[[BIAS]]
  // CHECK: arith.sitofp
  // CHECK: linalg.max ins(%[[H]]
  // PLAIN: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x8xi8>, tensor<8x4xi8>) outs(%{{.+}} : tensor<4x4xi32>)
  %h = linalg.matmul ins(%x, %w1 : tensor<4x8xf32>, tensor<8x4xf32>) outs(%i : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = linalg.max ins(%h, %z : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x3xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x4xi8>, tensor<4x3xi8>) outs(%{{.+}} : tensor<4x3xi32>)
  // PLAIN: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x4xi8>, tensor<4x3xi8>) outs(%{{.+}} : tensor<4x3xi32>)
  %y = linalg.matmul ins(%r, %w2 : tensor<4x4xf32>, tensor<4x3xf32>) outs(%z2 : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// A weight that is read transposed has a scale for each row.
// CHECK-LABEL: @transposed
func.func @transposed(%x: tensor<4x2xf32>) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[0.5, -1.0], [1.0, 0.5], [-0.3, 0.2]]> : tensor<3x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: quench.disassemble %{{.+}} to tensor<3x2xi8>, tensor<3x1xf32>
  // CHECK: linalg.matmul indexing_maps = {{.*}} ins(%{{.+}}, %{{.+}} : tensor<4x2xi8>, tensor<3x2xi8>) outs(%{{.+}} : tensor<4x3xi32>)
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
    ins(%x, %w : tensor<4x2xf32>, tensor<3x2xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// What floats do not look at: codes are signed all the same.
// CHECK-LABEL: @cast_of_integers
func.func @cast_of_integers(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[0.5, -1.0], [-0.3, 0.2]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x2xi8>, tensor<2x2xi8>)
  %y = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>} ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>)
    outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// A product of activations has no weight to quantize.
// CHECK-LABEL: @negative_two_activations
func.func @negative_two_activations(%x: tensor<4x2xf32>, %w: tensor<2x3xf32>) -> tensor<4x3xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x2xf32>, tensor<2x3xf32>)
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%z : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}

// A window of a convolution reads pixels that have different scales.
// REMARK: [Missed] LeftInFloat | {{.*}}Reason="its scales change along what is summed, or by blocks"
// CHECK-LABEL: @negative_window
func.func @negative_window(%x: tensor<1x4x4x2xf32>) -> tensor<1x3x3x2xf32> {
  %w = arith.constant dense<[[[[0.5, -1.0], [1.0, 0.5]], [[-0.3, 0.2], [0.7, 0.6]]],
                             [[[0.5, -1.0], [1.0, 0.5]], [[-0.3, 0.2], [0.7, 0.6]]]]> : tensor<2x2x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x3x3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} : tensor<1x4x4x2xf32>, tensor<2x2x2x2xf32>)
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x4x4x2xf32>, tensor<2x2x2x2xf32>)
    outs(%z : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %y : tensor<1x3x3x2xf32>
}

// Buffers are left alone.
// CHECK-LABEL: @negative_buffers
func.func @negative_buffers(%a: memref<4x4xf32>, %b: memref<4x4xf32>, %c: memref<4x4xf32>) {
  // CHECK: linalg.matmul ins(%{{.+}}, %{{.+}} : memref<4x4xf32>, memref<4x4xf32>)
  linalg.matmul ins(%a, %b : memref<4x4xf32>, memref<4x4xf32>) outs(%c : memref<4x4xf32>)
  return
}
