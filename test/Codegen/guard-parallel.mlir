// RUN: quench-opt %s --quench-guard-parallel | FileCheck %s
// RUN: quench-opt %s --quench-guard-parallel --convert-scf-to-openmp | FileCheck %s --check-prefix=OPENMP

// A large loop is divided, a small one is one call; the body exists once, as a function of a range
// with what it takes from around the loop.
// CHECK-LABEL: func.func @scale(
// CHECK-SAME:    %[[X:.+]]: memref<?xf32>, %[[N:.+]]: index, %[[LARGE:.+]]: i1)
// CHECK-NOT:     quench.fork_if
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant 0 : index
// CHECK:         scf.if %[[LARGE]] {
// CHECK:           scf.parallel (%[[I:.+]]) = (%[[ZERO]]) to (%[[N]])
// CHECK:             %[[END:.+]] = arith.addi %[[I]], %{{.+}} : index
// CHECK:             func.call @scale_range(%[[I]], %[[END]], %[[X]])
// CHECK:         } else {
// CHECK-NOT:       scf.parallel
// CHECK:           func.call @scale_range(%[[ZERO]], %[[N]], %[[X]])
// CHECK:         }
// CHECK-LABEL: func.func private @scale_range(
// CHECK-SAME:    %[[BEGIN:.+]]: index, %[[END:.+]]: index, %[[X:.+]]: memref<?xf32>)
// CHECK-DAG:     %[[TWO:.+]] = arith.constant 2.0
// CHECK-DAG:     %[[ONE:.+]] = arith.constant 1 : index
// CHECK:         scf.for %[[I:.+]] = %[[BEGIN]] to %[[END]] step %[[ONE]] {
// CHECK:           memref.load %[[X]][%[[I]]]
// CHECK:           arith.mulf %{{.+}}, %[[TWO]]
// CHECK:           memref.store %{{.+}}, %[[X]][%[[I]]]

// The small loop is outside every OpenMP region.
// OPENMP-LABEL: func.func @scale(
// OPENMP:         scf.if
// OPENMP:           omp.parallel
// OPENMP:         } else {
// OPENMP-NOT:       omp.
// OPENMP:           call @scale_range
// OPENMP-NOT:       omp.
// OPENMP:         return
func.func @scale(%x: memref<?xf32>, %n: index, %large: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %two = arith.constant 2.0 : f32
  quench.fork_if %large
  scf.parallel (%i) = (%zero) to (%n) step (%one) {
    %v = memref.load %x[%i] : memref<?xf32>
    %w = arith.mulf %v, %two : f32
    memref.store %w, %x[%i] : memref<?xf32>
  }
  return
}

// Every dimension has its range, also when the step is not one; a nested loop keeps its own guard.
// CHECK-LABEL: func.func @two_dimensions(
// CHECK-SAME:    %{{.+}}: memref<?x?xi8>, %[[N:.+]]: index, %[[S:.+]]: index,
// CHECK:         scf.if
// CHECK:           scf.parallel (%[[I:.+]], %[[J:.+]]) = ({{.+}}) to ({{.+}}) step (%{{.+}}, %[[S]])
// CHECK-DAG:         %[[I_END:.+]] = arith.addi %[[I]],
// CHECK-DAG:         %[[J_END:.+]] = arith.addi %[[J]],
// CHECK:             call @[[RANGE:[a-z_0-9]+]](%[[I]], %[[J]], %[[I_END]], %[[J_END]],
// CHECK:         } else {
// CHECK:           call @[[RANGE]](%[[ZERO:.+]], %[[ZERO]], %[[N]], %[[N]],
// CHECK:         func.func private @[[RANGE]](
// CHECK:           scf.for
// CHECK:             scf.for
// CHECK:               scf.if
// CHECK:                 scf.parallel
// CHECK:                   call @[[INNER:[a-z_0-9]+]](
// CHECK:               } else {
// CHECK:                 call @[[INNER]](
func.func @two_dimensions(%x: memref<?x?xi8>, %n: index, %s: index, %large: i1, %deep: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %code = arith.constant 7 : i8
  quench.fork_if %large
  scf.parallel (%i, %j) = (%zero, %zero) to (%n, %n) step (%one, %s) {
    quench.fork_if %deep
    scf.parallel (%k) = (%zero) to (%n) step (%one) {
      %at = arith.addi %j, %k : index
      memref.store %code, %x[%i, %at] : memref<?x?xi8>
    }
  }
  return
}

// Without a condition threads are always woken.
// CHECK-LABEL: func.func @negative_no_condition(
// CHECK-NOT:     scf.if
// CHECK:         scf.parallel
// CHECK-NOT:     call
// CHECK:         return
func.func @negative_no_condition(%x: memref<?xi8>, %n: index) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %code = arith.constant 7 : i8
  scf.parallel (%i) = (%zero) to (%n) step (%one) {
    memref.store %code, %x[%i] : memref<?xi8>
  }
  return
}

// A sum over iterations has no range form: the loop stays as it is.
// CHECK-LABEL: func.func @negative_reduction(
// CHECK-NOT:     scf.if
// CHECK-NOT:     quench.fork_if
// CHECK:         scf.parallel
// CHECK:           scf.reduce
func.func @negative_reduction(%x: memref<?xf32>, %n: index, %large: i1) -> f32 {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %none = arith.constant 0.0 : f32
  quench.fork_if %large
  %sum = scf.parallel (%i) = (%zero) to (%n) step (%one) init (%none) -> f32 {
    %v = memref.load %x[%i] : memref<?xf32>
    scf.reduce(%v : f32) {
    ^bb0(%a: f32, %b: f32):
      %c = arith.addf %a, %b : f32
      scf.reduce.return %c : f32
    }
  }
  return %sum : f32
}

// Where the loop was made serial nothing is left.
// CHECK-LABEL: func.func @serial(
// CHECK-NEXT:    return
func.func @serial(%large: i1) {
  quench.fork_if %large
  return
}
