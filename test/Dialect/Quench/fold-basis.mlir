// A resource gets another name when it is read where one of its name is already.
// UNSUPPORTED: roundtrip
// RUN: quench-opt %s --canonicalize | FileCheck %s

#d = #quench.diagonal<dense<[0.5, 2.0, 0.0, 1.0]> : tensor<4xf32>>
#e = #quench.diagonal<dense<[3.0, 0.1, 1.0, 1.0]> : tensor<4xf32>>
#p = #quench.permutation<[1, 2, 3, 0]>
#q = #quench.permutation<[2, 3, 0, 1]>
#h = #quench.hadamard<4, seed = 1>

// CHECK-DAG: #[[$P:.+]] = #quench.permutation<[1, 2, 3, 0]>
// CHECK-DAG: #[[$P3:.+]] = #quench.permutation<[3, 0, 1, 2]>
// CHECK-DAG: #[[$D:.+]] = #quench.diagonal<dense<[5.000000e-01, 2.000000e+00, 0.000000e+00, 1.000000e+00]> : tensor<4xf32>>
// CHECK-DAG: #[[$D2:.+]] = #quench.diagonal<dense<[2.500000e-01, 4.000000e+00, 0.000000e+00, 1.000000e+00]> : tensor<4xf32>>
// CHECK-DAG: #[[$EIGHT:.+]] = #quench.diagonal<dense<[1.000000e+00, 1.000000e+00, 1.000000e+00, 1.000000e+00, 3.000000e+00,

// CHECK-LABEL: @identities_vanish
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
func.func @identities_vanish(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #quench.permutation<[0, 1, 2, 3]> axes [1] : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #quench.diagonal<dense<1.0> : tensor<4xf32>> axes [1] inverse : tensor<?x4xf32>
  // CHECK-NEXT: return %[[X]]
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: @resources_are_read
// CHECK-SAME: %[[X:.+]]: tensor<?x2xf32>
func.func @resources_are_read(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %0 = quench.change_basis %x by #quench.diagonal<dense_resource<halves> : tensor<2xf32>> axes [1] : tensor<?x2xf32>
  %1 = quench.change_basis %0 by #quench.diagonal<dense<2.0> : tensor<2xf64>> axes [1] : tensor<?x2xf32>
  // CHECK-NEXT: return %[[X]]
  return %1 : tensor<?x2xf32>
}

// Even of a map that has no inverse: nothing is evaluated.
// CHECK-LABEL: @inverse_pairs_cancel
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
func.func @inverse_pairs_cancel(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #h axes [1] : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #d axes [1] inverse : tensor<?x4xf32>
  %2 = quench.change_basis %1 by #d axes [1] transposed : tensor<?x4xf32>
  %3 = quench.change_basis %2 by #h axes [1] transposed : tensor<?x4xf32>
  // CHECK-NEXT: return %[[X]]
  return %3 : tensor<?x4xf32>
}

// CHECK-LABEL: @symmetric_rotations_are_their_own_inverse
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
func.func @symmetric_rotations_are_their_own_inverse(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #quench.hadamard<4> axes [1] : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #quench.hadamard<4> axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: return %[[X]]
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: @negative_signs_come_first
func.func @negative_signs_come_first(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #h axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: quench.change_basis %{{.+}} by #quench.composed<[#quench.hadamard<4, seed = 1>, #quench.hadamard<4, seed = 1>]>
  %1 = quench.change_basis %0 by #h axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: return
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: @permutations_are_one
func.func @permutations_are_one(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #p axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: quench.change_basis %{{.+}} by #[[$P3]] axes [1] : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #q axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: return
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: @diagonals_are_one
func.func @diagonals_are_one(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #d axes [1] inverse : tensor<?x4xf32>
  // CHECK-NEXT: quench.change_basis %{{.+}} by #[[$D2]] axes [1] inverse : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #d axes [1] inverse transposed : tensor<?x4xf32>
  // CHECK-NEXT: return
  return %1 : tensor<?x4xf32>
}

// CHECK-LABEL: @neighbours_compose
func.func @neighbours_compose(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #d axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: quench.change_basis %{{.+}} by #quench.composed<[#[[$D]], inverse #quench.hadamard<4, seed = 1>, #[[$P]]]> axes [1]
  %1 = quench.change_basis %0 by #h axes [1] inverse : tensor<?x4xf32>
  %2 = quench.change_basis %1 by #p axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: return
  return %2 : tensor<?x4xf32>
}

// The inverse of a composition is that of its factors in reverse.
// CHECK-LABEL: @composition_is_opened
// CHECK-SAME: %[[X:.+]]: tensor<?x4xf32>
func.func @composition_is_opened(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = quench.change_basis %x by #quench.composed<[#d, inverse #h]> axes [1] inverse : tensor<?x4xf32>
  %1 = quench.change_basis %0 by #d axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: %[[Y:.+]] = quench.change_basis %[[X]] by #quench.hadamard<4, seed = 1> axes [1] : tensor<?x4xf32>
  // CHECK-NEXT: return %[[Y]]
  return %1 : tensor<?x4xf32>
}

// I ⊗ M on two axes is M on the second.
// CHECK-LABEL: @equal_blocks_are_one_map
func.func @equal_blocks_are_one_map(%x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  // CHECK-NEXT: quench.change_basis %{{.+}} by #quench.hadamard<4, seed = 1> axes [2] inverse : tensor<?x2x4xf32>
  %0 = quench.change_basis %x by #quench.block_diagonal<#h, copies = 2> axes [1, 2] transposed : tensor<?x2x4xf32>
  // CHECK-NEXT: return
  return %0 : tensor<?x2x4xf32>
}

// CHECK-LABEL: @blocks_of_diagonals_are_a_diagonal
func.func @blocks_of_diagonals_are_a_diagonal(%x: tensor<?x2x4xf32>) -> tensor<?x2x4xf32> {
  // CHECK-NEXT: quench.change_basis %{{.+}} by #[[$EIGHT]]{{.*}} axes [1, 2] : tensor<?x2x4xf32>
  %0 = quench.change_basis %x by #quench.block_diagonal<[#quench.permutation<[0, 1, 2, 3]>, #e]> axes [1, 2]
       : tensor<?x2x4xf32>
  // CHECK-NEXT: return
  return %0 : tensor<?x2x4xf32>
}

// CHECK-LABEL: @negative_axes_stay_apart
func.func @negative_axes_stay_apart(%x: tensor<?x4x4xf32>) -> tensor<?x4x4xf32> {
  // CHECK-NEXT: %[[Y:.+]] = quench.change_basis %{{.+}} by #quench.hadamard<4, seed = 1> axes [2] : tensor<?x4x4xf32>
  %0 = quench.change_basis %x by #h axes [2] : tensor<?x4x4xf32>
  // CHECK-NEXT: quench.change_basis %[[Y]] by #quench.hadamard<4, seed = 1> axes [1] : tensor<?x4x4xf32>
  %1 = quench.change_basis %0 by #h axes [1] : tensor<?x4x4xf32>
  // CHECK-NEXT: return
  return %1 : tensor<?x4x4xf32>
}

{-# dialect_resources: { builtin: { halves: "0x040000000000003F0000003F" } } #-}
