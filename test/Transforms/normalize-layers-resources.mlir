// Weights whose data is a resource, as front ends keep large ones.
// RUN: split-file %s %t
// RUN: quench-opt %t/whole.mlir --quench-normalize-layers | FileCheck %s
// RUN: not quench-opt %t/short.mlir --quench-normalize-layers 2>&1 | FileCheck %s --check-prefix=SHORT
// RUN: not quench-opt %t/missing.mlir --quench-normalize-layers 2>&1 | FileCheck %s --check-prefix=MISSING

//--- whole.mlir
func.func @f(%x: tensor<1x2xf32>, %i: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // CHECK: %[[W:.+]] = arith.constant dense<{{\[\[}}1.000000e+00, 3.000000e+00], [2.000000e+00, 4.000000e+00]]>
  // CHECK-NOT: dense_resource
  %w = arith.constant dense_resource<w> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %t = linalg.transpose ins(%w : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) permutation = [1, 0]
  // CHECK: linalg.matmul ins(%{{.+}}, %[[W]]
  %y = linalg.matmul ins(%x, %t : tensor<1x2xf32>, tensor<2x2xf32>) outs(%i : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
{-#
  dialect_resources: { builtin: { w: "0x040000000000803F000000400000404000008040" } }
#-}

//--- short.mlir
func.func @f(%x: tensor<1x2xf32>, %i: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // SHORT: short.mlir:3:8: error: expected the resource 'w' with the 16 bytes of 'tensor<2x2xf32>', found 8
  %w = arith.constant dense_resource<w> : tensor<2x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<1x2xf32>, tensor<2x2xf32>) outs(%i : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
{-#
  dialect_resources: { builtin: { w: "0x040000000000803F00000040" } }
#-}

//--- missing.mlir
func.func @f(%x: tensor<1x2xf32>, %i: tensor<1x2xf32>) -> tensor<1x2xf32> {
  // MISSING: error: expected the resource 'w' with the 16 bytes of 'tensor<2x2xf32>', found 0
  %w = arith.constant dense_resource<w> : tensor<2x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<1x2xf32>, tensor<2x2xf32>) outs(%i : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
