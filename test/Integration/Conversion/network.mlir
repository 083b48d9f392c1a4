// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-nn-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// RMS norm with a gain, then SiLU.
// CHECK: [0.011297{{[0-9]*}}, -0.042693{{[0-9]*}}, 0.017039{{[0-9]*}}, -0.0055549{{[0-9]*}}, 6.6952{{[0-9]*}}, 0, 0, 0, -0, -0.26398{{[0-9]*}}]
// Rotary embedding with one head of size 4.
// CHECK: [1.3205{{[0-9]*}}, -4.3143{{[0-9]*}}, -2.8733{{[0-9]*}}, -1.1775{{[0-9]*}}, -0.18075{{[0-9]*}}, -6.2444{{[0-9]*}}, 0.98352{{[0-9]*}}, -5.0256{{[0-9]*}}, 0.37930{{[0-9]*}}, 0.73162{{[0-9]*}}, 0.92527{{[0-9]*}}, 0.68170{{[0-9]*}}]
// Cosines of large angles: tokens 4000 to 4002.
// CHECK: [-0.72994{{[0-9]*}}, -0.66693{{[0-9]*}}, 0.18075{{[0-9]*}}, -0.67435{{[0-9]*}}, 0.92527{{[0-9]*}}, -0.68170{{[0-9]*}}]
// Their sines.
// CHECK: [-0.68350{{[0-9]*}}, 0.74511{{[0-9]*}}, -0.98352{{[0-9]*}}, 0.73840{{[0-9]*}}, -0.37930{{[0-9]*}}, 0.73162{{[0-9]*}}]
// Rows of an f16 table, then a linear layer with f16 weights and a bias.
// CHECK: [2.5, 65503.5, -2, -0.5, 2.5, 65503.5, 12.75, -5.25]

func.func @test() -> (tensor<10xf32>, tensor<12xf32>, tensor<6xf32>, tensor<6xf32>, tensor<8xf32>) {
  %c3 = arith.constant 3 : index
  %x = arith.constant dense<[[1.0, -2.0, 3.0, 0.5, 100.0], [0.0, 0.0, 0.0, 0.0, -0.001]]> : tensor<2x5xf32>
  %g = arith.constant dense<[1.0, 2.0, 0.5, -1.0, 3.0]> : tensor<5xf32>
  %n = nn.rms_norm %x gain(%g : tensor<5xf32>) epsilon 1.0e-5 : tensor<2x5xf32>
  %m = nn.silu %n : tensor<2x5xf32>
  %norm = tensor.collapse_shape %m [[0, 1]] : tensor<2x5xf32> into tensor<10xf32>
  %f = arith.constant dense<[1.0, 1.0e-2]> : tensor<2xf32>
  %c4000 = arith.constant 4000 : index
  %cos, %sin = nn.rotary_table %f from %c4000 length %c3 : tensor<2xf32> -> tensor<3x2xf32>
  %ct = tensor.collapse_shape %cos [[0, 1]] : tensor<3x2xf32> into tensor<6xf32>
  %st = tensor.collapse_shape %sin [[0, 1]] : tensor<3x2xf32> into tensor<6xf32>
  %h = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]], [[-1.0, 0.5, 0.0, 8.0]], [[0.0, 0.0, 1.0, -1.0]]]> : tensor<3x1x4xf32>
  %r = nn.rotary_embedding %h, %cos, %sin : tensor<3x1x4xf32>, tensor<3x2xf32>
  %rope = tensor.collapse_shape %r [[0, 1, 2]] : tensor<3x1x4xf32> into tensor<12xf32>
  %table = arith.constant dense<[[1.5, -2.0, 3.0], [0.25, 6.0, -7.0], [0.0, 1.0, 65504.0]]> : tensor<3x3xf16>
  %tokens = arith.constant dense<[2, 0, 2, 1]> : tensor<4xi32>
  %td = tensor.cast %tokens : tensor<4xi32> to tensor<?xi32>
  %e16 = nn.embedding %table[%td] : tensor<3x3xf16>, tensor<?xi32> -> tensor<?x3xf16>
  %e = arith.extf %e16 : tensor<?x3xf16> to tensor<?x3xf32>
  %w = arith.constant dense<[[1.0, 2.0, 0.0], [-1.0, 0.5, 1.0]]> : tensor<2x3xf16>
  %b = arith.constant dense<[0.5, -1.0]> : tensor<2xf32>
  %l = nn.linear %e, %w bias(%b) : tensor<?x3xf32>, tensor<2x3xf16>, tensor<2xf32> -> tensor<?x2xf32>
  %ls = tensor.cast %l : tensor<?x2xf32> to tensor<4x2xf32>
  %linear = tensor.collapse_shape %ls [[0, 1]] : tensor<4x2xf32> into tensor<8xf32>
  return %norm, %rope, %ct, %st, %linear : tensor<10xf32>, tensor<12xf32>, tensor<6xf32>, tensor<6xf32>, tensor<8xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:5 = call @test() : () -> (tensor<10xf32>, tensor<12xf32>, tensor<6xf32>, tensor<6xf32>, tensor<8xf32>)
  %u0 = tensor.cast %r#0 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<12xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<8xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  return
}
