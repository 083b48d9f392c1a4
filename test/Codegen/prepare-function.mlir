// RUN: quench-opt %s --quench-prepare-function=function=f | FileCheck %s
// RUN: not quench-opt %s --quench-prepare-function=function=missing -o /dev/null 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not quench-opt %s --quench-prepare-function=function=g -o /dev/null 2>&1 | FileCheck %s --check-prefix=SCALAR

// MISSING: error: expected a function @missing, found none
// SCALAR: error: @g: result 0: expected a tensor of f32 or i32, found index

// Arguments are read from buffers, scalars stay, and every result has a buffer of its own.
// CHECK-LABEL: func.func @quench_call(
// CHECK-SAME:    %[[X:.+]]: memref<?x4xf32>, %[[N:.+]]: index, %[[R0:.+]]: memref<2x4xf32>, %[[R1:.+]]: memref<?x4xf32>) -> i32
// CHECK-DAG:     %[[IN:.+]] = bufferization.to_tensor %[[X]] restrict :
// CHECK-DAG:     %[[FIRST:.+]] = tensor.extract_slice %[[IN]]
// The status is the number of the first result whose size differs from that of its buffer; only dynamic sizes can.
// CHECK:         %[[OK:.+]] = arith.constant 0 : i32
// CHECK:         %[[FOUND:.+]] = tensor.dim %[[IN]]
// CHECK:         %[[ROOM:.+]] = memref.dim %[[R1]]
// CHECK:         %[[DIFFER:.+]] = arith.cmpi ne, %[[FOUND]], %[[ROOM]]
// CHECK:         %[[TWO:.+]] = arith.constant 2 : i32
// CHECK:         %[[STATUS:.+]] = arith.select %[[DIFFER]], %[[TWO]], %[[OK]]
// CHECK-NOT:     memref.dim
// CHECK:         %[[FITS:.+]] = arith.cmpi eq, %[[STATUS]]
// CHECK:         scf.if %[[FITS]] {
// CHECK:           bufferization.materialize_in_destination %[[FIRST]] in restrict writable %[[R0]]
// CHECK:           bufferization.materialize_in_destination %[[IN]] in restrict writable %[[R1]]
// CHECK:         }
// CHECK:         return %[[STATUS]] : i32
func.func private @f(%x: tensor<?x4xf32>, %n: index) -> (tensor<2x4xf32>, tensor<?x4xf32>) {
  %0 = tensor.extract_slice %x[%n, 0] [2, 4] [1, 1] : tensor<?x4xf32> to tensor<2x4xf32>
  return %0, %x : tensor<2x4xf32>, tensor<?x4xf32>
}

func.func @g(%n: index) -> index {
  return %n : index
}
