// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s

// CHECK-DAG: #[[$LAST:.+]] = affine_map<(d0, d1) -> (d1)>

// floor((p + 2^30) / 2^31) without a sum that could overflow, the output zero point, the bounds of i8.
// CHECK-LABEL: func.func @single_rounding(
// CHECK: ^bb0(%[[X:.+]]: i32, %{{.+}}: i8):
// CHECK: %[[WIDE:.+]] = arith.extsi %[[X]] : i32 to i64
// CHECK: %[[PRODUCT:.+]] = arith.muli
// CHECK: %[[HALF:.+]] = arith.shrsi %[[PRODUCT]]
// CHECK: %[[BIT:.+]] = arith.andi %[[HALF]]
// CHECK: %[[WHOLE:.+]] = arith.shrsi %[[PRODUCT]]
// CHECK: arith.addi %[[WHOLE]], %[[BIT]] : i64
// CHECK-NOT: arith.shrsi
// CHECK: arith.constant -128 : i64
// CHECK: arith.maxsi
// CHECK: arith.constant 127 : i64
// CHECK: arith.minsi
// CHECK: arith.trunci %{{.+}} : i64 to i8
func.func @single_rounding(%x: tensor<?x768xi32>) -> tensor<?x768xi8> {
  %y = quench.requantize %x multiplier [1073741824] shift [31] rounding single output_zero_point -3
     : tensor<?x768xi32> to tensor<?x768xi8>
  return %y : tensor<?x768xi8>
}

// One multiplier and two shifts for each channel: by 31 at most, then what is left of 33.
// CHECK-LABEL: func.func @double_rounding_of_channels(
// CHECK-DAG: %[[M:.+]] = arith.constant dense<[1073741824, 5]> : tensor<2xi64>
// CHECK-DAG: %[[S:.+]] = arith.constant dense<[31, 30]> : tensor<2xi64>
// CHECK-DAG: %[[T:.+]] = arith.constant dense<[2, 0]> : tensor<2xi64>
// CHECK: linalg.generic {{.*}}#[[$LAST]], #[[$LAST]], #[[$LAST]],{{.*}} ins(%{{.+}}, %[[M]], %[[S]], %[[T]] :
// CHECK: arith.cmpi slt
// CHECK: arith.cmpi sgt
func.func @double_rounding_of_channels(%x: tensor<?x2xi32>) -> tensor<?x2xi16> {
  %y = quench.requantize %x multiplier [1073741824, 5] shift [33, 30] rounding double : tensor<?x2xi32> to tensor<?x2xi16>
  return %y : tensor<?x2xi16>
}
