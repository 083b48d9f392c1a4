// RUN: quench-opt %s --split-input-file --verify-diagnostics

// Codebooks.

// expected-error@+1 {{a codebook has 2, 4, 8, ... 256 values, found 3}}
func.func private @codebook_size() attributes {a = #quench.codebook<[1.0, 2.0, 3.0]>}

// -----

// expected-error@+1 {{a codebook has 2, 4, 8, ... 256 values, found 0}}
func.func private @codebook_empty() attributes {a = #quench.codebook<[]>}

// -----

// expected-error@+1 {{codebook values must ascend, value 1 does not}}
func.func private @codebook_order() attributes {a = #quench.codebook<[1.0, 1.0]>}

// -----

// expected-error@+1 {{codebook value 1 is not finite}}
func.func private @codebook_finite() attributes {a = #quench.codebook<[1.0, 1.0e40]>}

// -----

// Schemes.

// expected-error@+1 {{expected an integer element of 1 to 8 or 16 bits, found 'i9'}}
func.func private @scheme_c1_width() attributes {a = #quench.scheme<i9, block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an integer element of 1 to 8 or 16 bits, found 'i0'}}
func.func private @scheme_c1_no_bits() attributes {a = #quench.scheme<i0, block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an integer element of 1 to 8 or 16 bits, found 'i16777215'}}
func.func private @scheme_c1_all_bits() attributes {a = #quench.scheme<i16777215, range = [-1, 1], block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an integer, a float of at most 16 bits or a codebook as element, found f32}}
func.func private @scheme_c1_float() attributes {a = #quench.scheme<f32, block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an integer, a float of at most 16 bits or a codebook as element, found f8E8M0FNU}}
func.func private @scheme_c1_no_zero() attributes {a = #quench.scheme<f8E8M0FNU, block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an integer, a float of at most 16 bits or a codebook as element, found "i8"}}
func.func private @scheme_c1_attribute() attributes {a = #quench.scheme<"i8", block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an ascending range inside [-128, 127], found [5, 5]}}
func.func private @scheme_c2_order() attributes {a = #quench.scheme<i8, range = [5, 5], block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected an ascending range inside [-128, 127], found [-129, 127]}}
func.func private @scheme_c2_inside() attributes {a = #quench.scheme<i8, range = [-129, 127], block = [1], scale = f32>}

// -----

// expected-error@+1 {{without a zero point a range has to include 0, found [3, 7]}}
func.func private @scheme_c2_zero() attributes {a = #quench.scheme<i4, range = [3, 7], block = [1], scale = f32>}

// -----

// expected-error@+1 {{only integers have a range}}
func.func private @scheme_c2_integers() attributes {a = #quench.scheme<f16, range = [0, 1], block = [1], scale = f32>}

// -----

// expected-error@+1 {{a range has two bounds, found 1}}
func.func private @scheme_c2_bounds() attributes {a = #quench.scheme<i8, range = [1], block = [1], scale = f32>}

// -----

// expected-error@+1 {{expected a positive block extent or '*', found 0}}
func.func private @scheme_c3_zero() attributes {a = #quench.scheme<i8, block = [0], scale = f32>}

// -----

// expected-error@+1 {{expected a positive block extent or '*', found -1}}
func.func private @scheme_c3_negative() attributes {a = #quench.scheme<i8, block = [-1], scale = f32>}

// -----

// expected-error@+1 {{expected f32, f16, bf16, f8E8M0FNU or a scheme as scale, found f8E4M3FN}}
func.func private @scheme_c4_type() attributes {a = #quench.scheme<i8, block = [1], scale = f8E4M3FN>}

// -----

// expected-error@+1 {{expected f32, f16, bf16, f8E8M0FNU or a scheme as scale, found #quench.codebook<[1.000000e+00, 2.000000e+00]>}}
func.func private @scheme_c4_attribute() attributes {a = #quench.scheme<i8, block = [1], scale = #quench.codebook<[1.0, 2.0]>>}

// -----

// expected-error@+1 {{the scheme of the scales must have 1 block extents and no zero point}}
func.func private @scheme_c4_zero_point() attributes {a = #quench.scheme<i8, block = [1], scale = #quench.scheme<ui8, block = [1], scale = f32, zero_point>>}

// -----

// expected-error@+1 {{the scheme of the scales must have 1 block extents and no zero point}}
func.func private @scheme_c4_rank() attributes {a = #quench.scheme<i8, block = [1], scale = #quench.scheme<ui8, block = [1, 1], scale = f32>>}

// -----

// expected-error@+1 {{only integer elements have a zero point}}
func.func private @scheme_c5_float() attributes {a = #quench.scheme<f16, block = [1], scale = f32, zero_point>}

// -----

// expected-error@+1 {{only integer elements have a zero point}}
func.func private @scheme_c5_codebook() attributes {a = #quench.scheme<#quench.codebook<[1.0, 2.0]>, block = [1], scale = f32, zero_point>}

// -----

// expected-error@+1 {{scales that are powers of two go without a zero point}}
func.func private @scheme_c5_power_of_two() attributes {a = #quench.scheme<i8, block = [1], scale = f8E8M0FNU, zero_point>}

// -----

// expected-error@+1 {{expected f32, f16, bf16 or a scheme as zero point, found f8E4M3FN}}
func.func private @scheme_c6_type() attributes {a = #quench.scheme<ui4, block = [1], scale = f32, zero_point = f8E4M3FN>}

// -----

// expected-error@+1 {{expected f32, f16, bf16 or a scheme as zero point, found "f32"}}
func.func private @scheme_c6_attribute() attributes {a = #quench.scheme<ui4, block = [1], scale = f32, zero_point = "f32">}

// -----

// expected-error@+1 {{the scheme of the zero points must have 1 block extents}}
func.func private @scheme_c6_rank() attributes {a = #quench.scheme<ui4, block = [1], scale = f32, zero_point = #quench.scheme<ui6, block = [1, 1], scale = f32>>}

// -----

// expected-error@+1 {{the scheme of the zero points needs negative codes, as the element has}}
func.func private @scheme_c6_sign() attributes {a = #quench.scheme<i4, block = [1], scale = f32, zero_point = #quench.scheme<ui6, block = [1], scale = f32>>}

// -----

// expected-error@+1 {{expected 'zero_point'}}
func.func private @scheme_syntax() attributes {a = #quench.scheme<i8, block = [1], scale = f32, asymmetric>}

// -----

// Quantized tensors.

// expected-error@+1 {{expected f32, f16 or bf16 as expressed type, found 'f64'}}
func.func private @qtensor_c1_wide(!quench.qtensor<4xf64, #quench.scheme<i8, block = [1], scale = f32>>)

// -----

// expected-error@+1 {{expected f32, f16 or bf16 as expressed type, found 'vector<4xf32>'}}
func.func private @qtensor_c1_vector(!quench.qtensor<4xvector<4xf32>, #quench.scheme<i8, block = [1], scale = f32>>)

// -----

// expected-error@+1 {{expected f32, f16 or bf16 as expressed type, found 'tensor<4xf32>'}}
func.func private @qtensor_c1_tensor(!quench.qtensor<4xtensor<4xf32>, #quench.scheme<i8, block = [1], scale = f32>>)

// -----

// expected-error@+1 {{a tensor of rank 1 needs 1 block extents, the scheme has 2}}
func.func private @qtensor_c2(!quench.qtensor<4xf32, #quench.scheme<i8, block = [1, 2], scale = f32>>)

// -----

// expected-error@+1 {{a tensor of rank 0 needs 0 block extents, the scheme has 1}}
func.func private @qtensor_c2_rank_zero(!quench.qtensor<f32, #quench.scheme<i8, block = [1], scale = f32>>)

// -----

// expected-error@+1 {{expected non-function type}}
func.func private @qtensor_unranked(!quench.qtensor<*xf32, #quench.scheme<i8, block = [1], scale = f32>>)

// -----

// expected-error@+1 {{invalid kind of attribute specified}}
func.func private @qtensor_scheme(!quench.qtensor<4xf32, i8>)

// -----

// Quantize and dequantize.

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c1(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected a result that expresses 'tensor<4x8xf32>', found '!quench.qtensor<?x8xf32, #quench.scheme<i8, block = [1, *], scale = f32>>'}}
  %q = quench.quantize %x : tensor<4x8xf32> to !quench.qtensor<?x8xf32, #a8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c2(%x: tensor<4x8xf32>, %s: tensor<1x1xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected a scale of type 'tensor<4x1xf32>', found 'tensor<1x1xf32>'}}
  %q = quench.quantize %x scale(%s) : tensor<4x8xf32>, tensor<1x1xf32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#u8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
func.func @quantize_c3_missing(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected a zero point, the scheme is asymmetric}}
  %q = quench.quantize %x scale(%s) : tensor<4x8xf32>, tensor<4x1xf32> to !quench.qtensor<4x8xf32, #u8>
  return
}

// -----

#u8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
func.func @quantize_c3_alone(%x: tensor<4x8xf32>, %z: tensor<4x1xi32>) {
  // expected-error@+1 {{'quench.quantize' op expected no zero point: the scheme has none, or no scale is given}}
  %q = "quench.quantize"(%x, %z) <{operandSegmentSizes = array<i32: 1, 0, 1>}>
      : (tensor<4x8xf32>, tensor<4x1xi32>) -> !quench.qtensor<4x8xf32, #u8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c3_symmetric(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>, %z: tensor<4x1xi32>) {
  // expected-error@+1 {{'quench.quantize' op expected no zero point: the scheme has none, or no scale is given}}
  %q = quench.quantize %x scale(%s) zero_point(%z)
      : tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x1xi32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#u8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
func.func @quantize_c3_shape(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>, %z: tensor<1x1xi32>) {
  // expected-error@+1 {{'quench.quantize' op expected a zero point of type 'tensor<4x1xi32>', found 'tensor<1x1xi32>'}}
  %q = quench.quantize %x scale(%s) zero_point(%z)
      : tensor<4x8xf32>, tensor<4x1xf32>, tensor<1x1xi32> to !quench.qtensor<4x8xf32, #u8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @dequantize_c1(%q: !quench.qtensor<4x8xf32, #a8>) {
  // expected-error@+1 {{'quench.dequantize' op expected a result of type 'tensor<4x8xf32>', found 'tensor<4x8xf16>'}}
  %x = quench.dequantize %q : !quench.qtensor<4x8xf32, #a8> to tensor<4x8xf16>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @fake_quantize_c1(%x: tensor<8xf32>) {
  // expected-error@+1 {{'quench.fake_quantize' op a tensor of rank 1 needs 1 block extents, the scheme has 2}}
  %y = quench.fake_quantize %x : tensor<8xf32> as #a8
  return
}

// -----

#a8 = #quench.scheme<i8, block = [*], scale = f32>
func.func @fake_quantize_c1_encoding(%x: tensor<8xf32, "sparse">) {
  // expected-error@+1 {{'quench.fake_quantize' op expected a tensor without an encoding, found 'tensor<8xf32, "sparse">'}}
  %y = quench.fake_quantize %x : tensor<8xf32, "sparse"> as #a8
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @fake_quantize_c2(%x: tensor<4x8xf32>, %s: tensor<4x2xf32>) {
  // expected-error@+1 {{'quench.fake_quantize' op expected a scale of type 'tensor<4x1xf32>', found 'tensor<4x2xf32>'}}
  %y = quench.fake_quantize %x scale(%s) : tensor<4x8xf32>, tensor<4x2xf32> as #a8
  return
}

// -----

#u8 = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
func.func @fake_quantize_c3(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) {
  // expected-error@+1 {{'quench.fake_quantize' op expected a zero point, the scheme is asymmetric}}
  %y = quench.fake_quantize %x scale(%s) : tensor<4x8xf32>, tensor<4x1xf32> as #u8
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c4_zero(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected a clip above 0 and at most 1, found 0.000000e+00 : f64}}
  %q = quench.quantize %x clip 0.0 : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c4_nan(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected a clip above 0 and at most 1, found 0x7FF8000000000000 : f64}}
  %q = quench.quantize %x clip 0x7FF8000000000000 : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c4_given(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected no clip: the scale is given}}
  %q = quench.quantize %x scale(%s) clip 0.5 : tensor<4x8xf32>, tensor<4x1xf32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @quantize_c5_format(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected f8E8M0FNU scales that are not given for the rule 'ceil'}}
  %q = quench.quantize %x rule ceil : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #a8>
  return
}

// -----

#mx = #quench.scheme<i8, block = [1, *], scale = f8E8M0FNU>
func.func @fake_quantize_c5_given(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>) {
  // expected-error@+1 {{'quench.fake_quantize' op expected f8E8M0FNU scales that are not given for the rule 'ceil'}}
  %q = quench.fake_quantize %x scale(%s) rule ceil : tensor<4x8xf32>, tensor<4x1xf32> as #mx
  return
}

// -----

#mx = #quench.scheme<#quench.codebook<[-1.0, 1.0]>, block = [1, *], scale = f8E8M0FNU>
func.func @quantize_c5_codebook(%x: tensor<4x8xf32>) {
  // expected-error@+1 {{'quench.quantize' op expected an integer or float element for the rule 'even'}}
  %q = quench.quantize %x rule even : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #mx>
  return
}

// -----

#hqq = #quench.scheme<ui4, block = [1, 8], scale = f32, zero_point = f32>
func.func @quantize_c3_real(%x: tensor<4x8xf32>, %s: tensor<4x1xf32>, %z: tensor<4x1xi32>) {
  // expected-error@+1 {{'quench.quantize' op expected a zero point of type 'tensor<4x1xf32>', found 'tensor<4x1xi32>'}}
  %q = quench.quantize %x scale(%s) zero_point(%z) : tensor<4x8xf32>, tensor<4x1xf32>, tensor<4x1xi32>
      to !quench.qtensor<4x8xf32, #hqq>
  return
}
