// The length of a sequence is known from the tokens on: sizes of results are traced to the arguments.
// RUN: quench-opt %s --resolve-ranked-shaped-type-result-dims --canonicalize | FileCheck %s

// CHECK-LABEL: func.func @sequence(
// CHECK-SAME:    %[[TOKENS:.+]]: tensor<?xi32>
// CHECK-DAG:     %[[C0:.+]] = arith.constant 0 : index
// CHECK-DAG:     %[[C6:.+]] = arith.constant 6 : index
// CHECK-DAG:     %[[LENGTH:.+]] = tensor.dim %[[TOKENS]], %[[C0]] : tensor<?xi32>
// CHECK:         return %[[LENGTH]], %[[C6]]
func.func @sequence(%tokens: tensor<?xi32>, %table: tensor<11x4xf32>, %w: tensor<6x4xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %x = nn.embedding %table[%tokens] : tensor<11x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x4xf32>
  %l = nn.layer_norm %n epsilon 1.0e-5 : tensor<?x4xf32>
  %a = nn.silu %l : tensor<?x4xf32>
  %y = nn.linear %a, %w : tensor<?x4xf32>, tensor<6x4xf32> -> tensor<?x6xf32>
  %rows = tensor.dim %y, %c0 : tensor<?x6xf32>
  %columns = tensor.dim %y, %c1 : tensor<?x6xf32>
  return %rows, %columns : index, index
}

// Tables of rotary embedding have the length that they are made for, results of attention that of the queries.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME:    %[[Q:.+]]: tensor<?x2x4xf32>, %{{.+}}: tensor<16x2x4xf32>, %{{.+}}: tensor<2xf32>, %{{.+}}: index, %[[N:.+]]: index)
// CHECK:         %[[LENGTH:.+]] = tensor.dim %[[Q]], %{{.+}} : tensor<?x2x4xf32>
// CHECK:         return %[[N]], %[[N]], %[[LENGTH]]
func.func @attention(%q: tensor<?x2x4xf32>, %cache: tensor<16x2x4xf32>, %f: tensor<2xf32>, %p: index, %n: index)
    -> (index, index, index) {
  %c0 = arith.constant 0 : index
  %cos, %sin = nn.rotary_table %f from %p length %n : tensor<2xf32> -> tensor<?x2xf32>
  %r = nn.rotary_embedding %q, %cos, %sin : tensor<?x2x4xf32>, tensor<?x2xf32>
  %k = nn.cache_update %r into %cache at %p : tensor<?x2x4xf32> into tensor<16x2x4xf32>
  %y = nn.attention %r, %k, %k at %p scale 0.5 : tensor<?x2x4xf32>, tensor<16x2x4xf32>
  %lc = tensor.dim %cos, %c0 : tensor<?x2xf32>
  %ls = tensor.dim %sin, %c0 : tensor<?x2xf32>
  %ly = tensor.dim %y, %c0 : tensor<?x2x4xf32>
  return %lc, %ls, %ly : index, index, index
}

// Windows are counted from the size of the images.
// CHECK-LABEL: func.func @windows(
// CHECK-SAME:    %[[X:.+]]: tensor<?x9x?x4xf32>
// CHECK-DAG:     %[[C24:.+]] = arith.constant 24 : index
// CHECK:         %[[IMAGES:.+]] = tensor.dim %[[X]], %c0
// CHECK:         %[[LINES:.+]] = arith.muli %[[IMAGES]], %c4
// CHECK:         %[[WIDTH:.+]] = tensor.dim %[[X]], %c2
// CHECK:         %[[ROOM:.+]] = arith.subi %[[WIDTH]], %c3
// CHECK:         %[[STEPS:.+]] = arith.divsi %[[ROOM]], %c3
// CHECK:         %[[COLUMNS:.+]] = arith.addi %[[STEPS]], %c1
// CHECK:         %[[ROWS:.+]] = arith.muli %[[LINES]], %[[COLUMNS]]
// CHECK:         return %[[ROWS]], %[[C24]]
func.func @windows(%x: tensor<?x9x?x4xf32>) -> (index, index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = nn.unfold %x kernel [3, 2] strides [2, 3] dilations [1, 2] : tensor<?x9x?x4xf32> -> tensor<?x24xf32>
  %rows = tensor.dim %r, %c0 : tensor<?x24xf32>
  %columns = tensor.dim %r, %c1 : tensor<?x24xf32>
  return %rows, %columns : index, index
}

// Rows of windows that are filtered, too.
// CHECK-LABEL: func.func @filtered_windows(
// CHECK: arith.muli %{{.+}}, %{{.+}} : index
// CHECK-NOT: nn.depthwise_conv
func.func @filtered_windows(%x: tensor<?x9x9x4xf32>, %w: tensor<9x4xf32>) -> index {
  %c0 = arith.constant 0 : index
  %r = nn.depthwise_conv %x, %w kernel [3, 3] strides [2, 2] : tensor<?x9x9x4xf32>, tensor<9x4xf32> -> tensor<?x4xf32>
  %rows = tensor.dim %r, %c0 : tensor<?x4xf32>
  return %rows : index
}
