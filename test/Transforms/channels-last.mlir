// RUN: quench-opt %s --quench-channels-last --canonicalize | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=quench-channels-last -o /dev/null

// CHECK-DAG: #[[$SAME:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
// CHECK-DAG: #[[$CHANNEL:.+]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-DAG: #[[$FIRST:.+]] = affine_map<(d0, d1, d2, d3) -> (d0, d3, d1, d2)>
// CHECK-DAG: #[[$TAPS:.+]] = #quench.scheme<i8, block = [*, *, 1], scale = f32>
// CHECK-DAG: #[[$FILTERS:.+]] = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

#nchw = affine_map<(n, c, h, w) -> (n, c, h, w)>
#channel = affine_map<(n, c, h, w) -> (c)>
#first = affine_map<(n, h, w, c) -> (n, c, h, w)>
#images = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>

// One transposition before the first convolution, one behind the last op; zeros are put around images behind the first
// one. What is no image is read as it is.
// CHECK-LABEL: func.func @network(
// CHECK-SAME:    %[[X:.+]]: tensor<2x2x4x4xf32>, %[[GAIN:.+]]: tensor<3xf32>, %[[SKIP:.+]]: tensor<2x3x2x2xf32>)
// CHECK-DAG:     arith.constant dense<{{\[\[\[\[}}1.000000e+00, 2.000000e+00, 3.000000e+00]]], {{.*}}> : tensor<3x1x1x3xf32>
// CHECK:         %[[IN:.+]] = linalg.transpose ins(%[[X]] : tensor<2x2x4x4xf32>) {{.*}} permutation = [0, 2, 3, 1]
// CHECK:         %[[PADDED:.+]] = tensor.pad %[[IN]] low[0, 1, 1, 0] high[0, 1, 1, 0]
// CHECK:         %[[C:.+]] = linalg.conv_2d_nhwc_fhwc {{.*}}ins(%[[PADDED]], %{{.+}} : tensor<2x6x6x2xf32>, tensor<3x3x3x2xf32>)
// CHECK:         %[[S:.+]] = linalg.generic {indexing_maps = [#[[$SAME]], #[[$CHANNEL]], #[[$SAME]]], {{.*}} ins(%[[C]], %[[GAIN]] :
// CHECK:         %[[P:.+]] = linalg.pooling_nhwc_max {{.*}}ins(%[[S]],
// CHECK:         %[[Q:.+]] = quench.quantize %[[P]] scale
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         %[[E:.+]] = linalg.conv_2d_nhwc_fhwc {{.*}}ins(%[[D]],
// CHECK:         %[[R:.+]] = linalg.generic {indexing_maps = [#[[$SAME]], #[[$FIRST]], #[[$SAME]]], {{.*}} ins(%[[E]], %[[SKIP]] :
// CHECK:         %[[OUT:.+]] = linalg.transpose ins(%[[R]] : tensor<2x2x2x3xf32>) {{.*}} permutation = [0, 3, 1, 2]
// CHECK:         return %[[OUT]]
// CHECK-NOT:     linalg.transpose
func.func @network(%x: tensor<2x2x4x4xf32>, %gain: tensor<3xf32>, %skip: tensor<2x3x2x2xf32>) -> tensor<2x3x2x2xf32> {
  %v = arith.constant dense<[[[[1.0]], [[2.0]], [[3.0]]], [[[-1.0]], [[0.5]], [[2.5]]], [[[0.0]], [[1.5]], [[-3.0]]]]> : tensor<3x3x1x1xf32>
  %w = arith.constant dense<[[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[-1.0, 0.0, 1.0], [2.0, 0.5, 2.0], [1.0, 0.0, -1.0]]],
                             [[[0.5, 1.5, 2.5], [3.5, 4.5, 5.5], [6.5, 7.5, 8.5]], [[-2.0, 0.0, 1.0], [1.0, 0.5, 1.0], [1.0, 0.0, -2.0]]],
                             [[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]], [[-3.0, 0.0, 3.0], [1.0, 0.0, 1.0], [2.0, 0.0, -2.0]]]]> : tensor<3x2x3x3xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %scale = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %p = tensor.pad %x low[0, 0, 1, 1] high[0, 0, 1, 1] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<2x2x4x4xf32> to tensor<2x2x6x6xf32>
  %e = tensor.empty() : tensor<2x3x4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%p, %w : tensor<2x2x6x6xf32>, tensor<3x2x3x3xf32>) outs(%z : tensor<2x3x4x4xf32>) -> tensor<2x3x4x4xf32>
  %s = linalg.generic {indexing_maps = [#nchw, #channel, #nchw], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c, %gain : tensor<2x3x4x4xf32>, tensor<3xf32>) outs(%e : tensor<2x3x4x4xf32>) {
    ^bb0(%a: f32, %g: f32, %old: f32):
      %m = arith.mulf %a, %g : f32
      linalg.yield %m : f32
  } -> tensor<2x3x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %f = tensor.empty() : tensor<2x3x2x2xf32>
  %lows = linalg.fill ins(%low : f32) outs(%f : tensor<2x3x2x2xf32>) -> tensor<2x3x2x2xf32>
  %pool = linalg.pooling_nchw_max {strides = dense<2> : vector<2xi64>} ins(%s, %window : tensor<2x3x4x4xf32>, tensor<2x2xf32>) outs(%lows : tensor<2x3x2x2xf32>) -> tensor<2x3x2x2xf32>
  %q = quench.quantize %pool scale(%scale) : tensor<2x3x2x2xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<2x3x2x2xf32, #images>
  %d = quench.dequantize %q : !quench.qtensor<2x3x2x2xf32, #images> to tensor<2x3x2x2xf32>
  %b = linalg.broadcast ins(%gain : tensor<3xf32>) outs(%f : tensor<2x3x2x2xf32>) dimensions = [0, 2, 3]
  %y = linalg.conv_2d_nchw_fchw ins(%d, %v : tensor<2x3x2x2xf32>, tensor<3x3x1x1xf32>) outs(%b : tensor<2x3x2x2xf32>) -> tensor<2x3x2x2xf32>
  %r = linalg.generic {indexing_maps = [#nchw, #nchw, #nchw], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y, %skip : tensor<2x3x2x2xf32>, tensor<2x3x2x2xf32>) outs(%f : tensor<2x3x2x2xf32>) {
    ^bb0(%a: f32, %g: f32, %old: f32):
      %m = arith.addf %a, %g : f32
      linalg.yield %m : f32
  } -> tensor<2x3x2x2xf32>
  return %r : tensor<2x3x2x2xf32>
}

// Codes of a constant have their scales beside them in the new order; means of images need no order.
// CHECK-LABEL: func.func @codes(
// CHECK-DAG:     %[[CODES:.+]] = arith.constant dense<{{\[\[\[\[}}1, 3], [2, 4]]], {{\[\[\[}}5, 7], [6, 8]]]]> : tensor<2x1x2x2xi8>
// CHECK:         %[[W:.+]] = quench.assemble %[[CODES]], %{{.+}} : {{.*}} to !quench.qtensor<2x1x2x2xf32, #[[$FILTERS]]>
// CHECK:         %[[C:.+]] = linalg.conv_2d_nhwc_fhwc
// CHECK:         linalg.reduce {{.*}}ins(%[[C]] : tensor<1x3x2x2xf32>) {{.*}} dimensions = [1, 2]
func.func @codes(%x: tensor<1x2x3x3xf32>) -> tensor<1x2xf32> {
  %zero = arith.constant 0.0 : f32
  %codes = arith.constant dense<[[[[1, 2]], [[3, 4]]], [[[5, 6]], [[7, 8]]]]> : tensor<2x2x1x2xi8>
  %scales = arith.constant dense<[[[[0.5]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %q = quench.assemble %codes, %scales : tensor<2x2x1x2xi8>, tensor<2x1x1x1xf32> to !quench.qtensor<2x2x1x2xf32, #filters>
  %w = quench.dequantize %q : !quench.qtensor<2x2x1x2xf32, #filters> to tensor<2x2x1x2xf32>
  %e = tensor.empty() : tensor<1x2x3x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x3x3xf32>, tensor<2x2x1x2xf32>) outs(%z : tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %f = tensor.empty() : tensor<1x2xf32>
  %y = linalg.fill ins(%zero : f32) outs(%f : tensor<1x2xf32>) -> tensor<1x2xf32>
  %sum = linalg.reduce { arith.addf } ins(%c : tensor<1x2x3x2xf32>) outs(%y : tensor<1x2xf32>) dimensions = [2, 3]
  return %sum : tensor<1x2xf32>
}

// The other branch of a sum is read in its own order where that has become the order of the sum.
// CHECK-LABEL: func.func @residual(
// CHECK-SAME:    %[[A:.+]]: tensor<1x3x4x2xf32>, %[[B:.+]]: tensor<1x3x4x2xf32>)
// CHECK-NOT:     linalg.transpose
// CHECK:         linalg.generic {indexing_maps = [#[[$SAME]], #[[$SAME]], #[[$SAME]]], {{.*}} ins(%[[A]], %[[B]] :
func.func @residual(%a: tensor<1x3x4x2xf32>, %b: tensor<1x3x4x2xf32>) -> tensor<1x3x4x2xf32> {
  %e = tensor.empty() : tensor<1x2x3x4xf32>
  %t = linalg.transpose ins(%b : tensor<1x3x4x2xf32>) outs(%e : tensor<1x2x3x4xf32>) permutation = [0, 3, 1, 2]
  %f = tensor.empty() : tensor<1x3x4x2xf32>
  %s = linalg.generic {indexing_maps = [#nchw, #first, #nchw], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%a, %t : tensor<1x3x4x2xf32>, tensor<1x2x3x4xf32>) outs(%f : tensor<1x3x4x2xf32>) {
    ^bb0(%x: f32, %y: f32, %old: f32):
      %z = arith.addf %x, %y : f32
      linalg.yield %z : f32
  } -> tensor<1x3x4x2xf32>
  return %s : tensor<1x3x4x2xf32>
}

// Elements that are counted keep their order.
// CHECK-LABEL: func.func @negative_order(
// CHECK:         linalg.conv_2d_nhwc_fhwc
// CHECK:         %[[FIRST:.+]] = linalg.transpose {{.*}} permutation = [0, 3, 1, 2]
// CHECK:         tensor.collapse_shape %[[FIRST]]
func.func @negative_order(%x: tensor<1x2x2x2xf32>) -> tensor<1x8xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<0.5> : tensor<2x2x1x1xf32>
  %e = tensor.empty() : tensor<1x2x2x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %c = linalg.conv_2d_nchw_fchw ins(%x, %w : tensor<1x2x2x2xf32>, tensor<2x2x1x1xf32>) outs(%z : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %r = tensor.collapse_shape %c [[0], [1, 2, 3]] : tensor<1x2x2x2xf32> into tensor<1x8xf32>
  return %r : tensor<1x8xf32>
}

// Filters of single channels are those of ONNX without an axis of size 1, which neither constants nor codes keep.
// CHECK-LABEL: func.func @depthwise(
// CHECK-DAG:     %[[W:.+]] = arith.constant dense<{{\[\[\[}}1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]]> : tensor<1x2x2xf32>
// CHECK-DAG:     %[[CODES:.+]] = arith.constant dense<{{\[\[\[}}5, 7], [6, 8]]]> : tensor<1x2x2xi8>
// CHECK:         %[[C:.+]] = linalg.depthwise_conv_2d_nhwc_hwc {{.*}}ins(%{{.+}}, %[[W]] : tensor<1x3x4x2xf32>, tensor<1x2x2xf32>)
// CHECK-NOT:     linalg.transpose
// CHECK:         %[[Q:.+]] = quench.assemble %[[CODES]], %{{.+}} : tensor<1x2x2xi8>, tensor<1x1x2xf32> to !quench.qtensor<1x2x2xf32, #[[$TAPS]]>
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK-NOT:     linalg.transpose
// CHECK:         linalg.depthwise_conv_2d_nhwc_hwc {{.*}}ins(%[[C]], %[[D]] :
func.func @depthwise(%x: tensor<1x2x3x4xf32>) -> tensor<1x2x3x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[[[1.0, 2.0]]], [[[3.0, 4.0]]]]> : tensor<2x1x1x2xf32>
  %codes = arith.constant dense<[[[[5, 6]]], [[[7, 8]]]]> : tensor<2x1x1x2xi8>
  %scales = arith.constant dense<[[[[0.5]]], [[[2.0]]]]> : tensor<2x1x1x1xf32>
  %q = quench.assemble %codes, %scales : tensor<2x1x1x2xi8>, tensor<2x1x1x1xf32> to !quench.qtensor<2x1x1x2xf32, #filters>
  %d = quench.dequantize %q : !quench.qtensor<2x1x1x2xf32, #filters> to tensor<2x1x1x2xf32>
  %v = tensor.collapse_shape %w [[0, 1], [2], [3]] : tensor<2x1x1x2xf32> into tensor<2x1x2xf32>
  %u = tensor.collapse_shape %d [[0, 1], [2], [3]] : tensor<2x1x1x2xf32> into tensor<2x1x2xf32>
  %e = tensor.empty() : tensor<1x2x3x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %c = linalg.depthwise_conv_2d_nchw_chw ins(%x, %v : tensor<1x2x3x4xf32>, tensor<2x1x2xf32>) outs(%z : tensor<1x2x3x3xf32>) -> tensor<1x2x3x3xf32>
  %f = tensor.empty() : tensor<1x2x3x2xf32>
  %y = linalg.fill ins(%zero : f32) outs(%f : tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  %r = linalg.depthwise_conv_2d_nchw_chw ins(%c, %u : tensor<1x2x3x3xf32>, tensor<2x1x2xf32>) outs(%y : tensor<1x2x3x2xf32>) -> tensor<1x2x3x2xf32>
  return %r : tensor<1x2x3x2xf32>
}
