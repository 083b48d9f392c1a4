// RUN: %python %S/../Transforms/Inputs/make_store.py write %t.safetensors up.weight=2x6 bad.weight=2x2:nan
// RUN: quench-opt %s --quench-pack-weights=weights=%t.safetensors --split-input-file --verify-diagnostics

func.func @missing() -> tensor<2x6xf32> {
  // expected-error-re@+1 {{'quench.weight' op {{.*}}down.weight}}
  %w = quench.weight @down.weight : tensor<2x6xf32>
  return %w : tensor<2x6xf32>
}

// -----

func.func @wrong_shape() -> tensor<6x2xf32> {
  // expected-error-re@+1 {{'quench.weight' op {{.*}}tensor 'up.weight': expected shape [6, 2], found [2, 6]}}
  %w = quench.weight @up.weight : tensor<6x2xf32>
  return %w : tensor<6x2xf32>
}

// -----

func.func @not_finite() -> tensor<8xf32> {
  // expected-error-re@+1 {{'quench.packed_weight' op {{.*}}tensor 'bad.weight': expected finite values, found nan at [1, 0]}}
  %w = quench.packed_weight codes @bad.weight of tensor<2x2xf32> in <lanes = 4, container = f32> -> tensor<8xf32>
  return %w : tensor<8xf32>
}

// -----

func.func @wrong_size() -> tensor<23xf32> {
  // expected-error@+1 {{'quench.packed_weight' op expected a result of 96 bytes, found 'tensor<23xf32>'}}
  %w = quench.packed_weight codes @up.weight of tensor<2x6xf32> in <lanes = 4, container = f32> -> tensor<23xf32>
  return %w : tensor<23xf32>
}

// -----

// Quantized weights are packed for a kernel or expanded first.
func.func @not_expanded() -> !quench.qtensor<2x6xf32, #quench.scheme<i8, block = [1, *], scale = f32>> {
  // expected-error@+1 {{'quench.weight' op expected a plain tensor; run convert-quench-to-linalg first}}
  %w = quench.weight @up.weight : !quench.qtensor<2x6xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
  return %w : !quench.qtensor<2x6xf32, #quench.scheme<i8, block = [1, *], scale = f32>>
}
