// What upstream's types cannot say is an error at its place.
// RUN: quench-opt %s --split-input-file --verify-diagnostics --convert-quench-to-quant

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @dynamic(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  // expected-error@+1 {{cannot be a !quant.uniform type: expected constant scales and zero points, found ones that are computed}}
  %q = quench.quantize %x : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #a8>
  %y = quench.dequantize %q : !quench.qtensor<1x4xf32, #a8> to tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

#w4 = #quench.scheme<i4, block = [1, 2], scale = f32>
func.func @groups(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %s = arith.constant dense<1.0> : tensor<1x2xf32>
  // expected-error@+1 {{cannot be a !quant.uniform type: expected one scale for the tensor or for each index of one axis, found #quench.scheme<i4, block = [1, 2], scale = f32>}}
  %q = quench.quantize %x scale(%s) : tensor<1x4xf32>, tensor<1x2xf32> to !quench.qtensor<1x4xf32, #w4>
  %y = quench.dequantize %q : !quench.qtensor<1x4xf32, #w4> to tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

#f8 = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>
func.func @floats(%x: tensor<1x4xf32>) -> tensor<1x4xf32> {
  %s = arith.constant dense<1.0> : tensor<1x1xf32>
  // expected-error@+1 {{cannot be a !quant.uniform type: expected integers without real zero points}}
  %q = quench.quantize %x scale(%s) : tensor<1x4xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #f8>
  %y = quench.dequantize %q : !quench.qtensor<1x4xf32, #f8> to tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}

// -----

#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @stored() -> tensor<2x4xf32> {
  // expected-error@+1 {{has no form on !quant.uniform types: expected codes to be made by quench.quantize or quench.assemble and read by quench.dequantize}}
  %q = quench.weight @w : !quench.qtensor<2x4xf32, #w8>
  %y = quench.dequantize %q : !quench.qtensor<2x4xf32, #w8> to tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

#w8 = #quench.scheme<i8, block = [1, *], scale = f32>
// expected-error@+1 {{has no form on !quant.uniform types}}
func.func @argument(%q: !quench.qtensor<2x4xf32, #w8>) -> tensor<2x4xf32> {
  %y = quench.dequantize %q : !quench.qtensor<2x4xf32, #w8> to tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}
