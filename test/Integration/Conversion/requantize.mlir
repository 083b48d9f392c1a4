// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// Half: ties go toward plus infinity with single rounding.
// CHECK: [1, 0, 2, -1, 32767, -32768]
// 2^-33 * 2^30 = 1/8 in two steps: half up at 2^-31, then half away from zero.
// CHECK: [2, -2, 2, -1, 2, -2]
// The same ratio in one step differs at -12 and 11.
// CHECK: [2, -1, 1, -1, 2, -2]
// A multiplier and a shift for each channel; zero points before and after; i8 saturates.
// CHECK: [0, 0, 49, -15, 127, -128]
// The widest difference there is, times the largest multiplier, does not wrap.
// CHECK: [-2, 0]

func.func @test() -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<2xf32>) {
  %x0 = arith.constant dense<[1, -1, 3, -3, 2147483647, -2147483648]> : tensor<6xi32>
  %y0 = quench.requantize %x0 multiplier [1073741824] shift [31] rounding single : tensor<6xi32> to tensor<6xi16>
  %r0 = arith.sitofp %y0 : tensor<6xi16> to tensor<6xf32>
  %x1 = arith.constant dense<[12, -12, 11, -11, 13, -13]> : tensor<6xi32>
  %y1 = quench.requantize %x1 multiplier [1073741824] shift [33] rounding double : tensor<6xi32> to tensor<6xi8>
  %r1 = arith.sitofp %y1 : tensor<6xi8> to tensor<6xf32>
  %y2 = quench.requantize %x1 multiplier [1073741824] shift [33] rounding single : tensor<6xi32> to tensor<6xi8>
  %r2 = arith.sitofp %y2 : tensor<6xi8> to tensor<6xf32>
  %x3 = arith.constant dense<[[10, 20, 30], [-10, 1000, -1000]]> : tensor<2x3xi32>
  %y3 = quench.requantize %x3 multiplier [1610612736, 1073741824, 2147483647] shift [31, 32, 30] rounding double
        input_zero_point 3 output_zero_point -5 : tensor<2x3xi32> to tensor<2x3xi8>
  %f3 = arith.sitofp %y3 : tensor<2x3xi8> to tensor<2x3xf32>
  %r3 = tensor.collapse_shape %f3 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %x4 = arith.constant dense<[-2147483648, 2147483647]> : tensor<2xi32>
  %y4 = quench.requantize %x4 multiplier [2147483647] shift [62] rounding single input_zero_point 2147483647
        : tensor<2xi32> to tensor<2xi8>
  %r4 = arith.sitofp %y4 : tensor<2xi8> to tensor<2xf32>
  return %r0, %r1, %r2, %r3, %r4 : tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<2xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:5 = call @test() : () -> (tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<6xf32>, tensor<2xf32>)
  %u0 = tensor.cast %r#0 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  return
}
