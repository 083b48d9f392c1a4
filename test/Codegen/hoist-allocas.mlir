// RUN: quench-opt %s --quench-hoist-allocas | FileCheck %s

// A buffer of a loop body becomes one buffer of the function, and the scope that kept it in the loop dissolves.
// CHECK-LABEL: func.func @scope(
// CHECK-NEXT:    %[[B:.+]] = memref.alloca() : memref<64xf32>
// CHECK:         scf.for
// CHECK-NOT:       memref.alloca_scope
// CHECK:           memref.store %{{.+}}, %[[B]]
func.func @scope(%n: index, %x: f32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    memref.alloca_scope {
      %b = memref.alloca() : memref<64xf32>
      memref.store %x, %b[%zero] : memref<64xf32>
    }
  }
  return
}

// The same without a scope.
// CHECK-LABEL: func.func @loop(
// CHECK-NEXT:    memref.alloca() : memref<8xf32>
// CHECK:         scf.for
// CHECK-NOT:       memref.alloca
// CHECK:         return
func.func @loop(%n: index, %x: f32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    %b = memref.alloca() : memref<8xf32>
    memref.store %x, %b[%zero] : memref<8xf32>
  }
  return
}

// A size that is only known in the loop stays there, and so does its scope.
// CHECK-LABEL: func.func @negative_dynamic(
// CHECK:         scf.for
// CHECK-NEXT:      memref.alloca_scope
// CHECK-NEXT:        memref.alloca(%{{.+}}) : memref<?xf32>
func.func @negative_dynamic(%n: index, %x: f32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  scf.for %i = %zero to %n step %one {
    memref.alloca_scope {
      %b = memref.alloca(%i) : memref<?xf32>
      memref.store %x, %b[%zero] : memref<?xf32>
    }
  }
  return
}
