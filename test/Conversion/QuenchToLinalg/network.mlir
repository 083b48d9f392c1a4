// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s

#rows = #quench.scheme<ui4, block = [1, 32], scale = f32, zero_point>
#all = #quench.scheme<i8, block = [*, *], scale = f32>

// Rows of the codes, of the scales and of the zero points.
// CHECK-LABEL: func.func @rows_of_a_table(
// CHECK-SAME:    %[[C:[^:]+]]: tensor<8x64xi8>, %[[S:[^:]+]]: tensor<8x2xf32>, %[[Z:[^:]+]]: tensor<8x2xi32>, %[[T:[^:]+]]: tensor<?xi32>)
// CHECK:         linalg.generic {{.*}} ins(%[[T]] : tensor<?xi32>) outs({{.*}} : tensor<?x64xi8>)
// CHECK:           tensor.extract %[[C]]
// CHECK:         linalg.generic {{.*}} ins(%[[T]] : tensor<?xi32>) outs({{.*}} : tensor<?x2xf32>)
// CHECK:           tensor.extract %[[S]]
// CHECK:         linalg.generic {{.*}} ins(%[[T]] : tensor<?xi32>) outs({{.*}} : tensor<?x2xi32>)
// CHECK:           tensor.extract %[[Z]]
func.func @rows_of_a_table(%table: !quench.qtensor<8x64xf32, #rows>, %tokens: tensor<?xi32>) -> !quench.qtensor<?x64xf32, #rows> {
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8x64xf32, #rows>, tensor<?xi32> -> !quench.qtensor<?x64xf32, #rows>
  return %x : !quench.qtensor<?x64xf32, #rows>
}

// One scale for the table is that of its rows.
// CHECK-LABEL: func.func @one_scale_for_all(
// CHECK-SAME:    %[[C:[^:]+]]: tensor<8x64xi8>, %[[S:[^:]+]]: tensor<1x1xf32>, %[[T:[^:]+]]: tensor<?xi32>)
// CHECK:         %[[R:.+]] = linalg.generic
// CHECK:         return %[[R]], %[[S]]
func.func @one_scale_for_all(%table: !quench.qtensor<8x64xf32, #all>, %tokens: tensor<?xi32>) -> !quench.qtensor<?x64xf32, #all> {
  %x = nn.embedding %table[%tokens] : !quench.qtensor<8x64xf32, #all>, tensor<?xi32> -> !quench.qtensor<?x64xf32, #all>
  return %x : !quench.qtensor<?x64xf32, #all>
}
