// Codes with constant scales move into upstream's types, and back; there and back is what it was.
// RUN: quench-opt %s --convert-quench-to-quant | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-quant --convert-quant-to-quench | FileCheck %s --check-prefix=BACK

#t8 = #quench.scheme<i8, block = [*, *], scale = f32>
#u8 = #quench.scheme<ui8, block = [*, *], scale = f32, zero_point>
#w4 = #quench.scheme<i4, range = [-7, 7], block = [1, *], scale = f32>
#w4u = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point>

// CHECK-LABEL: func.func @one_scale(
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
// CHECK-NEXT: %[[Q:.+]] = quant.qcast %[[X]] : tensor<?x4xf32> to tensor<?x4x!quant.uniform<i8:f32, 5.000000e-01>>
// CHECK-NEXT: %[[Y:.+]] = quant.dcast %[[Q]]
// CHECK-NEXT: return %[[Y]]
// BACK-LABEL: func.func @one_scale(
// BACK-SAME: %[[X:.+]]: tensor<?x4xf32>
// BACK: %[[S:.+]] = arith.constant dense<5.000000e-01> : tensor<1x1xf32>
// BACK: %[[Q:.+]] = quench.quantize %[[X]] scale(%[[S]]) : tensor<?x4xf32>, tensor<1x1xf32> to !quench.qtensor<?x4xf32, #[[T8:.+]]>
// BACK: quench.dequantize %[[Q]]
func.func @one_scale(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %s = arith.constant dense<5.0e-1> : tensor<1x1xf32>
  %q = quench.quantize %x scale(%s) : tensor<?x4xf32>, tensor<1x1xf32> to !quench.qtensor<?x4xf32, #t8>
  %y = quench.dequantize %q : !quench.qtensor<?x4xf32, #t8> to tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// CHECK-LABEL: func.func @zero_point(
// CHECK: quant.qcast %{{.+}} : tensor<?x4xf32> to tensor<?x4x!quant.uniform<u8:f32, 2.500000e-01:128>>
// BACK-LABEL: func.func @zero_point(
// BACK: %[[Z:.+]] = arith.constant dense<128> : tensor<1x1xi32>
// BACK: quench.quantize %{{.+}} scale(%{{.+}}) zero_point(%[[Z]])
func.func @zero_point(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %s = arith.constant dense<2.5e-1> : tensor<1x1xf32>
  %z = arith.constant dense<128> : tensor<1x1xi32>
  %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<?x4xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x4xf32, #u8>
  %y = quench.dequantize %q : !quench.qtensor<?x4xf32, #u8> to tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// A weight of stored codes: a storage cast of the constant.
// CHECK-LABEL: func.func @weight(
// CHECK: %[[CODES:.+]] = arith.constant dense<{{\[\[1, 2, 3\], \[-7, 0, 7\]\]}}> : tensor<2x3xi4>
// CHECK: quant.scast %[[CODES]] : tensor<2x3xi4> to tensor<2x3x!quant.uniform<i4<-7:7>:f32:0, {5.000000e-01,2.500000e-01}>>
// CHECK-NEXT: quant.dcast
// BACK-LABEL: func.func @weight(
// BACK: arith.constant dense<{{\[\[5.000000e-01\], \[2.500000e-01\]\]}}> : tensor<2x1xf32>
// BACK: quench.assemble %{{.+}}, %{{.+}} : tensor<2x3xi4>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #{{.+}}>
func.func @weight() -> tensor<2x3xf32> {
  %codes = arith.constant dense<[[1, 2, 3], [-7, 0, 7]]> : tensor<2x3xi4>
  %s = arith.constant dense<[[5.0e-1], [2.5e-1]]> : tensor<2x1xf32>
  %q = quench.assemble %codes, %s : tensor<2x3xi4>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #w4>
  %w = quench.dequantize %q : !quench.qtensor<2x3xf32, #w4> to tensor<2x3xf32>
  return %w : tensor<2x3xf32>
}

// Codes without a sign have storage without one upstream.
// CHECK-LABEL: func.func @unsigned_codes(
// CHECK: %[[STORED:.+]] = tensor.bitcast %{{.+}} : tensor<2x3xui4> to tensor<2x3xi4>
// CHECK: quant.scast %[[STORED]] : tensor<2x3xi4> to tensor<2x3x!quant.uniform<u4:f32:0, {5.000000e-01:8,2.500000e-01:7}>>
// BACK-LABEL: func.func @unsigned_codes(
// BACK: quench.assemble %{{.+}}, %{{.+}}, %{{.+}} : tensor<2x3xui4>, tensor<2x1xf32>, tensor<2x1xi32>
func.func @unsigned_codes(%codes: tensor<2x3xui4>) -> tensor<2x3xf32> {
  %s = arith.constant dense<[[5.0e-1], [2.5e-1]]> : tensor<2x1xf32>
  %z = arith.constant dense<[[8], [7]]> : tensor<2x1xi32>
  %q = quench.assemble %codes, %s, %z : tensor<2x3xui4>, tensor<2x1xf32>, tensor<2x1xi32> to !quench.qtensor<2x3xf32, #w4u>
  %w = quench.dequantize %q : !quench.qtensor<2x3xf32, #w4u> to tensor<2x3xf32>
  return %w : tensor<2x3xf32>
}
