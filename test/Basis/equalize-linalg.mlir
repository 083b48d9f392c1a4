// Changes of basis on linalg: what an op lets through follows from its indexing maps and its body, not from its name.
// RUN: quench-opt %s --quench-verify-equivalence=passes=quench-equalize | FileCheck %s
// RUN: quench-opt %s --quench-equalize -o /dev/null --remark-format=emitRemark --remarks-filter=quench-equalize 2> %t.remarks
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks

// Plain linalg is left, and computes the same.
// RUN: quench-opt %s --quench-equalize --quench-fold-weights -o %t.equalized.mlir
// RUN: FileCheck %s --check-prefix=FOLD --implicit-check-not=quench. < %t.equalized.mlir
// RUN: %python %S/Inputs/same_function.py %s %t.equalized.mlir

// CHECK-DAG: #[[$S:.+]] = #quench.diagonal<dense<[4.000000e+00, 2.500000e-01]> : tensor<2xf32>>

// Column 0 of the first weight reaches 16, row 0 of the second 1: both reach 4. Column 1 reaches 1, row 1 reaches 16.
// REMARK: [Missed] NotEqualized | {{.*}}Function=rectifier | {{.*}}Reason="the value is an argument of its function"
// REMARK: [Passed] Equalized | {{.*}}Function=rectifier | Absorbed=2,
// CHECK-LABEL: @rectifier
// FOLD-LABEL: @rectifier
func.func @rectifier(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  // FOLD-DAG: %[[W1:.+]] = arith.constant dense<{{\[\[}}-4.000000e+00, 2.000000e+00], [5.000000e-01, 4.000000e+00]]>
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  // FOLD-DAG: %[[W2:.+]] = arith.constant dense<{{\[\[}}4.000000e+00, 2.000000e+00], [-4.000000e+00, 5.000000e-01]]>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  // Zeros are zeros in every basis, so they may be shared.
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  // CHECK: %[[V1:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] inverse : tensor<2x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[V1]]
  // FOLD: linalg.matmul ins(%{{.+}}, %[[W1]]
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %r = linalg.max ins(%h, %z : tensor<4x2xf32>, tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  // CHECK: %[[V2:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] : tensor<2x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[V2]]
  // FOLD: linalg.matmul ins(%{{.+}}, %[[W2]]
  %y = linalg.matmul ins(%r, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Regions instead of names: a product that adds to a broadcast bias, a leaky rectifier, and a product that reads its
// weight transposed.
// REMARK: [Passed] Equalized | {{.*}}Function=generic | Absorbed=3,
// CHECK-LABEL: @generic
func.func @generic(%x: tensor<4x2xf32>) -> tensor<4x1xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[4.0, 0.5]> : tensor<2xf32>
  %w2 = arith.constant dense<[[1.0, -16.0]]> : tensor<1x2xf32>
  %zero = arith.constant 0.0 : f32
  %slope = arith.constant 0.125 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  // CHECK: %[[C:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] inverse : tensor<2xf32>
  // CHECK: linalg.broadcast ins(%[[C]]
  %i = linalg.broadcast ins(%b : tensor<2xf32>) outs(%e : tensor<4x2xf32>) dimensions = [0]
  // CHECK: %[[V1:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] inverse : tensor<2x2xf32>
  // CHECK: linalg.generic {{.*}} ins(%{{.+}}, %[[V1]]
  %h = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                                        affine_map<(m, n, k) -> (m, n)>],
                       iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%i : tensor<4x2xf32>) {
  ^bb0(%l: f32, %r: f32, %sum: f32):
    %p = arith.mulf %l, %r : f32
    %s = arith.addf %sum, %p : f32
    linalg.yield %s : f32
  } -> tensor<4x2xf32>
  %a = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %positive = arith.cmpf ogt, %in, %zero : f32
    %small = arith.mulf %in, %slope : f32
    %either = arith.select %positive, %in, %small : f32
    linalg.yield %either : f32
  } -> tensor<4x2xf32>
  %e1 = tensor.empty() : tensor<4x1xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  // CHECK: %[[V2:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [1] : tensor<1x2xf32>
  // CHECK: linalg.matmul {{.*}} ins(%{{.+}}, %[[V2]]
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                                      affine_map<(m, n, k) -> (m, n)>]
    ins(%a, %w2 : tensor<4x2xf32>, tensor<1x2xf32>) outs(%z1 : tensor<4x1xf32>) -> tensor<4x1xf32>
  return %y : tensor<4x1xf32>
}

// Channels of a convolution, in both layouts of the weight, through pooling of maxima and zeros around an image.
// REMARK: [Passed] Equalized | {{.*}}Function=convolutions | Absorbed=2,
// CHECK-LABEL: @convolutions
func.func @convolutions(%x: tensor<1x6x6x1xf32>) -> tensor<1x5x5x1xf32> {
  %w1 = arith.constant dense<[[[[16.0, 1.0]]]]> : tensor<1x1x1x2xf32>
  %w2 = arith.constant dense<[[[[1.0, 0.25], [0.5, 16.0]]]]> : tensor<1x1x2x2xf32>
  %zero = arith.constant 0.0 : f32
  %least = arith.constant 0xFF800000 : f32
  %e6 = tensor.empty() : tensor<1x6x6x2xf32>
  %z6 = linalg.fill ins(%zero : f32) outs(%e6 : tensor<1x6x6x2xf32>) -> tensor<1x6x6x2xf32>
  // CHECK: %[[V1:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [3] inverse : tensor<1x1x1x2xf32>
  // CHECK: linalg.conv_2d_nhwc_hwcf ins(%{{.+}}, %[[V1]]
  %h = linalg.conv_2d_nhwc_hwcf ins(%x, %w1 : tensor<1x6x6x1xf32>, tensor<1x1x1x2xf32>)
    outs(%z6 : tensor<1x6x6x2xf32>) -> tensor<1x6x6x2xf32>
  %e5 = tensor.empty() : tensor<1x5x5x2xf32>
  %i5 = linalg.fill ins(%least : f32) outs(%e5 : tensor<1x5x5x2xf32>) -> tensor<1x5x5x2xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %p = linalg.pooling_nhwc_max ins(%h, %window : tensor<1x6x6x2xf32>, tensor<2x2xf32>)
    outs(%i5 : tensor<1x5x5x2xf32>) -> tensor<1x5x5x2xf32>
  %padded = tensor.pad %p low[0, 0, 0, 0] high[0, 0, 1, 0] {
  ^bb0(%n: index, %i: index, %j: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<1x5x5x2xf32> to tensor<1x5x6x2xf32>
  %e = tensor.empty() : tensor<1x5x5x1xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x5x5x1xf32>) -> tensor<1x5x5x1xf32>
  // CHECK: %[[V2:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [3] : tensor<1x1x2x2xf32>
  // CHECK: linalg.conv_2d_nhwc_fhwc ins(%{{.+}}, %[[V2]]
  %y = linalg.conv_2d_nhwc_fhwc ins(%padded, %w2 : tensor<1x5x6x2xf32>, tensor<1x1x2x2xf32>)
    outs(%z : tensor<1x5x5x1xf32>) -> tensor<1x5x5x1xf32>
  return %y : tensor<1x5x5x1xf32>
}

// A batch of products, a transposition and a reshape: the channels are followed to where they are.
// REMARK: [Passed] Equalized | {{.*}}Function=moved_channels | Absorbed=2,
// CHECK-LABEL: @moved_channels
func.func @moved_channels(%x: tensor<3x4x2xf32>) -> tensor<12x1xf32> {
  %w1 = arith.constant dense<[[[-16.0, 0.5], [2.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]]]> : tensor<3x2x2xf32>
  %w2 = arith.constant dense<[[1.0], [-16.0]]> : tensor<2x1xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<3x4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  // CHECK: %[[V1:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [2] inverse : tensor<3x2x2xf32>
  // CHECK: linalg.batch_matmul ins(%{{.+}}, %[[V1]]
  %h = linalg.batch_matmul ins(%x, %w1 : tensor<3x4x2xf32>, tensor<3x2x2xf32>) outs(%z : tensor<3x4x2xf32>) -> tensor<3x4x2xf32>
  %f = tensor.collapse_shape %h [[0, 1], [2]] : tensor<3x4x2xf32> into tensor<12x2xf32>
  %et = tensor.empty() : tensor<2x12xf32>
  %t = linalg.transpose ins(%f : tensor<12x2xf32>) outs(%et : tensor<2x12xf32>) permutation = [1, 0]
  %e1 = tensor.empty() : tensor<12x1xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<12x1xf32>) -> tensor<12x1xf32>
  // CHECK: %[[V2:.+]] = quench.change_basis %{{.+}} by #[[$S]] axes [0] : tensor<2x1xf32>
  // CHECK: linalg.matmul {{.*}} ins(%{{.+}}, %[[V2]]
  %y = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>,
                                      affine_map<(m, n, k) -> (m, n)>]
    ins(%t, %w2 : tensor<2x12xf32>, tensor<2x1xf32>) outs(%z1 : tensor<12x1xf32>) -> tensor<12x1xf32>
  return %y : tensor<12x1xf32>
}

// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_tanh | {{.*}}Reason="'linalg.tanh' refuses: only permutations pass it, and maps of what it is linear in (asked for inverse diagonal of 2) at linalg.tanh"
// CHECK-LABEL: @negative_tanh
// CHECK-NOT: change_basis
func.func @negative_tanh(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %t = linalg.tanh ins(%h : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%t, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// GELU by its definition, x Φ(x): it is linear in none of its two uses of x.
// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_gelu | {{.*}}Reason="'linalg.generic' refuses: only permutations pass it, and maps of what it is linear in (asked for inverse diagonal of 2) at linalg.generic"
// CHECK-LABEL: @negative_gelu
// CHECK-NOT: change_basis
func.func @negative_gelu(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %half = arith.constant 0.5 : f32
  %one = arith.constant 1.0 : f32
  %root = arith.constant 0.70710678 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %g = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %scaled = arith.mulf %in, %root : f32
    %erf = math.erf %scaled : f32
    %more = arith.addf %erf, %one : f32
    %phi = arith.mulf %more, %half : f32
    %gelu = arith.mulf %in, %phi : f32
    linalg.yield %gelu : f32
  } -> tensor<4x2xf32>
  %y = linalg.matmul ins(%g, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_softmax | {{.*}}Reason="'linalg.softmax' refuses: it has no rule for changes of basis at linalg.softmax"
// CHECK-LABEL: @negative_softmax
// CHECK-NOT: change_basis
func.func @negative_softmax(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %s = linalg.softmax dimension(1) ins(%h : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%s, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// A second reader that is not homogeneous, and one outside of the function.
// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_second_reader | {{.*}}Reason="'linalg.exp' refuses: only permutations pass it, and maps of what it is linear in (asked for inverse diagonal of 2) at linalg.exp"
// CHECK-LABEL: @negative_second_reader
// CHECK-NOT: change_basis
func.func @negative_second_reader(%x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %t = linalg.exp ins(%h : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y, %t : tensor<4x2xf32>, tensor<4x2xf32>
}

// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_result | {{.*}}Reason="'func.return' refuses: the value leaves its function at func.return"
// CHECK-LABEL: @negative_result
// CHECK-NOT: change_basis
func.func @negative_result(%x: tensor<4x2xf32>) -> (tensor<4x2xf32>, tensor<4x2xf32>) {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %h, %y : tensor<4x2xf32>, tensor<4x2xf32>
}

// A constant that is no f32 would become one, which the body of the op does not take.
// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_narrow_weight | {{.*}}Reason="'linalg.matmul' refuses: its constants are not f32
// CHECK-LABEL: @negative_narrow_weight
// CHECK-NOT: change_basis
func.func @negative_narrow_weight(%x: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf16>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x2xf32>) -> tensor<4x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<4x2xf32>, tensor<2x2xf16>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  %y = linalg.matmul ins(%h, %w2 : tensor<4x2xf32>, tensor<2x2xf32>) outs(%z : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}

// Columns and rows of what is read are one loop.
// REMARK: [Missed] NotEqualized | {{.*}}Function=negative_diagonal | {{.*}}Reason="'linalg.generic' refuses: it reads a diagonal
// CHECK-LABEL: @negative_diagonal
// CHECK-NOT: change_basis
func.func @negative_diagonal(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %w1 = arith.constant dense<[[-16.0, 0.5], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.5], [-16.0, 2.0]]> : tensor<2x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %h = linalg.matmul ins(%x, %w1 : tensor<2x2xf32>, tensor<2x2xf32>) outs(%z : tensor<2x2xf32>) -> tensor<2x2xf32>
  %d = linalg.generic {indexing_maps = [affine_map<(m, n) -> (n, n)>, affine_map<(m, n) -> (m, n)>],
                       iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x2xf32>
  %y = linalg.matmul ins(%d, %w2 : tensor<2x2xf32>, tensor<2x2xf32>) outs(%z : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
