// RUN: quench-opt %s --split-input-file --quench-evaluate --mlir-print-op-generic -o %t | FileCheck %s --match-full-lines
// RUN: FileCheck %s --check-prefix=IR < %t

// Every kind of result has its line. The module goes on as it is.
// IR: "quench.quantize"
// CHECK: main.0: 2x3xf32 = [1, -0, 0.100000001, inf, nan, 3]
// CHECK-NEXT: main.1.codes: 2x3xi8 = [0, -42, 127, 127, -128, 64]
// CHECK-NEXT: main.1.scales: 2x1xf32 = [1, 2]
// CHECK-NEXT: main.2: index = 3
// CHECK-NEXT: main.3: i32 = [7]
// CHECK-NEXT: main.4: 0x4xf32 = []
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
func.func @main() -> (tensor<2x3xf32>, !quench.qtensor<2x3xf32, #a8>, index, tensor<i32>, tensor<0x4xf32>) {
  %x = arith.constant dense<[[1.0, -0.0, 0.1], [0x7F800000, 0x7FC00000, 3.0]]> : tensor<2x3xf32>
  %y = arith.constant dense<[[0.25, -42.0, 127.0], [254.0, -256.0, 128.0]]> : tensor<2x3xf32>
  %s = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %q = quench.quantize %y scale(%s) : tensor<2x3xf32>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #a8>
  %one = arith.constant 1 : index
  %n = tensor.dim %x, %one : tensor<2x3xf32>
  %i = arith.constant dense<7> : tensor<i32>
  %none = arith.constant dense<> : tensor<0x4xf32>
  return %x, %q, %n, %i, %none
      : tensor<2x3xf32>, !quench.qtensor<2x3xf32, #a8>, index, tensor<i32>, tensor<0x4xf32>
}

// -----

// The example of integer contractions: 2 * (3 * 1 + 7 * 16) + 10.
// CHECK: main.0: 1x1xf32 = [240]
#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 2], scale = f16>
func.func @main() -> tensor<1x1xf32> {
  %xc = arith.constant dense<[[1, 2, 3, 4]]> : tensor<1x4xi8>
  %xs = arith.constant dense<2.0> : tensor<1x1xf32>
  %wc = arith.constant dense<1> : tensor<1x4xi4>
  %ws = arith.constant dense<[[1.0, 16.0]]> : tensor<1x2xf32>
  %b = arith.constant dense<10.0> : tensor<1xf32>
  %x = quench.assemble %xc, %xs : tensor<1x4xi8>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %w = quench.assemble %wc, %ws : tensor<1x4xi4>, tensor<1x2xf32> to !quench.qtensor<1x4xf32, #w4>
  %y = quench.contract %x, %w bias(%b : tensor<1xf32>) accumulator i32
      : !quench.qtensor<1x4xf32, #a8>, !quench.qtensor<1x4xf32, #w4> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// Floats of 16 bits are multiplied as they are: 1 + 2^-8 is rounded to 1 and 256 to itself, times 1 and -1 in units of 0.5.
// CHECK: main.0: 1x1xf32 = [-127.5]
#w4 = #quench.scheme<i4, block = [1, 2], scale = f32>
func.func @main() -> tensor<1x1xf32> {
  %f = arith.constant dense<[[1.00390625, 256.0]]> : tensor<1x2xf32>
  %x = arith.truncf %f : tensor<1x2xf32> to tensor<1x2xbf16>
  %wc = arith.constant dense<[[1, -1]]> : tensor<1x2xi4>
  %ws = arith.constant dense<0.5> : tensor<1x1xf32>
  %w = quench.assemble %wc, %ws : tensor<1x2xi4>, tensor<1x1xf32> to !quench.qtensor<1x2xf32, #w4>
  %y = quench.contract %x, %w accumulator f32
      : tensor<1x2xbf16>, !quench.qtensor<1x2xf32, #w4> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// Codes that are floats of eight bits stand for 1.5, -2, 0.5 and 4: (1.5 * 1.5 + -2 * -2) * 1 + (0.5 * 0.5 + 4 * 4) * 0.5, twice.
// CHECK: main.0: 1x1xf32 = [28.75]
#a8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#w8 = #quench.scheme<f8E4M3FN, block = [1, 2], scale = f16>
func.func @main() -> tensor<1x1xf32> {
  %c = arith.constant dense<[[1.5, -2.0, 0.5, 4.0]]> : tensor<1x4xf8E4M3FN>
  %xs = arith.constant dense<2.0> : tensor<1x1xf32>
  %ws = arith.constant dense<[[1.0, 0.5]]> : tensor<1x2xf32>
  %x = quench.assemble %c, %xs : tensor<1x4xf8E4M3FN>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #a8>
  %w = quench.assemble %c, %ws : tensor<1x4xf8E4M3FN>, tensor<1x2xf32> to !quench.qtensor<1x4xf32, #w8>
  %y = quench.contract %x, %w accumulator f32
      : !quench.qtensor<1x4xf32, #a8>, !quench.qtensor<1x4xf32, #w8> -> tensor<1x1xf32>
  return %y : tensor<1x1xf32>
}

// -----

// Elements of a tensor are replaced, counted in row-major order; narrower values are extended.
// CHECK: main.0: 2x3xf32 = [1, 0.5, 1, 1, 1, -2]
func.func @main() -> tensor<2x3xf32> {
  %x = arith.constant dense<1.0> : tensor<2x3xf32>
  %i = arith.constant dense<[1, 5]> : tensor<2xi32>
  %v = arith.constant dense<[0.5, -2.0]> : tensor<2xf16>
  %y = quench.overlay %x at %i with %v : tensor<2x3xf32>, tensor<2xi32>, tensor<2xf16>
  return %y : tensor<2x3xf32>
}
