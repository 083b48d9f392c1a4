// Convolutions, pooling, reductions and concatenations in the integer profile of TOSA, by its specification.
// RUN: quench-opt %s --split-input-file --verify-diagnostics --quench-evaluate | FileCheck %s

// Differences from the zero point 5, which padding is: (1 3 5), one row of padding above and one below.
// 10 + (0 0; 1 3) * (1 2; 3 4) = 25, then (0 0; 3 5), and with padding below (1 3; 0 0), (3 5; 0 0).
// CHECK: main.0: 1x2x2x1xi32 = [25, 39, 17, 23]
// The second channel has a filter of its own: 1 * 3 and 2 * -2.
// CHECK: main.1: 1x1x1x2xi32 = [3, -4]
// Nothing is around the image: the corner sees -7 alone.
// CHECK: main.2: 1x2x2x1xi8 = [-7, -5, -3, 9]
// CHECK: main.3: 2x1xi32 = [2147483647, -1]
// CHECK: main.4: 1x2xi32 = [2147483646, 2]
// CHECK: main.5: 1x3xi8 = [1, 2, 3]
func.func @main() -> (tensor<1x2x2x1xi32>, tensor<1x1x1x2xi32>, tensor<1x2x2x1xi8>, tensor<2x1xi32>, tensor<1x2xi32>, tensor<1x3xi8>) {
  %image = "tosa.const"() <{values = dense<[[[[6], [8], [10]]]]> : tensor<1x1x3x1xi8>}> : () -> tensor<1x1x3x1xi8>
  %filter = "tosa.const"() <{values = dense<[[[[1], [2]], [[3], [4]]]]> : tensor<1x2x2x1xi8>}> : () -> tensor<1x2x2x1xi8>
  %bias = "tosa.const"() <{values = dense<10> : tensor<1xi32>}> : () -> tensor<1xi32>
  %five = "tosa.const"() <{values = dense<5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %c = tosa.conv2d %image, %filter, %bias, %five, %zero {acc_type = i32, pad = array<i64: 1, 1, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x3x1xi8>, tensor<1x2x2x1xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x2x2x1xi32>

  %channels = "tosa.const"() <{values = dense<[[[[6, 7]]]]> : tensor<1x1x1x2xi8>}> : () -> tensor<1x1x1x2xi8>
  %each = "tosa.const"() <{values = dense<[[[[3], [-2]]]]> : tensor<1x1x2x1xi8>}> : () -> tensor<1x1x2x1xi8>
  %none = "tosa.const"() <{values = dense<0> : tensor<2xi32>}> : () -> tensor<2xi32>
  %d = tosa.depthwise_conv2d %channels, %each, %none, %five, %zero {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
    : (tensor<1x1x1x2xi8>, tensor<1x1x2x1xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x1x1x2xi32>

  %negative = "tosa.const"() <{values = dense<[[[[-7], [-8], [-5]], [[-9], [-9], [-9]], [[-3], [-4], [9]]]]> : tensor<1x3x3x1xi8>}> : () -> tensor<1x3x3x1xi8>
  %m = tosa.max_pool2d %negative {kernel = array<i64: 2, 2>, pad = array<i64: 1, 0, 1, 0>, stride = array<i64: 2, 2>} : (tensor<1x3x3x1xi8>) -> tensor<1x2x2x1xi8>

  %sums = "tosa.const"() <{values = dense<[[2147483647, 5], [-1, -3]]> : tensor<2x2xi32>}> : () -> tensor<2x2xi32>
  %largest = tosa.reduce_max %sums {axis = 1 : i32} : (tensor<2x2xi32>) -> tensor<2x1xi32>
  %s = tosa.reduce_sum %sums {axis = 0 : i32} : (tensor<2x2xi32>) -> tensor<1x2xi32>
  %left = "tosa.const"() <{values = dense<[[1]]> : tensor<1x1xi8>}> : () -> tensor<1x1xi8>
  %right = "tosa.const"() <{values = dense<[[2, 3]]> : tensor<1x2xi8>}> : () -> tensor<1x2xi8>
  %j = tosa.concat %left, %right {axis = 1 : i32} : (tensor<1x1xi8>, tensor<1x2xi8>) -> tensor<1x3xi8>
  return %c, %d, %m, %largest, %s, %j : tensor<1x2x2x1xi32>, tensor<1x1x1x2xi32>, tensor<1x2x2x1xi8>, tensor<2x1xi32>, tensor<1x2xi32>, tensor<1x3xi8>
}

// -----

// A window that ends before the padded image is an error.
// expected-error@+1 {{'tosa.max_pool2d' op expected windows whose last one ends where the padded image does, found 3 pixels and a stride of 2}}
module {
  func.func @main() -> tensor<1x?x1x1xi8> {
    %image = "tosa.const"() <{values = dense<1> : tensor<1x3x2x1xi8>}> : () -> tensor<1x3x2x1xi8>
    %open = tensor.cast %image : tensor<1x3x2x1xi8> to tensor<1x?x2x1xi8>
    %m = tosa.max_pool2d %open {kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>} : (tensor<1x?x2x1xi8>) -> tensor<1x?x1x1xi8>
    return %m : tensor<1x?x1x1xi8>
  }
}

// -----

// Nor may a partial sum leave i32.
// expected-error@+1 {{'tosa.conv2d' op 2147483648 does not fit in 32 bits}}
module {
  func.func @main() -> tensor<1x1x1x1xi32> {
    %one = "tosa.const"() <{values = dense<1> : tensor<1x1x1x1xi8>}> : () -> tensor<1x1x1x1xi8>
    %bias = "tosa.const"() <{values = dense<2147483647> : tensor<1xi32>}> : () -> tensor<1xi32>
    %zero = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
    %c = tosa.conv2d %one, %one, %bias, %zero, %zero {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>}
      : (tensor<1x1x1x1xi8>, tensor<1x1x1x1xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x1x1x1xi32>
    return %c : tensor<1x1x1x1xi32>
  }
}
