// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s

// CHECK-DAG: #[[$ELEMENT:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$WHOLE:.+]] = affine_map<(d0, d1) -> (0, 0)>
// CHECK-DAG: #[[$ROW:.+]] = affine_map<(d0, d1) -> (d0, 0)>

#tensor = #quench.scheme<i8, block = [*, *], scale = f32>
#token = #quench.scheme<i8, block = [1, *], scale = f32>
#group = #quench.scheme<ui4, block = [1, 32], scale = f32, zero_point>
#ternary = #quench.scheme<i2, range = [-1, 1], block = [*, *], scale = f32>
#fp4 = #quench.scheme<f4E2M1FN, block = [*, *], scale = f32>
#half = #quench.scheme<i8, block = [1, *], scale = f16>
#book = #quench.scheme<#quench.codebook<[-1.0, -0.25, 0.25, 2.0]>, block = [*, *], scale = f32>

// A true division, ties to even, and a clamp in float whose first step turns NaN into the smallest code.
// CHECK-LABEL: func.func @static_scale(
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>, %[[S:.+]]: tensor<1x1xf32>)
// CHECK: %[[CODES:.+]] = linalg.generic {indexing_maps = [#[[$ELEMENT]], #[[$WHOLE]], #[[$ELEMENT]]]
// CHECK-SAME: ins(%[[X]], %[[S]] : tensor<?x256xf32>, tensor<1x1xf32>)
// CHECK: ^bb0(%[[VALUE:.+]]: f32, %[[SCALE:.+]]: f32, %{{.+}}: i8):
// CHECK: %[[QUOTIENT:.+]] = arith.divf %[[VALUE]], %[[SCALE]] : f32
// CHECK: %[[ROUNDED:.+]] = math.roundeven %[[QUOTIENT]] : f32
// CHECK: %[[LOW:.+]] = arith.constant -1.280000e+02 : f32
// CHECK: %[[RAISED:.+]] = arith.maxnumf %[[ROUNDED]], %[[LOW]] : f32
// CHECK: %[[HIGH:.+]] = arith.constant 1.270000e+02 : f32
// CHECK: %[[CLAMPED:.+]] = arith.minnumf %[[RAISED]], %[[HIGH]] : f32
// CHECK: %[[WIDE:.+]] = arith.fptosi %[[CLAMPED]] : f32 to i32
// CHECK: arith.trunci %[[WIDE]] : i32 to i8
// CHECK: return %[[CODES]], %[[S]]
func.func @static_scale(%x: tensor<?x256xf32>, %s: tensor<1x1xf32>) -> !quench.qtensor<?x256xf32, #tensor> {
  %q = quench.quantize %x scale(%s) : tensor<?x256xf32>, tensor<1x1xf32> to !quench.qtensor<?x256xf32, #tensor>
  return %q : !quench.qtensor<?x256xf32, #tensor>
}

// The absolute maximum of each row, divided by 127; a row of zeros has scale 1.
// CHECK-LABEL: func.func @dynamic_scale_of_tokens(
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>)
// CHECK: %[[ROWS:.+]] = tensor.expand_shape %[[X]] {{\[\[}}0], [1, 2]] output_shape [%{{.+}}, 1, 256]
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[ROWS]] : tensor<?x1x256xf32>)
// CHECK: math.absf
// CHECK: arith.maxnumf
// CHECK: %[[LARGEST:.+]] = arith.constant 1.270000e+02 : f32
// CHECK: arith.divf %{{.+}}, %[[LARGEST]] : f32
// CHECK: %[[SCALES:.+]] = linalg.generic
// CHECK: %[[ONE:.+]] = arith.constant 1.000000e+00 : f32
// CHECK: arith.select %{{.+}}, %[[ONE]], %{{.+}} : f32
// CHECK: %[[CODES:.+]] = linalg.generic {indexing_maps = [#[[$ELEMENT]], #[[$ROW]], #[[$ELEMENT]]]{{.*}} ins(%[[X]], %[[SCALES]]
// CHECK: return %[[CODES]], %[[SCALES]]
func.func @dynamic_scale_of_tokens(%x: tensor<?x256xf32>) -> !quench.qtensor<?x256xf32, #token> {
  %q = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #token>
  return %q : !quench.qtensor<?x256xf32, #token>
}

// The last group is filled with zeros, which move neither bound; scale and zero point of a group are read by
// index, and the zero point is added before the clamp.
// CHECK-LABEL: func.func @ragged_groups_with_zero_points(
// CHECK: tensor.pad %{{.+}} low[0, 0] high[0, 16]
// CHECK: tensor.expand_shape %{{.+}} {{\[\[}}0], [1, 2]] output_shape [4, 3, 32]
// CHECK: arith.minnumf
// CHECK: arith.maxnumf
// CHECK: %[[STEPS:.+]] = arith.constant 1.500000e+01 : f32
// CHECK: arith.divf %{{.+}}, %[[STEPS]] : f32
// CHECK: arith.fptosi %{{.+}} : f32 to i32
// CHECK: %[[K:.+]] = linalg.index 1
// CHECK: %[[EXTENT:.+]] = arith.constant 32 : index
// CHECK: %[[G:.+]] = arith.divui %[[K]], %[[EXTENT]] : index
// CHECK: tensor.extract %{{.+}}[%{{.+}}, %[[G]]] : tensor<4x3xf32>
// CHECK: tensor.extract %{{.+}} : tensor<4x3xi32>
// CHECK: math.roundeven
// CHECK: arith.sitofp
// CHECK: arith.addf
// CHECK: arith.maxnumf
func.func @ragged_groups_with_zero_points(%x: tensor<4x80xf32>) -> !quench.qtensor<4x80xf32, #group> {
  %q = quench.quantize %x : tensor<4x80xf32> to !quench.qtensor<4x80xf32, #group>
  return %q : !quench.qtensor<4x80xf32, #group>
}

// The bounds are those of the range, not of the type.
// CHECK-LABEL: func.func @restricted_range(
// CHECK: arith.constant -1.000000e+00 : f32
// CHECK: arith.maxnumf
// CHECK: arith.constant 1.000000e+00 : f32
// CHECK: arith.minnumf
func.func @restricted_range(%x: tensor<2x2xf32>, %s: tensor<1x1xf32>) -> !quench.qtensor<2x2xf32, #ternary> {
  %q = quench.quantize %x scale(%s) : tensor<2x2xf32>, tensor<1x1xf32> to !quench.qtensor<2x2xf32, #ternary>
  return %q : !quench.qtensor<2x2xf32, #ternary>
}

// Small floats are encoded on the bits of f32; no conversion of arith is trusted with them.
// CHECK-LABEL: func.func @float_codes(
// CHECK: %[[LARGEST:.+]] = arith.constant 6.000000e+00 : f32
// CHECK: arith.minnumf %{{.+}}, %[[LARGEST]] : f32
// CHECK: math.roundeven
// CHECK-NOT: f4E2M1FN
// CHECK: return
func.func @float_codes(%x: tensor<2x2xf32>, %s: tensor<1x1xf32>) -> !quench.qtensor<2x2xf32, #fp4> {
  %q = quench.quantize %x scale(%s) : tensor<2x2xf32>, tensor<1x1xf32> to !quench.qtensor<2x2xf32, #fp4>
  return %q : !quench.qtensor<2x2xf32, #fp4>
}

// A scale is stored before it is used: rounded to f16, between its smallest and its largest value.
// CHECK-LABEL: func.func @scale_in_half(
// CHECK: arith.constant 6.550400e+04 : f32
// CHECK: arith.truncf %{{.+}} : f32 to f16
// CHECK: arith.extf %{{.+}} : f16 to f32
// CHECK: arith.constant 5.96046448E-8 : f32
func.func @scale_in_half(%x: tensor<2x2xf32>) -> !quench.qtensor<2x2xf32, #half> {
  %q = quench.quantize %x : tensor<2x2xf32> to !quench.qtensor<2x2xf32, #half>
  return %q : !quench.qtensor<2x2xf32, #half>
}

// Two comparisons find one of four values.
// CHECK-LABEL: func.func @codebook_search(
// CHECK: %[[MIDPOINTS:.+]] = arith.constant dense<[-6.250000e-01, 0.000000e+00, 1.125000e+00]> : tensor<3xf64>
// CHECK-COUNT-2: tensor.extract %[[MIDPOINTS]]
// CHECK-NOT: tensor.extract
// CHECK: return
func.func @codebook_search(%x: tensor<2x2xf32>, %s: tensor<1x1xf32>) -> !quench.qtensor<2x2xf32, #book> {
  %q = quench.quantize %x scale(%s) : tensor<2x2xf32>, tensor<1x1xf32> to !quench.qtensor<2x2xf32, #book>
  return %q : !quench.qtensor<2x2xf32, #book>
}

// Floats and codebooks are decoded by a table.
// CHECK-LABEL: func.func @dequantize_by_table(
// CHECK: %[[TABLE:.+]] = arith.constant dense<[-1.000000e+00, -2.500000e-01, 2.500000e-01, 2.000000e+00]> : tensor<4xf32>
// CHECK: %[[ROW:.+]] = arith.index_castui %{{.+}} : i8 to index
// CHECK: %[[NUMBER:.+]] = tensor.extract %[[TABLE]][%[[ROW]]] : tensor<4xf32>
// CHECK: arith.mulf %[[NUMBER]],
func.func @dequantize_by_table(%q: !quench.qtensor<2x2xf32, #book>) -> tensor<2x2xf32> {
  %x = quench.dequantize %q : !quench.qtensor<2x2xf32, #book> to tensor<2x2xf32>
  return %x : tensor<2x2xf32>
}

// The result is computed in f32 and rounded once to the type that the codes express.
// CHECK-LABEL: func.func @fake_quantize_of_half(
// CHECK: arith.extf %{{.+}} : f16 to f32
// CHECK: arith.divf
// CHECK: arith.extsi %{{.+}} : i8 to i32
// CHECK: arith.sitofp
// CHECK: %[[NUMBER:.+]] = arith.mulf %{{.+}}, %{{.+}} : f32
// CHECK: arith.truncf %[[NUMBER]] : f32 to f16
func.func @fake_quantize_of_half(%x: tensor<2x2xf16>, %s: tensor<1x1xf32>) -> tensor<2x2xf16> {
  %y = quench.fake_quantize %x scale(%s) : tensor<2x2xf16>, tensor<1x1xf32> as #tensor
  return %y : tensor<2x2xf16>
}
