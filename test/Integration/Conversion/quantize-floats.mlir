// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// f4E2M1FN: ties to the even code, also below 0.5 and with their sign; saturation; NaN is the largest value.
// CHECK: [0, -0, 1, 1, -2, 2, 4, 4, -6, 6]
// f6E2M3FN: subnormals, the step from 7.5 to saturation; NaN is the largest value whatever its sign.
// CHECK: [0, -0.25, 1, 7, 7.5, -7.5, 1, 1.25, -7.5, 7.5]
// f6E3M2FN.
// CHECK: [0, -0.125, 1, 1.5, 24, 28, -28, 0, 28, 28]
// f8E4M3FN: half the smallest subnormal goes to 0; 464 and infinity saturate at 448; NaN stays.
// CHECK: [0, 0.00390625, 16, 20, 448, -448, 0.0097656{{[0-9]*}}, 448, -448, {{-?nan}}]
// f8E5M2: numbers saturate, infinity and NaN stay.
// CHECK: [8, 12, 57344, 57344, -57344, 0, 1, 57344, -inf, {{-?nan}}]
// bf16: ties to even, subnormals.
// CHECK: [1, 1.0156{{[0-9]*}}, -3, 0.10009{{[0-9]*}}, 9.1835{{[0-9]*}}e-41, 65536, 0, -0, -inf, {{-?nan}}]
// A codebook of four: midpoints belong to the lower code, NaN to the first.
// CHECK: [-1, -0.25, -0.25, 0.25, 0.25, 2, -1]
// 0.3 and -0.8 under scale 0.5 in f8E5M2: one division, one multiplication.
// CHECK: [0.3125, -0.75]

#f4e2m1fn = #quench.scheme<f4E2M1FN, block = [*], scale = f32>
#f6e2m3fn = #quench.scheme<f6E2M3FN, block = [*], scale = f32>
#f6e3m2fn = #quench.scheme<f6E3M2FN, block = [*], scale = f32>
#f8e4m3fn = #quench.scheme<f8E4M3FN, block = [*], scale = f32>
#f8e5m2 = #quench.scheme<f8E5M2, block = [*], scale = f32>
#bf16 = #quench.scheme<bf16, block = [*], scale = f32>
#book = #quench.scheme<#quench.codebook<[-1.0, -0.25, 0.25, 2.0]>, block = [*], scale = f32>

func.func @test() -> (tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<7xf32>, tensor<2xf32>) {
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %x0 = arith.constant dense<[0.25, -0.25, 0.75, 1.25, -1.75, 2.5, 3.5, 5.0, -100.0, 0x7FC00000]> : tensor<10xf32>
  %q0 = quench.quantize %x0 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #f4e2m1fn>
  %r0 = quench.dequantize %q0 : !quench.qtensor<10xf32, #f4e2m1fn> to tensor<10xf32>

  %x1 = arith.constant dense<[0.0625, -0.1875, 0.9375, 7.25, 7.75, -9.0, 1.0625, 1.1875, 0xFF800000, 0xFFC00000]> : tensor<10xf32>
  %q1 = quench.quantize %x1 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #f6e2m3fn>
  %r1 = quench.dequantize %q1 : !quench.qtensor<10xf32, #f6e2m3fn> to tensor<10xf32>

  %x2 = arith.constant dense<[0.03125, -0.09375, 1.125, 1.375, 26.0, 28.1, -29.0, 0.0, 0x7F800000, 0x7FC00000]> : tensor<10xf32>
  %q2 = quench.quantize %x2 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #f6e3m2fn>
  %r2 = quench.dequantize %q2 : !quench.qtensor<10xf32, #f6e3m2fn> to tensor<10xf32>

  %x3 = arith.constant dense<[0.0009765625, 0.0029296875, 17.0, 19.0, 464.0, -1000.0, 0.01, 448.0, 0xFF800000, 0x7FC00000]> : tensor<10xf32>
  %q3 = quench.quantize %x3 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #f8e4m3fn>
  %r3 = quench.dequantize %q3 : !quench.qtensor<10xf32, #f8e4m3fn> to tensor<10xf32>

  %x4 = arith.constant dense<[9.0, 11.0, 57344.0, 65535.0, -70000.0, 0.000007, 1.1, 0x7F7FFFFF, 0xFF800000, 0x7FC00000]> : tensor<10xf32>
  %q4 = quench.quantize %x4 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #f8e5m2>
  %r4 = quench.dequantize %q4 : !quench.qtensor<10xf32, #f8e5m2> to tensor<10xf32>

  %x5 = arith.constant dense<[1.00390625, 1.01171875, -3.0, 0.1, 1.0e-40, 65535.0, 0.0, -0.0, 0xFF800000, 0x7FC00000]> : tensor<10xf32>
  %q5 = quench.quantize %x5 scale(%one) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #bf16>
  %r5 = quench.dequantize %q5 : !quench.qtensor<10xf32, #bf16> to tensor<10xf32>

  %x6 = arith.constant dense<[-0.625, -0.624, 0.0, 0.001, 1.125, 5.0, 0x7FC00000]> : tensor<7xf32>
  %q6 = quench.quantize %x6 scale(%one) : tensor<7xf32>, tensor<1xf32> to !quench.qtensor<7xf32, #book>
  %r6 = quench.dequantize %q6 : !quench.qtensor<7xf32, #book> to tensor<7xf32>

  %x7 = arith.constant dense<[0.3, -0.8]> : tensor<2xf32>
  %half = arith.constant dense<0.5> : tensor<1xf32>
  %q7 = quench.quantize %x7 scale(%half) : tensor<2xf32>, tensor<1xf32> to !quench.qtensor<2xf32, #f8e5m2>
  %r7 = quench.dequantize %q7 : !quench.qtensor<2xf32, #f8e5m2> to tensor<2xf32>
  return %r0, %r1, %r2, %r3, %r4, %r5, %r6, %r7 : tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<7xf32>, tensor<2xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:8 = call @test() : () -> (tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<7xf32>, tensor<2xf32>)
  %u0 = tensor.cast %r#0 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  %u5 = tensor.cast %r#5 : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u5) : (tensor<*xf32>) -> ()
  %u6 = tensor.cast %r#6 : tensor<7xf32> to tensor<*xf32>
  call @printMemrefF32(%u6) : (tensor<*xf32>) -> ()
  %u7 = tensor.cast %r#7 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u7) : (tensor<*xf32>) -> ()
  return
}
