// Products that are no layers stay as they are, with the reason.
// RUN: quench-opt %s --quench-quantize=recipe=w8a8-dynamic --remark-format=emitRemark --remarks-filter=quench-quantize 2> %t | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t

// REMARK: [Missed] ProductLeftInFloat | Category:quench-quantize | Function=attention | Op=nn.attention, Reason="both sides of its products are activations; its keys and values can be quantized in their cache"
// CHECK-LABEL: @attention
// CHECK-NOT: quench.
func.func @attention(%q: tensor<?x4x64xf32>, %c: tensor<512x2x64xf32>, %p: index) -> tensor<?x4x64xf32> {
  %o = nn.attention %q, %c, %c at %p scale 1.25e-1 : tensor<?x4x64xf32>, tensor<512x2x64xf32>
  return %o : tensor<?x4x64xf32>
}

// A product with a vector, a depthwise convolution.
// REMARK: [Missed] ProductLeftInFloat | {{.*}}Function=forms | Op=linalg.matvec, Reason="products and convolutions of this form are not quantized"
// REMARK: [Missed] ProductLeftInFloat | {{.*}}Function=forms | Op=tosa.depthwise_conv2d
// REMARK-NOT: remark:
// CHECK-LABEL: @forms
// CHECK-NOT: quench.
func.func @forms(%x: tensor<4xf32>, %i: tensor<1x3x3x2xf32>) -> (tensor<2xf32>, tensor<1x3x3x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %z = arith.constant dense<0.0> : tensor<2xf32>
  %y = linalg.matvec ins(%w, %x : tensor<2x4xf32>, tensor<4xf32>) outs(%z : tensor<2xf32>) -> tensor<2xf32>
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %v = "tosa.const"() <{values = dense<1.0> : tensor<1x1x2x1xf32>}> : () -> tensor<1x1x2x1xf32>
  %b = "tosa.const"() <{values = dense<0.0> : tensor<2xf32>}> : () -> tensor<2xf32>
  %d = tosa.depthwise_conv2d %i, %v, %b, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x3x3x2xf32>, tensor<1x1x2x1xf32>, tensor<2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  return %y, %d : tensor<2xf32>, tensor<1x3x3x2xf32>
}
