// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// i8 with scale 2: ties go to the even code, both bounds saturate, NaN takes the smallest code.
// CHECK: [0, 0, 4, -4, 254, -256, 254, -256, -256, 0]
// A zero point shifts before the clamp: ui4, scale 0.5, zero point 3.
// CHECK: [0, 1, -1.5, -1.5, 6, -1.5]
// Ternary codes have a restricted range.
// CHECK: [0, 0.5, -0.5, 0.5, -0.5]
// Groups of 4, the last of each row has 2 elements; 1.75 is f16(1.75) and -0.3 rounds on the way in.
// CHECK: [1, -2, 3, -8, 1.75, -0.25, 3.5, 0.5, 1.5, 2.5, -32, 4]
// Zero points of groups, one row after the other.
// CHECK: [1, -1, 2, 4, 0, -3]
// fake_quantize is both steps.
// CHECK: [0, 0.5, -7, 7, -1]

#i8 = #quench.scheme<i8, block = [*], scale = f32>
#u4 = #quench.scheme<ui4, block = [*], scale = f32, zero_point>
#ternary = #quench.scheme<i2, range = [-1, 1], block = [*], scale = f32>
#groups = #quench.scheme<i4, block = [1, 4], scale = f32>
#zeros = #quench.scheme<ui2, block = [1, 2], scale = f32, zero_point>

func.func @test() -> (tensor<10xf32>, tensor<6xf32>, tensor<5xf32>, tensor<12xf32>, tensor<6xf32>, tensor<5xf32>) {
  %x = arith.constant dense<[1.0, -1.0, 3.0, -3.0, 253.5, -257.0, 0x7F800000, 0xFF800000, 0x7FC00000, -0.0]> : tensor<10xf32>
  %two = arith.constant dense<2.0> : tensor<1xf32>
  %q0 = quench.quantize %x scale(%two) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #i8>
  %r0 = quench.dequantize %q0 : !quench.qtensor<10xf32, #i8> to tensor<10xf32>

  %x1 = arith.constant dense<[0.25, 0.75, -1.5, -9.0, 6.25, 0x7FC00000]> : tensor<6xf32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %three = arith.constant dense<3> : tensor<1xi32>
  %q1 = quench.quantize %x1 scale(%half) zero_point(%three) : tensor<6xf32>, tensor<1xf32>, tensor<1xi32>
        to !quench.qtensor<6xf32, #u4>
  %r1 = quench.dequantize %q1 : !quench.qtensor<6xf32, #u4> to tensor<6xf32>

  %x2 = arith.constant dense<[0.25, 0.26, -7.0, 7.0, -0.75]> : tensor<5xf32>
  %q2 = quench.quantize %x2 scale(%half) : tensor<5xf32>, tensor<1xf32> to !quench.qtensor<5xf32, #ternary>
  %r2 = quench.dequantize %q2 : !quench.qtensor<5xf32, #ternary> to tensor<5xf32>

  %x3 = arith.constant dense<[[1.0, -2.0, 3.0, -9.0, 1.75, -0.3], [8.0, 0.5, 1.5, 2.5, -100.0, 5.0]]> : tensor<2x6xf16>
  %s3 = arith.constant dense<[[1.0, 0.25], [0.5, 4.0]]> : tensor<2x2xf32>
  %q3 = quench.quantize %x3 scale(%s3) : tensor<2x6xf16>, tensor<2x2xf32> to !quench.qtensor<2x6xf16, #groups>
  %d3 = quench.dequantize %q3 : !quench.qtensor<2x6xf16, #groups> to tensor<2x6xf16>
  %w3 = arith.extf %d3 : tensor<2x6xf16> to tensor<2x6xf32>
  %r3 = tensor.collapse_shape %w3 [[0, 1]] : tensor<2x6xf32> into tensor<12xf32>

  %x4 = arith.constant dense<[[1.0, -1.0, 2.0], [5.0, 0.0, -4.0]]> : tensor<2x3xf32>
  %s4 = arith.constant dense<[[1.0, 2.0], [4.0, 1.0]]> : tensor<2x2xf32>
  %z4 = arith.constant dense<[[1, 0], [2, 3]]> : tensor<2x2xi32>
  %q4 = quench.quantize %x4 scale(%s4) zero_point(%z4) : tensor<2x3xf32>, tensor<2x2xf32>, tensor<2x2xi32>
        to !quench.qtensor<2x3xf32, #zeros>
  %d4 = quench.dequantize %q4 : !quench.qtensor<2x3xf32, #zeros> to tensor<2x3xf32>
  %r4 = tensor.collapse_shape %d4 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>

  %r5 = quench.fake_quantize %x2 scale(%half) : tensor<5xf32>, tensor<1xf32> as #i8
  return %r0, %r1, %r2, %r3, %r4, %r5 : tensor<10xf32>, tensor<6xf32>, tensor<5xf32>, tensor<12xf32>, tensor<6xf32>, tensor<5xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:6 = call @test() : () -> (tensor<10xf32>, tensor<6xf32>, tensor<5xf32>, tensor<12xf32>, tensor<6xf32>, tensor<5xf32>)
  %u0 = tensor.cast %r#0 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<5xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<12xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<5xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  return
}
