// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg | %run_linalg | FileCheck %s

// Static quantization to i8 with scale 2: ties to even, both bounds, infinities, NaN, signed zero.
// CHECK: [0, 0, 4, -4, 254, -256, 254, -256, -256, 0]

#t8 = #quench.scheme<i8, block = [*], scale = f32>
func.func @test() -> tensor<10xf32> {
  %x = arith.constant dense<[1.0, -1.0, 3.0, -3.0, 253.5, -257.0, 0x7F800000, 0xFF800000, 0x7FC00000, -0.0]> : tensor<10xf32>
  %s = arith.constant dense<2.0> : tensor<1xf32>
  %q = quench.quantize %x scale(%s) : tensor<10xf32>, tensor<1xf32> to !quench.qtensor<10xf32, #t8>
  %y = quench.dequantize %q : !quench.qtensor<10xf32, #t8> to tensor<10xf32>
  return %y : tensor<10xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)
func.func @main() {
  %y = call @test() : () -> tensor<10xf32>
  %u = tensor.cast %y : tensor<10xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}
