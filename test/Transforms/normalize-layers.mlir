// Layers as front ends write them: products as generic ops, weights that are moved in the IR or kept as resources.
// RUN: quench-opt %s --quench-normalize-layers | FileCheck %s --implicit-check-not=linalg.transpose --implicit-check-not=tosa.transpose
// RUN: quench-opt %s --quench-normalize-layers -o %t.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.mlir

// What torch-mlir makes of nn.Linear: the weight is transposed.
// CHECK-LABEL: @transposed
func.func @transposed(%x: tensor<2x3xf32>) -> tensor<2x2xf32> {
  // CHECK: %[[W:.+]] = arith.constant dense<{{\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]>
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %e = tensor.empty() : tensor<3x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x3xf32>) outs(%e : tensor<3x2xf32>) permutation = [1, 0]
  %zero = arith.constant 0.0 : f32
  %r = tensor.empty() : tensor<2x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%r : tensor<2x2xf32>) -> tensor<2x2xf32>
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]]
  %y = linalg.matmul ins(%x, %t : tensor<2x3xf32>, tensor<3x2xf32>) outs(%z : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// A constant that something else reads stays for it. Moves are applied one behind the other.
// CHECK-LABEL: @broadcast_and_reshaped
func.func @broadcast_and_reshaped(%x: tensor<2x1x2xf32>) -> (tensor<2x1x3xf32>, tensor<6xf32>) {
  // CHECK-DAG: arith.constant dense<[1.000000e+00, {{.*}}> : tensor<6xf32>
  // CHECK-DAG: %[[W:.+]] = arith.constant dense<{{\[\[\[}}1.000000e+00, 3.000000e+00, 5.000000e+00], [2.000000e+00, 4.000000e+00, 6.000000e+00]], {{\[\[}}1.0{{.*}}> : tensor<2x2x3xf32>
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]> : tensor<6xf32>
  %m = tensor.expand_shape %w [[0, 1]] output_shape [3, 2] : tensor<6xf32> into tensor<3x2xf32>
  %e = tensor.empty() : tensor<2x2x3xf32>
  %b = linalg.generic {indexing_maps = [affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j, k)>],
                       iterator_types = ["parallel", "parallel", "parallel"]}
    ins(%m : tensor<3x2xf32>) outs(%e : tensor<2x2x3xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  } -> tensor<2x2x3xf32>
  %zero = arith.constant 0.0 : f32
  %r = tensor.empty() : tensor<2x1x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%r : tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
  // CHECK: linalg.batch_matmul ins(%{{.+}}, %[[W]]
  %y = linalg.batch_matmul ins(%x, %b : tensor<2x1x2xf32>, tensor<2x2x3xf32>) outs(%z : tensor<2x1x3xf32>) -> tensor<2x1x3xf32>
  return %y, %w : tensor<2x1x3xf32>, tensor<6xf32>
}

// CHECK-LABEL: @tosa
func.func @tosa(%x: tensor<1x2x3xf32>) -> tensor<1x2x2xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // CHECK: %[[W:.+]] = "tosa.const"() <{values = dense<{{\[\[\[}}1.000000e+00, 4.000000e+00], [2.000000e+00, 5.000000e+00], [3.000000e+00, 6.000000e+00]]]>
  %w = "tosa.const"() <{values = dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>}> : () -> tensor<2x3xf32>
  %t = tosa.transpose %w {perms = array<i32: 1, 0>} : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %s = tosa.const_shape {values = dense<[1, 3, 2]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %r = tosa.reshape %t, %s : (tensor<3x2xf32>, !tosa.shape<3>) -> tensor<1x3x2xf32>
  // CHECK: tosa.matmul %{{.+}}, %[[W]]
  %y = tosa.matmul %x, %r, %zp, %zp : (tensor<1x2x3xf32>, tensor<1x3x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// Loops of a product may come in any order; that of the weight, too.
#x = affine_map<(n, k, m) -> (m, k)>
#w = affine_map<(n, k, m) -> (n, k)>
#y = affine_map<(n, k, m) -> (m, n)>
// CHECK-LABEL: @generic
func.func @generic(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %i: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK: linalg.matmul indexing_maps = [#[[A:.+]], #[[B:.+]], #[[C:.+]]] ins(%{{.+}}, %{{.+}} : tensor<2x4xf32>, tensor<3x4xf32>)
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "reduction", "parallel"]}
    ins(%x, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%i : tensor<2x3xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// CHECK-LABEL: @contract
func.func @contract(%x: tensor<5x4x2xf32>, %w: tensor<5x4x3xf32>, %i: tensor<5x2x3xf32>) -> tensor<5x2x3xf32> {
  // CHECK: linalg.batch_matmul indexing_maps = {{.+}} ins(%{{.+}}, %{{.+}} : tensor<5x4x2xf32>, tensor<5x4x3xf32>)
  %y = linalg.contract indexing_maps = [affine_map<(m, n, b, k) -> (b, k, m)>, affine_map<(m, n, b, k) -> (b, k, n)>,
                                        affine_map<(m, n, b, k) -> (b, m, n)>]
    ins(%x, %w : tensor<5x4x2xf32>, tensor<5x4x3xf32>) outs(%i : tensor<5x2x3xf32>) -> tensor<5x2x3xf32>
  return %y : tensor<5x2x3xf32>
}

// No named op writes a product transposed, or sums over two axes.
// CHECK-LABEL: @negative_products
func.func @negative_products(%x: tensor<2x4xf32>, %w: tensor<3x4xf32>, %i: tensor<3x2xf32>,
                             %c: tensor<2x4x3xf32>, %d: tensor<4x3x5xf32>, %j: tensor<2x5xf32>) -> (tensor<3x2xf32>, tensor<2x5xf32>) {
  // CHECK: linalg.contract
  %y = linalg.contract indexing_maps = [#x, #w, affine_map<(n, k, m) -> (n, m)>]
    ins(%x, %w : tensor<2x4xf32>, tensor<3x4xf32>) outs(%i : tensor<3x2xf32>) -> tensor<3x2xf32>
  // CHECK: linalg.contract
  %z = linalg.contract indexing_maps = [affine_map<(m, n, k, l) -> (m, k, l)>, affine_map<(m, n, k, l) -> (k, l, n)>,
                                        affine_map<(m, n, k, l) -> (m, n)>]
    ins(%c, %d : tensor<2x4x3xf32>, tensor<4x3x5xf32>) outs(%j : tensor<2x5xf32>) -> tensor<2x5xf32>
  return %y, %z : tensor<3x2xf32>, tensor<2x5xf32>
}
