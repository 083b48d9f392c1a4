// Static scales: one number for all activations, which a convolution may have at every pixel of its window.
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/static.yaml --quench-multiply-codes | FileCheck %s
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/static.yaml --quench-strip-observers --convert-quench-to-linalg -o %t.qdq.mlir
// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/static.yaml --quench-multiply-codes --quench-strip-observers --convert-quench-to-linalg --canonicalize -o %t.codes.mlir
// RUN: FileCheck %s --check-prefix=PLAIN --implicit-check-not=quench. --implicit-check-not=unrealized < %t.codes.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %t.qdq.mlir %t.codes.mlir

// CHECK-LABEL: @convolution
// PLAIN-LABEL: @convolution
func.func @convolution(%x: tensor<1x4x4x2xf32>) -> tensor<1x3x3x2xf32> {
  %w = arith.constant dense<[[[[0.5, -1.0], [1.0, 0.5]], [[-0.3, 0.2], [0.7, 0.6]]],
                             [[[0.5, -1.0], [1.0, 0.5]], [[-0.3, 0.2], [0.7, 0.6]]]]> : tensor<2x2x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x3x3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  quench.observe %x as "x" range [-4.0, 4.0] : tensor<1x4x4x2xf32>
  // CHECK: quench.disassemble %{{.+}} to tensor<1x4x4x2xi8>, tensor<1x1x1x1xf32>
  // CHECK: quench.disassemble %{{.+}} to tensor<2x2x2x2xi8>, tensor<1x1x1x2xf32>
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}}ins(%{{.+}}, %{{.+}} : tensor<1x4x4x2xi8>, tensor<2x2x2x2xi8>) outs(%{{.+}} : tensor<1x3x3x2xi32>)
  // PLAIN: linalg.conv_2d_nhwc_hwcf {{.*}}tensor<1x4x4x2xi8>
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x4x4x2xf32>, tensor<2x2x2x2xf32>)
    outs(%z : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %y : tensor<1x3x3x2xf32>
}

// Products of codes that have zero points are left to the QDQ form.
// CHECK-LABEL: @negative_zero_point
func.func @negative_zero_point(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[0.5, -1.0], [1.0, 0.5]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  quench.observe %x as "shifted" range [-1.0, 4.0] : tensor<4x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %{{.+}} : tensor<4x2xf32>, tensor<2x2xf32>)
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32> loc("shifted")
  return %y : tensor<4x2xf32>
}
