// RUN: quench-opt %s --quench-expand-copies | FileCheck %s

// Rows of a cache are no dense buffer: a copy into them is a loop.
// CHECK-LABEL: func.func @strided(
// CHECK-SAME:    %[[X:.+]]: memref<?x4xf32>, %[[ROWS:.+]]: memref<?x4xf32, strided<[8, 1], offset: ?>>
// CHECK-NEXT:    linalg.copy ins(%[[X]] : {{.*}}) outs(%[[ROWS]] :
// CHECK-NEXT:    linalg.copy ins(%[[ROWS]] : {{.*}}) outs(%[[X]] :
// CHECK-NEXT:    return
func.func @strided(%x: memref<?x4xf32>, %rows: memref<?x4xf32, strided<[8, 1], offset: ?>>) {
  memref.copy %x, %rows : memref<?x4xf32> to memref<?x4xf32, strided<[8, 1], offset: ?>>
  memref.copy %rows, %x : memref<?x4xf32, strided<[8, 1], offset: ?>> to memref<?x4xf32>
  return
}

// Dense copies become memcpy later.
// CHECK-LABEL: func.func @negative_dense(
// CHECK-NEXT:    memref.copy
func.func @negative_dense(%x: memref<?x4xf32>, %y: memref<?x4xf32>) {
  memref.copy %x, %y : memref<?x4xf32> to memref<?x4xf32>
  return
}
