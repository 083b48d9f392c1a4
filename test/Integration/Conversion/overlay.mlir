// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// Elements that lie over decoded codes, over a vector, and none: the evaluator and the compiled code print the same numbers.
// CHECK: [0.5, -2, 8, 14, -0.333{{[0-9]*}}, 7]
// CHECK: [3, 1, 4]
// CHECK: [3, 2, 1]

#i4 = #quench.scheme<i4, block = [1, *], scale = f32>

func.func @test() -> (tensor<6xf32>, tensor<3xf32>, tensor<3xf32>) {
  %codes = arith.constant dense<[[7, -1, 4], [2, 1, 1]]> : tensor<2x3xi4>
  %scales = arith.constant dense<[[2.0], [7.0]]> : tensor<2x1xf32>
  %q = quench.assemble %codes, %scales : tensor<2x3xi4>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #i4>
  %d = quench.dequantize %q : !quench.qtensor<2x3xf32, #i4> to tensor<2x3xf32>
  %i = arith.constant dense<[0, 4]> : tensor<2xi32>
  %v = arith.constant dense<[0.5, -0.33325]> : tensor<2xf16>
  %0 = quench.overlay %d at %i with %v : tensor<2x3xf32>, tensor<2xi32>, tensor<2xf16>
  %x = arith.constant dense<[3.0, 2.0, 1.0]> : tensor<3xf32>
  %j = arith.constant dense<[1, 2]> : tensor<2xi32>
  %w = arith.constant dense<[1.0, 4.0]> : tensor<2xf32>
  %1 = quench.overlay %x at %j with %w : tensor<3xf32>, tensor<2xi32>, tensor<2xf32>
  %k = arith.constant dense<> : tensor<0xi32>
  %n = arith.constant dense<> : tensor<0xbf16>
  %2 = quench.overlay %x at %k with %n : tensor<3xf32>, tensor<0xi32>, tensor<0xbf16>
  %r = tensor.collapse_shape %0 [[0, 1]] : tensor<2x3xf32> into tensor<6xf32>
  return %r, %1, %2 : tensor<6xf32>, tensor<3xf32>, tensor<3xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)
func.func @main() {
  %r:3 = call @test() : () -> (tensor<6xf32>, tensor<3xf32>, tensor<3xf32>)
  %u0 = tensor.cast %r#0 : tensor<6xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<3xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  return
}
