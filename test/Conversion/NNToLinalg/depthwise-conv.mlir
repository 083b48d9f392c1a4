// RUN: quench-opt %s --convert-quench-to-linalg --convert-nn-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-quench-to-linalg,convert-nn-to-linalg -o /dev/null

// CHECK-LABEL: func.func @floats(
// CHECK-SAME: %[[X:.+]]: tensor<?x9x8x3xf32>, %[[W:.+]]: tensor<6x3xf32>, %[[B:.+]]: tensor<3xf32>)
// CHECK: %[[TAPS:.+]] = tensor.expand_shape %[[W]] {{\[\[}}0, 1], [2]] output_shape [3, 2, 3]
// CHECK: %[[SUMS:.+]] = linalg.depthwise_conv_2d_nhwc_hwc {dilations = dense<[1, 3]> : vector<2xi64>, strides = dense<[2, 1]> : vector<2xi64>} ins(%[[X]], %[[TAPS]] :
// CHECK: %[[ROWS:.+]] = tensor.collapse_shape %[[SUMS]] {{\[\[}}0, 1, 2], [3]]
// CHECK: linalg.generic {{.*}} ins(%[[B]] : tensor<3xf32>) outs(%[[ROWS]] : tensor<?x3xf32>)
func.func @floats(%x: tensor<?x9x8x3xf32>, %w: tensor<6x3xf32>, %b: tensor<3xf32>) -> tensor<?x3xf32> {
  %r = nn.depthwise_conv %x, %w bias(%b) kernel [3, 2] strides [2, 1] dilations [1, 3] : tensor<?x9x8x3xf32>, tensor<6x3xf32>, tensor<3xf32> -> tensor<?x3xf32>
  return %r : tensor<?x3xf32>
}

// Sums of codes without their zero points are integers; scales multiply them, that of the filter first.
// CHECK-LABEL: func.func @codes(
// CHECK: %[[SUMS:.+]] = linalg.depthwise_conv_2d_nhwc_hwc {{.*}} -> tensor<2x3x3x2xi32>
// CHECK: %[[ROWS:.+]] = tensor.collapse_shape %[[SUMS]]
// CHECK: linalg.generic {{.*}} ins(%[[ROWS]], %{{.+}} : tensor<18x2xi32>, tensor<1x2xf32>, tensor<1x1x1x1xf32>, tensor<2xf32>)
// CHECK: arith.sitofp
// CHECK-COUNT-2: arith.mulf
// CHECK: arith.addf
#images = #quench.scheme<ui8, block = [*, *, *, *], scale = f32, zero_point>
#taps = #quench.scheme<i8, block = [*, 1], scale = f32>
func.func @codes(%x: tensor<2x4x4x2xf32>, %w: tensor<4x2xf32>, %b: tensor<2xf32>) -> tensor<18x2xf32> {
  %s = arith.constant dense<0.0625> : tensor<1x1x1x1xf32>
  %z = arith.constant dense<113> : tensor<1x1x1x1xi32>
  %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<2x4x4x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<2x4x4x2xf32, #images>
  %v = quench.quantize %w : tensor<4x2xf32> to !quench.qtensor<4x2xf32, #taps>
  %r = nn.depthwise_conv %q, %v bias(%b) kernel [2, 2] : !quench.qtensor<2x4x4x2xf32, #images>, !quench.qtensor<4x2xf32, #taps>, tensor<2xf32> -> tensor<18x2xf32>
  return %r : tensor<18x2xf32>
}

// One scale of the filter is that of all channels.
// CHECK-LABEL: func.func @one_scale(
// CHECK: linalg.generic {{.*}} ins(%{{.+}}, %{{.+}}, %{{.+}} : tensor<9x2xi32>, tensor<1x1xf32>, tensor<1x1x1x1xf32>)
#signed = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#all = #quench.scheme<i8, block = [*, *], scale = f32>
func.func @one_scale(%x: tensor<1x4x4x2xf32>, %w: tensor<4x2xf32>) -> tensor<9x2xf32> {
  %q = quench.quantize %x : tensor<1x4x4x2xf32> to !quench.qtensor<1x4x4x2xf32, #signed>
  %v = quench.quantize %w : tensor<4x2xf32> to !quench.qtensor<4x2xf32, #all>
  %r = nn.depthwise_conv %q, %v kernel [2, 2] : !quench.qtensor<1x4x4x2xf32, #signed>, !quench.qtensor<4x2xf32, #all> -> tensor<9x2xf32>
  return %r : tensor<9x2xf32>
}
