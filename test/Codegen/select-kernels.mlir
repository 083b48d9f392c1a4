// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s
// RUN: quench-opt %s --quench-attach-target=target=arm-dotprod --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefix=ARM
// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefix=AVX2
// RUN: quench-opt %s --quench-attach-target=target=x86-avx2 --quench-legalize --quench-select-kernels --split-input-file -o /dev/null --remark-format=emitRemark --remarks-filter=quench-select-kernels 2>&1 | FileCheck %s --check-prefix=REMARK

// Activations become codes, scales and the sums that correct for unsigned weights, one for each group of the weight.
// The panels of the weight have the lanes of the target.
// CHECK-LABEL: func.func @integers(
// CHECK-SAME:    %[[X:.+]]: tensor<?x64xf32>, %[[B:.+]]: tensor<20xf32>
// CHECK:         %[[Q:.+]]:3 = quench.kernel_call @[[QUANTIZE:quantize_row_64_g32_m128_127]](%[[X]] : tensor<?x64xf32>)
// CHECK-SAME:      -> tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x2xi32>
// CHECK:         %[[C:.+]] = quench.packed_weight codes @up.weight {{.*}} in <lanes = 16, container = i4, scale = f16> -> tensor<1024xi8>
// CHECK:         %[[S:.+]] = quench.packed_weight scales @up.weight {{.*}} in <lanes = 16, container = i4, scale = f16> -> tensor<64xf16>
// CHECK:         %[[Z:.+]] = quench.packed_weight zero_points @up.weight {{.*}} -> tensor<64xi32>
// CHECK:         %[[Y:.+]] = quench.kernel_call @[[CONTRACT:contract_i8row_i4g32hz_bias_20x64]](%[[Q]]#0, %[[Q]]#1, %[[Q]]#2, %[[C]], %[[S]], %[[Z]], %[[B]]
// CHECK:         return %[[Y]]
// CHECK:       func.func private @[[QUANTIZE]](
// CHECK:       func.func private @[[CONTRACT]](
// ARM-LABEL:   func.func @integers(
// ARM:           quench.packed_weight codes @up.weight {{.*}} in <lanes = 4, container = si4, scale = f16> -> tensor<640xi8>
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>
func.func @integers(%x: tensor<?x64xf32>, %b: tensor<20xf32>) -> tensor<?x20xf32> {
  %q = quench.quantize %x : tensor<?x64xf32> to !quench.qtensor<?x64xf32, #a8>
  %w = quench.weight @up.weight : !quench.qtensor<20x64xf32, #w4>
  %y = quench.contract %q, %w bias(%b : tensor<20xf32>) accumulator i32 : !quench.qtensor<?x64xf32, #a8>, !quench.qtensor<20x64xf32, #w4> -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// -----

// A static scale is read where it is; layers with groups of one size share the codes of their input.
// CHECK-LABEL: func.func @shared(
// CHECK-SAME:    %[[X:.+]]: tensor<?x8xf32>, %[[S:.+]]: tensor<1x1xf32>
// CHECK-DAG:     %[[Q:.+]]:2 = quench.kernel_call @quantize_8_m128_127(%[[X]], %[[S]]
// CHECK-DAG:     %[[G:.+]]:2 = quench.kernel_call @quantize_8_g4_m128_127(%[[X]], %[[S]]
// CHECK:         quench.kernel_call @contract_i8_i8_4x8(%[[Q]]#0, %[[S]], %[[Q]]#1
// CHECK:         quench.kernel_call @contract_i8_i8_4x8(%[[Q]]#0, %[[S]], %[[Q]]#1
// CHECK:         quench.kernel_call @contract_i8_i8g4_4x8(%[[G]]#0, %[[S]], %[[G]]#1
#t8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
#g8 = #quench.scheme<i8, block = [1, 4], scale = f32>
func.func @shared(%x: tensor<?x8xf32>, %s: tensor<1x1xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %q = quench.quantize %x scale(%s) : tensor<?x8xf32>, tensor<1x1xf32> to !quench.qtensor<?x8xf32, #t8>
  %a = quench.weight @a : !quench.qtensor<4x8xf32, #w8>
  %b = quench.weight @b : !quench.qtensor<4x8xf32, #w8>
  %c = quench.weight @c : !quench.qtensor<4x8xf32, #g8>
  %x0 = quench.contract %q, %a accumulator i32 : !quench.qtensor<?x8xf32, #t8>, !quench.qtensor<4x8xf32, #w8> -> tensor<?x4xf32>
  %x1 = quench.contract %q, %b accumulator i32 : !quench.qtensor<?x8xf32, #t8>, !quench.qtensor<4x8xf32, #w8> -> tensor<?x4xf32>
  %x2 = quench.contract %q, %c accumulator i32 : !quench.qtensor<?x8xf32, #t8>, !quench.qtensor<4x8xf32, #g8> -> tensor<?x4xf32>
  return %x0, %x1, %x2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// Scales that a row computes may be clipped first.
// CHECK-LABEL: func.func @clipped(
// CHECK:         quench.kernel_call @quantize_row_8_m8_7_clip3f666666(
#c4 = #quench.scheme<i4, block = [1, *], scale = f32>
#v4 = #quench.scheme<i4, block = [1, *], scale = f32>
func.func @clipped(%x: tensor<?x8xf32>) -> tensor<?x4xf32> {
  %q = quench.quantize %x clip 9.0e-1 : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #c4>
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #v4>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x8xf32, #c4>, !quench.qtensor<4x8xf32, #v4> -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// Rounding to codes and back, as a quantized cache does, is one kernel.
// CHECK-LABEL: func.func @rounded(
// CHECK-SAME:    %[[X:.+]]: tensor<?x2x64xf32>
// CHECK:         %[[Y:.+]] = quench.kernel_call @[[ROUND:fake_quantize_2x64_g32_z_0_15_clip3f000000]](%[[X]] : tensor<?x2x64xf32>)
// CHECK-NOT:     quench.dequantize
// CHECK:         return %[[Y]]
// CHECK:       func.func private @[[ROUND]](
#kv = #quench.scheme<ui4, block = [1, 1, 32], scale = f32, zero_point>
func.func @rounded(%x: tensor<?x2x64xf32>) -> tensor<?x2x64xf32> {
  %q = quench.quantize %x clip 5.0e-1 : tensor<?x2x64xf32> to !quench.qtensor<?x2x64xf32, #kv>
  %y = quench.dequantize %q : !quench.qtensor<?x2x64xf32, #kv> to tensor<?x2x64xf32>
  return %y : tensor<?x2x64xf32>
}

// -----

// No kernel rounds to codes that are not integers, or in blocks of several rows.
// CHECK-LABEL: func.func @negative_rounded(
// CHECK-COUNT-2: quench.dequantize
// CHECK-NOT:     quench.kernel_call
#f4 = #quench.scheme<f4E2M1FN, block = [1, *], scale = f32>
#t4 = #quench.scheme<i4, block = [*, *], scale = f32>
func.func @negative_rounded(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %p = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #f4>
  // REMARK: select-kernels.mlir:[[#@LINE+1]]:8: remark: [Missed] no-kernel | {{.*}}quench.dequantize has no kernel for these types and is lowered to linalg
  %y = quench.dequantize %p : !quench.qtensor<?x8xf32, #f4> to tensor<?x8xf32>
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #t4>
  %z = quench.dequantize %q : !quench.qtensor<?x8xf32, #t4> to tensor<?x8xf32>
  return %y, %z : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Float activations become fixed point, three bytes for each, so that codes need not become floats; the layers that read one
// input share it. A target without fast products of bytes decodes codes in the kernel. Other codes are decoded when they
// are packed; float weights stay as wide as they are.
// CHECK-LABEL: func.func @mixed(
// CHECK:         %[[X:.+]]:3 = quench.kernel_call @fixed_point_8({{.*}} -> tensor<?x64xi8>, tensor<?x1xf32>, tensor<?x3xi32>
// CHECK:         quench.packed_weight codes @i {{.*}} in <lanes = 16, container = i8>
// CHECK:         quench.kernel_call @contract_fixed_i8_4x8(%[[X]]#0, %[[X]]#1, %[[X]]#2,
// CHECK-NOT:     @fixed_point
// CHECK:         quench.kernel_call @contract_fixed_i8_4x8(%[[X]]#0, %[[X]]#1, %[[X]]#2,
// CHECK:         quench.packed_weight codes @f {{.*}} in <lanes = 16, container = f32> -> tensor<128xf32>
// CHECK:         quench.kernel_call @contract_f32_f32_4x8(
// CHECK:         quench.packed_weight codes @h of tensor<4x8xf16> in <lanes = 16, container = f16> -> tensor<128xf16>
// CHECK:         quench.kernel_call @contract_f32_f16_4x8(
// ARM-LABEL:   func.func @mixed(
// ARM:           quench.kernel_call @contract_fixed_i8_4x8(
// AVX2-LABEL:  func.func @mixed(
// AVX2-NOT:      @fixed_point
// AVX2:          quench.kernel_call @contract_f32_i8_4x8(
#i5 = #quench.scheme<i5, block = [1, *], scale = f32>
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
func.func @mixed(%x: tensor<?x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %i = quench.weight @i : !quench.qtensor<4x8xf32, #i5>
  %f = quench.weight @f : !quench.qtensor<4x8xf32, #f8>
  %h = quench.weight @h : tensor<4x8xf16>
  %j = quench.weight @j : !quench.qtensor<4x8xf32, #i5>
  %y = quench.contract %x, %i accumulator f32 : tensor<?x8xf32>, !quench.qtensor<4x8xf32, #i5> -> tensor<?x4xf32>
  %v = quench.contract %x, %j accumulator f32 : tensor<?x8xf32>, !quench.qtensor<4x8xf32, #i5> -> tensor<?x4xf32>
  // REMARK: select-kernels.mlir:[[#@LINE+1]]:8: remark: [Missed] decoded | Category:quench-select-kernels | {{.*}}Remark="weights are decoded to f32 when packed: no kernel reads these codes"
  %z = quench.contract %x, %f accumulator f32 : tensor<?x8xf32>, !quench.qtensor<4x8xf32, #f8> -> tensor<?x4xf32>
  %u = nn.linear %x, %h : tensor<?x8xf32>, tensor<4x8xf16> -> tensor<?x4xf32>
  return %y, %v, %z, %u : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// Codes of two bits have a container of their own, and codes that stand for multiples of one unit are looked up: the table is
// in the name of the kernel. Without products of bytes there would be nothing to look up for.
// CHECK-LABEL: func.func @few_bits(
// CHECK:         quench.packed_weight codes @t {{.*}} in <lanes = 16, container = i2> -> tensor<128xi8>
// CHECK:         quench.kernel_call @contract_i8row_i2_4x32(
// CHECK:         quench.packed_weight codes @f {{.*}} in <lanes = 16, container = i4> -> tensor<256xi8>
// CHECK:         quench.kernel_call @contract_i8row_i4t000102030406080C00FFFEFDFCFAF8F4_4x32(
// CHECK:         quench.kernel_call @contract_fixed_i4t000102030406080C00FFFEFDFCFAF8F4_4x32(
// AVX2-LABEL:  func.func @few_bits(
// AVX2:          quench.kernel_call @contract_i8row_i4t000102030406080C00FFFEFDFCFAF8F4_4x32(
// AVX2:          quench.kernel_call @contract_f32_f32_4x32(
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#t = #quench.scheme<i2, range = [-1, 1], block = [*, *], scale = f32>
#f4 = #quench.scheme<f4E2M1FN, block = [1, *], scale = f32>
func.func @few_bits(%x: tensor<?x32xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %q = quench.quantize %x : tensor<?x32xf32> to !quench.qtensor<?x32xf32, #a8>
  %t = quench.weight @t : !quench.qtensor<4x32xf32, #t>
  %y = quench.contract %q, %t accumulator i32 : !quench.qtensor<?x32xf32, #a8>, !quench.qtensor<4x32xf32, #t> -> tensor<?x4xf32>
  %f = quench.weight @f : !quench.qtensor<4x32xf32, #f4>
  %z = quench.contract %q, %f accumulator i32 : !quench.qtensor<?x32xf32, #a8>, !quench.qtensor<4x32xf32, #f4> -> tensor<?x4xf32>
  %u = quench.contract %x, %f accumulator f32 : tensor<?x32xf32>, !quench.qtensor<4x32xf32, #f4> -> tensor<?x4xf32>
  return %y, %z, %u : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The rest of a decoder layer. A silu that a product takes along has no kernel of its own; the cache is updated by a
// slice, which bufferization does in place.
// CHECK-LABEL: func.func @network(
// CHECK:         quench.kernel_call @embedding_11x8_f32(
// CHECK:         quench.kernel_call @add_8(
// CHECK:         quench.kernel_call @rms_norm_8_gain_3727c5ac(
// CHECK-NOT:     @silu_8
// CHECK:         quench.kernel_call @silu_mul_8(
// CHECK:         quench.kernel_call @silu_8(
// CHECK:         quench.kernel_call @rotary_table_2(
// CHECK:         quench.kernel_call @rotary_2x4(
// CHECK:         %[[KEYS:.+]] = tensor.insert_slice %{{.+}} into %{{.+}}[%{{.+}}, 0, 0]
// CHECK:         quench.kernel_call @attention_2x1x4_16_3f000000(%{{.+}}, %[[KEYS]], %[[KEYS]], %{{.+}} :
func.func @network(%x: tensor<?x8xf32>, %g: tensor<8xf32>, %t: tensor<11x8xf32>, %i: tensor<?xi32>, %cache: tensor<16x1x4xf32>, %p: index, %q: tensor<?x2x4xf32>, %k: tensor<?x1x4xf32>, %f: tensor<2xf32>) -> (tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<16x1x4xf32>) {
  %e = nn.embedding %t[%i] : tensor<11x8xf32>, tensor<?xi32> -> tensor<?x8xf32>
  %s = arith.addf %x, %e : tensor<?x8xf32>
  %n = nn.rms_norm %s gain(%g : tensor<8xf32>) epsilon 1.0e-5 : tensor<?x8xf32>
  %u = nn.silu %n : tensor<?x8xf32>
  %m = arith.mulf %u, %x : tensor<?x8xf32>
  %v = nn.silu %m : tensor<?x8xf32>
  %c = arith.constant 4 : index
  %cos, %sin = nn.rotary_table %f from %p length %c : tensor<2xf32> -> tensor<?x2xf32>
  %r = nn.rotary_embedding %q, %cos, %sin : tensor<?x2x4xf32>, tensor<?x2xf32>
  %keys = nn.cache_update %k into %cache at %p : tensor<?x1x4xf32> into tensor<16x1x4xf32>
  %o = nn.attention %r, %keys, %keys at %p scale 5.0e-1 : tensor<?x2x4xf32>, tensor<16x1x4xf32>
  return %v, %o, %keys : tensor<?x8xf32>, tensor<?x2x4xf32>, tensor<16x1x4xf32>
}

// -----

// A weight that is not stored, and unsigned activations: no kernel reads them.
// CHECK-LABEL: func.func @negative_contractions(
// CHECK:         quench.contract
// CHECK:         quench.contract
// CHECK:         nn.linear
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#u8 = #quench.scheme<ui8, block = [1, *], scale = f32>
func.func @negative_contractions(%x: tensor<?x8xf32>, %w: !quench.qtensor<4x8xf32, #a8>, %v: tensor<4x8xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %q = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %p = quench.quantize %x : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #u8>
  %b = quench.weight @b : !quench.qtensor<4x8xf32, #a8>
  // REMARK:      select-kernels.mlir:[[#@LINE+3]]:8: remark: [Missed] no-kernel | {{.*}}Remark="quench.contract has no kernel for these types and is lowered to linalg"
  // REMARK:      select-kernels.mlir:[[#@LINE+3]]:8: remark: [Missed] no-kernel
  // REMARK:      select-kernels.mlir:[[#@LINE+3]]:8: remark: [Missed] no-kernel | {{.*}}Remark="nn.linear has no kernel
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<4x8xf32, #a8> -> tensor<?x4xf32>
  %z = quench.contract %p, %b accumulator i32 : !quench.qtensor<?x8xf32, #u8>, !quench.qtensor<4x8xf32, #a8> -> tensor<?x4xf32>
  %u = nn.linear %x, %v : tensor<?x8xf32>, tensor<4x8xf32> -> tensor<?x4xf32>
  return %y, %z, %u : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// A dynamic width has no kernel; scalar arithmetic is none of ours.
// CHECK-LABEL: func.func @negative_shapes(
// CHECK:         nn.rms_norm
// CHECK:         arith.addf %{{.+}} : tensor<?x?xf32>
// CHECK:         arith.addf %{{.+}} : f32
// REMARK-NOT:    arith.addf
func.func @negative_shapes(%x: tensor<?x?xf32>, %s: f32) -> (tensor<?x?xf32>, f32) {
  // REMARK: select-kernels.mlir:[[#@LINE+1]]:8: remark: [Missed] no-kernel | {{.*}}Remark="nn.rms_norm has no kernel
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x?xf32>
  %a = arith.addf %n, %x : tensor<?x?xf32>
  %b = arith.addf %s, %s : f32
  return %a, %b : tensor<?x?xf32>, f32
}

// -----

// What is rounded to 16 bits and back is rounded by a kernel.
// CHECK-LABEL: func.func @rounded(
// CHECK-NOT:     arith
// CHECK:         quench.kernel_call @round_bf16_8(
// CHECK:         quench.kernel_call @round_f16_8(
// CHECK-NEXT:    return
func.func @rounded(%x: tensor<3x8xf32>) -> (tensor<3x8xf32>, tensor<3x8xf32>) {
  %b = arith.truncf %x : tensor<3x8xf32> to tensor<3x8xbf16>
  %y = arith.extf %b : tensor<3x8xbf16> to tensor<3x8xf32>
  %h = arith.truncf %x : tensor<3x8xf32> to tensor<3x8xf16>
  %z = arith.extf %h : tensor<3x8xf16> to tensor<3x8xf32>
  return %y, %z : tensor<3x8xf32>, tensor<3x8xf32>
}

// -----

// Elements that lie over a stored weight are put in when it is packed, as floats.
// CHECK-LABEL: func.func @kept_elements(
// CHECK-NOT:     quench.overlay
// CHECK:         quench.packed_weight codes @w of !quench.qtensor<4x8xf32, {{.*}}> overlay "w.kept.values" at "w.kept.indices" in <lanes = 16, container = f32> -> tensor<128xf32>
// CHECK-NEXT:    tensor.empty
// CHECK-NEXT:    quench.kernel_call @contract_f32_f32_4x8(
// CHECK:         quench.packed_weight codes @f of tensor<4x8xf16> overlay "f.kept.values" at "f.kept.indices"
// CHECK:         quench.kernel_call @contract_f32_f32_4x8(
#i3 = #quench.scheme<i3, block = [1, *], scale = f32>
func.func @kept_elements(%x: tensor<3x8xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %w = quench.weight @w : !quench.qtensor<4x8xf32, #i3>
  %d = quench.dequantize %w : !quench.qtensor<4x8xf32, #i3> to tensor<4x8xf32>
  %i = quench.weight @w.kept.indices : tensor<2xi32>
  %k = quench.weight @w.kept.values : tensor<2xf32>
  %o = quench.overlay %d at %i with %k : tensor<4x8xf32>, tensor<2xi32>, tensor<2xf32>
  %y = nn.linear %x, %o : tensor<3x8xf32>, tensor<4x8xf32> -> tensor<3x4xf32>
  %f = quench.weight @f : tensor<4x8xf16>
  %j = quench.weight @f.kept.indices : tensor<2xi32>
  %l = quench.weight @f.kept.values : tensor<2xf16>
  %p = quench.overlay %f at %j with %l : tensor<4x8xf16>, tensor<2xi32>, tensor<2xf16>
  %z = nn.linear %x, %p : tensor<3x8xf32>, tensor<4x8xf16> -> tensor<3x4xf32>
  return %y, %z : tensor<3x4xf32>, tensor<3x4xf32>
}

// -----

// Elements that are computed are put in at run time.
// CHECK-LABEL: func.func @negative_computed_elements(
// CHECK:         quench.overlay
// CHECK-NEXT:    nn.linear
func.func @negative_computed_elements(%x: tensor<3x8xf32>, %k: tensor<2xf32>) -> tensor<3x4xf32> {
  %w = quench.weight @w : tensor<4x8xf32>
  %i = quench.weight @w.kept.indices : tensor<2xi32>
  %o = quench.overlay %w at %i with %k : tensor<4x8xf32>, tensor<2xi32>, tensor<2xf32>
  // REMARK: select-kernels.mlir:[[#@LINE+1]]:8: remark: [Missed] no-kernel | {{.*}}nn.linear has no kernel for these types and is lowered to linalg
  %y = nn.linear %x, %o : tensor<3x8xf32>, tensor<4x8xf32> -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}
