// RUN: quench-opt %s --quench-guard-parallel | FileCheck %s

// The condition becomes the clause of the region behind it.
// CHECK-LABEL: func.func @fork_if_large(
// CHECK-SAME:    %[[N:.+]]: index, %[[LARGE:.+]]: i1
// CHECK-NOT:     quench.fork_if
// CHECK:         omp.parallel if(%[[LARGE]]) {
func.func @fork_if_large(%n: index, %large: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  quench.fork_if %large
  omp.parallel {
    omp.wsloop {
      omp.loop_nest (%i) : index = (%zero) to (%n) step (%one) {
        omp.yield
      }
    }
    omp.terminator
  }
  return
}

// Without a condition threads are always woken.
// CHECK-LABEL: func.func @negative_no_condition(
// CHECK:         omp.parallel {
func.func @negative_no_condition() {
  omp.parallel {
    omp.terminator
  }
  return
}

// A region that has a condition keeps it.
// CHECK-LABEL: func.func @negative_own_condition(
// CHECK-SAME:    %[[OWN:.+]]: i1, %{{.+}}: i1
// CHECK:         omp.parallel if(%[[OWN]]) {
func.func @negative_own_condition(%own: i1, %large: i1) {
  quench.fork_if %large
  omp.parallel if(%own) {
    omp.terminator
  }
  return
}

// Where the loop was made serial nothing is left.
// CHECK-LABEL: func.func @serial(
// CHECK-NEXT:    return
func.func @serial(%large: i1) {
  quench.fork_if %large
  return
}
