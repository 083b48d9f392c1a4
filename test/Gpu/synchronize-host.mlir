// RUN: quench-opt %s --quench-synchronize-host --split-input-file | FileCheck %s

// Launches follow each other without a wait. The host waits before it copies, once for both, and before it returns.
// CHECK-LABEL: func.func @copies(
// CHECK:         call @add
// CHECK-NEXT:    call @add
// CHECK:         llvm.call @mgpuStreamSynchronize
// CHECK-NEXT:    memref.copy
// CHECK-NEXT:    memref.copy
// CHECK-NEXT:    return
func.func private @add(memref<?xf32>) attributes {quench.launches}
func.func @copies(%x: memref<?xf32>, %y: memref<?xf32>) {
  call @add(%x) : (memref<?xf32>) -> ()
  call @add(%y) : (memref<?xf32>) -> ()
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  memref.copy %y, %x : memref<?xf32> to memref<?xf32>
  return
}

// -----

// A caller need not know that there was a launch. What only computes waits for nothing.
// CHECK-LABEL: func.func @returns(
// CHECK:         call @add
// CHECK-NEXT:    arith.addi
// CHECK:         llvm.call @mgpuStreamSynchronize
// CHECK-NEXT:    return
func.func private @add(memref<?xf32>) attributes {quench.launches}
func.func @returns(%x: memref<?xf32>, %i: index) -> index {
  call @add(%x) : (memref<?xf32>) -> ()
  %j = arith.addi %i, %i : index
  return %j : index
}

// -----

// What is read at the beginning of a loop may be what its end launched.
// CHECK-LABEL: func.func @loops(
// CHECK:         scf.for
// CHECK:           llvm.call @mgpuStreamSynchronize
// CHECK-NEXT:      memref.load
// CHECK:           func.call @use
// CHECK:           func.call @add
// CHECK-NEXT:    }
// CHECK:         llvm.call @mgpuStreamSynchronize
// CHECK-NEXT:    return
func.func private @add(memref<?xf32>) attributes {quench.launches}
func.func private @use(f32)
func.func @loops(%x: memref<?xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.for %i = %c0 to %n step %c1 {
    %v = memref.load %x[%i] : memref<?xf32>
    func.call @use(%v) : (f32) -> ()
    func.call @add(%x) : (memref<?xf32>) -> ()
  }
  return
}

// -----

// Without launches nothing is waited for.
// CHECK-LABEL: func.func @host(
// CHECK-NOT:     mgpuStreamSynchronize
func.func @host(%x: memref<?xf32>, %y: memref<?xf32>) {
  memref.copy %x, %y : memref<?xf32> to memref<?xf32>
  return
}
