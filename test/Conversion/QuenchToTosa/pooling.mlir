// The largest and the added elements of windows and of whole axes.
// RUN: quench-opt %s --convert-quench-to-tosa | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-tosa \
// RUN:   | mlir-opt --tosa-attach-target="profiles=pro_int" --tosa-validate=strict-op-spec-alignment -o /dev/null

#z8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32, zero_point>
#id = affine_map<(n, y, x, c) -> (n, y, x, c)>
#plane = affine_map<(n, c) -> (n, c)>

// Of codes the largest is TOSA's, which pads by nothing as the float form does with minus infinity. Five columns and two of padding have
// three windows with stride 2, six have three, too, and one column of padding less.
// CHECK-LABEL: func.func @largest_codes
// CHECK-SAME:    %[[X:.+]]: tensor<1x5x6x2xi8>
// CHECK-NEXT:    %[[Y:.+]] = tosa.max_pool2d %[[X]] {kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 0>, stride = array<i64: 2, 2>}
// CHECK-NEXT:    return %[[Y]]
func.func @largest_codes(%x: tensor<1x5x6x2xf32>) -> tensor<1x3x3x2xf32> {
  %nothing = arith.constant 0xFF800000 : f32
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x5x6x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x5x6x2xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x5x6x2xf32, #z8> to tensor<1x5x6x2xf32>
  %p = tensor.pad %xd low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %nothing : f32
  } : tensor<1x5x6x2xf32> to tensor<1x7x8x2xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %e = tensor.empty() : tensor<1x3x3x2xf32>
  %init = linalg.fill ins(%nothing : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %y = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%p, %window : tensor<1x7x8x2xf32>, tensor<3x3xf32>) outs(%init : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %y : tensor<1x3x3x2xf32>
}

// Of sums in i32 TOSA has none: they are maxima of slices, every second row and column of them, along rows first.
// CHECK-LABEL: func.func @largest_sums
// CHECK:         %[[S:.+]] = tosa.add
// CHECK:         %[[SPLIT:.+]] = tosa.reshape %[[S]]
// CHECK-SAME:      -> tensor<1x2x2x4x1xi32>
// CHECK:         %[[FIRST:.+]] = tosa.slice %[[SPLIT]]
// CHECK-SAME:      -> tensor<1x2x1x4x1xi32>
// CHECK:         %[[EVEN:.+]] = tosa.reshape %[[FIRST]]
// CHECK:         %[[SECOND:.+]] = tosa.slice
// CHECK-SAME:      -> tensor<1x2x1x4x1xi32>
// CHECK:         %[[ODD:.+]] = tosa.reshape %[[SECOND]]
// CHECK:         tosa.maximum %[[EVEN]], %[[ODD]] : (tensor<1x2x4x1xi32>, tensor<1x2x4x1xi32>)
// CHECK:         tosa.maximum %{{.+}} : (tensor<1x2x2x1xi32>, tensor<1x2x2x1xi32>)
func.func @largest_sums(%x: tensor<1x4x4x1xf32>) -> tensor<1x2x2x1xf32> {
  %nothing = arith.constant 0xFF800000 : f32
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x4x4x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x4x4x1xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4x4x1xf32, #z8> to tensor<1x4x4x1xf32>
  %s = arith.addf %xd, %xd : tensor<1x4x4x1xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x2x2x1xf32>
  %init = linalg.fill ins(%nothing : f32) outs(%e : tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  %y = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%s, %window : tensor<1x4x4x1xf32>, tensor<2x2xf32>) outs(%init : tensor<1x2x2x1xf32>) -> tensor<1x2x2x1xf32>
  return %y : tensor<1x2x2x1xf32>
}

// A mean of codes is a convolution of each channel by ones; the number of elements goes into the scale, 0.5 / 4.
// CHECK-LABEL: func.func @mean_of_windows
// CHECK-SAME:    %[[X:.+]]: tensor<1x4x4x2xi8>
// CHECK-SAME:    -> (tensor<1x2x2x2xi32> {quench.scale = 1.250000e-01 : f64, quench.zero_point = 0 : i64})
// CHECK:         %[[ONES:.+]] = "tosa.const"() <{values = dense<1> : tensor<2x2x2x1xi8>}>
// CHECK:         %[[Z:.+]] = "tosa.const"() <{values = dense<3> : tensor<1xi8>}>
// CHECK:         %[[Y:.+]] = tosa.depthwise_conv2d %[[X]], %[[ONES]], %{{.+}}, %[[Z]]
// CHECK-SAME:      stride = array<i64: 2, 2>
// CHECK-NEXT:    return %[[Y]]
func.func @mean_of_windows(%x: tensor<1x4x4x2xf32>) -> tensor<1x2x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %four = arith.constant dense<4.0> : tensor<2x2xf32>
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x4x4x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x4x4x2xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4x4x2xf32, #z8> to tensor<1x4x4x2xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x2x2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %s = linalg.pooling_nhwc_sum {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%xd, %window : tensor<1x4x4x2xf32>, tensor<2x2xf32>) outs(%init : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %y = linalg.generic {indexing_maps = [#id, affine_map<(n, y, x, c) -> (y, x)>, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%s, %four : tensor<1x2x2x2xf32>, tensor<2x2xf32>) outs(%e : tensor<1x2x2x2xf32>) {
  ^bb0(%in: f32, %count: f32, %out: f32):
    %mean = arith.divf %in, %count : f32
    linalg.yield %mean : f32
  } -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}

// Sums of sums are added up as slices.
// CHECK-LABEL: func.func @sums_of_sums
// CHECK:         %[[S:.+]] = tosa.add
// CHECK:         %[[A:.+]] = tosa.slice %[[S]]
// CHECK:         %[[B:.+]] = tosa.slice %[[S]]
// CHECK:         tosa.add %[[A]], %[[B]] : (tensor<1x1x2x1xi32>, tensor<1x1x2x1xi32>)
// CHECK:         tosa.add %{{.+}} : (tensor<1x1x1x1xi32>, tensor<1x1x1x1xi32>)
func.func @sums_of_sums(%x: tensor<1x2x2x1xf32>) -> tensor<1x1x1x1xf32> {
  %zero = arith.constant 0.0 : f32
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x2x2x1xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x2x2x1xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x2x2x1xf32, #z8> to tensor<1x2x2x1xf32>
  %s = arith.addf %xd, %xd : tensor<1x2x2x1xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %e = tensor.empty() : tensor<1x1x1x1xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %y = linalg.pooling_nhwc_sum {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%s, %window : tensor<1x2x2x1xf32>, tensor<2x2xf32>) outs(%init : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  return %y : tensor<1x1x1x1xf32>
}

// Whole axes: differences from the zero point are added up in i32, and divided by their scale; the largest code is a code.
// CHECK-LABEL: func.func @whole_axes
// CHECK-SAME:    %[[X:.+]]: tensor<1x4x5x2xi8>
// CHECK-SAME:    -> (tensor<1x2xi32> {quench.scale = 2.500000e-02 : f64, quench.zero_point = 0 : i64}, tensor<1x2xi8> {quench.scale = 5.000000e-01 : f64, quench.zero_point = 3 : i64})
// CHECK:         %[[WIDE:.+]] = tosa.rescale %[[X]]
// CHECK:         %[[ROWS:.+]] = tosa.reduce_sum %[[WIDE]] {axis = 1 : i32}
// CHECK:         tosa.reduce_sum %[[ROWS]] {axis = 2 : i32}
// CHECK:         %[[MAX:.+]] = tosa.reduce_max %[[X]] {axis = 1 : i32}
// CHECK:         tosa.reduce_max %[[MAX]] {axis = 2 : i32}
func.func @whole_axes(%x: tensor<1x4x5x2xf32>) -> (tensor<1x2xf32>, tensor<1x2xf32>) {
  %zero = arith.constant 0.0 : f32
  %nothing = arith.constant 0xFF800000 : f32
  %twenty = arith.constant dense<20.0> : tensor<f32>
  %sx = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<3> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x4x5x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x4x5x2xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4x5x2xf32, #z8> to tensor<1x4x5x2xf32>
  %e = tensor.empty() : tensor<1x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  %s = linalg.reduce ins(%xd : tensor<1x4x5x2xf32>) outs(%z : tensor<1x2xf32>) dimensions = [1, 2]
    (%in: f32, %init: f32) {
      %sum = arith.addf %in, %init : f32
      linalg.yield %sum : f32
    }
  %mean = linalg.generic {indexing_maps = [#plane, affine_map<(n, c) -> ()>, #plane], iterator_types = ["parallel", "parallel"]}
    ins(%s, %twenty : tensor<1x2xf32>, tensor<f32>) outs(%e : tensor<1x2xf32>) {
  ^bb0(%in: f32, %count: f32, %out: f32):
    %quotient = arith.divf %in, %count : f32
    linalg.yield %quotient : f32
  } -> tensor<1x2xf32>
  %n = linalg.fill ins(%nothing : f32) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  %m = linalg.reduce ins(%xd : tensor<1x4x5x2xf32>) outs(%n : tensor<1x2xf32>) dimensions = [1, 2]
    (%in: f32, %init: f32) {
      %max = arith.maximumf %in, %init : f32
      linalg.yield %max : f32
    }
  return %mean, %m : tensor<1x2xf32>, tensor<1x2xf32>
}
