// RUN: %python %src/test/Transforms/Inputs/make_store.py write %t.in up.weight=2x2 bad.weight=2x2:nan
// RUN: split-file %s %t.d
// RUN: not quench-opt %t.d/zero.mlir --quench-fold-weights='weights=%t.in output=%t.out' 2>&1 | FileCheck %s --check-prefix=ZERO
// RUN: not quench-opt %t.d/nan.mlir --quench-fold-weights='weights=%t.in output=%t.out' 2>&1 | FileCheck %s --check-prefix=NAN
// RUN: not quench-opt %t.d/shape.mlir --quench-fold-weights='weights=%t.in output=%t.out' 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: not quench-opt %t.d/resource.mlir --quench-fold-weights 2>&1 | FileCheck %s --check-prefix=RESOURCE
// RUN: test ! -e %t.out

//--- zero.mlir
// ZERO: error: weight 'up.weight': {{.*}} 1
func.func @zero(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %u = quench.weight @up.weight : tensor<2x2xf32>
  %w = quench.change_basis %u by #quench.diagonal<dense<[1.0, 0.0]> : tensor<2xf32>> axes [1] inverse : tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

//--- nan.mlir
// NAN: error: {{.*}}tensor 'bad.weight': expected finite values, found nan at [1, 0]
func.func @nan(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %u = quench.weight @bad.weight : tensor<2x2xf32>
  %w = quench.change_basis %u by #quench.hadamard<2> axes [1] : tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

//--- shape.mlir
// SHAPE: error: {{.*}}tensor 'up.weight': expected
func.func @shape(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %u = quench.weight @up.weight : tensor<2x4xf32>
  %w = quench.change_basis %u by #quench.hadamard<4> axes [1] : tensor<2x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

//--- resource.mlir
// RESOURCE: error: expected the {{.*}}, found a resource without
func.func @resource(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  %u = arith.constant dense_resource<missing> : tensor<2x2xf32>
  %w = quench.change_basis %u by #quench.hadamard<2> axes [1] : tensor<2x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
