// RUN: quench-opt %s --quench-unfold-convolutions --canonicalize | FileCheck %s
// RUN: quench-opt %s --quench-unfold-convolutions -o /dev/null --remark-format=emitRemark --remarks-filter=quench-unfold-convolutions 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: %python %S/Inputs/make_store.py write %t.safetensors filters.codes=3x3x3x4:u8 filters.scale=3x1x1x1:0.5,0.25,2 pixels=6x1x1x8 \
// RUN:   groups.codes=2x2x3x4:u8 groups.scale=2x2x3x2:1,2,0.5,1,2,0.5,1,2,0.5,1,2,0.5,1,2,0.5,1,2,0.5,1,2,0.5,1,2,0.5 across.codes=2x2x2x2:u8 across.scale=2x1x2x1:1,2,3,4 plain=2x2x2x2 thin=2x2x1x2 taps.codes=3x3x4:u8 taps.scale=1x1x4:1,2,0.5,3 rows.codes=2x2x4:u8 rows.scale=2x1x4:1,2,3,4,5,6,7,8
// RUN: quench-opt %s --quench-verify-equivalence='passes=quench-unfold-convolutions weights=%t.safetensors' -o /dev/null

#images = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#pixels = #quench.scheme<i8, block = [1, 1, 1, *], scale = f32>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>
#groups = #quench.scheme<i8, block = [1, 1, 1, 2], scale = f32>
#shifted = #quench.scheme<ui8, block = [*, *, *, *], scale = f32, zero_point>
#taps = #quench.scheme<i8, block = [*, *, 1], scale = f32>
#across = #quench.scheme<i8, block = [1, *, 1, *], scale = f32>

// CHECK-DAG: #[[$IMAGES:.+]] = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
// CHECK-DAG: #[[$ROWS:.+]] = #quench.scheme<i8, block = [1, *], scale = f32>
// CHECK-DAG: #[[$TAPS:.+]] = #quench.scheme<i8, block = [*, 1], scale = f32>
// CHECK-DAG: #[[$GROUPS:.+]] = #quench.scheme<i8, block = [1, 2], scale = f32>

// The filters are rows of a matrix as they are stored, what is added to is the bias. Zeros are put around images before
// these are quantized, and elementwise ops work on the matrix.
// REMARK: [Passed] Unfolded {{.*}}Rows of=36
// CHECK-LABEL: func.func @quantized(
// CHECK-SAME:    %[[X:.+]]: tensor<?x6x5x4xf32>, %[[B:.+]]: tensor<3xf32>, %[[Y:.+]]: tensor<?x6x5x3xf32>)
// CHECK:         quench.weight @filters : !quench.qtensor<3x36xf32, #[[$ROWS]]>
// CHECK:         %[[PADDED:.+]] = tensor.pad %[[X]] low[0, 1, 1, 0] high[0, 1, 1, 0]
// CHECK:         %[[Q:.+]] = quench.quantize %[[PADDED]] scale(%{{.+}}) : {{.*}} to !quench.qtensor<?x8x7x4xf32, #[[$IMAGES]]>
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         %[[ROWS:.+]] = nn.unfold %[[D]] kernel [3, 3] : tensor<?x8x7x4xf32> -> tensor<?x36xf32>
// CHECK:         %[[PRODUCT:.+]] = nn.linear %[[ROWS]], %{{.+}} bias(%[[B]]) : tensor<?x36xf32>, tensor<3x36xf32>, tensor<3xf32> -> tensor<?x3xf32>
// CHECK:         %[[OTHER:.+]] = tensor.collapse_shape %[[Y]] {{\[\[}}0, 1, 2], [3]]
// CHECK:         %[[SUM:.+]] = linalg.generic {{.*}} ins(%[[PRODUCT]], %[[OTHER]] : tensor<?x3xf32>, tensor<?x3xf32>)
// CHECK:         %[[RESULT:.+]] = tensor.expand_shape %[[SUM]] {{\[\[}}0, 1, 2], [3]]
// CHECK:         return %[[RESULT]]
func.func @quantized(%x: tensor<?x6x5x4xf32>, %b: tensor<3xf32>, %y: tensor<?x6x5x3xf32>) -> tensor<?x6x5x3xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %scale = arith.constant dense<0.125> : tensor<1x1x1x1xf32>
  %n = tensor.dim %x, %c0 : tensor<?x6x5x4xf32>
  %q = quench.quantize %x scale(%scale) : tensor<?x6x5x4xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<?x6x5x4xf32, #images>
  %d = quench.dequantize %q : !quench.qtensor<?x6x5x4xf32, #images> to tensor<?x6x5x4xf32>
  %p = tensor.pad %d low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<?x6x5x4xf32> to tensor<?x8x7x4xf32>
  %w = quench.weight @filters : !quench.qtensor<3x3x3x4xf32, #filters>
  %wd = quench.dequantize %w : !quench.qtensor<3x3x3x4xf32, #filters> to tensor<3x3x3x4xf32>
  %e = tensor.empty(%n) : tensor<?x6x5x3xf32>
  %init = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e : tensor<?x6x5x3xf32>) dimensions = [0, 1, 2]
  %c = linalg.conv_2d_nhwc_fhwc ins(%p, %wd : tensor<?x8x7x4xf32>, tensor<3x3x3x4xf32>) outs(%init : tensor<?x6x5x3xf32>) -> tensor<?x6x5x3xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>, affine_map<(n, h, w, c) -> (n, h, w, c)>],
                       iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%c, %y : tensor<?x6x5x3xf32>, tensor<?x6x5x3xf32>) outs(%e : tensor<?x6x5x3xf32>) {
    ^bb0(%v: f32, %o: f32, %old: f32):
      %t = arith.addf %v, %o : f32
      linalg.yield %t : f32
  } -> tensor<?x6x5x3xf32>
  return %s : tensor<?x6x5x3xf32>
}

// Filters of one pixel need no windows, and pixels may have scales of their own. What is added to and is no bias is
// added behind the product.
// CHECK-LABEL: func.func @pixels(
// CHECK-SAME:    %[[X:.+]]: tensor<2x4x4x8xf32>, %[[Y:.+]]: tensor<2x4x4x6xf32>)
// CHECK:         %[[ROWS:.+]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1, 2], [3]] : tensor<2x4x4x8xf32> into tensor<32x8xf32>
// CHECK:         quench.quantize %[[ROWS]] : tensor<32x8xf32> to !quench.qtensor<32x8xf32, #[[$ROWS]]>
// CHECK:         %[[PRODUCT:.+]] = nn.linear
// CHECK:         %[[PIXELS:.+]] = tensor.expand_shape %[[PRODUCT]] {{\[\[}}0, 1, 2], [3]]
// CHECK:         arith.addf %[[PIXELS]], %[[Y]]
func.func @pixels(%x: tensor<2x4x4x8xf32>, %y: tensor<2x4x4x6xf32>) -> tensor<2x4x4x6xf32> {
  %q = quench.quantize %x : tensor<2x4x4x8xf32> to !quench.qtensor<2x4x4x8xf32, #pixels>
  %d = quench.dequantize %q : !quench.qtensor<2x4x4x8xf32, #pixels> to tensor<2x4x4x8xf32>
  %w = quench.weight @pixels : tensor<6x1x1x8xf32>
  %c = linalg.conv_2d_nhwc_fhwc ins(%d, %w : tensor<2x4x4x8xf32>, tensor<6x1x1x8xf32>) outs(%y : tensor<2x4x4x6xf32>) -> tensor<2x4x4x6xf32>
  return %c : tensor<2x4x4x6xf32>
}

// Blocks of channels are blocks of rows.
// CHECK-LABEL: func.func @strided(
// CHECK:         quench.weight @groups : !quench.qtensor<2x24xf32, #[[$GROUPS]]>
// CHECK:         nn.unfold %{{.+}} kernel [2, 3] strides [2, 1] dilations [1, 2] : tensor<1x6x7x4xf32> -> tensor<9x24xf32>
func.func @strided(%x: tensor<1x6x7x4xf32>) -> tensor<1x3x3x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = quench.weight @groups : !quench.qtensor<2x2x3x4xf32, #groups>
  %wd = quench.dequantize %w : !quench.qtensor<2x2x3x4xf32, #groups> to tensor<2x2x3x4xf32>
  %e = tensor.empty() : tensor<1x3x3x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  %c = linalg.conv_2d_nhwc_fhwc {strides = dense<[2, 1]> : vector<2xi64>, dilations = dense<[1, 2]> : vector<2xi64>}
      ins(%x, %wd : tensor<1x6x7x4xf32>, tensor<2x2x3x4xf32>) outs(%init : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %c : tensor<1x3x3x2xf32>
}

// A scale for each column of the filters is no block of a row.
// REMARK: [Missed] LeftAsLoops {{.*}}Reason="a block of its filters is no part of a row"
// CHECK-LABEL: func.func @negative_across(
// CHECK:         linalg.conv_2d_nhwc_fhwc
func.func @negative_across(%x: tensor<1x3x3x2xf32>, %y: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %w = quench.weight @across : !quench.qtensor<2x2x2x2xf32, #across>
  %wd = quench.dequantize %w : !quench.qtensor<2x2x2x2xf32, #across> to tensor<2x2x2x2xf32>
  %c = linalg.conv_2d_nhwc_fhwc ins(%x, %wd : tensor<1x3x3x2xf32>, tensor<2x2x2x2xf32>) outs(%y : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %c : tensor<1x2x2x2xf32>
}

// Filters that are computed have no panels.
// REMARK: [Missed] LeftAsLoops {{.*}}Reason="its filters are not stored"
// CHECK-LABEL: func.func @negative_computed(
// CHECK:         linalg.conv_2d_nhwc_fhwc
func.func @negative_computed(%x: tensor<1x3x3x2xf32>, %w: tensor<2x2x2x2xf32>, %y: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %c = linalg.conv_2d_nhwc_fhwc ins(%x, %w : tensor<1x3x3x2xf32>, tensor<2x2x2x2xf32>) outs(%y : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %c : tensor<1x2x2x2xf32>
}

// REMARK: [Missed] LeftAsLoops {{.*}}Reason="the size of its images is open or zero"
// CHECK-LABEL: func.func @negative_open(
// CHECK:         linalg.conv_2d_nhwc_fhwc
func.func @negative_open(%x: tensor<1x3x?x2xf32>, %y: tensor<1x2x?x2xf32>) -> tensor<1x2x?x2xf32> {
  %w = quench.weight @thin : tensor<2x2x1x2xf32>
  %c = linalg.conv_2d_nhwc_fhwc ins(%x, %w : tensor<1x3x?x2xf32>, tensor<2x2x1x2xf32>) outs(%y : tensor<1x2x?x2xf32>) -> tensor<1x2x?x2xf32>
  return %c : tensor<1x2x?x2xf32>
}

// REMARK: [Missed] LeftAsLoops {{.*}}Reason="the scale of its images is computed from all of them"
// CHECK-LABEL: func.func @negative_dynamic(
// CHECK:         linalg.conv_2d_nhwc_fhwc
func.func @negative_dynamic(%x: tensor<1x3x3x2xf32>, %y: tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32> {
  %q = quench.quantize %x : tensor<1x3x3x2xf32> to !quench.qtensor<1x3x3x2xf32, #images>
  %d = quench.dequantize %q : !quench.qtensor<1x3x3x2xf32, #images> to tensor<1x3x3x2xf32>
  %w = quench.weight @plain : tensor<2x2x2x2xf32>
  %c = linalg.conv_2d_nhwc_fhwc ins(%d, %w : tensor<1x3x3x2xf32>, tensor<2x2x2x2xf32>) outs(%y : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %c : tensor<1x2x2x2xf32>
}

// Filters of single channels have no windows in memory; they are stored tap by tap. Zero is what the zero point stands for.
// REMARK: [Passed] Unfolded {{.*}}Filters=4
// CHECK-LABEL: func.func @depthwise(
// CHECK-SAME:    %[[X:.+]]: tensor<?x6x5x4xf32>, %[[B:.+]]: tensor<4xf32>)
// CHECK:         %[[PADDED:.+]] = tensor.pad %[[X]] low[0, 1, 1, 0] high[0, 1, 1, 0]
// CHECK:         %[[Q:.+]] = quench.quantize %[[PADDED]] scale(%{{.+}}) zero_point(%{{.+}}) :
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         quench.weight @taps : !quench.qtensor<9x4xf32, #[[$TAPS]]>
// CHECK:         %[[ROWS:.+]] = nn.depthwise_conv %[[D]], %{{.+}} bias(%[[B]]) kernel [3, 3] strides [2, 1] : tensor<?x8x7x4xf32>, tensor<9x4xf32>, tensor<4xf32> -> tensor<?x4xf32>
// CHECK:         tensor.expand_shape %[[ROWS]] {{\[\[}}0, 1, 2], [3]]
func.func @depthwise(%x: tensor<?x6x5x4xf32>, %b: tensor<4xf32>) -> tensor<?x3x5x4xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %scale = arith.constant dense<0.03125> : tensor<1x1x1x1xf32>
  %middle = arith.constant dense<131> : tensor<1x1x1x1xi32>
  %n = tensor.dim %x, %c0 : tensor<?x6x5x4xf32>
  %q = quench.quantize %x scale(%scale) zero_point(%middle) : tensor<?x6x5x4xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<?x6x5x4xf32, #shifted>
  %d = quench.dequantize %q : !quench.qtensor<?x6x5x4xf32, #shifted> to tensor<?x6x5x4xf32>
  %p = tensor.pad %d low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<?x6x5x4xf32> to tensor<?x8x7x4xf32>
  %w = quench.weight @taps : !quench.qtensor<3x3x4xf32, #taps>
  %wd = quench.dequantize %w : !quench.qtensor<3x3x4xf32, #taps> to tensor<3x3x4xf32>
  %e = tensor.empty(%n) : tensor<?x3x5x4xf32>
  %init = linalg.broadcast ins(%b : tensor<4xf32>) outs(%e : tensor<?x3x5x4xf32>) dimensions = [0, 1, 2]
  %c = linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<[2, 1]> : vector<2xi64>} ins(%p, %wd : tensor<?x8x7x4xf32>, tensor<3x3x4xf32>) outs(%init : tensor<?x3x5x4xf32>) -> tensor<?x3x5x4xf32>
  return %c : tensor<?x3x5x4xf32>
}

// What has several scales in a channel is decoded first; what is added to is added behind it.
// CHECK-LABEL: func.func @depthwise_rows(
// CHECK:         %[[W:.+]] = quench.dequantize %{{.+}} to tensor<2x2x4xf32>
// CHECK:         %[[TAPS:.+]] = tensor.collapse_shape %[[W]] {{\[\[}}0, 1], [2]]
// CHECK:         nn.depthwise_conv %{{.+}}, %[[TAPS]] kernel [2, 2] : tensor<1x3x3x4xf32>, tensor<4x4xf32> -> tensor<4x4xf32>
// CHECK:         arith.addf
func.func @depthwise_rows(%x: tensor<1x3x3x4xf32>, %y: tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32> {
  %w = quench.weight @rows : !quench.qtensor<2x2x4xf32, #quench.scheme<i8, block = [1, *, 1], scale = f32>>
  %wd = quench.dequantize %w : !quench.qtensor<2x2x4xf32, #quench.scheme<i8, block = [1, *, 1], scale = f32>> to tensor<2x2x4xf32>
  %c = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %wd : tensor<1x3x3x4xf32>, tensor<2x2x4xf32>) outs(%y : tensor<1x2x2x4xf32>) -> tensor<1x2x2x4xf32>
  return %c : tensor<1x2x2x4xf32>
}

// REMARK: [Missed] LeftAsLoops {{.*}}Reason="the size of its images or filters is open or zero"
// CHECK-LABEL: func.func @negative_depthwise_open(
// CHECK:         linalg.depthwise_conv_2d_nhwc_hwc
func.func @negative_depthwise_open(%x: tensor<1x3x?x2xf32>, %w: tensor<1x1x2xf32>, %y: tensor<1x3x?x2xf32>) -> tensor<1x3x?x2xf32> {
  %c = linalg.depthwise_conv_2d_nhwc_hwc ins(%x, %w : tensor<1x3x?x2xf32>, tensor<1x1x2xf32>) outs(%y : tensor<1x3x?x2xf32>) -> tensor<1x3x?x2xf32>
  return %c : tensor<1x3x?x2xf32>
}
