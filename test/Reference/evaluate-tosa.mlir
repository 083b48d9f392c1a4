// The evaluator knows what float models in TOSA are made of. What MLIR compiles the same functions to computes the same.
// RUN: quench-opt %s --quench-evaluate=entry=shapes | FileCheck %s
// RUN: %python %S/../Basis/Inputs/same_function.py %s --evaluator

// CHECK:      shapes.0: 3x2xf32 = [1, 4, 2, 5, 3, 6]
// CHECK-NEXT: shapes.1: 1x6xf32 = [1, 2, 3, 4, 5, 6]
// CHECK-NEXT: shapes.2: 2x4xf32 = [9, 1, 2, 3, 9, 4, 5, 6]
// CHECK-NEXT: shapes.3: 1x2xf32 = [5, 6]
func.func @shapes() -> (tensor<3x2xf32>, tensor<1x6xf32>, tensor<2x4xf32>, tensor<1x2xf32>) {
  %x = "tosa.const"() <{values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %t = tosa.transpose %x {perms = array<i32: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %s = tosa.const_shape {values = dense<[1, -1]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %r = tosa.reshape %x, %s : (tensor<2x3xf32>, !tosa.shape<2>) -> tensor<1x6xf32>
  %around = tosa.const_shape {values = dense<[0, 0, 1, 0]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %nine = "tosa.const"() <{values = dense<9.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %p = tosa.pad %x, %around, %nine : (tensor<2x3xf32>, !tosa.shape<4>, tensor<1xf32>) -> tensor<2x4xf32>
  %start = tosa.const_shape {values = dense<1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %size = tosa.const_shape {values = dense<[1, 2]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %i = tosa.slice %x, %start, %size : (tensor<2x3xf32>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x2xf32>
  return %t, %r, %p, %i : tensor<3x2xf32>, tensor<1x6xf32>, tensor<2x4xf32>, tensor<1x2xf32>
}

func.func @products(%x: tensor<2x4x3xf32>, %w: tensor<2x3x5xf32>) -> tensor<2x4x5xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %y = tosa.matmul %x, %w, %zp, %zp : (tensor<2x4x3xf32>, tensor<2x3x5xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<2x4x5xf32>
  return %y : tensor<2x4x5xf32>
}

// Windows that step by two and reach over the edge, on one side alone.
func.func @windows(%x: tensor<1x6x6x2xf32>, %w: tensor<3x3x3x2xf32>, %b: tensor<3xf32>, %v: tensor<2x2x2x2xf32>, %c: tensor<4xf32>)
    -> (tensor<1x3x3x3xf32>, tensor<1x4x4x4xf32>, tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>) {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %f = tosa.conv2d %x, %w, %b, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 1, 0, 0, 1>, stride = array<i64: 2, 2>}
    : (tensor<1x6x6x2xf32>, tensor<3x3x3x2xf32>, tensor<3xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x3xf32>
  %d = tosa.depthwise_conv2d %x, %v, %c, %zp, %zp {acc_type = f32, dilation = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<1x6x6x2xf32>, tensor<2x2x2x2xf32>, tensor<4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4x4xf32>
  %a = tosa.avg_pool2d %x, %zp, %zp {acc_type = f32, kernel = array<i64: 3, 3>, pad = array<i64: 1, 0, 0, 1>, stride = array<i64: 2, 2>}
    : (tensor<1x6x6x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x3x3x2xf32>
  %m = tosa.max_pool2d %x {kernel = array<i64: 3, 3>, pad = array<i64: 1, 0, 0, 1>, stride = array<i64: 2, 2>}
    : (tensor<1x6x6x2xf32>) -> tensor<1x3x3x2xf32>
  return %f, %d, %a, %m : tensor<1x3x3x3xf32>, tensor<1x4x4x4xf32>, tensor<1x3x3x2xf32>, tensor<1x3x3x2xf32>
}

// A softmax, and a choice of what is larger.
func.func @elements(%x: tensor<3x4xf32>, %b: tensor<3x1xf32>) -> (tensor<3x4xf32>, tensor<3x4xf32>) {
  %shift = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %largest = tosa.reduce_max %x {axis = 1 : i32} : (tensor<3x4xf32>) -> tensor<3x1xf32>
  %below = tosa.sub %x, %largest : (tensor<3x4xf32>, tensor<3x1xf32>) -> tensor<3x4xf32>
  %power = tosa.exp %below : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %sum = tosa.reduce_sum %power {axis = 1 : i32} : (tensor<3x4xf32>) -> tensor<3x1xf32>
  %part = tosa.reciprocal %sum : (tensor<3x1xf32>) -> tensor<3x1xf32>
  %softmax = tosa.mul %power, %part, %shift : (tensor<3x4xf32>, tensor<3x1xf32>, tensor<1xi8>) -> tensor<3x4xf32>
  %more = tosa.greater %x, %b : (tensor<3x4xf32>, tensor<3x1xf32>) -> tensor<3x4xi1>
  %clamped = tosa.clamp %x {min_val = -0.5 : f32, max_val = 0.5 : f32} : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %sigmoid = tosa.sigmoid %x : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %chosen = tosa.select %more, %clamped, %sigmoid : (tensor<3x4xi1>, tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %softmax, %chosen : tensor<3x4xf32>, tensor<3x4xf32>
}
