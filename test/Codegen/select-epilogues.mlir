// RUN: quench-opt %s --quench-attach-target=target=x86-avx512vnni --quench-legalize --quench-select-kernels --split-input-file --mlir-print-local-scope | FileCheck %s --check-prefixes=CHECK,TILE

// A norm whose rows are only quantized is computed there. An activation, the product of a gate, or a residual sum is computed
// where a product stores its elements; its other operand has to be there before.
// CHECK-LABEL: func.func @fused(
// CHECK-SAME:    %[[X:.+]]: tensor<?x8xf32>, %[[G:.+]]: tensor<8xf32>
// CHECK:         %[[Q:.+]]:3 = quench.kernel_call @rms_norm_8_gain_3727c5ac_quantize_row_8_m128_127(%[[X]], %[[G]] :
// CHECK-NOT:     @rms_norm
// CHECK:         %[[GATE:.+]] = quench.kernel_call @contract_i8row_i8_8x8(%[[Q]]#0
// CHECK:         %[[MUL:.+]] = quench.kernel_call @contract_i8row_i8_silu_mul_8x8(%[[Q]]#0, {{.*}}, %[[GATE]] :
// CHECK:         %[[R:.+]]:3 = quench.kernel_call @quantize_row_8_m128_127(%[[MUL]] :
// CHECK:         %[[SUM:.+]] = quench.kernel_call @contract_i8row_i8_add_8x8(%[[R]]#0, {{.*}}, %[[X]] :
// CHECK:         %[[SILU:.+]] = quench.kernel_call @contract_f32_f32_silu_8x8(%[[SUM]],
// CHECK:         return %[[SUM]], %[[SILU]]
// Tiles of six, four and two rows have what they add to, and where they store, fetched before their products; single rows do not.
// TILE-LABEL:    func.func private @contract_i8row_i8_add_8x8(
// TILE-SAME:     %[[OTHER:arg[0-9]+]]: memref<?x8xf32, strided<[8, 1], offset: ?>>, %[[RESULT:arg[0-9]+]]: memref<?x8xf32, strided<[8, 1], offset: ?>>)
// TILE-COUNT-6:  memref.prefetch %[[OTHER]][%{{.+}}], read
// TILE-NOT:      byte_dot
// TILE-COUNT-6:  memref.prefetch %[[RESULT]][%{{.+}}], write
// TILE:          quench.byte_dot
// TILE-COUNT-6:  memref.prefetch %[[RESULT]][{{.+}}], write
// TILE-NOT:      memref.prefetch
// TILE-LABEL:    func.func private
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @fused(%x: tensor<?x8xf32>, %g: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %n = nn.rms_norm %x gain(%g : tensor<8xf32>) epsilon 1.0e-5 : tensor<?x8xf32>
  %q = quench.quantize %n : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %w0 = quench.weight @gate : !quench.qtensor<8x8xf32, #a8>
  %gate = quench.contract %q, %w0 accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<8x8xf32, #a8> -> tensor<?x8xf32>
  %silu = nn.silu %gate : tensor<?x8xf32>
  %w1 = quench.weight @up : !quench.qtensor<8x8xf32, #a8>
  %up = quench.contract %q, %w1 accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<8x8xf32, #a8> -> tensor<?x8xf32>
  %mul = arith.mulf %silu, %up : tensor<?x8xf32>
  %r = quench.quantize %mul : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %w2 = quench.weight @down : !quench.qtensor<8x8xf32, #a8>
  %down = quench.contract %r, %w2 accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<8x8xf32, #a8> -> tensor<?x8xf32>
  %sum = arith.addf %x, %down : tensor<?x8xf32>
  %w3 = quench.weight @f : tensor<8x8xf32>
  %y = nn.linear %sum, %w3 : tensor<?x8xf32>, tensor<8x8xf32> -> tensor<?x8xf32>
  %z = nn.silu %y : tensor<?x8xf32>
  return %sum, %z : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Not if others read the norm or the product, nor if the other operand comes later.
// CHECK-LABEL: func.func @not_fused(
// CHECK:         %[[N:.+]] = quench.kernel_call @rms_norm_8_3727c5ac(
// CHECK:         quench.kernel_call @quantize_row_8_m128_127(%[[N]] :
// CHECK:         %[[Y:.+]] = quench.kernel_call @contract_i8row_i8_8x8(
// CHECK:         %[[Z:.+]] = quench.kernel_call @silu_8(%[[Y]] :
// CHECK:         quench.kernel_call @add_8(%[[Y]], %[[Z]] :
// CHECK:         %[[U:.+]] = quench.kernel_call @contract_i8row_i8_8x8(
// CHECK:         %[[V:.+]] = quench.kernel_call @silu_8(%[[N]] :
// CHECK:         quench.kernel_call @add_8(%[[U]], %[[V]] :
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @not_fused(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x8xf32>
  %q = quench.quantize %n : tensor<?x8xf32> to !quench.qtensor<?x8xf32, #a8>
  %w = quench.weight @w : !quench.qtensor<8x8xf32, #a8>
  %y = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<8x8xf32, #a8> -> tensor<?x8xf32>
  %z = nn.silu %y : tensor<?x8xf32>
  %s = arith.addf %y, %z : tensor<?x8xf32>
  %u = quench.contract %q, %w accumulator i32 : !quench.qtensor<?x8xf32, #a8>, !quench.qtensor<8x8xf32, #a8> -> tensor<?x8xf32>
  %v = nn.silu %n : tensor<?x8xf32>
  %t = arith.addf %u, %v : tensor<?x8xf32>
  return %s, %t : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// A product whose result is only quantized, with a scale that is known beforehand, for products that agree on where codes lie,
// stores codes, where the scale is there; their sums are added up afterwards.
// CHECK-LABEL: func.func @requantized(
// CHECK-SAME:    %{{.+}}: tensor<?x16xf32>, %[[S:.+]]: tensor<1x1xf32>
// CHECK:         %[[D:.+]] = arith.constant dense<5.000000e-01>
// CHECK:         %[[C:.+]] = quench.kernel_call @[[STORE:contract_i8_i8_add_quantize_32_m128_127_32x16]]({{.*}}, %[[D]] :
// CHECK-SAME:      -> tensor<?x64xi8>
// CHECK:         %[[SUMS:.+]] = quench.kernel_call @[[ADD:sum_codes_32]](%[[C]] :
// CHECK-SAME:      -> tensor<?x1xi32>
// CHECK-COUNT-2: quench.kernel_call @contract_i8_i8_4x32(%[[C]], %[[D]], %[[SUMS]],
// CHECK-NOT:     quench.quantize
// CHECK:       func.func private @[[STORE]](
// CHECK:       func.func private @[[ADD]](
#t8 = #quench.scheme<i8, block = [*, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @requantized(%x: tensor<?x16xf32>, %s: tensor<1x1xf32>, %y: tensor<?x32xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %q = quench.quantize %x scale(%s) : tensor<?x16xf32>, tensor<1x1xf32> to !quench.qtensor<?x16xf32, #t8>
  %a = quench.weight @a : !quench.qtensor<32x16xf32, #w8>
  %b = quench.weight @b : !quench.qtensor<4x32xf32, #w8>
  %c = quench.weight @c : !quench.qtensor<4x32xf32, #w8>
  %p = quench.contract %q, %a accumulator i32 : !quench.qtensor<?x16xf32, #t8>, !quench.qtensor<32x16xf32, #w8> -> tensor<?x32xf32>
  %sum = arith.addf %y, %p : tensor<?x32xf32>
  %d = arith.constant dense<0.5> : tensor<1x1xf32>
  %r = quench.quantize %sum scale(%d) : tensor<?x32xf32>, tensor<1x1xf32> to !quench.qtensor<?x32xf32, #t8>
  %u = quench.contract %r, %b accumulator i32 : !quench.qtensor<?x32xf32, #t8>, !quench.qtensor<4x32xf32, #w8> -> tensor<?x4xf32>
  %v = quench.contract %r, %c accumulator i32 : !quench.qtensor<?x32xf32, #t8>, !quench.qtensor<4x32xf32, #w8> -> tensor<?x4xf32>
  return %u, %v : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The quantization stays a kernel of its own where the sum has another reader, where scales are computed from the row, and
// where products want codes in groups of different sizes.
// CHECK-LABEL: func.func @negative_requantized(
// CHECK:         quench.kernel_call @contract_f32_f32_32x16(
// CHECK:         quench.kernel_call @quantize_32_m128_127(
// CHECK:         quench.kernel_call @contract_f32_f32_32x16(
// CHECK:         quench.kernel_call @quantize_row_32_m128_127(
// CHECK:         quench.kernel_call @contract_f32_f32_32x16(
// CHECK-DAG:     quench.kernel_call @quantize_32_m128_127(
// CHECK-DAG:     quench.kernel_call @quantize_32_g16_m128_127(
#t8 = #quench.scheme<i8, block = [*, *], scale = f32>
#r8 = #quench.scheme<i8, block = [1, *], scale = f32>
#g8 = #quench.scheme<i8, block = [1, 16], scale = f32>
func.func @negative_requantized(%x: tensor<?x16xf32>, %s: tensor<1x1xf32>) -> (tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  %a = quench.weight @a : tensor<32x16xf32>
  %b = quench.weight @b : !quench.qtensor<4x32xf32, #r8>
  %c = quench.weight @c : !quench.qtensor<4x32xf32, #g8>
  %p0 = nn.linear %x, %a : tensor<?x16xf32>, tensor<32x16xf32> -> tensor<?x32xf32>
  %q0 = quench.quantize %p0 scale(%s) : tensor<?x32xf32>, tensor<1x1xf32> to !quench.qtensor<?x32xf32, #t8>
  %y0 = quench.contract %q0, %b accumulator i32 : !quench.qtensor<?x32xf32, #t8>, !quench.qtensor<4x32xf32, #r8> -> tensor<?x4xf32>
  %p1 = nn.linear %x, %a : tensor<?x16xf32>, tensor<32x16xf32> -> tensor<?x32xf32>
  %q1 = quench.quantize %p1 : tensor<?x32xf32> to !quench.qtensor<?x32xf32, #r8>
  %y1 = quench.contract %q1, %b accumulator i32 : !quench.qtensor<?x32xf32, #r8>, !quench.qtensor<4x32xf32, #r8> -> tensor<?x4xf32>
  %p2 = nn.linear %x, %a : tensor<?x16xf32>, tensor<32x16xf32> -> tensor<?x32xf32>
  %q2 = quench.quantize %p2 scale(%s) : tensor<?x32xf32>, tensor<1x1xf32> to !quench.qtensor<?x32xf32, #t8>
  %y2 = quench.contract %q2, %b accumulator i32 : !quench.qtensor<?x32xf32, #t8>, !quench.qtensor<4x32xf32, #r8> -> tensor<?x4xf32>
  %y3 = quench.contract %q2, %c accumulator i32 : !quench.qtensor<?x32xf32, #t8>, !quench.qtensor<4x32xf32, #g8> -> tensor<?x4xf32>
  return %p0, %y0, %y1, %y2, %y3 : tensor<?x32xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
}
