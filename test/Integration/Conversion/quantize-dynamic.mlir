// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// One scale a token, max|x| / 127; a token of zeros has scale 1 and codes 0.
// CHECK: [254, -4, 4, 0, 0, 0]
// The scales themselves.
// CHECK: [2, 1]
// Groups of 4 in rows of 6: the second group is shorter.
// CHECK: [7, -3, 0, 2, 14, 4, 0, 0, 0, 0, -3.5, 1]
// ui4 with zero points: the range is widened to hold 0.
// CHECK: [-1, 2, 6.5, 3.75, 1, 2]
// Its scales: (hi - lo) / 15.
// CHECK: [0.5, 0.25]
// Scales rounded to f16 before any code is computed; the smallest f16 where they vanish.
// CHECK: [0.0078735{{[0-9]*}}, 5.9604{{[0-9]*}}e-08]
// Scales in bf16.
// CHECK: [0.0078735{{[0-9]*}}, 7.9012{{[0-9]*}}e-12]
// Powers of two by the rule of OCP: 2^(floor(log2 max|x|) - 2) for f4E2M1FN, where 7 saturates.
// CHECK: [6, 2, 0, 0, -0.375, 0.09375]
// Two levels as in NVFP4, scales in f8E4M3FN under one f32; a block of zeros keeps a scale.
// CHECK: [7, 2.3333{{[0-9]*}}, 0, 0, {{-0[.]37499[0-9]*|-0[.]375}}, {{0[.]093749[0-9]*|0[.]09375}}]
// Its decoded scales: the code of 1 under the outer scale for the block of zeros.
// CHECK: [1.1666{{[0-9]*}}, 0.0026041{{[0-9]*}}, {{0[.]062499[0-9]*|0[.]0625}}]

#token = #quench.scheme<i8, block = [1, *], scale = f32>
#groups = #quench.scheme<i4, block = [1, 4], scale = f32>
#u4 = #quench.scheme<ui4, block = [1, *], scale = f32, zero_point>
#half = #quench.scheme<i8, block = [1, *], scale = f16>
#brain = #quench.scheme<i8, block = [1, *], scale = bf16>
#mx = #quench.scheme<f4E2M1FN, block = [1, 2], scale = f8E8M0FNU>
#nv = #quench.scheme<f4E2M1FN, block = [1, 2], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>>

func.func @test() -> (tensor<6xf32>, tensor<2xf32>, tensor<12xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
                      tensor<6xf32>, tensor<6xf32>, tensor<3xf32>) {
  %static = arith.constant dense<[[254.0, -3.0, 5.0], [0.0, -0.0, 0.0]]> : tensor<2x3xf32>
  %x0 = tensor.cast %static : tensor<2x3xf32> to tensor<?x3xf32>
  %q0 = quench.quantize %x0 : tensor<?x3xf32> to !quench.qtensor<?x3xf32, #token>
  %d0 = quench.dequantize %q0 : !quench.qtensor<?x3xf32, #token> to tensor<?x3xf32>
  %e0 = tensor.cast %d0 : tensor<?x3xf32> to tensor<2x3xf32>
  %r0 = tensor.collapse_shape %e0 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %c0, %s0 = quench.disassemble %q0 : !quench.qtensor<?x3xf32, #token> to tensor<?x3xi8>, tensor<?x1xf32>
  %t0 = tensor.cast %s0 : tensor<?x1xf32> to tensor<2x1xf32>
  %r1 = tensor.collapse_shape %t0 [[0, 1]] : tensor<2x1xf32> into tensor<2xf32>

  %x2 = arith.constant dense<[[7.0, -3.4, 0.5, 1.5, 14.0, 3.0], [0.0, 0.0, 0.0, 0.0, -3.5, 0.75]]> : tensor<2x6xf32>
  %q2 = quench.quantize %x2 : tensor<2x6xf32> to !quench.qtensor<2x6xf32, #groups>
  %d2 = quench.dequantize %q2 : !quench.qtensor<2x6xf32, #groups> to tensor<2x6xf32>
  %r2 = tensor.collapse_shape %d2 [[0, 1]] : tensor<2x6xf32> into tensor<12xf32>

  %x3 = arith.constant dense<[[-1.0, 2.0, 6.5], [3.75, 1.0, 2.0]]> : tensor<2x3xf32>
  %q3 = quench.quantize %x3 : tensor<2x3xf32> to !quench.qtensor<2x3xf32, #u4>
  %d3 = quench.dequantize %q3 : !quench.qtensor<2x3xf32, #u4> to tensor<2x3xf32>
  %r3 = tensor.collapse_shape %d3 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  %c3, %s3, %z3 = quench.disassemble %q3 : !quench.qtensor<2x3xf32, #u4> to tensor<2x3xui4>, tensor<2x1xf32>, tensor<2x1xi32>
  %r4 = tensor.collapse_shape %s3 [[0, 1]] : tensor<2x1xf32> into tensor<2xf32>

  %x5 = arith.constant dense<[[1.0, 0.5], [1.0e-9, 0.0]]> : tensor<2x2xf32>
  %q5 = quench.quantize %x5 : tensor<2x2xf32> to !quench.qtensor<2x2xf32, #half>
  %c5, %s5 = quench.disassemble %q5 : !quench.qtensor<2x2xf32, #half> to tensor<2x2xi8>, tensor<2x1xf32>
  %r5 = tensor.collapse_shape %s5 [[0, 1]] : tensor<2x1xf32> into tensor<2xf32>
  %q6 = quench.quantize %x5 : tensor<2x2xf32> to !quench.qtensor<2x2xf32, #brain>
  %c6, %s6 = quench.disassemble %q6 : !quench.qtensor<2x2xf32, #brain> to tensor<2x2xi8>, tensor<2x1xf32>
  %r6 = tensor.collapse_shape %s6 [[0, 1]] : tensor<2x1xf32> into tensor<2xf32>

  %x7 = arith.constant dense<[[7.0, 2.5, 0.0, 0.0, -0.375, 0.1]]> : tensor<1x6xf32>
  %q7 = quench.quantize %x7 : tensor<1x6xf32> to !quench.qtensor<1x6xf32, #mx>
  %d7 = quench.dequantize %q7 : !quench.qtensor<1x6xf32, #mx> to tensor<1x6xf32>
  %r7 = tensor.collapse_shape %d7 [[0, 1]] : tensor<1x6xf32> into tensor<6xf32>
  %q8 = quench.quantize %x7 : tensor<1x6xf32> to !quench.qtensor<1x6xf32, #nv>
  %d8 = quench.dequantize %q8 : !quench.qtensor<1x6xf32, #nv> to tensor<1x6xf32>
  %r8 = tensor.collapse_shape %d8 [[0, 1]] : tensor<1x6xf32> into tensor<6xf32>
  %c8, %s8 = quench.disassemble %q8 : !quench.qtensor<1x6xf32, #nv> to tensor<1x6xf4E2M1FN>, tensor<1x3xf32>
  %r9 = tensor.collapse_shape %s8 [[0, 1]] : tensor<1x3xf32> into tensor<3xf32>
  return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7, %r8, %r9
      : tensor<6xf32>, tensor<2xf32>, tensor<12xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>,
        tensor<6xf32>, tensor<6xf32>, tensor<3xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:10 = call @test() : () -> (tensor<6xf32>, tensor<2xf32>, tensor<12xf32>, tensor<6xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<6xf32>, tensor<6xf32>, tensor<3xf32>)
  %u0 = tensor.cast %r#0 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<12xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  %u6 = tensor.cast %r#6 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u6) : (tensor<*xf32>) -> ()
  %u7 = tensor.cast %r#7 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u7) : (tensor<*xf32>) -> ()
  %u8 = tensor.cast %r#8 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u8) : (tensor<*xf32>) -> ()
  %u9 = tensor.cast %r#9 : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%u9) : (tensor<*xf32>) -> ()
  return
}
