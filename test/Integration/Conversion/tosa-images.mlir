// A small network for images, the same numbers five times: its QDQ form evaluated, also with the rounding moved up; converted to TOSA
// and evaluated; and what upstream's passes make of the TOSA compiled. A residual that nothing rounds goes through a pooling, windows
// leave a row over, paddings are zeros and nothing.
// DEFINE: %{tosa_to_linalg} = tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-to-tensor
// RUN: quench-opt %s --quench-evaluate=entry=network | FileCheck %s
// RUN: quench-opt %s --quench-hoist-quantization --quench-evaluate=entry=network | FileCheck %s
// RUN: quench-opt %s --quench-hoist-quantization --convert-quench-to-tosa --quench-evaluate=entry=network | FileCheck %s
// RUN: quench-opt %s \
// RUN:   --pass-pipeline="builtin.module(func.func(quench-hoist-quantization),convert-quench-to-tosa,convert-quench-to-linalg,func.func(%{tosa_to_linalg}),convert-elementwise-to-linalg)" \
// RUN:   | %run_linalg | FileCheck %s

// CHECK:    [4.75, 3.25, 8.125, 7.75, 5.75, 3.75, 6, 4.625, 5.625, 6.75, 5.75, 7.5, 8.25, 5.25, 8.25, 4.625, 5.875, 6.75, 5.75, 6.75, 8.25, 3, 8.25, 3, 5.75, 6.375, 5.75, 5.25, 8, 2.75, 8, 3.125]
// CHECK: [44, -8, 44]

#a4 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#u4 = #quench.scheme<ui8, block = [*, *, *, *], scale = f32, zero_point>
#a2 = #quench.scheme<i8, block = [*, *], scale = f32>
#filters = #quench.scheme<i8, block = [1, *, *, *], scale = f32>
#channels = #quench.scheme<i8, block = [*, *, 1], scale = f32>
#rows = #quench.scheme<i8, block = [1, *], scale = f32>
#id = affine_map<(n, y, x, c) -> (n, y, x, c)>

func.func @network() -> (tensor<32xf32>, tensor<3xf32>) {
  %image = arith.constant dense<[[
    [[0.9, -2.1, 4.0, 1.2, -0.4, 3.3, 2.2, -1.7], [1.1, 0.3, -3.6, 2.4, 0.8, -0.9, 1.6, 2.9], [-2.2, 1.9, 0.6, -1.3, 3.1, 0.2, -0.7, 1.4],
     [2.6, -0.5, 1.8, 0.1, -2.9, 1.5, 3.7, -0.2], [0.4, 3.2, -1.1, 2.7, 1.3, -3.4, 0.5, 1.0], [-1.9, 0.7, 2.3, -0.6, 1.7, 2.8, -2.4, 0.3],
     [3.5, -1.4, 0.2, 1.6, -0.8, 2.1, 1.9, -3.0]],
    [[-0.3, 1.7, 2.5, -1.8, 0.6, 3.9, -2.7, 1.2], [2.0, -0.9, 1.4, 3.6, -1.1, 0.5, 2.2, -3.3], [0.8, 2.9, -2.0, 1.5, 0.1, -0.7, 3.4, 1.3],
     [-1.6, 0.4, 3.0, -2.3, 1.9, 2.6, -0.5, 0.7], [1.8, -3.1, 0.9, 2.4, -0.2, 1.1, 3.8, -1.0], [2.7, 1.3, -0.4, 0.6, -2.8, 3.2, 0.3, 1.6],
     [-2.5, 2.1, 1.0, -1.2, 3.7, 0.2, -0.6, 2.3]]]]> : tensor<1x2x7x8xf32>
  %minus_infinity = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 1.3 : f32

  // A convolution of a padded image, with channels last, and a rectifier.
  %last = tensor.empty() : tensor<1x7x8x2xf32>
  %x = linalg.transpose ins(%image : tensor<1x2x7x8xf32>) outs(%last : tensor<1x7x8x2xf32>) permutation = [0, 2, 3, 1]
  %xp = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<1x7x8x2xf32> to tensor<1x9x10x2xf32>
  %sx = arith.constant dense<0.0313> : tensor<1x1x1x1xf32>
  %zx = arith.constant dense<119> : tensor<1x1x1x1xi32>
  %xq = quench.quantize %xp scale(%sx) zero_point(%zx) : tensor<1x9x10x2xf32>, tensor<1x1x1x1xf32>, tensor<1x1x1x1xi32> to !quench.qtensor<1x9x10x2xf32, #u4>
  %xd = quench.dequantize %xq : !quench.qtensor<1x9x10x2xf32, #u4> to tensor<1x9x10x2xf32>
  %uc = arith.constant dense<[[[[11, -27], [35, 4], [-19, 60]], [[-8, 90], [127, -33], [17, 5]], [[41, -6], [-52, 23], [9, 14]]],
                              [[[-31, 8], [2, 66], [78, -12]], [[19, -45], [-101, 37], [3, 28]], [[-14, 55], [6, -127], [44, 1]]]]> : tensor<2x3x3x2xi8>
  %us = arith.constant dense<[[[[0.0071]]], [[[0.0052]]]]> : tensor<2x1x1x1xf32>
  %uq = quench.assemble %uc, %us : tensor<2x3x3x2xi8>, tensor<2x1x1x1xf32> to !quench.qtensor<2x3x3x2xf32, #filters>
  %u = quench.dequantize %uq : !quench.qtensor<2x3x3x2xf32, #filters> to tensor<2x3x3x2xf32>
  %bias = arith.constant dense<[0.31, -0.17]> : tensor<2xf32>
  %e0 = tensor.empty() : tensor<1x7x8x2xf32>
  %b1 = linalg.broadcast ins(%bias : tensor<2xf32>) outs(%e0 : tensor<1x7x8x2xf32>) dimensions = [0, 1, 2]
  %c1 = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%xd, %u : tensor<1x9x10x2xf32>, tensor<2x3x3x2xf32>) outs(%b1 : tensor<1x7x8x2xf32>) -> tensor<1x7x8x2xf32>
  %r1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%c1 : tensor<1x7x8x2xf32>) outs(%e0 : tensor<1x7x8x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %max = arith.maximumf %in, %zero : f32
    linalg.yield %max : f32
  } -> tensor<1x7x8x2xf32>

  // The largest of 3 x 3, of sums, since the residual below reads them unrounded. Eight columns with two of padding have four windows,
  // which reach the ninth.
  %rp = tensor.pad %r1 low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %minus_infinity : f32
  } : tensor<1x7x8x2xf32> to tensor<1x9x10x2xf32>
  %e1 = tensor.empty() : tensor<1x4x4x2xf32>
  %window = tensor.empty() : tensor<3x3xf32>
  %m0 = linalg.fill ins(%minus_infinity : f32) outs(%e1 : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %m1 = linalg.pooling_nhwc_max {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%rp, %window : tensor<1x9x10x2xf32>, tensor<3x3xf32>) outs(%m0 : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>

  // A filter for each channel, with dilations, and bounds behind it.
  %mp = tensor.pad %m1 low[0, 2, 2, 0] high[0, 2, 2, 0] {
  ^bb0(%n: index, %y: index, %z: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<1x4x4x2xf32> to tensor<1x8x8x2xf32>
  %sm = arith.constant dense<0.0519> : tensor<1x1x1x1xf32>
  %mq = quench.quantize %mp scale(%sm) : tensor<1x8x8x2xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x8x8x2xf32, #a4>
  %md = quench.dequantize %mq : !quench.qtensor<1x8x8x2xf32, #a4> to tensor<1x8x8x2xf32>
  %vc = arith.constant dense<[[[12, -3], [-40, 77], [5, 9]], [[64, -127], [33, 2], [-8, 50]], [[-21, 18], [90, 31], [7, -66]]]> : tensor<3x3x2xi8>
  %vs = arith.constant dense<[[[0.0041, 0.0067]]]> : tensor<1x1x2xf32>
  %vq = quench.assemble %vc, %vs : tensor<3x3x2xi8>, tensor<1x1x2xf32> to !quench.qtensor<3x3x2xf32, #channels>
  %v = quench.dequantize %vq : !quench.qtensor<3x3x2xf32, #channels> to tensor<3x3x2xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %c2 = linalg.depthwise_conv_2d_nhwc_hwc {dilations = dense<2> : vector<2xi64>, strides = dense<1> : vector<2xi64>}
    ins(%md, %v : tensor<1x8x8x2xf32>, tensor<3x3x2xf32>) outs(%z2 : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %r2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%c2 : tensor<1x4x4x2xf32>) outs(%e1 : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %max = arith.maximumf %in, %zero : f32
    %min = arith.minimumf %max, %six : f32
    linalg.yield %min : f32
  } -> tensor<1x4x4x2xf32>
  %sr = arith.constant dense<0.0172> : tensor<1x1x1x1xf32>
  %rq = quench.quantize %r2 scale(%sr) : tensor<1x4x4x2xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x4x4x2xf32, #a4>
  %rd = quench.dequantize %rq : !quench.qtensor<1x4x4x2xf32, #a4> to tensor<1x4x4x2xf32>

  // The residual, and the mean of 2 x 2.
  %sum = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%rd, %m1 : tensor<1x4x4x2xf32>, tensor<1x4x4x2xf32>) outs(%e1 : tensor<1x4x4x2xf32>) {
  ^bb0(%in: f32, %in2: f32, %out: f32):
    %add = arith.addf %in, %in2 : f32
    linalg.yield %add : f32
  } -> tensor<1x4x4x2xf32>
  %ss = arith.constant dense<0.125> : tensor<1x1x1x1xf32>
  %sq = quench.quantize %sum scale(%ss) : tensor<1x4x4x2xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x4x4x2xf32, #a4>
  %sd = quench.dequantize %sq : !quench.qtensor<1x4x4x2xf32, #a4> to tensor<1x4x4x2xf32>
  %window2 = tensor.empty() : tensor<2x2xf32>
  %e3 = tensor.empty() : tensor<1x2x2x2xf32>
  %z3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %p3 = linalg.pooling_nhwc_sum {dilations = dense<1> : vector<2xi64>, strides = dense<2> : vector<2xi64>}
    ins(%sd, %window2 : tensor<1x4x4x2xf32>, tensor<2x2xf32>) outs(%z3 : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %four = arith.constant 4.0 : f32
  %a3 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
    ins(%p3 : tensor<1x2x2x2xf32>) outs(%e3 : tensor<1x2x2x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %mean = arith.divf %in, %four : f32
    linalg.yield %mean : f32
  } -> tensor<1x2x2x2xf32>

  // A convolution whose one window leaves rows and columns of its image over.
  %kc = arith.constant dense<[[[[53, -28], [-9, 41]], [[77, 16], [30, -62]]]]> : tensor<1x2x2x2xi8>
  %ks = arith.constant dense<0.0083> : tensor<1x1x1x1xf32>
  %kq = quench.assemble %kc, %ks : tensor<1x2x2x2xi8>, tensor<1x1x1x1xf32> to !quench.qtensor<1x2x2x2xf32, #filters>
  %k = quench.dequantize %kq : !quench.qtensor<1x2x2x2xf32, #filters> to tensor<1x2x2x2xf32>
  %ek = tensor.empty() : tensor<1x1x1x1xf32>
  %zk = linalg.fill ins(%zero : f32) outs(%ek : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %ck = linalg.conv_2d_nhwc_fhwc {dilations = dense<1> : vector<2xi64>, strides = dense<3> : vector<2xi64>}
    ins(%sd, %k : tensor<1x4x4x2xf32>, tensor<1x2x2x2xf32>) outs(%zk : tensor<1x1x1x1xf32>) -> tensor<1x1x1x1xf32>
  %one = tensor.collapse_shape %ck [[0], [1, 2, 3]] : tensor<1x1x1x1xf32> into tensor<1x1xf32>

  // The sum of whole axes, all of them side by side, and a product with a matrix.
  %e4 = tensor.empty() : tensor<1x2xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %all = linalg.reduce ins(%m1 : tensor<1x4x4x2xf32>) outs(%z4 : tensor<1x2xf32>) dimensions = [1, 2]
    (%in: f32, %init: f32) {
      %add = arith.addf %in, %init : f32
      linalg.yield %add : f32
    }
  %flat = tensor.collapse_shape %a3 [[0], [1, 2, 3]] : tensor<1x2x2x2xf32> into tensor<1x8xf32>
  %e5 = tensor.empty() : tensor<1x11xf32>
  %j0 = tensor.insert_slice %flat into %e5[0, 0] [1, 8] [1, 1] : tensor<1x8xf32> into tensor<1x11xf32>
  %j1 = tensor.insert_slice %all into %j0[0, 8] [1, 2] [1, 1] : tensor<1x2xf32> into tensor<1x11xf32>
  %j2 = tensor.insert_slice %one into %j1[0, 10] [1, 1] [1, 1] : tensor<1x1xf32> into tensor<1x11xf32>
  %sj = arith.constant dense<0.7211> : tensor<1x1xf32>
  %jq = quench.quantize %j2 scale(%sj) : tensor<1x11xf32>, tensor<1x1xf32> to !quench.qtensor<1x11xf32, #a2>
  %jd = quench.dequantize %jq : !quench.qtensor<1x11xf32, #a2> to tensor<1x11xf32>
  %wc = arith.constant dense<[[23, -9, 41, 5, -77, 12, 8, -3, 60, -31, 88], [7, 99, -15, 28, 3, -64, 36, 1, -20, 11, -72], [-5, 18, 52, -127, 14, 2, -46, 33, 9, 70, 39]]> : tensor<3x11xi8>
  %ws = arith.constant dense<[[0.0113], [0.0091], [0.0077]]> : tensor<3x1xf32>
  %wq = quench.assemble %wc, %ws : tensor<3x11xi8>, tensor<3x1xf32> to !quench.qtensor<3x11xf32, #rows>
  %w = quench.dequantize %wq : !quench.qtensor<3x11xf32, #rows> to tensor<3x11xf32>
  %y = nn.linear %jd, %w : tensor<1x11xf32>, tensor<3x11xf32> -> tensor<1x3xf32>
  %sy = arith.constant dense<0.5> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%sy) : tensor<1x3xf32>, tensor<1x1xf32> to !quench.qtensor<1x3xf32, #a2>
  %yd = quench.dequantize %yq : !quench.qtensor<1x3xf32, #a2> to tensor<1x3xf32>
  %result = tensor.collapse_shape %yd [[0, 1]] : tensor<1x3xf32> into tensor<3xf32>
  %pixels = tensor.collapse_shape %sd [[0, 1, 2, 3]] : tensor<1x4x4x2xf32> into tensor<32xf32>
  return %pixels, %result : tensor<32xf32>, tensor<3xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %pixels, %result = call @network() : () -> (tensor<32xf32>, tensor<3xf32>)
  %p = tensor.cast %pixels : tensor<32xf32> to tensor<*xf32>
  call @printMemrefF32(%p) : (tensor<*xf32>) -> ()
  %r = tensor.cast %result : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%r) : (tensor<*xf32>) -> ()
  return
}
