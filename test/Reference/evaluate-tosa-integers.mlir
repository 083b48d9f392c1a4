// The integer profile of TOSA, by its specification.
// RUN: quench-opt %s --split-input-file --verify-diagnostics --quench-evaluate | FileCheck %s

// Zero points are taken off before products; 127 - (-128) times -128 fits nothing less than i32.
// CHECK: main.0: 1x1x2xi32 = [-32385, 386]
// A product of i32 that is shifted is rounded half up: 7 * 3 / 2 = 10.5, -7 * 3 / 2 = -10.5.
// CHECK: main.1: 2xi32 = [11, -10]
// Half is rounded up: 0.5 to 1, -0.5 to 0, 1.5 to 2; a channel has its own factor; a zero point comes behind.
// CHECK: main.2: 3x2xi8 = [-2, -3, -3, -7, -1, 127]
// A table begins at -128.
// CHECK: main.3: 3xi8 = [1, 2, 3]
// CHECK: main.4: 2xi8 = [-3, 5]
// CHECK: main.5: 2xi32 = [7, 0]
func.func @main() -> (tensor<1x1x2xi32>, tensor<2xi32>, tensor<3x2xi8>, tensor<3xi8>, tensor<2xi8>, tensor<2xi32>) {
  %a = "tosa.const"() <{values = dense<[[[127, 3]]]> : tensor<1x1x2xi8>}> : () -> tensor<1x1x2xi8>
  %b = "tosa.const"() <{values = dense<[[[-127, 1], [0, 1]]]> : tensor<1x2x2xi8>}> : () -> tensor<1x2x2xi8>
  %za = "tosa.const"() <{values = dense<-128> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zb = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = tosa.matmul %a, %b, %za, %zb : (tensor<1x1x2xi8>, tensor<1x2x2xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x1x2xi32>
  %c = "tosa.const"() <{values = dense<[7, -7]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %d = "tosa.const"() <{values = dense<3> : tensor<1xi32>}> : () -> tensor<1xi32>
  %one = "tosa.const"() <{values = dense<1> : tensor<1xi8>}> : () -> tensor<1xi8>
  %p = tosa.mul %c, %d, %one : (tensor<2xi32>, tensor<1xi32>, tensor<1xi8>) -> tensor<2xi32>
  %s = "tosa.const"() <{values = dense<[[1, 0], [-1, -1], [3, 1000]]> : tensor<3x2xi32>}> : () -> tensor<3x2xi32>
  %multipliers = "tosa.const"() <{values = dense<1073741824> : tensor<2xi32>}> : () -> tensor<2xi32>
  %shifts = "tosa.const"() <{values = dense<[31, 28]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %zero = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %minus = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %r = tosa.rescale %s, %multipliers, %shifts, %zero, %minus {input_unsigned = false, output_unsigned = false, per_channel = true, rounding_mode = SINGLE_ROUND, scale32 = true}
    : (tensor<3x2xi32>, tensor<2xi32>, tensor<2xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<3x2xi8>
  %table = "tosa.const"() <{values = dense<"0x01000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000200000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000003"> : tensor<256xi8>}> : () -> tensor<256xi8>
  %codes = "tosa.const"() <{values = dense<[-128, 0, 127]> : tensor<3xi8>}> : () -> tensor<3xi8>
  %t = tosa.table %codes, %table : (tensor<3xi8>, tensor<256xi8>) -> tensor<3xi8>
  %e = "tosa.const"() <{values = dense<[-8, 9]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %k = tosa.clamp %e {min_val = -3 : i8, max_val = 5 : i8} : (tensor<2xi8>) -> tensor<2xi8>
  %x = tosa.maximum %c, %zero : (tensor<2xi32>, tensor<1xi32>) -> tensor<2xi32>
  return %m, %p, %r, %t, %k, %x : tensor<1x1x2xi32>, tensor<2xi32>, tensor<3x2xi8>, tensor<3xi8>, tensor<2xi8>, tensor<2xi32>
}

// -----

// A sum outside of i32 is nothing that the specification defines.
// expected-error@+1 {{'tosa.add' op 2147483648 does not fit in 32 bits}}
module {
  func.func @main() -> tensor<1xi32> {
    %a = "tosa.const"() <{values = dense<2147483647> : tensor<1xi32>}> : () -> tensor<1xi32>
    %b = "tosa.const"() <{values = dense<1> : tensor<1xi32>}> : () -> tensor<1xi32>
    %c = tosa.add %a, %b : (tensor<1xi32>, tensor<1xi32>) -> tensor<1xi32>
    return %c : tensor<1xi32>
  }
}

// -----

// Nor is a value of more bits than the shift that it is rescaled with.
// expected-error@+1 {{'tosa.rescale' op expected a value of as many bits as the shift, 8, found 128}}
module {
  func.func @main() -> tensor<1xi32> {
    %a = "tosa.const"() <{values = dense<128> : tensor<1xi32>}> : () -> tensor<1xi32>
    %m = "tosa.const"() <{values = dense<1> : tensor<1xi32>}> : () -> tensor<1xi32>
    %s = "tosa.const"() <{values = dense<8> : tensor<1xi8>}> : () -> tensor<1xi8>
    %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
    %r = tosa.rescale %a, %m, %s, %z, %z {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true}
      : (tensor<1xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi32>) -> tensor<1xi32>
    return %r : tensor<1xi32>
  }
}
