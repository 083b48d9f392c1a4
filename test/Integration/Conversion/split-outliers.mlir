// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The evaluator and the compiled code print the same numbers. Of three channels the second reaches 6 in the second row, the
// third in magnitude in the first; a channel that does is taken out of all rows.
// CHECK: [1, 0, 0, 5.5, 0, 0]
// CHECK: [0, 2, -7, 0, 6, 0.5]
// The threshold is compared exactly: the f32 next to 0.1 is above it, the one before is not.
// CHECK: [0, {{0.1|0.099999994}}]
// CHECK: [{{0.1|0.100000001}}, 0]
// What is not a number reaches nothing.
// CHECK: [nan, 1]
// CHECK: [0, 0]

func.func @test() -> (tensor<6xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %x = arith.constant dense<[[1.0, 2.0, -7.0], [5.5, 6.0, 0.5]]> : tensor<2x3xf32>
  %d, %o = quench.split_outliers %x threshold 6.0 : tensor<2x3xf32>
  %y = arith.constant dense<[0x3DCCCCCD, 0x3DCCCCCC]> : tensor<2xf32>
  %e, %p = quench.split_outliers %y threshold 0.1 : tensor<2xf32>
  %z = arith.constant dense<[0x7FC00000, 1.0]> : tensor<2xf32>
  %f, %q = quench.split_outliers %z threshold 2.0 : tensor<2xf32>
  %u = tensor.collapse_shape %d [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %v = tensor.collapse_shape %o [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  return %u, %v, %e, %p, %f, %q : tensor<6xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)
func.func @main() {
  %r:6 = call @test() : () -> (tensor<6xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>)
  %u0 = tensor.cast %r#0 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  return
}
