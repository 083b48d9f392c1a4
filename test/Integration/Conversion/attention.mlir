// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-nn-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// Two query heads share a key head, head size 2, a cache of five rows.

// Prefill: three tokens at position 0. The first sees its own value alone.
// CHECK: [1, 2, 1, 2, 3, -4, 3, -4, -0.094553{{[0-9]*}}, 2.7297{{[0-9]*}}, -3.5294{{[0-9]*}}, 5.01966, 3.7297{{[0-9]*}}, -1.8108{{[0-9]*}}, 4.1768{{[0-9]*}}, -0.46942{{[0-9]*}}, -1.1666{{[0-9]*}}, 2.5833{{[0-9]*}}, -4.0454{{[0-9]*}}, 5.1631{{[0-9]*}}, -0.40430{{[0-9]*}}, 7.3338{{[0-9]*}}, 2.7849{{[0-9]*}}, 7.1844{{[0-9]*}}]
// Decode: one token at position 3, after its key and value are in the cache.
// CHECK: [0.25611{{[0-9]*}}, {{0[.]97369[0-9]*|0[.]9737}}, -0.91093{{[0-9]*}}, 2.0764{{[0-9]*}}, 2.0212{{[0-9]*}}, 0.57625{{[0-9]*}}, 1.9688{{[0-9]*}}, 0.83137{{[0-9]*}}]
// The cache afterwards: rows 0 to 3 written, row 4 as it was.
// CHECK: [1, 2, 3, -4, -5, 6, 7, 8, 0.5, -0.25, -1.5, 10, 1.5, 0.75, 2, 0.5, 0, 0, 0, 0]
// A future token that is infinite does not reach those before it.
// CHECK: [2, 3, inf, {{-?nan}}]

func.func @test() -> (tensor<24xf32>, tensor<8xf32>, tensor<20xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %cache = arith.constant dense<0.0> : tensor<5x2x2xf32>
  %q = arith.constant dense<[[[1.0, 0.5], [-1.0, 2.0], [0.25, 0.0], [0.0, -3.0]], [[2.0, -0.5], [1.0, 1.0], [-0.75, 1.5], [0.5, 0.5]], [[0.0, 0.0], [-2.0, 1.0], [3.0, 0.25], [1.5, -1.5]]]> : tensor<3x4x2xf32>
  %k = arith.constant dense<[[[0.5, -1.0], [1.0, 1.0]], [[-0.25, 2.0], [0.0, -1.5]], [[1.5, 0.75], [2.0, 0.5]]]> : tensor<3x2x2xf32>
  %v = arith.constant dense<[[[1.0, 2.0], [3.0, -4.0]], [[-5.0, 6.0], [7.0, 8.0]], [[0.5, -0.25], [-1.5, 10.0]]]> : tensor<3x2x2xf32>
  %keys = nn.cache_update %k into %cache at %c0 : tensor<3x2x2xf32> into tensor<5x2x2xf32>
  %values = nn.cache_update %v into %cache at %c0 : tensor<3x2x2xf32> into tensor<5x2x2xf32>
  %qd = tensor.cast %q : tensor<3x4x2xf32> to tensor<?x4x2xf32>
  %o = nn.attention %qd, %keys, %values at %c0 scale 5.0e-1 : tensor<?x4x2xf32>, tensor<5x2x2xf32>
  %os = tensor.cast %o : tensor<?x4x2xf32> to tensor<3x4x2xf32>
  %prefill = tensor.collapse_shape %os [[0, 1, 2]] : tensor<3x4x2xf32> into tensor<24xf32>
  %q1 = tensor.extract_slice %q[1, 0, 0] [1, 4, 2] [1, 1, 1] : tensor<3x4x2xf32> to tensor<1x4x2xf32>
  %k1 = tensor.extract_slice %v[1, 0, 0] [1, 2, 2] [1, 1, 1] : tensor<3x2x2xf32> to tensor<1x2x2xf32>
  %v1 = tensor.extract_slice %k[2, 0, 0] [1, 2, 2] [1, 1, 1] : tensor<3x2x2xf32> to tensor<1x2x2xf32>
  %keys1 = nn.cache_update %k1 into %keys at %c3 : tensor<1x2x2xf32> into tensor<5x2x2xf32>
  %values1 = nn.cache_update %v1 into %values at %c3 : tensor<1x2x2xf32> into tensor<5x2x2xf32>
  %o1 = nn.attention %q1, %keys1, %values1 at %c3 scale 5.0e-1 : tensor<1x4x2xf32>, tensor<5x2x2xf32>
  %decode = tensor.collapse_shape %o1 [[0, 1, 2]] : tensor<1x4x2xf32> into tensor<8xf32>
  %rows = tensor.collapse_shape %values1 [[0, 1, 2]] : tensor<5x2x2xf32> into tensor<20xf32>
  %qi = arith.constant dense<1.0> : tensor<2x1x2xf32>
  %vi = arith.constant dense<[[[2.0, 3.0]], [[0x7F800000, 0x7FC00000]]]> : tensor<2x1x2xf32>
  %oi = nn.attention %qi, %qi, %vi at %c0 scale 1.0 : tensor<2x1x2xf32>, tensor<2x1x2xf32>
  %hidden = tensor.collapse_shape %oi [[0, 1, 2]] : tensor<2x1x2xf32> into tensor<4xf32>
  return %prefill, %decode, %rows, %hidden : tensor<24xf32>, tensor<8xf32>, tensor<20xf32>, tensor<4xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:4 = call @test() : () -> (tensor<24xf32>, tensor<8xf32>, tensor<20xf32>, tensor<4xf32>)
  %u0 = tensor.cast %r#0 : tensor<24xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<8xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<20xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  return
}
