// Constants of other dialects and constants in resources are weights, too; open numbers of rows do not matter.
// RUN: quench-opt %s --quench-fold-norms --quench-equalize --quench-fold-weights --canonicalize | FileCheck %s --implicit-check-not=quench.

// Column 0 of the first reaches 16, row 0 of the second 1: both reach 4. Columns and rows 1 reach 1/2 and 2: both 1.
// CHECK-LABEL: @resources
func.func @resources(%x: tensor<1x?x2xf32>) -> tensor<1x?x2xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  // CHECK-DAG: %[[W:.+]] = "tosa.const"() <{values = dense<{{\[\[\[}}4.000000e+00, 5.000000e-01], [2.500000e-01, 1.000000e+00]]]>
  %w = "tosa.const"() <{values = dense_resource<weight> : tensor<1x2x2xf32>}> : () -> tensor<1x2x2xf32>
  // CHECK-DAG: %[[V:.+]] = "tosa.const"() <{values = dense<{{\[\[\[}}4.000000e+00, 2.000000e+00], [5.000000e-01, 1.000000e+00]]]>
  %v = "tosa.const"() <{values = dense<[[[1.0, 0.5], [1.0, 2.0]]]> : tensor<1x2x2xf32>}> : () -> tensor<1x2x2xf32>
  // CHECK: tosa.matmul %{{.+}}, %[[W]]
  %h = tosa.matmul %x, %w, %zp, %zp : (tensor<1x?x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x?x2xf32>
  // CHECK: tosa.matmul %{{.+}}, %[[V]]
  %y = tosa.matmul %h, %v, %zp, %zp : (tensor<1x?x2xf32>, tensor<1x2x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x?x2xf32>
  return %y : tensor<1x?x2xf32>
}

// A norm behind a product of any number of rows: the scale is in the weight, the shift is what the sum starts with.
// CHECK-LABEL: @any_number_of_rows
// CHECK-SAME: %[[X:.+]]: tensor<?x2xf32>
func.func @any_number_of_rows(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK-DAG: %[[W:.+]] = arith.constant dense<{{\[\[}}2.000000e+00, -8.000000e+00], [6.000000e+00, -1.600000e+01]]>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  // CHECK-DAG: %[[T:.+]] = arith.constant dense<[5.000000e-01, 2.500000e-01]>
  %s = arith.constant dense<[2.0, -4.0]> : tensor<2xf32>
  %t = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%rows) : tensor<?x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: %[[I:.+]] = linalg.broadcast ins(%[[T]] : tensor<2xf32>)
  // CHECK: %[[Y:.+]] = linalg.matmul ins(%[[X]], %[[W]] : {{.*}}) outs(%[[I]]
  // CHECK-NEXT: return %[[Y]]
  %h = linalg.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x2xf32>) outs(%z : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (n)>,
                                        affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%h, %s, %t : tensor<?x2xf32>, tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%in: f32, %scale: f32, %shift: f32, %out: f32):
    %0 = arith.mulf %in, %scale : f32
    %1 = arith.addf %0, %shift : f32
    linalg.yield %1 : f32
  } -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// weight: [[16, 0.25], [1, 0.5]]
{-#
  dialect_resources: {
    builtin: {
      weight: "0x04000000000080410000803E0000803F0000003F"
    }
  }
#-}
