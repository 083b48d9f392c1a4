// RUN: quench-opt %s --quench-evaluate=entry=test | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg --convert-elementwise-to-linalg | %run_linalg | FileCheck %s

// The reference evaluator and the compiled code print the same numbers.

// One scale a row on both sides, with a bias: exact integers, three multiplications.
// CHECK: [32391, -40.375, -62, -0.875]
// Weights in groups of 2 with zero points, a ragged last group, tokens with zero points.
// CHECK: [807.25, 2106.6{{[0-9]*}}, -0.375, -7.375]
// Both sides in groups along K: groups of 4 on the left span two of the right.
// CHECK: [29.75, 127.125]
// A float left side times weights of a codebook.
// CHECK: [3.5, -1.75, -0.5, 0]
// The sum of blocks is an fma: a product that was rounded by itself would give 0.
// CHECK: [0.5]

#row = #quench.scheme<i8, block = [1, *], scale = f32>
#left = #quench.scheme<ui8, block = [1, *], scale = f32, zero_point>
#right = #quench.scheme<ui4, block = [1, 2], scale = f32, zero_point>
#four = #quench.scheme<i8, block = [1, 4], scale = f32>
#two = #quench.scheme<i4, block = [1, 2], scale = f32>
#book = #quench.scheme<#quench.codebook<[-1.0, -0.25, 0.25, 2.0]>, block = [1, 2], scale = f32>

func.func @test() -> (tensor<4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<4xf32>, tensor<1xf32>) {
  %a8 = arith.constant dense<[[127, -127, 5], [1, 2, 3]]> : tensor<2x3xi8>
  %sa = arith.constant dense<[[0.5], [0.25]]> : tensor<2x1xf32>
  %w8 = arith.constant dense<[[127, -128, 1], [-3, 2, 1]]> : tensor<2x3xi8>
  %sw = arith.constant dense<[[2.0], [0.125]]> : tensor<2x1xf32>
  %bias = arith.constant dense<[1.0, -1.0]> : tensor<2xf32>
  %l0 = quench.assemble %a8, %sa : tensor<2x3xi8>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #row>
  %w0 = quench.assemble %w8, %sw : tensor<2x3xi8>, tensor<2x1xf32> to !quench.qtensor<2x3xf32, #row>
  %y0 = quench.contract %l0, %w0 bias(%bias : tensor<2xf32>) accumulator i32
     : !quench.qtensor<2x3xf32, #row>, !quench.qtensor<2x3xf32, #row> -> tensor<2x2xf32>
  %r0 = tensor.collapse_shape %y0 [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>

  %a1 = arith.constant dense<[[255, 0, 128, 7, 9], [1, 2, 3, 4, 5]]> : tensor<2x5xui8>
  %za = arith.constant dense<[[128], [3]]> : tensor<2x1xi32>
  %w1 = arith.constant dense<[[15, 0, 7, 8, 1], [2, 3, 4, 5, 6]]> : tensor<2x5xui4>
  %s1 = arith.constant dense<[[1.0, 0.5, 2.0], [0.25, 4.0, 1.0]]> : tensor<2x3xf32>
  %z1 = arith.constant dense<[[8, 7, 0], [3, 15, 1]]> : tensor<2x3xi32>
  %la = quench.assemble %a1, %sa, %za : tensor<2x5xui8>, tensor<2x1xf32>, tensor<2x1xi32> to !quench.qtensor<2x5xf32, #left>
  %wq1 = quench.assemble %w1, %s1, %z1 : tensor<2x5xui4>, tensor<2x3xf32>, tensor<2x3xi32> to !quench.qtensor<2x5xf32, #right>
  %y1 = quench.contract %la, %wq1 accumulator i32
     : !quench.qtensor<2x5xf32, #left>, !quench.qtensor<2x5xf32, #right> -> tensor<2x2xf32>
  %r1 = tensor.collapse_shape %y1 [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>

  %a2 = arith.constant dense<[[1, 2, 3, 4, 5, 6, 7]]> : tensor<1x7xi8>
  %sa2 = arith.constant dense<[[0.5, 3.0]]> : tensor<1x2xf32>
  %w2 = arith.constant dense<[[1, -1, 2, -2, 3, -3, 7], [-8, 7, 1, 0, 1, 0, 1]]> : tensor<2x7xi4>
  %s2 = arith.constant dense<[[1.0, 2.0, 0.5, 0.25], [1.0, 1.0, 8.0, 0.125]]> : tensor<2x4xf32>
  %l2 = quench.assemble %a2, %sa2 : tensor<1x7xi8>, tensor<1x2xf32> to !quench.qtensor<1x7xf32, #four>
  %wq2 = quench.assemble %w2, %s2 : tensor<2x7xi4>, tensor<2x4xf32> to !quench.qtensor<2x7xf32, #two>
  %y2 = quench.contract %l2, %wq2 accumulator i32
     : !quench.qtensor<1x7xf32, #four>, !quench.qtensor<2x7xf32, #two> -> tensor<1x2xf32>
  %r2 = tensor.collapse_shape %y2 [[0, 1]] : tensor<1x2xf32> into tensor<2xf32>

  %x3 = arith.constant dense<[[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]]> : tensor<2x3xf32>
  %w3 = arith.constant dense<[[0, 1, 2], [3, 2, 1]]> : tensor<2x3xui2>
  %s3 = arith.constant dense<[[1.0, 4.0], [0.5, 2.0]]> : tensor<2x2xf32>
  %wq3 = quench.assemble %w3, %s3 : tensor<2x3xui2>, tensor<2x2xf32> to !quench.qtensor<2x3xf32, #book>
  %y3 = quench.contract %x3, %wq3 bias(%bias : tensor<2xf32>) accumulator f32
     : tensor<2x3xf32>, !quench.qtensor<2x3xf32, #book> -> tensor<2x2xf32>
  %r3 = tensor.collapse_shape %y3 [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>

  // 3 * f32(1/3) is exactly 1 + 2^-25, and -1 has been added before.
  %a4 = arith.constant dense<[[-1, 0, 3, 0]]> : tensor<1x4xi8>
  %w4 = arith.constant dense<[[1, 0, 1, 0]]> : tensor<1x4xi4>
  %sa4 = arith.constant dense<1.6777216e+07> : tensor<1x1xf32>
  %s4 = arith.constant dense<[[1.0, 0.333333343]]> : tensor<1x2xf32>
  %l4 = quench.assemble %a4, %sa4 : tensor<1x4xi8>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #row>
  %wq4 = quench.assemble %w4, %s4 : tensor<1x4xi4>, tensor<1x2xf32> to !quench.qtensor<1x4xf32, #two>
  %y4 = quench.contract %l4, %wq4 accumulator i32
     : !quench.qtensor<1x4xf32, #row>, !quench.qtensor<1x4xf32, #two> -> tensor<1x1xf32>
  %r4 = tensor.collapse_shape %y4 [[0, 1]] : tensor<1x1xf32> into tensor<1xf32>
  return %r0, %r1, %r2, %r3, %r4 : tensor<4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<4xf32>, tensor<1xf32>
}

func.func private @printMemrefF32(tensor<*xf32>)

func.func @main() {
  %r:5 = call @test() : () -> (tensor<4xf32>, tensor<4xf32>, tensor<2xf32>, tensor<4xf32>, tensor<1xf32>)
  %u0 = tensor.cast %r#0 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u0) : (tensor<*xf32>) -> ()
  %u1 = tensor.cast %r#1 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u1) : (tensor<*xf32>) -> ()
  %u2 = tensor.cast %r#2 : tensor<2xf32> to tensor<*xf32>
  call @printMemrefF32(%u2) : (tensor<*xf32>) -> ()
  %u3 = tensor.cast %r#3 : tensor<4xf32> to tensor<*xf32>
  call @printMemrefF32(%u3) : (tensor<*xf32>) -> ()
  %u4 = tensor.cast %r#4 : tensor<1xf32> to tensor<*xf32>
  call @printMemrefF32(%u4) : (tensor<*xf32>) -> ()
  return
}
