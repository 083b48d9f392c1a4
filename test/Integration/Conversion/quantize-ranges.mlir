// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// How scales and zero points follow from values: the evaluator and the compiled code print the same numbers.

// The rules for powers of two: floor(log2 a) - 2 for f4E2M1FN,
// CHECK: [1, 1, 1, 2]
// ceil(log2 a) - 2,
// CHECK: [2, 2, 2, 2]
// a rounded to one bit behind the point first,
// CHECK: [2, 1, 1, 2]
// ceil(log2(a / 6)).
// CHECK: [2, 2, 1, 2]
// Around 2^-127, which is subnormal in f32 and the smallest scale.
// CHECK: [5.8774{{[0-9]*}}e-39, 1.1754{{[0-9]*}}e-38, 5.8774{{[0-9]*}}e-39]
// A clip halves the range; what is outside saturates.
// CHECK: [3.5, -3.5, 1, 0]
// With zero points both ends of the range are clipped.
// CHECK: [-0.5, 7, 2, 0]
// Real zero points: the ends of the range are met, 0 is not. z = -lo,
// CHECK: [-1.25, 6.25, 0.25, -0.25]
// and z = -8 s - lo for signed codes.
// CHECK: [-1.25, 6.25, 0.25, -0.25]
// In f16 the ends are met as far as f16 goes.
// CHECK: [0, 1.3998{{[0-9]*}}, 0.0933{{[0-9]*}}]
// Scales and zero points in 6 bits under f16, as in Q4_K of llama.cpp.
// CHECK: [-0.9997{{[0-9]*}}, 1.9757{{[0-9]*}}, -0.507{{[0-9]*}}, 6.990{{[0-9]*}}]

#six = #quench.scheme<ui6, block = [1, 2], scale = f16>
#mx = #quench.scheme<f4E2M1FN, block = [1, 2], scale = f8E8M0FNU>
#bit = #quench.scheme<i2, range = [-1, 1], block = [1, 1], scale = f8E8M0FNU>
#i4 = #quench.scheme<i4, range = [-7, 7], block = [1, *], scale = f32>
#u4 = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point>
#real = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point = f32>
#signed = #quench.scheme<i4, block = [1, *], scale = f32, zero_point = f32>
#half = #quench.scheme<ui4, block = [1, *], scale = f16, zero_point = f16>
#q4k = #quench.scheme<ui4, block = [1, 2], scale = #six, zero_point = #six>

func.func @test() -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>,
                      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>) {
  %x0 = arith.constant dense<[[7.9, 0.0, 6.5, 0.0, 6.0, 0.0, 8.0, 0.0]]> : tensor<1x8xf32>
  %q0 = quench.quantize %x0 rule floor : tensor<1x8xf32> to !quench.qtensor<1x8xf32, #mx>
  %c0, %s0 = quench.disassemble %q0 : !quench.qtensor<1x8xf32, #mx> to tensor<1x8xf4E2M1FN>, tensor<1x4xf32>
  %r0 = tensor.collapse_shape %s0 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x1 = arith.constant dense<[[7.9, 0.0, 6.5, 0.0, 6.0, 0.0, 8.0, 0.0]]> : tensor<1x8xf32>
  %q1 = quench.quantize %x1 rule ceil : tensor<1x8xf32> to !quench.qtensor<1x8xf32, #mx>
  %c1, %s1 = quench.disassemble %q1 : !quench.qtensor<1x8xf32, #mx> to tensor<1x8xf4E2M1FN>, tensor<1x4xf32>
  %r1 = tensor.collapse_shape %s1 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x2 = arith.constant dense<[[7.9, 0.0, 6.5, 0.0, 6.0, 0.0, 8.0, 0.0]]> : tensor<1x8xf32>
  %q2 = quench.quantize %x2 rule even : tensor<1x8xf32> to !quench.qtensor<1x8xf32, #mx>
  %c2, %s2 = quench.disassemble %q2 : !quench.qtensor<1x8xf32, #mx> to tensor<1x8xf4E2M1FN>, tensor<1x4xf32>
  %r2 = tensor.collapse_shape %s2 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x3 = arith.constant dense<[[7.9, 0.0, 6.5, 0.0, 6.0, 0.0, 8.0, 0.0]]> : tensor<1x8xf32>
  %q3 = quench.quantize %x3 rule rceil : tensor<1x8xf32> to !quench.qtensor<1x8xf32, #mx>
  %c3, %s3 = quench.disassemble %q3 : !quench.qtensor<1x8xf32, #mx> to tensor<1x8xf4E2M1FN>, tensor<1x4xf32>
  %r3 = tensor.collapse_shape %s3 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x4 = arith.constant dense<[[0x00400000, 0x00400001, 0x00200000]]> : tensor<1x3xf32>
  %q4 = quench.quantize %x4 rule ceil : tensor<1x3xf32> to !quench.qtensor<1x3xf32, #bit>
  %c4, %s4 = quench.disassemble %q4 : !quench.qtensor<1x3xf32, #bit> to tensor<1x3xi2>, tensor<1x3xf32>
  %r4 = tensor.collapse_shape %s4 [[0, 1]] : tensor<1x3xf32> into tensor<3xf32>
  %x5 = arith.constant dense<[[7.0, -3.5, 1.0, 0.0]]> : tensor<1x4xf32>
  %q5 = quench.quantize %x5 clip 0.5 : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #i4>
  %d5 = quench.dequantize %q5 : !quench.qtensor<1x4xf32, #i4> to tensor<1x4xf32>
  %r5 = tensor.collapse_shape %d5 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x6 = arith.constant dense<[[-1.0, 14.0, 2.0, 0.0]]> : tensor<1x4xf32>
  %q6 = quench.quantize %x6 clip 0.5 : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #u4>
  %d6 = quench.dequantize %q6 : !quench.qtensor<1x4xf32, #u4> to tensor<1x4xf32>
  %r6 = tensor.collapse_shape %d6 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x7 = arith.constant dense<[[-1.25, 6.25, 0.1, 0.0]]> : tensor<1x4xf32>
  %q7 = quench.quantize %x7 : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #real>
  %d7 = quench.dequantize %q7 : !quench.qtensor<1x4xf32, #real> to tensor<1x4xf32>
  %r7 = tensor.collapse_shape %d7 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x8 = arith.constant dense<[[-1.25, 6.25, 0.1, 0.0]]> : tensor<1x4xf32>
  %q8 = quench.quantize %x8 : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #signed>
  %d8 = quench.dequantize %q8 : !quench.qtensor<1x4xf32, #signed> to tensor<1x4xf32>
  %r8 = tensor.collapse_shape %d8 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  %x9 = arith.constant dense<[[-1.0e-9, 1.4, 0.1]]> : tensor<1x3xf32>
  %q9 = quench.quantize %x9 : tensor<1x3xf32> to !quench.qtensor<1x3xf32, #half>
  %d9 = quench.dequantize %q9 : !quench.qtensor<1x3xf32, #half> to tensor<1x3xf32>
  %r9 = tensor.collapse_shape %d9 [[0, 1]] : tensor<1x3xf32> into tensor<3xf32>
  %x10 = arith.constant dense<[[-1.0, 2.0, -0.5, 7.0]]> : tensor<1x4xf32>
  %q10 = quench.quantize %x10 : tensor<1x4xf32> to !quench.qtensor<1x4xf32, #q4k>
  %d10 = quench.dequantize %q10 : !quench.qtensor<1x4xf32, #q4k> to tensor<1x4xf32>
  %r10 = tensor.collapse_shape %d10 [[0, 1]] : tensor<1x4xf32> into tensor<4xf32>
  return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9, %r10 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>,
      tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>,
      tensor<4xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:11 = call @test() : () -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>,
      tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>)
  %u0 = tensor.cast %r#0 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  %u6 = tensor.cast %r#6 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u6) : (tensor<*xf32>) -> ()
  %u7 = tensor.cast %r#7 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u7) : (tensor<*xf32>) -> ()
  %u8 = tensor.cast %r#8 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u8) : (tensor<*xf32>) -> ()
  %u9 = tensor.cast %r#9 : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%u9) : (tensor<*xf32>) -> ()
  %u10 = tensor.cast %r#10 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u10) : (tensor<*xf32>) -> ()
  return
}
