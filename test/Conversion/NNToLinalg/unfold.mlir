// RUN: quench-opt %s --convert-quench-to-linalg --convert-nn-to-linalg | FileCheck %s
// RUN: quench-opt %s --quench-verify-equivalence=passes=convert-quench-to-linalg,convert-nn-to-linalg -o /dev/null

// CHECK-DAG: #[[$WINDOWS:.+]] = affine_map<(d0, d1, d2, d3, d4, d5) -> (d0, d1 * 2 + d3, d2 + d4 * 3, d5)>

// CHECK-LABEL: func.func @windows_become_rows(
// CHECK-SAME: %[[X:.+]]: tensor<?x9x8x3xf32>)
// CHECK: %[[EMPTY:.+]] = tensor.empty(%{{.+}}) : tensor<?x4x5x3x2x3xf32>
// CHECK: %[[TAKEN:.+]] = linalg.generic {indexing_maps = [#[[$WINDOWS]], #{{.+}}], {{.*}}} ins(%[[X]] : tensor<?x9x8x3xf32>) outs(%[[EMPTY]]
// CHECK: %[[ROWS:.+]] = tensor.collapse_shape %[[TAKEN]] {{\[\[}}0, 1, 2], [3, 4, 5]] : tensor<?x4x5x3x2x3xf32> into tensor<?x18xf32>
// CHECK: return %[[ROWS]]
func.func @windows_become_rows(%x: tensor<?x9x8x3xf32>) -> tensor<?x18xf32> {
  %r = nn.unfold %x kernel [3, 2] strides [2, 1] dilations [1, 3] : tensor<?x9x8x3xf32> -> tensor<?x18xf32>
  return %r : tensor<?x18xf32>
}

// Codes move, their only scale stays.
// CHECK-LABEL: func.func @codes_of_windows(
// CHECK: linalg.generic {{.*}} ins(%{{.+}} : tensor<2x4x4x2xi8>) outs(%{{.+}} : tensor<2x3x3x2x2x2xi8>)
// CHECK: tensor.collapse_shape %{{.+}} {{\[\[}}0, 1, 2], [3]] : tensor<1x1x1x1xf32> into tensor<1x1xf32>
#images = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#rows = #quench.scheme<i8, block = [*, *], scale = f32>
func.func @codes_of_windows(%x: tensor<2x4x4x2xf32>) -> tensor<18x8xf32> {
  %q = quench.quantize %x : tensor<2x4x4x2xf32> to !quench.qtensor<2x4x4x2xf32, #images>
  %u = nn.unfold %q kernel [2, 2] : !quench.qtensor<2x4x4x2xf32, #images> -> !quench.qtensor<18x8xf32, #rows>
  %r = quench.dequantize %u : !quench.qtensor<18x8xf32, #rows> to tensor<18x8xf32>
  return %r : tensor<18x8xf32>
}
