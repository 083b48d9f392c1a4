// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=arm-i8mm --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefix=ARM

// Images are padded and quantized once, without gaps between pixels. Windows are copied to the rows that products read,
// with the sums of their codes.
// CHECK-LABEL: func.func @codes(
// CHECK-SAME:    %[[X:.+]]: tensor<?x14x14x8xf32>, %[[B:.+]]: tensor<16xf32>
// CHECK:         %[[LINES:.+]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1], [2, 3]] : tensor<?x14x14x8xf32> into tensor<?x112xf32>
// CHECK:         %[[IMAGES:.+]] = quench.kernel_call @images_14x14x8_pad1_1_1_1_m128_127(%[[LINES]], %{{.+}}) -> tensor<?x128xi8>
// CHECK-NOT:     @images
// CHECK:         %[[ROWS:.+]]:2 = quench.kernel_call @unfold_16x16x8_by3x3(%[[IMAGES]] {{.*}} -> tensor<?x192xi8>, tensor<?x1xi32>
// CHECK:         %[[Y:.+]] = quench.kernel_call @contract_i8_i8_bias_relu_16x72(%[[ROWS]]#0, %{{.+}}, %[[ROWS]]#1,
// CHECK:         quench.kernel_call @unfold_16x16x8_by3x3_stride2x2(%[[IMAGES]]
// CHECK:         func.func private @unfold_16x16x8_by3x3(
// ARM-LABEL:   func.func @codes(
// ARM:           quench.kernel_call @unfold_16x16x8_by3x3_pairs({{.*}} -> tensor<?x384xi8>, tensor<?x1xi32>
#a8 = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @codes(%x: tensor<?x14x14x8xf32>, %b: tensor<16xf32>, %n: index) -> (tensor<?x16xf32>, tensor<?x16xf32>) {
  %zero = arith.constant 0.0 : f32
  %scale = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<?x14x14x8xf32> to tensor<?x16x16x8xf32>
  %q = quench.quantize %p scale(%scale) : tensor<?x16x16x8xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<?x16x16x8xf32, #a8>
  %d = quench.dequantize %q : !quench.qtensor<?x16x16x8xf32, #a8> to tensor<?x16x16x8xf32>
  %w = quench.weight @w : !quench.qtensor<16x72xf32, #w8>
  %wd = quench.dequantize %w : !quench.qtensor<16x72xf32, #w8> to tensor<16x72xf32>
  %u = nn.unfold %d kernel [3, 3] : tensor<?x16x16x8xf32> -> tensor<?x72xf32>
  %y = nn.linear %u, %wd bias(%b) : tensor<?x72xf32>, tensor<16x72xf32>, tensor<16xf32> -> tensor<?x16xf32>
  %e = tensor.empty(%n) : tensor<?x16xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x16xf32>) outs(%e : tensor<?x16xf32>) {
    ^bb0(%v: f32, %old: f32):
      %m = arith.maximumf %v, %zero : f32
      linalg.yield %m : f32
  } -> tensor<?x16xf32>
  %v = nn.unfold %d kernel [3, 3] strides [2, 2] : tensor<?x16x16x8xf32> -> tensor<?x72xf32>
  %z = nn.linear %v, %wd : tensor<?x72xf32>, tensor<16x72xf32> -> tensor<?x16xf32>
  return %r, %z : tensor<?x16xf32>, tensor<?x16xf32>
}

// -----

// Floats likewise; images without pads are read where they are.
// CHECK-LABEL: func.func @floats(
// CHECK-SAME:    %[[X:.+]]: tensor<?x9x9x3xf32>
// CHECK:         %[[LINES:.+]] = tensor.collapse_shape %[[X]]
// CHECK:         %[[ROWS:.+]] = quench.kernel_call @unfold_9x9x3_by2x2_dilated1x4_f32(%[[LINES]] : tensor<?x27xf32>) {{.*}} -> tensor<?x12xf32>
// CHECK:         quench.kernel_call @contract_{{.+}}(%[[ROWS]]
func.func @floats(%x: tensor<?x9x9x3xf32>) -> tensor<?x6xf32> {
  %w = quench.weight @w : tensor<6x12xf32>
  %u = nn.unfold %x kernel [2, 2] dilations [1, 4] : tensor<?x9x9x3xf32> -> tensor<?x12xf32>
  %y = nn.linear %u, %w : tensor<?x12xf32>, tensor<6x12xf32> -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

// A residual sum and the activation behind it are computed where products are stored, also where images become a matrix behind
// the product.
// CHECK-LABEL: func.func @residual(
// CHECK:         %[[Y:.+]] = quench.kernel_call @contract_{{.*}}add_relu_{{.+}}(
// CHECK-NOT:     linalg.generic
// CHECK:         return %[[Y]]
func.func @residual(%x: tensor<8x12xf32>, %images: tensor<2x2x2x6xf32>) -> tensor<8x6xf32> {
  %w = quench.weight @w : tensor<6x12xf32>
  %zero = arith.constant 0.0 : f32
  %y = nn.linear %x, %w : tensor<8x12xf32>, tensor<6x12xf32> -> tensor<8x6xf32>
  %skip = tensor.collapse_shape %images [[0, 1, 2], [3]] : tensor<2x2x2x6xf32> into tensor<8x6xf32>
  %e = tensor.empty() : tensor<8x6xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%skip, %y : tensor<8x6xf32>, tensor<8x6xf32>) outs(%e : tensor<8x6xf32>) {
    ^bb0(%v: f32, %t: f32, %old: f32):
      %m = arith.addf %v, %t : f32
      linalg.yield %m : f32
  } -> tensor<8x6xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%s : tensor<8x6xf32>) outs(%e : tensor<8x6xf32>) {
    ^bb0(%v: f32, %old: f32):
      %m = arith.maximumf %v, %zero : f32
      linalg.yield %m : f32
  } -> tensor<8x6xf32>
  return %r : tensor<8x6xf32>
}

// -----

// So are bounds of any kind.
// CHECK-LABEL: func.func @bounds(
// CHECK:         quench.kernel_call @contract_f32_f32_relu6_6x12(
// CHECK:         quench.kernel_call @contract_f32_f32_clampbf800000_7f800000_6x12(
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @bounds(%x: tensor<8x12xf32>) -> (tensor<8x6xf32>, tensor<8x6xf32>) {
  %w = quench.weight @w : tensor<6x12xf32>
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  %low = arith.constant -1.0 : f32
  %e = tensor.empty() : tensor<8x6xf32>
  %y = nn.linear %x, %w : tensor<8x12xf32>, tensor<6x12xf32> -> tensor<8x6xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x6xf32>) outs(%e : tensor<8x6xf32>) {
    ^bb0(%v: f32, %old: f32):
      %m = arith.maximumf %v, %zero : f32
      %n = arith.minimumf %m, %six : f32
      linalg.yield %n : f32
  } -> tensor<8x6xf32>
  %z = nn.linear %x, %w : tensor<8x12xf32>, tensor<6x12xf32> -> tensor<8x6xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%z : tensor<8x6xf32>) outs(%e : tensor<8x6xf32>) {
    ^bb0(%v: f32, %old: f32):
      %m = arith.maximumf %v, %low : f32
      linalg.yield %m : f32
  } -> tensor<8x6xf32>
  return %r, %s : tensor<8x6xf32>, tensor<8x6xf32>
}

// -----

// Other activations are left alone.
// CHECK-LABEL: func.func @negative_leaky(
// CHECK:         quench.kernel_call @contract_
// CHECK-NOT:     relu
// CHECK:         linalg.generic
func.func @negative_leaky(%x: tensor<8x12xf32>) -> tensor<8x6xf32> {
  %w = quench.weight @w : tensor<6x12xf32>
  %small = arith.constant 0.1 : f32
  %y = nn.linear %x, %w : tensor<8x12xf32>, tensor<6x12xf32> -> tensor<8x6xf32>
  %e = tensor.empty() : tensor<8x6xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<8x6xf32>) outs(%e : tensor<8x6xf32>) {
    ^bb0(%v: f32, %old: f32):
      %t = arith.mulf %v, %small : f32
      %m = arith.maximumf %v, %t : f32
      linalg.yield %m : f32
  } -> tensor<8x6xf32>
  return %r : tensor<8x6xf32>
}
