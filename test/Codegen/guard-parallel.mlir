// RUN: quench-opt %s --quench-guard-parallel | FileCheck %s

// A large loop is divided among the crew, a small one is one call; the body exists once, as a function of a range with
// what it takes from around the loop.
// CHECK-LABEL: func.func @scale(
// CHECK-SAME:    %[[X:.+]]: memref<?xf32>, %[[N:.+]]: index, %[[LARGE:.+]]: i1, %[[CREW:.+]]: !llvm.ptr)
// CHECK-SAME:    attributes {quench.takes_crew}
// CHECK-NOT:     quench.fork_if
// CHECK-NOT:     scf.parallel
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant 0 : index
// CHECK-DAG:     %[[COUNT:.+]] = arith.maxsi %[[N]], %{{.+}}
// CHECK:         scf.if %[[LARGE]] {
// CHECK-NEXT:      func.call @scale_divide(%[[CREW]], %[[COUNT]], %[[X]])
// CHECK-NEXT:    } else {
// CHECK-NEXT:      func.call @scale_range(%{{.+}}, %[[COUNT]], %[[X]])
// CHECK-NEXT:    }
// CHECK-LABEL: func.func private @scale_range(
// CHECK-SAME:    %[[BEGIN:.+]]: index, %[[END:.+]]: index, %[[X:.+]]: memref<?xf32>) {
// CHECK-DAG:     %[[TWO:.+]] = arith.constant 2.0
// CHECK:         scf.for %[[I:.+]] = %[[BEGIN]] to %[[END]] step
// CHECK-NEXT:      memref.load %[[X]][%[[I]]]
// CHECK-NEXT:      arith.mulf %{{.+}}, %[[TWO]]
// CHECK-NEXT:      memref.store %{{.+}}, %[[X]][%[[I]]]
// CHECK-LABEL: func.func private @scale_divide(
// CHECK-SAME:    !llvm.ptr, index, memref<?xf32>) attributes {quench.divides = @scale_range}
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

// Callers hand the crew down.
// CHECK-LABEL: func.func @caller(
// CHECK-SAME:    %[[CREW:[a-z0-9]+]]: !llvm.ptr) attributes {quench.takes_crew}
// CHECK:         call @scale(%{{.+}}, %{{.+}}, %{{.+}}, %[[CREW]])
func.func @caller(%x: memref<?xf32>, %n: index, %large: i1) {
  func.call @scale(%x, %n, %large) : (memref<?xf32>, index, i1) -> ()
  return
}

// Iterations are counted from zero whatever the bounds; of several dimensions the first is divided, and a loop inside
// stays on its thread, as do the loops of functions that it calls.
// CHECK-LABEL: func.func @two_dimensions(
// CHECK-SAME:    %{{.+}}: memref<?xf32>, %[[L:.+]]: index, %[[N:.+]]: index, %[[S:.+]]: index,
// CHECK:         %[[EXTENT:.+]] = arith.subi %[[N]], %[[L]]
// CHECK:         %[[POSITIVE:.+]] = arith.maxsi %[[EXTENT]]
// CHECK:         %[[COUNT:.+]] = arith.ceildivui %[[POSITIVE]], %[[S]]
// CHECK:         call @two_dimensions_divide(%{{.+}}, %[[COUNT]],
// CHECK-LABEL: func.func private @two_dimensions_range(
// CHECK:         scf.for %[[NUMBER:.+]] =
// CHECK:           %[[OFFSET:.+]] = arith.muli %[[NUMBER]],
// CHECK:           %[[I:.+]] = arith.addi %[[OFFSET]],
// CHECK:           scf.for %[[J:.+]] =
// CHECK:             memref.store %{{.+}}[%[[I]]]
// CHECK-NOT:         quench.fork_if
// CHECK:             scf.parallel
// CHECK:             %[[NONE:.+]] = llvm.mlir.zero : !llvm.ptr
// CHECK:             call @scale(%{{.+}}, %[[J]], %{{.+}}, %[[NONE]])
func.func @two_dimensions(%x: memref<?xf32>, %l: index, %n: index, %s: index, %large: i1) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %v = arith.constant 7.0 : f32
  quench.fork_if %large
  scf.parallel (%i, %j) = (%l, %zero) to (%n, %n) step (%s, %one) {
    memref.store %v, %x[%i] : memref<?xf32>
    quench.fork_if %large
    scf.parallel (%k) = (%zero) to (%n) step (%one) {
      memref.store %v, %x[%k] : memref<?xf32>
    }
    func.call @scale(%x, %j, %large) : (memref<?xf32>, index, i1) -> ()
  }
  return
}

// Without an estimate a loop is left to others.
// CHECK-LABEL: func.func @negative_no_condition(
// CHECK-NOT:     quench.takes_crew
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
// CHECK-SAME:    %{{.+}}: i1) {
// CHECK-NEXT:    return
func.func @serial(%large: i1) {
  quench.fork_if %large
  return
}
