// Layers of TOSA in QDQ form: codes of constants, and activations with a scale for each pixel or row. Float ops stay.
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic | FileCheck %s
// RUN: quench-opt %s --quench-insert-observers | FileCheck %s --check-prefix=OBSERVE
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --convert-quench-to-linalg -o %t.qdq.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.qdq.mlir 0.03

// OBSERVE: quench.observe %{{.+}} as "conv"
// OBSERVE: quench.observe %{{.+}} as "tosa.matmul#1"

// CHECK-LABEL: @convolution
func.func @convolution(%x: tensor<1x3x3x4xf32>) -> tensor<1x3x3x2xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // CHECK: %[[X:.+]] = quench.dequantize %{{.+}} to tensor<1x3x3x4xf32>
  // CHECK: %[[WQ:.+]] = quench.assemble %{{.+}} to !quench.qtensor<2x1x1x4xf32, #{{.+}}>
  // CHECK: %[[W:.+]] = quench.dequantize %[[WQ]]
  %w = "tosa.const"() <{values = dense<[[[[0.5, -1.0, 0.25, 2.0]]], [[[1.0, 0.125, -0.75, 0.5]]]]> : tensor<2x1x1x4xf32>}> : () -> tensor<2x1x1x4xf32>
  %b = "tosa.const"() <{values = dense<[4.0, -2.0]> : tensor<2xf32>}> : () -> tensor<2xf32>
  // CHECK: tosa.conv2d %[[X]], %[[W]]
  %y = tosa.conv2d %x, %w, %b, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x3x3x4xf32>, tensor<2x1x1x4xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32> loc("conv")
  return %y : tensor<1x3x3x2xf32>
}

// CHECK-LABEL: @fully_connected
func.func @fully_connected(%x: tensor<1x4x2xf32>) -> tensor<1x4x3xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // CHECK: %[[S:.+]] = arith.constant {{.*}} : tensor<1x1x3xf32>
  // CHECK: quench.assemble %{{.+}}, %[[S]]
  %w = "tosa.const"() <{values = dense<[[[0.5, 1.0, -2.0], [0.25, 0.5, 0.125]]]> : tensor<1x2x3xf32>}> : () -> tensor<1x2x3xf32>
  %y = tosa.matmul %x, %w, %zp, %zp : (tensor<1x4x2xf32>, tensor<1x2x3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x3xf32>
  return %y : tensor<1x4x3xf32>
}
