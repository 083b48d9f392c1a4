// Rounding by one scale keeps the order of numbers: it is done before they are moved, compared and bounded, with the same codes.
// RUN: quench-opt %s --quench-hoist-quantization | FileCheck %s

#a4 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#z2 = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>
#a2 = #quench.scheme<i8, block = [*, *], scale = f32>
#rows = #quench.scheme<i8, block = [1, *], scale = f32>
#id = affine_map<(n, y, x, c) -> (n, y, x, c)>

// What an argument becomes on the way to its first product is done to its codes; scales have the rank of what they are of.
// CHECK-LABEL: func.func @argument
// CHECK-SAME:    %[[X:.+]]: tensor<?x1x4x4xf32>
// CHECK:         %[[S:.+]] = arith.constant dense<5.000000e-01> : tensor<1x1x1x1xf32>
// CHECK:         %[[Z:.+]] = arith.constant dense<-3> : tensor<1x1x1x1xi32>
// CHECK:         %[[Q:.+]] = quench.quantize %[[X]] scale(%[[S]]) zero_point(%[[Z]])
// CHECK-SAME:      to !quench.qtensor<?x1x4x4xf32, #[[$BYTES:.+]]>
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         %[[DIM:.+]] = tensor.dim %[[X]]
// CHECK:         %[[T:.+]] = linalg.transpose ins(%[[D]]
// CHECK:         %[[F:.+]] = tensor.collapse_shape %[[T]]
// CHECK:         quench.quantize %[[F]]
func.func @argument(%x: tensor<?x1x4x4xf32>) -> !quench.qtensor<?x16xf32, #z2> {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %x, %c0 : tensor<?x1x4x4xf32>
  %empty = tensor.empty(%dim) : tensor<?x4x4x1xf32>
  %t = linalg.transpose ins(%x : tensor<?x1x4x4xf32>) outs(%empty : tensor<?x4x4x1xf32>) permutation = [0, 2, 3, 1]
  %f = tensor.collapse_shape %t [[0], [1, 2, 3]] : tensor<?x4x4x1xf32> into tensor<?x16xf32>
  %s = arith.constant dense<0.5> : tensor<1x1xf32>
  %z = arith.constant dense<-3> : tensor<1x1xi32>
  %q = quench.quantize %f scale(%s) zero_point(%z) : tensor<?x16xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x16xf32, #z2>
  return %q : !quench.qtensor<?x16xf32, #z2>
}

// Behind bounds, which need not be codes, values are rounded again; the largest of codes is one of them.
// CHECK-LABEL: func.func @bounds
// CHECK-SAME:    %[[X:.+]]: tensor<1x4x4x1xf32>
// CHECK:         %[[Q:.+]] = quench.quantize %[[X]]
// CHECK:         %[[D:.+]] = quench.dequantize %[[Q]]
// CHECK:         %[[B:.+]] = linalg.generic {{.*}} ins(%[[D]]
// CHECK:         %[[BQ:.+]] = quench.quantize %[[B]]
// CHECK:         %[[BD:.+]] = quench.dequantize %[[BQ]]
// CHECK:         %[[P:.+]] = tensor.pad %[[BD]]
// CHECK:         %[[M:.+]] = linalg.pooling_nhwc_max {{.*}} ins(%[[P]]
// CHECK-NEXT:    %[[R:.+]] = quench.quantize %[[M]]
// CHECK-NEXT:    return %[[R]]
func.func @bounds(%x: tensor<1x4x4x1xf32>) -> !quench.qtensor<1x5x5x1xf32, #a4> {
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  %nothing = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<1x4x4x1xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%x : tensor<1x4x4x1xf32>) outs(%e : tensor<1x4x4x1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %max = arith.maximumf %in, %zero : f32
    %min = arith.minimumf %max, %six : f32
    linalg.yield %min : f32
  } -> tensor<1x4x4x1xf32>
  %p = tensor.pad %b low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %nothing : f32
  } : tensor<1x4x4x1xf32> to tensor<1x6x6x1xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %g = tensor.empty() : tensor<1x5x5x1xf32>
  %init = linalg.fill ins(%nothing : f32) outs(%g : tensor<1x5x5x1xf32>) -> tensor<1x5x5x1xf32>
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %m = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%p, %window : tensor<1x6x6x1xf32>, tensor<2x2xf32>) outs(%init : tensor<1x5x5x1xf32>) -> tensor<1x5x5x1xf32>
  %q = quench.quantize %m scale(%s) : tensor<1x5x5x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x5x5x1xf32, #a4>
  return %q : !quench.qtensor<1x5x5x1xf32, #a4>
}

// A value that something else reads unrounded stays as it is: rounding begins below it.
// CHECK-LABEL: func.func @negative_other_reader
// CHECK-SAME:    %[[X:.+]]: tensor<2x8xf32>
// CHECK:         %[[R:.+]] = arith.maximumf %[[X]]
// CHECK-NEXT:    quench.quantize %[[R]]
func.func @negative_other_reader(%x: tensor<2x8xf32>) -> (!quench.qtensor<2x8xf32, #a2>, tensor<2x8xf32>) {
  %zero = arith.constant dense<0.0> : tensor<2x8xf32>
  %s = arith.constant dense<0.5> : tensor<1x1xf32>
  %r = arith.maximumf %x, %zero : tensor<2x8xf32>
  %q = quench.quantize %r scale(%s) : tensor<2x8xf32>, tensor<1x1xf32> to !quench.qtensor<2x8xf32, #a2>
  return %q, %r : !quench.qtensor<2x8xf32, #a2>, tensor<2x8xf32>
}

// Codes are there already.
// CHECK-LABEL: func.func @negative_codes
// CHECK:         %[[D:.+]] = quench.dequantize
// CHECK-NEXT:    tensor.expand_shape %[[D]]
func.func @negative_codes(%x: !quench.qtensor<2x8xf32, #a2>) -> !quench.qtensor<1x2x8x1xf32, #a4> {
  %s = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %d = quench.dequantize %x : !quench.qtensor<2x8xf32, #a2> to tensor<2x8xf32>
  %e = tensor.expand_shape %d [[0, 1], [2, 3]] output_shape [1, 2, 8, 1] : tensor<2x8xf32> into tensor<1x2x8x1xf32>
  %q = quench.quantize %e scale(%s) : tensor<1x2x8x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x2x8x1xf32, #a4>
  return %q : !quench.qtensor<1x2x8x1xf32, #a4>
}

// Rows with scales of their own are others before a transpose, and scales that are computed are of what is there.
// CHECK-LABEL: func.func @negative_scales
// CHECK-SAME:    %[[X:.+]]: tensor<8x2xf32>
// CHECK:         %[[T:.+]] = linalg.transpose ins(%[[X]]
// CHECK:         quench.quantize %[[T]] scale
// CHECK:         %[[C:.+]] = tensor.expand_shape %[[X]]
// CHECK:         quench.quantize %[[C]]
func.func @negative_scales(%x: tensor<8x2xf32>) -> (!quench.qtensor<2x8xf32, #rows>, !quench.qtensor<1x8x2x1xf32, #a4>) {
  %e = tensor.empty() : tensor<2x8xf32>
  %t = linalg.transpose ins(%x : tensor<8x2xf32>) outs(%e : tensor<2x8xf32>) permutation = [1, 0]
  %s = arith.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32>
  %q = quench.quantize %t scale(%s) : tensor<2x8xf32>, tensor<2x1xf32> to !quench.qtensor<2x8xf32, #rows>
  %c = tensor.expand_shape %x [[0, 1], [2, 3]] output_shape [1, 8, 2, 1] : tensor<8x2xf32> into tensor<1x8x2x1xf32>
  %r = quench.quantize %c : tensor<1x8x2x1xf32> to !quench.qtensor<1x8x2x1xf32, #a4>
  return %q, %r : !quench.qtensor<2x8xf32, #rows>, !quench.qtensor<1x8x2x1xf32, #a4>
}
