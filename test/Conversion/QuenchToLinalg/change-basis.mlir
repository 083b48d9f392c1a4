// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-quench-to-linalg -o /dev/null

// CHECK-DAG: #[[$ALL:.+]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$LAST:.+]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$X:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$M:.+]] = affine_map<(d0, d1, d2) -> (d2, d1)>

// CHECK-LABEL: func.func @diagonal_multiplies(
// CHECK: linalg.generic {{.*}}[#[[$ALL]], #[[$LAST]], #[[$ALL]]]
// CHECK: arith.mulf
// CHECK-NOT: linalg.generic
func.func @diagonal_multiplies(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = quench.change_basis %x by #quench.diagonal<dense<[2.0, 3.0]> : tensor<2xf32>> axes [1] : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @inverse_diagonal_divides(
// CHECK: arith.divf
func.func @inverse_diagonal_divides(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = quench.change_basis %x by #quench.diagonal<dense<[2.0, 3.0]> : tensor<2xf32>> axes [1] inverse : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// CHECK-LABEL: func.func @permutation_gathers(
// CHECK: arith.constant dense<[2, 0, 1]> : tensor<3xi64>
// CHECK: tensor.extract
func.func @permutation_gathers(%x: tensor<?x3xf32>) -> tensor<?x3xf32> {
  %y = quench.change_basis %x by #quench.permutation<[2, 0, 1]> axes [1] : tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}

// Sums in f32, rounded once.
// CHECK-LABEL: func.func @matrix_multiplies(
// CHECK: linalg.generic {{.*}}[#[[$X]], #[[$M]], #[[$ALL3:.+]]], iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: arith.extf %{{.+}} : bf16 to f32
// CHECK: arith.mulf
// CHECK: arith.addf
// CHECK: arith.truncf %{{.+}} : f32 to bf16
func.func @matrix_multiplies(%x: tensor<?x2xbf16>) -> tensor<?x2xbf16> {
  %y = quench.change_basis %x by #quench.hadamard<2> axes [1] : tensor<?x2xbf16>
  return %y : tensor<?x2xbf16>
}

// CHECK-LABEL: func.func @axes_are_flattened(
// CHECK: tensor.collapse_shape %{{.+}} {{\[\[}}0], [1, 2]]
// CHECK: tensor.extract
// CHECK: tensor.expand_shape %{{.+}} {{\[\[}}0], [1, 2]]
func.func @axes_are_flattened(%x: tensor<?x2x2xf32>) -> tensor<?x2x2xf32> {
  %y = quench.change_basis %x by #quench.permutation<[0, 2, 1, 3]> axes [1, 2] : tensor<?x2x2xf32>
  return %y : tensor<?x2x2xf32>
}

// CHECK-LABEL: func.func @identity_is_nothing(
// CHECK-NEXT: return
func.func @identity_is_nothing(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %y = quench.change_basis %x by #quench.permutation<[0, 1]> axes [1] : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
