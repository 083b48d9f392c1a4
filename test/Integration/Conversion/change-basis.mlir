// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// Diagonal, and its inverse.
// CHECK: [0.5, 4, 0, 4]
// CHECK: [2, 1, 3, 4]
// Permutation: y[j] = x[sources[j]]; its inverse goes back.
// CHECK: [3, 4, 2, 1]
// CHECK: [4, 3, 1, 2]
// Sylvester's matrix of order 4, signs of NumPy's default_rng(3) in front, and back.
// CHECK: [5, -1, -2, 0]
// CHECK: [-4, 2, 3, 1]
// CHECK: [1, 2, 3, 4]
// Hadamard's matrix of order 12, which is not symmetric, and its transpose.
// CHECK: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
// Two blocks on two axes, and the first axis alone.
// CHECK: [5, -1, -2, 0, 6, 5, 8, 7]
// CHECK: [1, 2, 3, 4, 5, 6, 7, 8]
// Factors of a composition from the left.
// CHECK: [4, 0, 1.5, 2]

func.func @test() -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
                      tensor<12xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xf32>) {
  %x = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %0 = quench.change_basis %x by #quench.diagonal<dense<[0.5, 2.0, 0.0, 1.0]> : tensor<4xf32>> axes [0] : tensor<4xf32>
  %1 = quench.change_basis %x by #quench.diagonal<dense<[0.5, 2.0, 1.0, 1.0]> : tensor<4xf64>> axes [0] inverse : tensor<4xf32>
  %2 = quench.change_basis %x by #quench.permutation<[2, 3, 1, 0]> axes [0] : tensor<4xf32>
  %3 = quench.change_basis %x by #quench.permutation<[2, 3, 1, 0]> axes [0] inverse : tensor<4xf32>
  %4 = quench.change_basis %x by #quench.hadamard<4> axes [0] : tensor<4xf32>
  %5 = quench.change_basis %x by #quench.hadamard<4, seed = 3> axes [0] : tensor<4xf32>
  %6 = quench.change_basis %5 by #quench.hadamard<4, seed = 3> axes [0] transposed : tensor<4xf32>
  %y = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]> : tensor<12xf32>
  %a = quench.change_basis %y by #quench.hadamard<12, seed = 1> axes [0] : tensor<12xf32>
  %b = quench.change_basis %a by #quench.hadamard<12, seed = 1> axes [0] inverse : tensor<12xf32>
  %half = arith.constant dense<0.5> : tensor<12xf32>
  %c = arith.addf %b, %half : tensor<12xf32>
  %d = arith.fptosi %c : tensor<12xf32> to tensor<12xi32>
  %7 = arith.sitofp %d : tensor<12xi32> to tensor<12xf32>
  %z = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf32>
  %e = quench.change_basis %z by #quench.block_diagonal<[#quench.hadamard<4>, #quench.permutation<[1, 0, 3, 2]>]> axes [0, 1]
       : tensor<2x4xf32>
  %8 = tensor.collapse_shape %e [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>
  %f = quench.change_basis %z by #quench.permutation<[1, 0]> axes [0] : tensor<2x4xf32>
  %g = quench.change_basis %f by #quench.permutation<[1, 0]> axes [0] transposed : tensor<2x4xf32>
  %9 = tensor.collapse_shape %g [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>
  %10 = quench.change_basis %x by #quench.composed<[#quench.diagonal<dense<[2.0, 1.0, 0.5, 0.0]> : tensor<4xf32>>,
       inverse #quench.permutation<[3, 0, 2, 1]>, #quench.diagonal<dense<[2.0, 0.0, 1.0, 1.0]> : tensor<4xf32>>]> axes [0] : tensor<4xf32>
  return %0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<12xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:11 = call @test() : () -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<12xf32>, tensor<8xf32>, tensor<8xf32>, tensor<4xf32>)
  %u0 = tensor.cast %r#0 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  %u6 = tensor.cast %r#6 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u6) : (tensor<*xf32>) -> ()
  %u7 = tensor.cast %r#7 : tensor<12xf32> to tensor<*xf32>
  call @printMemrefF32(%u7) : (tensor<*xf32>) -> ()
  %u8 = tensor.cast %r#8 : tensor<8xf32> to tensor<*xf32>
  call @printMemrefF32(%u8) : (tensor<*xf32>) -> ()
  %u9 = tensor.cast %r#9 : tensor<8xf32> to tensor<*xf32>
  call @printMemrefF32(%u9) : (tensor<*xf32>) -> ()
  %u10 = tensor.cast %r#10 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u10) : (tensor<*xf32>) -> ()
  return
}
