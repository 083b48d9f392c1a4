// RUN: quench-opt %s --convert-nn-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-nn-to-linalg -o /dev/null

// CHECK-DAG: #[[$LHS:.+]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$RHS:.+]] = affine_map<(d0, d1, d2) -> (d1, d2)>
// CHECK-DAG: #[[$OUT:.+]] = affine_map<(d0, d1, d2) -> (d0, d1)>

// A row of the table for each token; tokens are trusted to be inside.
// CHECK-LABEL: func.func @embedding_reads_rows(
// CHECK-SAME: %[[TABLE:.+]]: tensor<256x64xf16>, %[[TOKENS:.+]]: tensor<?xi32>)
// CHECK: %[[RESULT:.+]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[TOKENS]] : tensor<?xi32>)
// CHECK: ^bb0(%[[TOKEN:.+]]: i32, %{{.+}}: f16):
// CHECK: %[[ROW:.+]] = arith.index_cast %[[TOKEN]] : i32 to index
// CHECK: %[[COLUMN:.+]] = linalg.index 1
// CHECK: tensor.extract %[[TABLE]][%[[ROW]], %[[COLUMN]]] : tensor<256x64xf16>
// CHECK: return %[[RESULT]] : tensor<?x64xf16>
func.func @embedding_reads_rows(%table: tensor<256x64xf16>, %tokens: tensor<?xi32>) -> tensor<?x64xf16> {
  %x = nn.embedding %table[%tokens] : tensor<256x64xf16>, tensor<?xi32> -> tensor<?x64xf16>
  return %x : tensor<?x64xf16>
}

// The weight stays as it is stored: it is read transposed and widened in the body. The bias comes last.
// CHECK-LABEL: func.func @linear_widens_half_weights(
// CHECK-SAME: %[[X:.+]]: tensor<?x64xf32>, %[[W:.+]]: tensor<96x64xf16>, %[[B:.+]]: tensor<96xf32>)
// CHECK: %[[ZEROS:.+]] = linalg.fill ins(%{{.+}} : f32) outs(%{{.+}} : tensor<?x96xf32>)
// CHECK: %[[SUMS:.+]] = linalg.generic {indexing_maps = [#[[$LHS]], #[[$RHS]], #[[$OUT]]],
// CHECK-SAME: iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME: ins(%[[X]], %[[W]] : tensor<?x64xf32>, tensor<96x64xf16>) outs(%[[ZEROS]] : tensor<?x96xf32>)
// CHECK: ^bb0(%[[LEFT:.+]]: f32, %[[RIGHT:.+]]: f16, %[[SUM:.+]]: f32):
// CHECK: %[[WIDE:.+]] = arith.extf %[[RIGHT]] : f16 to f32
// CHECK: %[[PRODUCT:.+]] = arith.mulf %[[LEFT]], %[[WIDE]] : f32
// CHECK: arith.addf %[[SUM]], %[[PRODUCT]] : f32
// CHECK: linalg.generic {{.*}} ins(%[[B]] : tensor<96xf32>) outs(%[[SUMS]] : tensor<?x96xf32>)
func.func @linear_widens_half_weights(%x: tensor<?x64xf32>, %w: tensor<96x64xf16>, %b: tensor<96xf32>) -> tensor<?x96xf32> {
  %y = nn.linear %x, %w bias(%b) : tensor<?x64xf32>, tensor<96x64xf16>, tensor<96xf32> -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// A linear layer alone is one generic.
// CHECK-LABEL: func.func @linear_without_bias(
// CHECK: linalg.fill
// CHECK: linalg.generic
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @linear_without_bias(%x: tensor<3x4xf32>, %w: tensor<2x4xf32>) -> tensor<3x2xf32> {
  %y = nn.linear %x, %w : tensor<3x4xf32>, tensor<2x4xf32> -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}
