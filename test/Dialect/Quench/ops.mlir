// RUN: quench-opt %s | quench-opt | FileCheck %s --strict-whitespace
// RUN: quench-opt %s --verify-roundtrip

// Schemes are printed once, in the order of their first use; ranges only where they are restricted.
// CHECK-DAG: #[[$W4:.+]] = #quench.scheme<i4, block = [1, 32], scale = f16>
// CHECK-DAG: #[[$U4:.+]] = #quench.scheme<ui4, block = [1, 32], scale = bf16, zero_point>
// CHECK-DAG: #[[$A8:.+]] = #quench.scheme<i8, block = [1, *], scale = f32>
// CHECK-DAG: #[[$T8:.+]] = #quench.scheme<i8, range = [-127, 127], block = [*, *], scale = f32>
// CHECK-DAG: #[[$MX:.+]] = #quench.scheme<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU>
// CHECK-DAG: #[[$FP8:.+]] = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>
// CHECK-DAG: #[[$NV:.+]] = #quench.scheme<f4E2M1FN, block = [1, 16], scale = #[[$FP8]]>
// CHECK-DAG: #[[$BOOK:.+]] = #quench.scheme<#quench.codebook<[-1.000000e+00, -2.500000e-01, 0.337915242, 1.000000e+00]>, block = [1, *], scale = f32>
// CHECK-DAG: #[[$SCALAR:.+]] = #quench.scheme<i16, block = [], scale = f32>
// CHECK-DAG: #[[$HQQ:.+]] = #quench.scheme<ui4, block = [1, 64], scale = f16, zero_point = bf16>
// CHECK-DAG: #[[$SIX:.+]] = #quench.scheme<ui6, block = [1, 8], scale = f16>
// CHECK-DAG: #[[$Q4K:.+]] = #quench.scheme<ui4, block = [1, 32], scale = #[[$SIX]], zero_point = #[[$SIX]]>
// CHECK-DAG: #[[$HUGE:.+]] = #quench.scheme<ui1, block = [9223372036854775807, 1], scale = f32>
#w4 = #quench.scheme<i4, range = [-8, 7], block = [1, 32], scale = f16>
#u4 = #quench.scheme<ui4, block = [1, 32], scale = bf16, zero_point>
#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#t8 = #quench.scheme<i8, range = [-127, 127], block = [*, *], scale = f32>
#mxfp4 = #quench.scheme<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU>
#nvfp4 = #quench.scheme<f4E2M1FN, block = [1, 16], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>>
#book = #quench.scheme<#quench.codebook<[-1.0, -0.25, 0.33791524, 1.0]>, block = [1, *], scale = f32>
#scalar = #quench.scheme<i16, block = [], scale = f32>
#hqq = #quench.scheme<ui4, block = [1, 64], scale = f16, zero_point = bf16>
#six = #quench.scheme<ui6, block = [1, 8], scale = f16>
#q4k = #quench.scheme<ui4, block = [1, 32], scale = #six, zero_point = #six>
#huge = #quench.scheme<ui1, block = [9223372036854775807, 1], scale = f32>

// CHECK-LABEL: func.func @weight_keys_are_bare_where_they_can_be
func.func @weight_keys_are_bare_where_they_can_be() {
  // CHECK: = quench.weight @model.layers.0.mlp.up_proj.weight : tensor<768x256xf32>
  %a = quench.weight @model.layers.0.mlp.up_proj.weight : tensor<768x256xf32>
  // CHECK: = quench.weight @"a name" : tensor<4xui8>
  %b = quench.weight @"a name" : tensor<4xui8>
  return
}

// CHECK-LABEL: func.func @weights_take_every_kind_of_scheme
func.func @weights_take_every_kind_of_scheme() {
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xf32, #[[$W4]]>
  %a = quench.weight @w : !quench.qtensor<768x256xf32, #w4>
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xf16, #[[$MX]]>
  %b = quench.weight @w : !quench.qtensor<768x256xf16, #mxfp4>
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xbf16, #[[$NV]]>
  %c = quench.weight @w : !quench.qtensor<768x256xbf16, #nvfp4>
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xf32, #[[$BOOK]]>
  %d = quench.weight @w : !quench.qtensor<768x256xf32, #book>
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xf32, #[[$HQQ]]>
  %e = quench.weight @w : !quench.qtensor<768x256xf32, #hqq>
  // CHECK: = quench.weight @w : !quench.qtensor<768x256xf32, #[[$Q4K]]>
  %f = quench.weight @w : !quench.qtensor<768x256xf32, #q4k>
  return
}

// CHECK-LABEL: func.func @scales_are_computed_in_several_ways
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>, %[[S:.+]]: tensor<?x4xf32>, %[[Z:.+]]: tensor<?x4xf32>)
func.func @scales_are_computed_in_several_ways(%x: tensor<?x256xf32>, %s: tensor<?x4xf32>, %z: tensor<?x4xf32>) {
  // CHECK: = quench.quantize %[[X]] clip 9.000000e-01 : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #[[$A8]]>
  %a = quench.quantize %x clip 9.0e-1 : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
  // CHECK: = quench.quantize %[[X]] rule rceil : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #[[$MX]]>
  %b = quench.quantize %x rule rceil : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #mxfp4>
  // CHECK: = quench.fake_quantize %[[X]] clip 5.000000e-01 rule even : tensor<?x256xf32> as #[[$MX]]
  %c = quench.fake_quantize %x clip 0.5 rule even : tensor<?x256xf32> as #mxfp4
  // CHECK: = quench.quantize %[[X]] scale(%[[S]]) zero_point(%[[Z]]) : tensor<?x256xf32>, tensor<?x4xf32>, tensor<?x4xf32> to !quench.qtensor<?x256xf32, #[[$HQQ]]>
  %d = quench.quantize %x scale(%s) zero_point(%z)
      : tensor<?x256xf32>, tensor<?x4xf32>, tensor<?x4xf32> to !quench.qtensor<?x256xf32, #hqq>
  return
}

// CHECK-LABEL: func.func @shapes_may_be_empty_of_rank_zero_or_smaller_than_a_block
func.func @shapes_may_be_empty_of_rank_zero_or_smaller_than_a_block() {
  // CHECK: = quench.weight @w : !quench.qtensor<0x256xf32, #[[$U4]]>
  %a = quench.weight @w : !quench.qtensor<0x256xf32, #u4>
  // CHECK: = quench.weight @w : !quench.qtensor<f32, #[[$SCALAR]]>
  %b = quench.weight @w : !quench.qtensor<f32, #scalar>
  // CHECK: = quench.weight @w : !quench.qtensor<3x4611686018427387904xf32, #[[$HUGE]]>
  %c = quench.weight @w : !quench.qtensor<3x4611686018427387904xf32, #huge>
  return
}

// CHECK-LABEL: func.func @quantize_dynamic_and_static
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>, %[[S:.+]]: tensor<1x1xf32>, %[[GS:.+]]: tensor<?x8xf32>, %[[GZ:.+]]: tensor<?x8xi32>)
func.func @quantize_dynamic_and_static(%x: tensor<?x256xf32>, %s: tensor<1x1xf32>, %gs: tensor<?x8xf32>,
                                       %gz: tensor<?x8xi32>) -> tensor<?x256xf32> {
  // CHECK: = quench.quantize %[[X]] : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #[[$A8]]>
  %a = quench.quantize %x : tensor<?x256xf32> to !quench.qtensor<?x256xf32, #a8>
  // CHECK: = quench.quantize %[[X]] scale(%[[S]]) : tensor<?x256xf32>, tensor<1x1xf32> to !quench.qtensor<?x256xf32, #[[$T8]]>
  %b = quench.quantize %x scale(%s) : tensor<?x256xf32>, tensor<1x1xf32> to !quench.qtensor<?x256xf32, #t8>
  // CHECK: %[[Q:.+]] = quench.quantize %[[X]] scale(%[[GS]]) zero_point(%[[GZ]]) : tensor<?x256xf32>, tensor<?x8xf32>, tensor<?x8xi32> to !quench.qtensor<?x256xf32, #[[$U4]]>
  %c = quench.quantize %x scale(%gs) zero_point(%gz)
      : tensor<?x256xf32>, tensor<?x8xf32>, tensor<?x8xi32> to !quench.qtensor<?x256xf32, #u4>
  // CHECK: = quench.dequantize %[[Q]] : !quench.qtensor<?x256xf32, #[[$U4]]> to tensor<?x256xf32>
  %d = quench.dequantize %c : !quench.qtensor<?x256xf32, #u4> to tensor<?x256xf32>
  return %d : tensor<?x256xf32>
}

// CHECK-LABEL: func.func @fake_quantize_dynamic_and_static
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>, %[[S:.+]]: tensor<1x1xf32>, %[[GS:.+]]: tensor<?x8xf32>, %[[GZ:.+]]: tensor<?x8xi32>)
func.func @fake_quantize_dynamic_and_static(%x: tensor<?x256xf32>, %s: tensor<1x1xf32>, %gs: tensor<?x8xf32>,
                                            %gz: tensor<?x8xi32>) {
  // CHECK: = quench.fake_quantize %[[X]] : tensor<?x256xf32> as #[[$A8]]
  %a = quench.fake_quantize %x : tensor<?x256xf32> as #a8
  // CHECK: = quench.fake_quantize %[[X]] scale(%[[S]]) : tensor<?x256xf32>, tensor<1x1xf32> as #[[$T8]]
  %b = quench.fake_quantize %x scale(%s) : tensor<?x256xf32>, tensor<1x1xf32> as #t8
  // CHECK: = quench.fake_quantize %[[X]] scale(%[[GS]]) zero_point(%[[GZ]]) : tensor<?x256xf32>, tensor<?x8xf32>, tensor<?x8xi32> as #[[$U4]]
  %c = quench.fake_quantize %x scale(%gs) zero_point(%gz)
      : tensor<?x256xf32>, tensor<?x8xf32>, tensor<?x8xi32> as #u4
  return
}

// CHECK-LABEL: func.func @requantize
// CHECK-SAME: %[[X:.+]]: tensor<?x2xi32>)
func.func @requantize(%x: tensor<?x2xi32>) {
  // CHECK: = quench.requantize %[[X]] multiplier [1073741824] shift [31] rounding single output_zero_point -3 : tensor<?x2xi32> to tensor<?x2xi8>
  %a = quench.requantize %x multiplier [1073741824] shift [31] rounding single output_zero_point -3
      : tensor<?x2xi32> to tensor<?x2xi8>
  // CHECK: = quench.requantize %[[X]] multiplier [1073741824, 0] shift [2, 62] rounding double input_zero_point -2147483648 : tensor<?x2xi32> to tensor<?x2xi16>
  %b = quench.requantize %x multiplier [1073741824, 0] shift [2, 62] rounding double input_zero_point -2147483648
      : tensor<?x2xi32> to tensor<?x2xi16>
  return
}

// CHECK-LABEL: func.func @observe
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>)
func.func @observe(%x: tensor<?x256xf32>) {
  // CHECK: quench.observe %[[X]] as "layers.0.attn_in" : tensor<?x256xf32>
  quench.observe %x as "layers.0.attn_in" : tensor<?x256xf32>
  // CHECK: quench.observe %[[X]] as "layers.0.attn_in" range [-3.500000e+00, 4.250000e+00] {layer = 0 : i64} : tensor<?x256xf32>
  quench.observe %x as "layers.0.attn_in" range [-3.5, 4.25] {layer = 0} : tensor<?x256xf32>
  // As many digits as it takes to read the same float.
  // CHECK: quench.observe %[[X]] as "layers.0.attn_in" range [-0.333333343, 1.000000e-01] : tensor<?x256xf32>
  quench.observe %x as "layers.0.attn_in" range [-0.333333343, 0.1] : tensor<?x256xf32>
  return
}

// CHECK-LABEL: func.func @parts
// CHECK-SAME: %[[C:.+]]: tensor<4x64xui4>, %[[S:.+]]: tensor<4x2xf32>, %[[Z:.+]]: tensor<4x2xi32>, %[[F:.+]]: tensor<4x64xf4E2M1FN>)
func.func @parts(%c: tensor<4x64xui4>, %s: tensor<4x2xf32>, %z: tensor<4x2xi32>, %f: tensor<4x64xf4E2M1FN>) {
  // CHECK: %[[A:.+]] = quench.assemble %[[C]], %[[S]], %[[Z]] : tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32> to !quench.qtensor<4x64xf32, #[[$U4]]>
  %a = quench.assemble %c, %s, %z : tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
      to !quench.qtensor<4x64xf32, #u4>
  // CHECK: %{{.+}}, %{{.+}}, %{{.+}} = quench.disassemble %[[A]] : !quench.qtensor<4x64xf32, #[[$U4]]> to tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
  %codes, %scales, %zeroPoints = quench.disassemble %a : !quench.qtensor<4x64xf32, #u4>
      to tensor<4x64xui4>, tensor<4x2xf32>, tensor<4x2xi32>
  // CHECK: %[[B:.+]] = quench.assemble %[[F]], %[[S]] : tensor<4x64xf4E2M1FN>, tensor<4x2xf32> to !quench.qtensor<4x64xf32, #[[$MX]]>
  %b = quench.assemble %f, %s : tensor<4x64xf4E2M1FN>, tensor<4x2xf32> to !quench.qtensor<4x64xf32, #mxfp4>
  // CHECK: %{{.+}}, %{{.+}} = quench.disassemble %[[B]] : !quench.qtensor<4x64xf32, #[[$MX]]> to tensor<4x64xf4E2M1FN>, tensor<4x2xf32>
  %floats, %floatScales = quench.disassemble %b : !quench.qtensor<4x64xf32, #mxfp4>
      to tensor<4x64xf4E2M1FN>, tensor<4x2xf32>
  return
}

// CHECK-LABEL: func.func @contract_float_codes
func.func @contract_float_codes(%x: !quench.qtensor<?x256xf32, #f8>, %w: !quench.qtensor<768x256xf32, #f8>) -> tensor<?x768xf32> {
  // CHECK: = quench.contract %{{.+}}, %{{.+}} accumulator f32 by <float_codes, container = f8E4M3FN, product = "mma.m16n8k32.e4m3"> :
  %y = quench.contract %x, %w accumulator f32 by <float_codes, container = f8E4M3FN, product = "mma.m16n8k32.e4m3">
    : !quench.qtensor<?x256xf32, #f8>, !quench.qtensor<768x256xf32, #f8> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}

// CHECK-LABEL: func.func @contract_integer_and_mixed
// CHECK-SAME: %[[X:.+]]: !quench.qtensor<?x256xf32, #[[$A8]]>, %[[W:.+]]: !quench.qtensor<768x256xf32, #[[$W4]]>, %[[B:.+]]: tensor<768xf32>, %[[F:.+]]: tensor<?x256xf32>)
func.func @contract_integer_and_mixed(%x: !quench.qtensor<?x256xf32, #a8>, %w: !quench.qtensor<768x256xf32, #w4>,
                                      %b: tensor<768xf32>, %f: tensor<?x256xf32>) {
  // CHECK: = quench.contract %[[X]], %[[W]] accumulator i32 by <codes, container = i4, product = "vpdpbusd"> : !quench.qtensor<?x256xf32, #[[$A8]]>, !quench.qtensor<768x256xf32, #[[$W4]]> -> tensor<?x768xf32>
  %y = quench.contract %x, %w accumulator i32 by <codes, container = i4, product = "vpdpbusd">
      : !quench.qtensor<?x256xf32, #a8>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
  // CHECK: = quench.contract %[[F]], %[[W]] bias(%[[B]] : tensor<768xf32>) accumulator f32 : tensor<?x256xf32>, !quench.qtensor<768x256xf32, #[[$W4]]> -> tensor<?x768xf32>
  %z = quench.contract %f, %w bias(%b : tensor<768xf32>) accumulator f32
      : tensor<?x256xf32>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
  return
}

// CHECK-LABEL: func.func @contract_short_floats
// CHECK-SAME: %[[X:.+]]: tensor<?x256xbf16>, %[[W:.+]]: !quench.qtensor<768x256xf32, #[[$W4]]>)
func.func @contract_short_floats(%x: tensor<?x256xbf16>, %w: !quench.qtensor<768x256xf32, #w4>) {
  // CHECK: = quench.contract %[[X]], %[[W]] accumulator f32 by <short_floats, container = i4, product = "vdpbf16ps"> : tensor<?x256xbf16>, !quench.qtensor<768x256xf32, #[[$W4]]> -> tensor<?x768xf32>
  %y = quench.contract %x, %w accumulator f32 by <short_floats, container = i4, product = "vdpbf16ps">
      : tensor<?x256xbf16>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
  return
}

// CHECK-LABEL: func.func @overlay
// CHECK-SAME: %[[W:.+]]: tensor<768x256xf32>, %[[I:.+]]: tensor<1966xi32>, %[[V:.+]]: tensor<1966xf16>)
func.func @overlay(%w: tensor<768x256xf32>, %i: tensor<1966xi32>, %v: tensor<1966xf16>) {
  // CHECK: = quench.overlay %[[W]] at %[[I]] with %[[V]] : tensor<768x256xf32>, tensor<1966xi32>, tensor<1966xf16>
  %o = quench.overlay %w at %i with %v : tensor<768x256xf32>, tensor<1966xi32>, tensor<1966xf16>
  return
}

// CHECK-LABEL: func.func @split_outliers
// CHECK-SAME: %[[X:.+]]: tensor<?x256xf32>)
func.func @split_outliers(%x: tensor<?x256xf32>) {
  // CHECK: %{{.+}}, %{{.+}} = quench.split_outliers %[[X]] threshold 6.000000e+00 : tensor<?x256xf32>
  %d, %o = quench.split_outliers %x threshold 6.0 : tensor<?x256xf32>
  return
}
