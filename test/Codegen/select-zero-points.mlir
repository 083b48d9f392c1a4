// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s

// Unsigned codes are stored less 128, and so is their zero point. Sums of a product begin with minus that times the sums of the
// codes of a column, which are packed behind the zero points of the weight.
// CHECK-LABEL: func.func @rows(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>,
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant dense<-18> : tensor<1x1xi32>
// CHECK:         %[[CODES:.+]]:2 = quench.kernel_call @quantize_64_m128_127z(%[[X]], %[[SCALE:.+]], %[[ZERO]] :
// CHECK:         %[[SUMS:.+]] = quench.packed_weight zero_points @w {{.*}} -> tensor<64xi32>
// CHECK:         %[[Y:.+]] = quench.kernel_call @contract_i8z_i8_relu_quantize_32_m128_127z_32x64(%[[CODES]]#0, %[[SCALE]], %[[CODES]]#1, %[[ZERO]], %{{.+}}, %{{.+}}, %[[SUMS]], %{{.+}}, %[[NEXT:[a-z0-9_]+]] :
// CHECK:         quench.kernel_call @contract_i8z_i8_16x32(%[[Y]], %{{.+}}, %{{.+}}, %[[NEXT]],
#u8 = #quench.scheme<ui8, block = [*, *], scale = f32, zero_point>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @rows(%x: tensor<?x64xf32>, %n: index) -> tensor<?x16xf32> {
  %float = arith.constant 0.0 : f32
  %scale = arith.constant dense<0.5> : tensor<1x1xf32>
  %zero = arith.constant dense<110> : tensor<1x1xi32>
  %low = arith.constant dense<0> : tensor<1x1xi32>
  %q = quench.quantize %x scale(%scale) zero_point(%zero) : tensor<?x64xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x64xf32, #u8>
  %d = quench.dequantize %q : !quench.qtensor<?x64xf32, #u8> to tensor<?x64xf32>
  %w = quench.weight @w : !quench.qtensor<32x64xf32, #w8>
  %wd = quench.dequantize %w : !quench.qtensor<32x64xf32, #w8> to tensor<32x64xf32>
  %y = nn.linear %d, %wd : tensor<?x64xf32>, tensor<32x64xf32> -> tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
    ^bb0(%v: f32, %old: f32):
      %m = arith.maximumf %v, %float : f32
      linalg.yield %m : f32
  } -> tensor<?x32xf32>
  %rq = quench.quantize %r scale(%scale) zero_point(%low) : tensor<?x32xf32>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<?x32xf32, #u8>
  %rd = quench.dequantize %rq : !quench.qtensor<?x32xf32, #u8> to tensor<?x32xf32>
  %v = quench.weight @v : !quench.qtensor<16x32xf32, #w8>
  %vd = quench.dequantize %v : !quench.qtensor<16x32xf32, #w8> to tensor<16x32xf32>
  %z = nn.linear %rd, %vd : tensor<?x32xf32>, tensor<16x32xf32> -> tensor<?x16xf32>
  return %z : tensor<?x16xf32>
}

// -----

// Windows of images likewise: what is around an image is the zero point. Codes without one are 128 above the signed ones.
// CHECK-LABEL: func.func @windows(
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant dense<-128> : tensor<1x1x1x1xi32>
// CHECK:         %[[IMAGES:.+]] = quench.kernel_call @images_4x4x8_pad1_1_1_1_m128_127z(
// CHECK:         %[[ROWS:.+]]:2 = quench.kernel_call @unfold_6x6x8_by3x3(%[[IMAGES]]
// CHECK:         quench.kernel_call @contract_i8z_i8_16x72(%[[ROWS]]#0,
#images = #quench.scheme<ui8, block = [*, *, *, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @windows(%x: tensor<?x4x4x8xf32>) -> tensor<?x16xf32> {
  %float = arith.constant 0.0 : f32
  %scale = arith.constant dense<0.5> : tensor<1x1x1x1xf32>
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %float : f32
  } : tensor<?x4x4x8xf32> to tensor<?x6x6x8xf32>
  %q = quench.quantize %p scale(%scale) : tensor<?x6x6x8xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<?x6x6x8xf32, #images>
  %d = quench.dequantize %q : !quench.qtensor<?x6x6x8xf32, #images> to tensor<?x6x6x8xf32>
  %w = quench.weight @w : !quench.qtensor<16x72xf32, #w8>
  %wd = quench.dequantize %w : !quench.qtensor<16x72xf32, #w8> to tensor<16x72xf32>
  %u = nn.unfold %d kernel [3, 3] : tensor<?x6x6x8xf32> -> tensor<?x72xf32>
  %y = nn.linear %u, %wd : tensor<?x72xf32>, tensor<16x72xf32> -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
