// Functions in QDQ form become functions on codes, in ops that upstream accepts for the integer profile.
// RUN: quench-opt %s --convert-quench-to-tosa | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-tosa \
// RUN:   | mlir-opt --tosa-attach-target="profiles=pro_int" --tosa-validate=strict-op-spec-alignment -o /dev/null

#a8 = #quench.scheme<i8, block = [*, *], scale = f32>
#z8 = #quench.scheme<i8, block = [*, *], scale = f32, zero_point>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 2], scale = f32>
#plane = affine_map<(n, c) -> (n, c)>

// One product, one rescaling with a factor for each channel: 0.5 * [0.25, 0.5] / 0.125 = [1, 2]. The rows are what the pass is told.
// CHECK-LABEL: func.func @linear
// CHECK-SAME:    %[[X:.+]]: tensor<1x4xi8> {quench.scale = 5.000000e-01 : f64, quench.zero_point = 0 : i64}
// CHECK-SAME:    -> (tensor<1x2xi8> {quench.scale = 1.250000e-01 : f64, quench.zero_point = 0 : i64})
// CHECK:         %[[ROWS:.+]] = tosa.reshape %[[X]]
// CHECK:         %[[W:.+]] = "tosa.const"() <{values = dense<{{\[\[\[}}1, 5], [-2, 6], [3, -7], [-4, 127]]]> : tensor<1x4x2xi8>}>
// CHECK:         %[[SUMS:.+]] = tosa.matmul %[[ROWS]], %[[W]]
// CHECK-SAME:      -> tensor<1x1x2xi32>
// CHECK:         %[[S:.+]] = tosa.reshape %[[SUMS]]
// CHECK:         %[[M:.+]] = "tosa.const"() <{values = dense<1073741824> : tensor<2xi32>}>
// CHECK:         %[[SHIFT:.+]] = "tosa.const"() <{values = dense<[30, 29]> : tensor<2xi8>}>
// CHECK:         %[[Y:.+]] = tosa.rescale %[[S]], %[[M]], %[[SHIFT]]
// CHECK-SAME:      per_channel = true, rounding_mode = SINGLE_ROUND, scale32 = true
// CHECK:         return %[[Y]]
func.func @linear(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%sx) : tensor<?x4xf32>, tensor<1x1xf32> to !quench.qtensor<?x4xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<?x4xf32, #a8> to tensor<?x4xf32>
  %c = arith.constant dense<[[1, -2, 3, -4], [5, 6, -7, 127]]> : tensor<2x4xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x4xi8>, tensor<2x1xf32> to !quench.qtensor<2x4xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x4xf32, #w8> to tensor<2x4xf32>
  %y = nn.linear %xd, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  %sy = arith.constant dense<0.125> : tensor<1x1xf32>
  %yq = quench.quantize %y scale(%sy) : tensor<?x2xf32>, tensor<1x1xf32> to !quench.qtensor<?x2xf32, #a8>
  %yd = quench.dequantize %yq : !quench.qtensor<?x2xf32, #a8> to tensor<?x2xf32>
  return %yd : tensor<?x2xf32>
}

// Groups along K are products of their own in one scale; a result that nothing rounds is i32 in one scale, too.
// CHECK-LABEL: func.func @groups
// CHECK-SAME:    -> (tensor<3x2xi32> {quench.scale = [[SCALE:.+]] : f64, quench.zero_point = 0 : i64})
// CHECK:         tosa.slice
// CHECK:         tosa.matmul
// CHECK:         tosa.rescale
// CHECK:         tosa.slice
// CHECK:         tosa.matmul
// CHECK:         tosa.rescale
// CHECK:         %[[SUM:.+]] = tosa.add
// CHECK:         %[[BIASED:.+]] = tosa.add %[[SUM]]
// CHECK:         return %[[BIASED]]
func.func @groups(%x: tensor<3x4xf32>) -> tensor<3x2xf32> {
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %zx = arith.constant dense<-3> : tensor<1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<3x4xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<3x4xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<3x4xf32, #z8> to tensor<3x4xf32>
  %c = arith.constant dense<[[1, -2, 3, -4], [5, 6, -7, -8]]> : tensor<2x4xi4>
  %s = arith.constant dense<[[0.25, 0.75], [0.5, 1.25]]> : tensor<2x2xf32>
  %wq = quench.assemble %c, %s : tensor<2x4xi4>, tensor<2x2xf32> to !quench.qtensor<2x4xf32, #w4>
  %w = quench.dequantize %wq : !quench.qtensor<2x4xf32, #w4> to tensor<2x4xf32>
  %b = arith.constant dense<[2.5, -1.0]> : tensor<2xf32>
  %y = nn.linear %xd, %w bias(%b) : tensor<3x4xf32>, tensor<2x4xf32>, tensor<2xf32> -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// A rectifier of codes is a clamp at their zero point.
// CHECK-LABEL: func.func @rectifier
// CHECK:         tosa.clamp %{{.+}} {max_val = 127 : i8, min_val = -3 : i8}
func.func @rectifier(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %zx = arith.constant dense<-3> : tensor<1x1xi32>
  %xq = quench.quantize %x scale(%sx) zero_point(%zx) : tensor<1x4xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<1x4xf32, #z8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4xf32, #z8> to tensor<1x4xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4xf32>
  %y = arith.maximumf %xd, %zero : tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// What follows a function at once is in its table: silu(0.5) / 0.25 rounds to 1. Elsewhere two bytes of it are.
// CHECK-LABEL: func.func @tables
// CHECK:         %[[CODES:.+]] = tosa.table %[[X:[^,]+]], %{{.+}} : (tensor<1x4xi8>, tensor<256xi8>) -> tensor<1x4xi8>
// CHECK:         %[[HIGH:.+]] = tosa.table %[[X]]
// CHECK:         %[[H:.+]] = tosa.rescale %[[HIGH]]
// CHECK:         %[[LOW:.+]] = tosa.table %[[X]]
// CHECK:         %[[L:.+]] = tosa.rescale %[[LOW]]
// CHECK:         %[[BOTH:.+]] = tosa.add %[[H]], %[[L]]
// CHECK:         %[[WIDE:.+]] = tosa.rescale %[[CODES]]
// CHECK:         tosa.mul %[[BOTH]], %[[WIDE]]
func.func @tables(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%sx) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %f = nn.silu %xd : tensor<1x4xf32>
  %sf = arith.constant dense<0.25> : tensor<1x1xf32>
  %fq = quench.quantize %f scale(%sf) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %fd = quench.dequantize %fq : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %t = math.tanh %xd : tensor<1x4xf32>
  %y = arith.mulf %t, %fd : tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// Bounds of codes that are rounded again are bounds of these, 6 / 0.4 = 15; those of sums are as close as a bias is, in each scale:
// 6 / (0.4 * [0.25, 0.5]) = [60, 30].
// CHECK-LABEL: func.func @bounds
// CHECK-SAME:    %[[X:.+]]: tensor<1x4xi8>
// CHECK:         %[[B:.+]] = tosa.clamp %[[X]] {max_val = 15 : i8, min_val = 0 : i8}
// CHECK:         %[[S:.+]] = tosa.reshape %{{.+}} -> tensor<1x2xi32>
// CHECK:         %[[ZERO:.+]] = "tosa.const"() <{values = dense<0> : tensor<1x2xi32>}>
// CHECK:         %[[LOW:.+]] = tosa.maximum %[[S]], %[[ZERO]]
// CHECK:         %[[SIX:.+]] = "tosa.const"() <{values = dense<{{\[\[}}60, 30]]> : tensor<1x2xi32>}>
// CHECK:         tosa.minimum %[[LOW]], %[[SIX]]
func.func @bounds(%x: tensor<1x4xf32>) -> tensor<1x2xf32> {
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  %sx = arith.constant dense<0.4> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%sx) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %e = tensor.empty() : tensor<1x4xf32>
  %b = linalg.generic {indexing_maps = [#plane, #plane], iterator_types = ["parallel", "parallel"]} ins(%xd : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %max = arith.maximumf %in, %zero : f32
    %min = arith.minimumf %max, %six : f32
    linalg.yield %min : f32
  } -> tensor<1x4xf32>
  %bq = quench.quantize %b scale(%sx) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %bd = quench.dequantize %bq : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %c = arith.constant dense<[[1, -2, 3, -4], [5, 6, -7, 127]]> : tensor<2x4xi8>
  %s = arith.constant dense<[[0.25], [0.5]]> : tensor<2x1xf32>
  %wq = quench.assemble %c, %s : tensor<2x4xi8>, tensor<2x1xf32> to !quench.qtensor<2x4xf32, #w8>
  %w = quench.dequantize %wq : !quench.qtensor<2x4xf32, #w8> to tensor<2x4xf32>
  %y = nn.linear %bd, %w : tensor<1x4xf32>, tensor<2x4xf32> -> tensor<1x2xf32>
  %g = tensor.empty() : tensor<1x2xf32>
  %r = linalg.generic {indexing_maps = [#plane, #plane], iterator_types = ["parallel", "parallel"]} ins(%y : tensor<1x2xf32>) outs(%g : tensor<1x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %min = arith.minimumf %in, %six : f32
    %max = arith.maximumf %min, %zero : f32
    linalg.yield %max : f32
  } -> tensor<1x2xf32>
  return %r : tensor<1x2xf32>
}

// Functions of functions of codes, in several ops or in one, are one table; a factor is one of the scale.
// CHECK-LABEL: func.func @chain
// CHECK-SAME:    -> (tensor<1x4xi8> {quench.scale = 1.250000e-01 : f64, quench.zero_point = 0 : i64})
// CHECK-NEXT:    %[[TABLE:.+]] = "tosa.const"()
// CHECK-NEXT:    %[[Y:.+]] = tosa.table %{{.+}}, %[[TABLE]]
// CHECK-NEXT:    return %[[Y]]
func.func @chain(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %three = arith.constant 3.0 : f32
  %half = arith.constant dense<0.5> : tensor<1x4xf32>
  %zero = arith.constant dense<0.0> : tensor<1x4xf32>
  %sx = arith.constant dense<0.5> : tensor<1x1xf32>
  %xq = quench.quantize %x scale(%sx) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %xd = quench.dequantize %xq : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %t = math.tanh %xd : tensor<1x4xf32>
  %r = arith.maximumf %t, %zero : tensor<1x4xf32>
  %e = tensor.empty() : tensor<1x4xf32>
  %h = linalg.generic {indexing_maps = [#plane, #plane], iterator_types = ["parallel", "parallel"]} ins(%r : tensor<1x4xf32>) outs(%e : tensor<1x4xf32>) {
  ^bb0(%in: f32, %out: f32):
    %sum = arith.addf %in, %three : f32
    %square = arith.mulf %in, %sum : f32
    linalg.yield %square : f32
  } -> tensor<1x4xf32>
  %s = arith.constant dense<0.25> : tensor<1x1xf32>
  %q = quench.quantize %h scale(%s) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  %y = arith.mulf %d, %half : tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}
