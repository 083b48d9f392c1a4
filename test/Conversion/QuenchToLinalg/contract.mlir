// RUN: quench-opt %s --convert-quench-to-linalg --split-input-file --verify-diagnostics | FileCheck %s

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w8 = #quench.scheme<i8, block = [1, *], scale = f32>

// One block along K: an exact i32 sum, then the scale of the weight by fma, the scale of the token, the bias.
// CHECK-LABEL: func.func @per_channel(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x256xi8>, %[[SX:[a-z0-9]+]]: tensor<?x1xf32>, %[[W:[a-z0-9]+]]: tensor<768x256xi8>, %[[SW:[a-z0-9]+]]: tensor<768x1xf32>, %[[B:.+]]: tensor<768xf32>)
// CHECK: %[[ACC:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK: %[[L:.+]] = arith.extsi %{{.+}} : i8 to i32
// CHECK: %[[R:.+]] = arith.extsi %{{.+}} : i8 to i32
// CHECK: %[[P:.+]] = arith.muli %[[L]], %[[R]] : i32
// CHECK: arith.addi %{{.+}}, %[[P]] : i32
// CHECK: %[[SUMS:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[ACC]] : tensor<?x768x1xi32>)
// CHECK: %[[SCALE:.+]] = tensor.extract %[[SW]]
// CHECK: %[[SUM:.+]] = arith.sitofp %{{.+}} : i32 to f32
// CHECK: math.fma %[[SUM]], %[[SCALE]], %{{.+}} : f32
// CHECK: linalg.generic {{.*}} ins(%[[SX]], %[[B]] : tensor<?x1xf32>, tensor<768xf32>) outs(%[[SUMS]]
// CHECK: ^bb0(%[[S:.+]]: f32, %[[BIAS:.+]]: f32, %[[T:.+]]: f32):
// CHECK: %[[SCALED:.+]] = arith.mulf %[[T]], %[[S]] : f32
// CHECK: arith.addf %[[SCALED]], %[[BIAS]] : f32
func.func @per_channel(%x: !quench.qtensor<?x256xf32, #a8>, %w: !quench.qtensor<768x256xf32, #w8>, %b: tensor<768xf32>) -> tensor<?x768xf32> {
  %y = quench.contract %x, %w bias(%b : tensor<768xf32>) accumulator i32
     : !quench.qtensor<?x256xf32, #a8>, !quench.qtensor<768x256xf32, #w8> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>
#w4 = #quench.scheme<ui4, block = [1, 32], scale = f16, zero_point>

// 80 = 2 groups of 32 and one of 16, whose sum continues that of the others.
// CHECK-LABEL: func.func @ragged_groups_with_zero_points(
// CHECK: tensor.extract_slice %{{.+}}[0, 0] [%{{.+}}, 64] [1, 1] : tensor<?x80xi8> to tensor<?x64xi8>
// CHECK: tensor.expand_shape %{{.+}} output_shape [768, 2, 32] : tensor<768x64xi8> into tensor<768x2x32xi8>
// CHECK: %[[CODE:.+]] = arith.extui %{{.+}} : i8 to i32
// CHECK: %[[ZERO:.+]] = tensor.extract %{{.+}} : tensor<768x3xi32>
// CHECK: arith.subi %[[CODE]], %[[ZERO]] : i32
// CHECK: %[[FIRST:.+]] = linalg.generic {{.*}} ins(%{{.+}} : tensor<?x768x2xi32>)
// CHECK: math.fma
// CHECK: tensor.extract_slice %{{.+}}[0, 64] [%{{.+}}, 16] [1, 1] : tensor<?x80xi8> to tensor<?x16xi8>
// CHECK: linalg.generic {{.*}} ins(%{{.+}} : tensor<?x768x1xi32>) outs(%[[FIRST]] : tensor<?x768xf32>)
// CHECK: math.fma
func.func @ragged_groups_with_zero_points(%x: !quench.qtensor<?x80xf32, #a8>, %w: !quench.qtensor<768x80xf32, #w4>) -> tensor<?x768xf32> {
  %y = quench.contract %x, %w accumulator i32
     : !quench.qtensor<?x80xf32, #a8>, !quench.qtensor<768x80xf32, #w4> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [1, 64], scale = f32>
#w4 = #quench.scheme<i4, block = [1, 32], scale = f32>

// The finest common blocks have 32 elements; two of them share a scale on the left. The product of both scales
// is rounded before the fma, and nothing is left to multiply by at the end.
// CHECK-LABEL: func.func @blocks_on_both_sides(
// CHECK: %[[RIGHT:.+]] = tensor.extract %{{.+}} : tensor<768x8xf32>
// CHECK: %[[TWO:.+]] = arith.constant 2 : index
// CHECK: %[[BLOCK:.+]] = arith.divui %{{.+}}, %[[TWO]] : index
// CHECK: %[[LEFT:.+]] = tensor.extract %{{.+}}[%{{.+}}, %[[BLOCK]]] : tensor<?x4xf32>
// CHECK: %[[SCALE:.+]] = arith.mulf %[[LEFT]], %[[RIGHT]] : f32
// CHECK: math.fma %{{.+}}, %[[SCALE]], %{{.+}} : f32
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @blocks_on_both_sides(%x: !quench.qtensor<?x256xf32, #a8>, %w: !quench.qtensor<768x256xf32, #w4>) -> tensor<?x768xf32> {
  %y = quench.contract %x, %w accumulator i32
     : !quench.qtensor<?x256xf32, #a8>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}

// -----

#w4 = #quench.scheme<i4, block = [1, 32], scale = f32>

// The weight is dequantized, the rest is a linear layer.
// CHECK-LABEL: func.func @mixed(
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x256xf32>
// CHECK: %[[W:.+]] = linalg.generic {{.*}} outs(%{{.+}} : tensor<768x256xf32>)
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} ins(%[[X]], %[[W]] : tensor<?x256xf32>, tensor<768x256xf32>)
func.func @mixed(%x: tensor<?x256xf32>, %w: !quench.qtensor<768x256xf32, #w4>) -> tensor<?x768xf32> {
  %y = quench.contract %x, %w accumulator f32 : tensor<?x256xf32>, !quench.qtensor<768x256xf32, #w4> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}

// -----

#a8 = #quench.scheme<i8, block = [1, *], scale = f32>

// One block along K may have any length.
// CHECK-LABEL: func.func @dynamic_k_in_one_block(
// CHECK: tensor.expand_shape %{{.+}} output_shape [2, 1, %{{.+}}] : tensor<2x?xi8> into tensor<2x1x?xi8>
func.func @dynamic_k_in_one_block(%x: !quench.qtensor<2x?xf32, #a8>, %w: !quench.qtensor<3x?xf32, #a8>) -> tensor<2x3xf32> {
  %y = quench.contract %x, %w accumulator i32 : !quench.qtensor<2x?xf32, #a8>, !quench.qtensor<3x?xf32, #a8> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

#a4 = #quench.scheme<i8, block = [1, 4], scale = f32>

// The number of blocks would be known at run time only.
func.func @negative_dynamic_k_in_blocks(%x: !quench.qtensor<2x?xf32, #a4>, %w: !quench.qtensor<3x?xf32, #a4>) -> tensor<2x3xf32> {
  // expected-error@+1 {{failed to legalize operation 'quench.contract' that was explicitly marked illegal}}
  %y = quench.contract %x, %w accumulator i32 : !quench.qtensor<2x?xf32, #a4>, !quench.qtensor<3x?xf32, #a4> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

#a4 = #quench.scheme<i8, block = [1, 4], scale = f32>

// An op that nothing here knows is named.
func.func @negative_foreign_op(%x: !quench.qtensor<2x8xf32, #a4>) {
  // expected-error@+1 {{failed to legalize operation 'builtin.unrealized_conversion_cast' that was explicitly marked illegal}}
  %y = builtin.unrealized_conversion_cast %x : !quench.qtensor<2x8xf32, #a4> to i32
  return
}

// -----

#f8 = #quench.scheme<f8E4M3FN, block = [1, *], scale = f32>
#g8 = #quench.scheme<f8E4M3FN, block = [1, 32], scale = f32>

// Codes that are floats are decoded and multiplied in f32; scales are applied as to sums of integers.
// CHECK-LABEL: func.func @float_codes(
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK: %[[SUM:.+]] = math.fma %{{.+}}, %{{.+}}, %{{.+}} : f32
// CHECK-NEXT: linalg.yield %[[SUM]]
// CHECK: %[[SCALE:.+]] = tensor.extract %{{.+}} : tensor<768x8xf32>
// CHECK-NEXT: math.fma %{{.+}}, %[[SCALE]], %{{.+}} : f32
// CHECK: arith.mulf
func.func @float_codes(%x: !quench.qtensor<?x256xf32, #f8>, %w: !quench.qtensor<768x256xf32, #g8>) -> tensor<?x768xf32> {
  %y = quench.contract %x, %w accumulator f32
     : !quench.qtensor<?x256xf32, #f8>, !quench.qtensor<768x256xf32, #g8> -> tensor<?x768xf32>
  return %y : tensor<?x768xf32>
}
