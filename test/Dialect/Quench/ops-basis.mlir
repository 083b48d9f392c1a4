// RUN: quench-opt %s | quench-opt | FileCheck %s --strict-whitespace
// RUN: quench-opt %s --verify-roundtrip

// Maps with many numbers are printed once.
// CHECK-DAG: #[[$D:.+]] = #quench.diagonal<dense<[5.000000e-01, 2.000000e+00, 0.000000e+00]> : tensor<3xf32>>
// CHECK-DAG: #[[$P:.+]] = #quench.permutation<[2, 0, 1]>
// CHECK-DAG: #[[$O:.+]] = #quench.orthogonal<dense<{{.+}}> : tensor<2x2xf64>>
#d = #quench.diagonal<dense<[0.5, 2.0, 0.0]> : tensor<3xf32>>
#p = #quench.permutation<[2, 0, 1]>
#o = #quench.orthogonal<dense<[[0.6, 0.8], [-0.8, 0.6]]> : tensor<2x2xf64>>

// CHECK-LABEL: func.func @every_kind_of_map
func.func @every_kind_of_map(%x: tensor<?x3xf32>, %y: tensor<?x2xbf16>, %z: tensor<?x256xf16>, %w: tensor<?x5x12xf32>) {
  // CHECK: = quench.change_basis %{{.+}} by #[[$D]] axes [1] : tensor<?x3xf32>
  %0 = quench.change_basis %x by #d axes [1] : tensor<?x3xf32>
  // CHECK: = quench.change_basis %{{.+}} by #[[$P]] axes [1] : tensor<?x3xf32>
  %1 = quench.change_basis %x by #p axes [1] : tensor<?x3xf32>
  // CHECK: = quench.change_basis %{{.+}} by #[[$O]] axes [1] : tensor<?x2xbf16>
  %2 = quench.change_basis %y by #o axes [1] : tensor<?x2xbf16>
  // CHECK: by #quench.hadamard<256> axes [1] : tensor<?x256xf16>
  %4 = quench.change_basis %z by #quench.hadamard<256> axes [1] : tensor<?x256xf16>
  // CHECK: by #quench.hadamard<256, seed = 7> axes [1] inverse : tensor<?x256xf16>
  %5 = quench.change_basis %z by #quench.hadamard<256, seed = 7> axes [1] inverse : tensor<?x256xf16>
  // CHECK: by #quench.hadamard<12, seed = 18446744073709551615, skip = 3> axes [2] transposed : tensor<?x5x12xf32>
  %6 = quench.change_basis %w by #quench.hadamard<12, seed = 18446744073709551615, skip = 3> axes [2] transposed : tensor<?x5x12xf32>
  // CHECK: by #quench.hartley<5> axes [1] inverse transposed : tensor<?x5x12xf32>
  %7 = quench.change_basis %w by #quench.hartley<5> axes [1] inverse transposed : tensor<?x5x12xf32>
  // CHECK: by #quench.block_diagonal<#quench.hadamard<12>, copies = 5> axes [1, 2] : tensor<?x5x12xf32>
  %8 = quench.change_basis %w by #quench.block_diagonal<#quench.hadamard<12>, copies = 5> axes [1, 2] : tensor<?x5x12xf32>
  // CHECK: by #quench.block_diagonal<[#quench.hadamard<2>, #[[$P]]]> axes [1] : tensor<?x5x12xf32>
  %9 = quench.change_basis %w by #quench.block_diagonal<[#quench.hadamard<2>, #p]> axes [1] : tensor<?x5x12xf32>
  // CHECK: by #quench.composed<[inverse #[[$D]], transposed #[[$P]], inverse transposed #[[$D]]]> axes [1] : tensor<?x3xf32>
  %10 = quench.change_basis %x by #quench.composed<[inverse #d, transposed #p, inverse transposed #d]> axes [1] : tensor<?x3xf32>
  return
}
