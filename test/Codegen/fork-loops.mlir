// RUN: quench-opt %s --quench-fork-loops --canonicalize --cse | FileCheck %s

// All dimensions but the innermost are one, so that threads get even parts of it whatever the first one is.
// CHECK-LABEL: func.func @images(
// CHECK-DAG:     %[[ROWS:.+]] = arith.constant 3136 : index
// CHECK-DAG:     %[[CHANNELS:.+]] = arith.constant 64 : index
// CHECK-DAG:     %[[LARGE:.+]] = arith.constant true
// CHECK:         quench.fork_if %[[LARGE]]
// CHECK-NEXT:    scf.parallel (%[[ROW:.+]], %[[C:.+]]) = (%c0, %c0) to (%[[ROWS]], %[[CHANNELS]]) step (%c1, %c1)
// CHECK-DAG:       %[[W:.+]] = arith.remsi %[[ROW]], %c56
// CHECK-DAG:       %[[REST:.+]] = arith.divsi %[[ROW]], %c56
// CHECK-DAG:       %[[H:.+]] = arith.remsi %[[REST]], %c56
// CHECK-DAG:       %[[N:.+]] = arith.divsi %[[REST]], %c56
// CHECK:           memref.load %{{.+}}[%[[N]], %[[H]], %[[W]], %[[C]]]
func.func @images(%x: memref<1x56x56x64xf32>, %y: memref<1x56x56x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c56 = arith.constant 56 : index
  %c64 = arith.constant 64 : index
  scf.parallel (%n, %h, %w, %c) = (%c0, %c0, %c0, %c0) to (%c1, %c56, %c56, %c64) step (%c1, %c1, %c1, %c1) {
    %v = memref.load %x[%n, %h, %w, %c] : memref<1x56x56x64xf32>
    memref.store %v, %y[%n, %h, %w, %c] : memref<1x56x56x64xf32>
  }
  return
}

// Work is three operations, eleven times in the loop inside, and the loop itself, for each of 8 columns of open many rows.
// CHECK-LABEL: func.func @open(
// CHECK-DAG:     %[[LEAST:.+]] = arith.constant 40000 : index
// CHECK-DAG:     %[[EACH:.+]] = arith.constant 272 : index
// CHECK:         %[[N:.+]] = memref.dim
// CHECK:         %[[WORK:.+]] = arith.muli %[[N]], %[[EACH]]
// CHECK:         %[[LARGE:.+]] = arith.cmpi ugt, %[[WORK]], %[[LEAST]]
// CHECK:         quench.fork_if %[[LARGE]]
// CHECK-NEXT:    scf.parallel {{.*}} to (%[[N]], %c8)
func.func @open(%x: memref<?x8xf32>, %y: memref<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c11 = arith.constant 11 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  scf.parallel (%i, %j) = (%c0, %c0) to (%n, %c8) step (%c1, %c1) {
    scf.for %k = %c0 to %c11 step %c1 {
      %v = memref.load %x[%i, %j] : memref<?x8xf32>
      %s = arith.addf %v, %v : f32
      memref.store %s, %y[%i, %j] : memref<?x8xf32>
    }
  }
  return
}

// Not worth waking a thread for.
// CHECK-LABEL: func.func @small(
// CHECK:         %[[LARGE:.+]] = arith.constant false
// CHECK:         quench.fork_if %[[LARGE]]
func.func @small(%x: memref<8xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  scf.parallel (%i) = (%c0) to (%c8) step (%c1) {
    memref.store %zero, %x[%i] : memref<8xf32>
  }
  return
}

// What says so itself is left as it is, as is a loop with a reduction, whose order of sums is its own.
// CHECK-LABEL: func.func @negative_marked(
// CHECK-SAME:    %{{.+}}: memref<8x8xf32>, %[[LARGE:.+]]: i1)
// CHECK:         quench.fork_if %[[LARGE]]
// CHECK-NEXT:    scf.parallel
// CHECK-NOT:     quench.fork_if
func.func @negative_marked(%x: memref<8x8xf32>, %large: i1) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  quench.fork_if %large
  scf.parallel (%i, %j) = (%c0, %c0) to (%c8, %c8) step (%c1, %c1) {
    memref.store %zero, %x[%i, %j] : memref<8x8xf32>
  }
  return
}

// CHECK-LABEL: func.func @negative_reduction(
// CHECK-NOT:     quench.fork_if
func.func @negative_reduction(%x: memref<8xf32>) -> f32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %sum = scf.parallel (%i) = (%c0) to (%c8) step (%c1) init (%zero) -> f32 {
    %v = memref.load %x[%i] : memref<8xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %b : f32
      scf.reduce.return %s : f32
    }
  }
  return %sum : f32
}
