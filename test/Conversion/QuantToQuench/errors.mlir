// What has no scheme is an error at its place.
// RUN: quench-opt %s --split-input-file --verify-diagnostics --convert-quant-to-quench

func.func @blocks(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{has no scheme: expected one scale for the tensor or for each index of one axis, found '!quant.uniform<}}
  %q = quant.qcast %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i8:f32:{1:2}, {{1.0, 2.0}}>>
  %y = quant.dcast %q : tensor<2x4x!quant.uniform<i8:f32:{1:2}, {{1.0, 2.0}}>> to tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @wide_codes(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // expected-error@+1 {{has no scheme: }}
  %q = quant.qcast %x : tensor<2x4xf32> to tensor<2x4x!quant.uniform<i32:f32, 1.0>>
  %y = quant.dcast %q : tensor<2x4x!quant.uniform<i32:f32, 1.0>> to tensor<2x4xf32>
  return %y : tensor<2x4xf32>
}

// -----

func.func @scalar(%x: f32) -> f32 {
  // expected-error@+1 {{has no scheme: expected a tensor with at least one axis, found '!quant.uniform<i8:f32, 1.000000e+00>'}}
  %q = quant.qcast %x : f32 to !quant.uniform<i8:f32, 1.0>
  %y = quant.dcast %q : !quant.uniform<i8:f32, 1.0> to f32
  return %y : f32
}

// -----

// expected-error@+1 {{has no form in Quench: expected !quant.uniform values to be made by quant.qcast or quant.scast and read by quant.dcast}}
func.func @argument(%q: tensor<4x!quant.uniform<i8:f32, 1.0>>) -> tensor<4xf32> {
  %y = quant.dcast %q : tensor<4x!quant.uniform<i8:f32, 1.0>> to tensor<4xf32>
  return %y : tensor<4xf32>
}
