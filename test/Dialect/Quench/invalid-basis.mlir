// RUN: quench-opt %s --split-input-file --verify-diagnostics

// Maps.

// expected-error@+1 {{expected a tensor of rank 1 of f32 or f64 that is not empty as entries of a diagonal}}
func.func private @diagonal_c1_rank() attributes {a = #quench.diagonal<dense<1.0> : tensor<2x2xf32>>}

// -----

// expected-error@+1 {{expected a tensor of rank 1 of f32 or f64 that is not empty as entries of a diagonal}}
func.func private @diagonal_c1_type() attributes {a = #quench.diagonal<dense<1> : tensor<2xi32>>}

// -----

// expected-error@+1 {{expected a tensor of rank 1 of f32 or f64 that is not empty as entries of a diagonal}}
func.func private @diagonal_c1_empty() attributes {a = #quench.diagonal<dense<> : tensor<0xf32>>}

// -----

// expected-error@+1 {{expected finite entries of a diagonal, entry 1 is not}}
func.func private @diagonal_c2() attributes {a = #quench.diagonal<dense<[1.0, 0x7F800000]> : tensor<2xf32>>}

// -----

// expected-error@+1 {{expected every index below 3 once in a permutation, found 1 twice}}
func.func private @permutation_c1_twice() attributes {a = #quench.permutation<[0, 1, 1]>}

// -----

// expected-error@+1 {{expected every index below 2 once in a permutation, found 2}}
func.func private @permutation_c1_range() attributes {a = #quench.permutation<[0, 2]>}

// -----

// expected-error@+1 {{expected every index below 2 once in a permutation, found -1}}
func.func private @permutation_c1_negative() attributes {a = #quench.permutation<[0, -1]>}

// -----

// expected-error@+1 {{expected at least one index in a permutation}}
func.func private @permutation_c1_empty() attributes {a = #quench.permutation<[]>}

// -----

// expected-error@+1 {{188}}
func.func private @hadamard_c1_unknown() attributes {a = #quench.hadamard<188>}

// -----

// expected-error@+1 {{found 0}}
func.func private @hadamard_c1_zero() attributes {a = #quench.hadamard<0>}

// -----

// expected-error@+1 {{expected a seed and a number of draws to skip, found -1}}
func.func private @hadamard_c2() attributes {a = #quench.hadamard<4, seed = 3, skip = -1>}

// -----

// expected-error@+1 {{found -3}}
func.func private @hartley_c1() attributes {a = #quench.hartley<-3>}

// -----

// expected-error@+1 {{expected a square tensor of f32 or f64 that is not empty as entries of an orthogonal map}}
func.func private @orthogonal_c1_square() attributes {a = #quench.orthogonal<dense<1.0> : tensor<1x2xf32>>}

// -----

// expected-error@+1 {{expected a square tensor of f32 or f64 that is not empty as entries of an orthogonal map}}
func.func private @orthogonal_c1_type() attributes {a = #quench.orthogonal<dense<1.0> : tensor<1x1xf16>>}

// -----

// expected-error@+1 {{expected an orthogonal matrix, found a product with its transpose that differs from the identity by 3}}
func.func private @orthogonal_c2() attributes {a = #quench.orthogonal<dense<[[2.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>>}

// -----

// expected-error@+1 {{expected an orthogonal matrix}}
func.func private @orthogonal_c2_nan() attributes {a = #quench.orthogonal<dense<[[0x7FC00000, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>>}

// -----

// expected-error@+1 {{expected at least two blocks}}
func.func private @blocks_c1_copies() attributes {a = #quench.block_diagonal<#quench.hadamard<2>, copies = 1>}

// -----

// expected-error@+1 {{expected at least two blocks}}
func.func private @blocks_c1_list() attributes {a = #quench.block_diagonal<[#quench.hadamard<2>]>}

// -----

// expected-error@+1 {{expected a map, found 3 : i64}}
func.func private @blocks_of_maps() attributes {a = #quench.block_diagonal<3, copies = 2>}

// -----

// expected-error@+1 {{expected a dimension of at most 2^31}}
func.func private @blocks_huge() attributes {a = #quench.block_diagonal<#quench.hadamard<4096>, copies = 4611686018427387904>}

// -----

// expected-error@+1 {{expected a dimension of at most 2^31}}
func.func private @blocks_overflow() attributes {a = #quench.block_diagonal<#quench.hadamard<4611686018427387904>, copies = 4096>}

// -----

// expected-error@+1 {{expected at least one factor of a composition}}
func.func private @composed_c1_empty() attributes {a = #quench.composed<[]>}

// -----

// expected-error@+1 {{expected factors of the same dimension, found 2 and 4}}
func.func private @composed_c1_dimension() attributes {a = #quench.composed<[#quench.hadamard<2>, #quench.hadamard<4>]>}

// -----

// Changes of basis.

func.func @change_basis_c1_order(%x: tensor<2x2xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected consecutive axes of the input, found [1, 0]}}
  %y = quench.change_basis %x by #quench.hadamard<4> axes [1, 0] : tensor<2x2xf32>
  return
}

// -----

func.func @change_basis_c1_range(%x: tensor<2x2xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected consecutive axes of the input, found [2]}}
  %y = quench.change_basis %x by #quench.hadamard<2> axes [2] : tensor<2x2xf32>
  return
}

// -----

func.func @change_basis_c1_negative(%x: tensor<2x2xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected consecutive axes of the input, found [-1]}}
  %y = quench.change_basis %x by #quench.hadamard<2> axes [-1] : tensor<2x2xf32>
  return
}

// -----

func.func @change_basis_c1_none(%x: tensor<2x2xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected consecutive axes of the input, found none}}
  %y = quench.change_basis %x by #quench.hadamard<2> axes [] : tensor<2x2xf32>
  return
}

// -----

func.func @change_basis_c2(%x: tensor<?x2xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected a static extent of axis 0, found 'tensor<?x2xf32>'}}
  %y = quench.change_basis %x by #quench.hadamard<2> axes [0] : tensor<?x2xf32>
  return
}

// -----

func.func @change_basis_c3(%x: tensor<2x4xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected a map of dimension 8, found one of 4}}
  %y = quench.change_basis %x by #quench.hadamard<4> axes [0, 1] : tensor<2x4xf32>
  return
}

// -----

func.func @change_basis_c3_overflow(%x: tensor<4611686018427387904x4xf32>) {
  // expected-error@+1 {{'quench.change_basis' op expected an extent that fits 64 bits}}
  %y = quench.change_basis %x by #quench.hadamard<4> axes [0, 1] : tensor<4611686018427387904x4xf32>
  return
}
