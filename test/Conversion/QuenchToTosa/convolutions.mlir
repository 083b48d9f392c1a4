// Convolutions of codes are convolutions of TOSA into i32, in ops that upstream accepts for the integer profile.
// RUN: quench-opt %s --convert-quench-to-tosa=rows=2 | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-tosa=rows=2 \
// RUN:   | mlir-opt --tosa-attach-target="profiles=pro_int" --tosa-validate=strict-op-spec-alignment -o /dev/null

#z8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32, zero_point>
#u8 = #quench.scheme<ui8, block = [*, *, *, *], scale = f32, zero_point>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>
#channels = #quench.scheme<i8, block = [*, *, 1], scale = f32>

// Padding by zeros is that of the op, which pads by the zero point; the bias is in the scale of the sums, 0.5 * [0.25, 0.5], and one rescaling
// has a factor for each filter. Six rows and two of padding have three windows of three with stride 2, which end at the seventh: the
// row of padding below goes.
// CHECK-LABEL: func.func @convolution
// CHECK-SAME:    %[[X:.+]]: tensor<2x6x7x1xi8> {quench.scale = 5.000000e-01 : f64, quench.zero_point = 3 : i64}
// CHECK:         %[[W:.+]] = "tosa.const"() {{.*}} -> tensor<2x3x3x1xi8>
// CHECK:         %[[B:.+]] = "tosa.const"() <{values = dense<[8, -8]> : tensor<2xi32>}>
// CHECK:         %[[ZX:.+]] = "tosa.const"() <{values = dense<3> : tensor<1xi8>}>
// CHECK:         %[[ZW:.+]] = "tosa.const"() <{values = dense<0> : tensor<1xi8>}>
// CHECK:         %[[S:.+]] = tosa.conv2d %[[X]], %[[W]], %[[B]], %[[ZX]], %[[ZW]]
// CHECK-SAME:      {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 0, 1, 1>, stride = array<i64: 2, 2>}
// CHECK-SAME:      -> tensor<2x3x4x2xi32>
// CHECK:         tosa.rescale %[[S]]
// CHECK-SAME:      per_channel = true
func.func @convolution(%x: tensor<?x6x7x1xf32>) -> tensor<?x3x4x2xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %dim = tensor.dim %x, %c0 : tensor<?x6x7x1xf32>
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<?x6x7x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<?x6x7x1xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<?x6x7x1xf32, #z8> to tensor<?x6x7x1xf32>
  %p = tensor.pad %xd low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<?x6x7x1xf32> to tensor<?x8x9x1xf32>
  // The same codes again, as a quantization that has been moved up leaves them.
  %pq = quench.quantize %p scale(%sx) zero_point(%zx) : tensor<?x8x9x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<?x8x9x1xf32, #z8>
  %pd = quench.dequantize %pq : !quench.qtensor<?x8x9x1xf32, #z8> to tensor<?x8x9x1xf32>
  %wc = arith.constant dense<[[[[1], [2], [3]], [[4], [5], [6]], [[7], [8], [9]]], [[[-1], [-2], [-3]], [[-4], [-5], [-6]], [[-7], [-8], [-9]]]]> : tensor<2x3x3x1xi8>
  %ws = arith.constant dense<[[[[0.25]]], [[[0.5]]]]> : tensor<2x1x1x1xf32>
  %wq = quench.assemble %wc, %ws : tensor<2x3x3x1xi8>, tensor<2x1x1x1xf32> to !quench.qtensor<2x3x3x1xf32, #filters>
  %w = quench.dequantize %wq : !quench.qtensor<2x3x3x1xf32, #filters> to tensor<2x3x3x1xf32>
  %b = arith.constant dense<[1.0, -2.0]> : tensor<2xf32>
  %e = tensor.empty(%dim) : tensor<?x3x4x2xf32>
  %init = linalg.broadcast ins(%b : tensor<2xf32>) outs(%e : tensor<?x3x4x2xf32>) dimensions = [0, 1, 2]
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%pd, %w : tensor<?x8x9x1xf32>, tensor<2x3x3x1xf32>) outs(%init : tensor<?x3x4x2xf32>) -> tensor<?x3x4x2xf32>
  %sy = arith.constant dense<2.0> : tensor<1x1x1x1xf32>
  %zy = arith.constant dense<-128> : tensor<1x1x1x1xi32>
  %yq = quench.quantize %y scale(%sy) zero_point(%zy) : tensor<?x3x4x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<?x3x4x2xf32, #z8>
  %yd = quench.dequantize %yq : !quench.qtensor<?x3x4x2xf32, #z8> to tensor<?x3x4x2xf32>
  return %yd : tensor<?x3x4x2xf32>
}

// Rows and columns that no window reaches are cut off where no padding is left to go. Unsigned codes are 128 less here, and so is their
// zero point.
// CHECK-LABEL: func.func @rest
// CHECK-SAME:    %[[X:.+]]: tensor<1x4x5x1xi8> {quench.scale = 5.000000e-01 : f64, quench.zero_point = -8 : i64}
// CHECK:         %[[TO:.+]] = tosa.const_shape {values = dense<[1, 2, 5, 1]> : tensor<4xindex>}
// CHECK:         %[[ROWS:.+]] = tosa.slice %[[X]], %{{.+}}, %[[TO]]
// CHECK:         %[[IMAGE:.+]] = tosa.slice %[[ROWS]]
// CHECK-SAME:      -> tensor<1x2x2x1xi8>
// CHECK:         %[[ZX:.+]] = "tosa.const"() <{values = dense<-8> : tensor<1xi8>}>
// CHECK:         tosa.conv2d %[[IMAGE]], %{{.+}}, %{{.+}}, %[[ZX]]
// CHECK-SAME:      pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 3, 4>
func.func @rest(%x: tensor<1x4x5x1xf32>) -> tensor<1x1x1x1xf32> {
  %zero = arith.constant 0.0 : f32
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<120> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x4x5x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x4x5x1xf32, #u8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4x5x1xf32, #u8> to tensor<1x4x5x1xf32>
  %wc = arith.constant dense<[[[[1], [2]], [[3], [4]]]]> : tensor<1x2x2x1xi8>
  %ws = arith.constant dense<0.25> : tensor<1x1x1x1xf32>
  %wq = quench.assemble %wc, %ws : tensor<1x2x2x1xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x2x2x1xf32, #filters>
  %w = quench.dequantize %wq : !quench.qtensor<1x2x2x1xf32, #filters> to tensor<1x2x2x1xf32>
  %e = tensor.empty() : tensor<1x1x1x1xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %y = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<[3, 4]> : vector<2xi64>}
    ins(%xd, %w : tensor<1x4x5x1xf32>, tensor<1x2x2x1xf32>) outs(%init : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// A filter for each channel, with dilations; it has one multiple.
// CHECK-LABEL: func.func @depthwise
// CHECK-SAME:    %[[X:.+]]: tensor<1x5x5x2xi8>
// CHECK:         %[[W:.+]] = "tosa.const"() <{values = dense<{{\[\[\[}}[1], [2]], {{\[\[}}3], [4]]], {{\[\[\[}}5], [6]], {{\[\[}}7], [8]]]]> : tensor<2x2x2x1xi8>}>
// CHECK:         tosa.depthwise_conv2d %[[X]], %[[W]]
// CHECK-SAME:      {acc_type = i32, dilation = array<i64: 2, 3>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
// CHECK-SAME:      -> tensor<1x3x2x2xi32>
func.func @depthwise(%x: tensor<1x5x5x2xf32>) -> tensor<1x3x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x5x5x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x5x5x2xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x5x5x2xf32, #z8> to tensor<1x5x5x2xf32>
  %wc = arith.constant dense<[[[1, 2], [3, 4]], [[5, 6], [7, 8]]]> : tensor<2x2x2xi8>
  %ws = arith.constant dense<[[[0.25, 0.5]]]> : tensor<1x1x2xf32>
  %wq = quench.assemble %wc, %ws : tensor<2x2x2xi8>, tensor<1x1x2xf32> to !quench.qtensor<2x2x2xf32, #channels>
  %w = quench.dequantize %wq : !quench.qtensor<2x2x2xf32, #channels> to tensor<2x2x2xf32>
  %e = tensor.empty() : tensor<1x3x2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
  %y = linalg.depthwise_conv_2d_nhwc_hwc {dilations = dense<[2, 3]> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%xd, %w : tensor<1x5x5x2xf32>, tensor<2x2x2xf32>) outs(%init : tensor<1x3x2x2xf32>) -> tensor<1x3x2x2xf32>
  return %y : tensor<1x3x2x2xf32>
}
