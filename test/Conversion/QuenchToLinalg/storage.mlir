// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg=keep-observers | FileCheck %s --check-prefix=KEEP

#w4 = #quench.scheme<ui4, block = [1, 4], scale = f16, zero_point>
#s4 = #quench.scheme<i4, block = [1, *], scale = f32>
#f8 = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>
#f4 = #quench.scheme<f4E2M1FN, block = [*], scale = f32>
#i16 = #quench.scheme<i16, block = [*], scale = f32>

// One op for each part under the same key; codes are unpacked to bytes by whatever reads them.
// CHECK-LABEL: func.func @weight_in_parts(
// CHECK-NEXT: %[[C:.+]] = quench.weight @a.weight {quench.part = "codes", quench.source = !quench.qtensor<6x8xf32, #[[SCHEME:.+]]>} : tensor<6x8xi8>
// CHECK-NEXT: %[[S:.+]] = quench.weight @a.weight {quench.part = "scales", quench.source = !quench.qtensor<6x8xf32, #[[SCHEME]]>} : tensor<6x2xf32>
// CHECK-NEXT: %[[Z:.+]] = quench.weight @a.weight {quench.part = "zero_points", quench.source = !quench.qtensor<6x8xf32, #[[SCHEME]]>} : tensor<6x2xi32>
// CHECK-NEXT: return %[[C]], %[[S]], %[[Z]]
func.func @weight_in_parts() -> !quench.qtensor<6x8xf32, #w4> {
  %w = quench.weight @a.weight : !quench.qtensor<6x8xf32, #w4>
  return %w : !quench.qtensor<6x8xf32, #w4>
}

// CHECK-LABEL: func.func @negative_plain_weight(
// CHECK-NEXT: quench.weight @a.weight : tensor<6x8xf16>
func.func @negative_plain_weight() -> tensor<6x8xf16> {
  %w = quench.weight @a.weight : tensor<6x8xf16>
  return %w : tensor<6x8xf16>
}

// Signed codes keep their sign in a byte.
// CHECK-LABEL: func.func @assemble_extends_signed_codes(
// CHECK-SAME: %[[C:.+]]: tensor<6x8xi4>, %[[S:.+]]: tensor<6x1xf32>)
// CHECK: %[[WIDE:.+]] = linalg.generic {{.*}} ins(%[[C]] : tensor<6x8xi4>)
// CHECK: arith.extsi %{{.+}} : i4 to i8
// CHECK: return %[[WIDE]], %[[S]]
func.func @assemble_extends_signed_codes(%c: tensor<6x8xi4>, %s: tensor<6x1xf32>) -> !quench.qtensor<6x8xf32, #s4> {
  %w = quench.assemble %c, %s : tensor<6x8xi4>, tensor<6x1xf32> to !quench.qtensor<6x8xf32, #s4>
  return %w : !quench.qtensor<6x8xf32, #s4>
}

// CHECK-LABEL: func.func @assemble_extends_unsigned_codes(
// CHECK: tensor.bitcast %{{.+}} : tensor<6x8xui4> to tensor<6x8xi4>
// CHECK: arith.extui %{{.+}} : i4 to i8
func.func @assemble_extends_unsigned_codes(%c: tensor<6x8xui4>, %s: tensor<6x2xf32>, %z: tensor<6x2xi32>) -> !quench.qtensor<6x8xf32, #w4> {
  %w = quench.assemble %c, %s, %z : tensor<6x8xui4>, tensor<6x2xf32>, tensor<6x2xi32> to !quench.qtensor<6x8xf32, #w4>
  return %w : !quench.qtensor<6x8xf32, #w4>
}

// Constant codes are rewritten now; floats are bit patterns: 1.5 is 3, -6 is 15.
// CHECK-LABEL: func.func @assemble_folds_constants(
// CHECK: arith.constant dense<[3, 15]> : tensor<2xi8>
// CHECK-NOT: linalg.generic
func.func @assemble_folds_constants() -> !quench.qtensor<2xf32, #f4> {
  %c = arith.constant dense<[1.5, -6.0]> : tensor<2xf4E2M1FN>
  %s = arith.constant dense<1.0> : tensor<1xf32>
  %w = quench.assemble %c, %s : tensor<2xf4E2M1FN>, tensor<1xf32> to !quench.qtensor<2xf32, #f4>
  return %w : !quench.qtensor<2xf32, #f4>
}

// Codes of 16 bits are what they are stored as.
// CHECK-LABEL: func.func @sixteen_bits_stay(
// CHECK-SAME: %[[C:.+]]: tensor<2xi16>, %[[S:.+]]: tensor<1xf32>)
// CHECK-NEXT: return %[[C]], %[[S]]
func.func @sixteen_bits_stay(%c: tensor<2xi16>, %s: tensor<1xf32>) -> (tensor<2xi16>, tensor<1xf32>) {
  %w = quench.assemble %c, %s : tensor<2xi16>, tensor<1xf32> to !quench.qtensor<2xf32, #i16>
  %codes, %scales = quench.disassemble %w : !quench.qtensor<2xf32, #i16> to tensor<2xi16>, tensor<1xf32>
  return %codes, %scales : tensor<2xi16>, tensor<1xf32>
}

// CHECK-LABEL: func.func @disassemble_restores_floats(
// CHECK: arith.bitcast %{{.+}} : i8 to f8E4M3FN
func.func @disassemble_restores_floats(%q: !quench.qtensor<6x8xf32, #f8>) -> tensor<6x8xf8E4M3FN> {
  %c, %s = quench.disassemble %q : !quench.qtensor<6x8xf32, #f8> to tensor<6x8xf8E4M3FN>, tensor<1x1xf32>
  return %c : tensor<6x8xf8E4M3FN>
}

// CHECK-LABEL: func.func @disassemble_narrows_integers(
// CHECK: arith.trunci %{{.+}} : i8 to i4
// CHECK: tensor.bitcast %{{.+}} : tensor<6x8xi4> to tensor<6x8xui4>
func.func @disassemble_narrows_integers(%q: !quench.qtensor<6x8xf32, #w4>) -> tensor<6x8xui4> {
  %c, %s, %z = quench.disassemble %q : !quench.qtensor<6x8xf32, #w4> to tensor<6x8xui4>, tensor<6x2xf32>, tensor<6x2xi32>
  return %c : tensor<6x8xui4>
}

// CHECK-LABEL: func.func @observer(
// CHECK-NEXT: return
// KEEP-LABEL: func.func @observer(
// KEEP-NEXT: quench.observe
func.func @observer(%x: tensor<2xf32>) {
  quench.observe %x as "layers.0.attn_in" : tensor<2xf32>
  return
}
