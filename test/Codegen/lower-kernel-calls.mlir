// RUN: quench-opt %s --quench-lower-kernel-calls --split-input-file | FileCheck %s

// Inputs, then destinations, cast to what the kernel takes.
// CHECK-LABEL: func.func @call(
// CHECK-SAME:    %[[X:.+]]: memref<?x8xf32>, %[[P:.+]]: index, %[[Y:.+]]: memref<?x8xf32, strided<[8, 1], offset: ?>>
// CHECK-NEXT:    %[[C:.+]] = memref.cast %[[X]] : memref<?x8xf32> to memref<?x8xf32, strided<[8, 1], offset: ?>>
// CHECK-NEXT:    call @kernel(%[[C]], %[[P]], %[[Y]])
// CHECK-NEXT:    return
func.func private @kernel(memref<?x8xf32, strided<[8, 1], offset: ?>>, index, memref<?x8xf32, strided<[8, 1], offset: ?>>)
func.func @call(%x: memref<?x8xf32>, %p: index, %y: memref<?x8xf32, strided<[8, 1], offset: ?>>) {
  quench.kernel_call @kernel(%x, %p : memref<?x8xf32>, index) into(%y : memref<?x8xf32, strided<[8, 1], offset: ?>>)
  return
}
