// RUN: quench-opt %s --quench-lower-observers --split-input-file | FileCheck %s

// Names go into one attribute of the function of the host, calls carry their index.
// CHECK:       func.func private @quench_observe(i64, memref<*xf32>) attributes {llvm.emit_c_interface, quench.names = ["mlp in", "a"]}
// CHECK-LABEL: func.func @observe(
// CHECK-SAME:    %[[X:.+]]: tensor<?x4xf32>, %[[S:.+]]: tensor<2xf32>
// CHECK-NEXT:    %[[B:.+]] = bufferization.to_buffer %[[X]] read_only
// CHECK-NEXT:    %[[U:.+]] = memref.cast %[[B]] : memref<?x4xf32> to memref<*xf32>
// CHECK-NEXT:    %[[I:.+]] = arith.constant 0 : i64
// CHECK-NEXT:    call @quench_observe(%[[I]], %[[U]])
// CHECK-NEXT:    %[[C:.+]] = bufferization.to_buffer %[[S]] read_only
// CHECK-NEXT:    %[[V:.+]] = memref.cast %[[C]] : memref<2xf32> to memref<*xf32>
// CHECK-NEXT:    %[[J:.+]] = arith.constant 1 : i64
// CHECK-NEXT:    call @quench_observe(%[[J]], %[[V]])
// CHECK-NEXT:    return
func.func @observe(%x: tensor<?x4xf32>, %s: tensor<2xf32>) {
  quench.observe %x as "mlp in" : tensor<?x4xf32>
  quench.observe %s as "a" range [-1.0, 2.0] : tensor<2xf32>
  return
}

// -----

// Without observers the host is not asked for anything.
// CHECK-LABEL: func.func @negative_none(
// CHECK-NOT:     quench_observe
func.func @negative_none() {
  return
}
