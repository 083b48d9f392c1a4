// RUN: quench-opt %s --quench-plan-memory | FileCheck %s

func.func private @use(memref<?x16xf32>)
func.func private @pair(memref<?x16xf32>, memref<?x32xf32>)

// %a and %c are never live together and take turns; %b needs room of its own. 64 + 128 bytes for each row.
// CHECK-LABEL: func.func @turns(
// CHECK-SAME:    %[[N:.+]]: index
// CHECK:         %[[BYTES:.+]] = arith.muli %[[N]], %{{c192.*}}
// CHECK:         %[[ARENA:.+]] = memref.alloc(%[[BYTES]]) {alignment = 64 : i64} : memref<?xi8>
// CHECK:         %[[AT_A:.+]] = arith.muli %[[N]], %{{c128.*}}
// CHECK:         %[[A:.+]] = memref.view %[[ARENA]][%[[AT_A]]][%[[N]]] : memref<?xi8> to memref<?x16xf32>
// CHECK:         %[[AT_B:.+]] = arith.muli %[[N]], %{{c0.*}}
// CHECK:         %[[B:.+]] = memref.view %[[ARENA]][%[[AT_B]]][%[[N]]] : memref<?xi8> to memref<?x32xf32>
// CHECK:         call @pair(%[[A]], %[[B]])
// CHECK:         %[[AT_C:.+]] = arith.muli %[[N]], %{{c128.*}}
// CHECK:         %[[C:.+]] = memref.view %[[ARENA]][%[[AT_C]]][%[[N]]]
// CHECK:         call @pair(%[[C]], %[[B]])
// CHECK-NOT:     memref.alloc
// CHECK:         return
func.func @turns(%n: index) {
  %a = memref.alloc(%n) : memref<?x16xf32>
  %b = memref.alloc(%n) : memref<?x32xf32>
  func.call @pair(%a, %b) : (memref<?x16xf32>, memref<?x32xf32>) -> ()
  %c = memref.alloc(%n) : memref<?x16xf32>
  func.call @pair(%c, %b) : (memref<?x16xf32>, memref<?x32xf32>) -> ()
  return
}

// A view keeps its buffer alive: %b may not begin where %a is.
// CHECK-LABEL: func.func @views(
// CHECK:         arith.muli %{{.+}}, %{{c128.*}}
// CHECK:         memref.alloc
func.func @views(%n: index) {
  %a = memref.alloc(%n) : memref<?x16xf32>
  %v = memref.cast %a : memref<?x16xf32> to memref<*xf32>
  %b = memref.alloc(%n) : memref<?x16xf32>
  %w = memref.cast %v : memref<*xf32> to memref<?x16xf32>
  func.call @use(%b) : (memref<?x16xf32>) -> ()
  func.call @use(%w) : (memref<?x16xf32>) -> ()
  return
}

// A use in a loop lasts as long as the loop. Sizes are rounded up to 64 bytes.
// CHECK-LABEL: func.func @loops(
// CHECK:         arith.muli %{{.+}}, %{{c128.*}}
// CHECK:         memref.alloc
func.func @loops(%n: index, %x: f32) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%n) : memref<?xi8>
  %y = arith.constant 1 : i8
  scf.for %i = %zero to %n step %one {
    memref.store %x, %a[%i] : memref<?xf32>
    memref.store %y, %b[%i] : memref<?xi8>
  }
  return
}

// Each size has its arena, and so have buffers of static size.
// CHECK-LABEL: func.func @sizes(
// CHECK-COUNT-3: memref.alloc({{.*}}) {alignment = 64 : i64} : memref<?xi8>
// CHECK-NOT:     memref.alloc(
func.func @sizes(%n: index, %m: index, %x: f32) {
  %zero = arith.constant 0 : index
  %a = memref.alloc(%n) : memref<?xf32>
  %b = memref.alloc(%m) : memref<?xf32>
  %c = memref.alloc() : memref<3xf32>
  memref.store %x, %a[%zero] : memref<?xf32>
  memref.store %x, %b[%zero] : memref<?xf32>
  memref.store %x, %c[%zero] : memref<3xf32>
  return
}

// Buffers that are returned, and those with two open sizes, are not ours to place.
// CHECK-LABEL: func.func @negative_escape(
// CHECK-DAG:     %[[A:.+]] = memref.alloc(%{{.+}}) : memref<?x16xf32>
// CHECK-DAG:     memref.alloc(%{{.+}}, %{{.+}}) : memref<?x?xf32>
// CHECK-NOT:     memref.view
// CHECK:         return %[[A]]
func.func @negative_escape(%n: index, %x: f32) -> memref<?x16xf32> {
  %zero = arith.constant 0 : index
  %a = memref.alloc(%n) : memref<?x16xf32>
  %b = memref.alloc(%n, %n) : memref<?x?xf32>
  memref.store %x, %b[%zero, %zero] : memref<?x?xf32>
  return %a : memref<?x16xf32>
}
