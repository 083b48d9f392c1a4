// RUN: quench-opt %s --convert-quench-to-linalg | FileCheck %s

#w4 = #quench.scheme<ui4, block = [1, 4], scale = f16, zero_point>

// Three values for one, in arguments and results.
// CHECK-LABEL: func.func @signature(
// CHECK-SAME: %[[CODES:.+]]: tensor<?x8xi8>, %[[SCALES:.+]]: tensor<?x2xf32>, %[[ZEROS:.+]]: tensor<?x2xi32>)
// CHECK-SAME: -> (tensor<?x8xi8>, tensor<?x2xf32>, tensor<?x2xi32>)
// CHECK: return %[[CODES]], %[[SCALES]], %[[ZEROS]]
func.func @signature(%q: !quench.qtensor<?x8xf32, #w4>) -> !quench.qtensor<?x8xf32, #w4> {
  return %q : !quench.qtensor<?x8xf32, #w4>
}

// Loops carry the parts, calls pass them.
// CHECK-LABEL: func.func @loop_and_call(
// CHECK: %[[R:.+]]:3 = scf.for {{.*}} iter_args(%[[C:.+]] = %{{.+}}, %[[S:.+]] = %{{.+}}, %[[Z:.+]] = %{{.+}})
// CHECK: %[[D:.+]]:3 = func.call @signature(%[[C]], %[[S]], %[[Z]])
// CHECK: scf.yield %[[D]]#0, %[[D]]#1, %[[D]]#2
// CHECK: return %[[R]]#0, %[[R]]#1, %[[R]]#2
func.func @loop_and_call(%q: !quench.qtensor<?x8xf32, #w4>, %n: index) -> !quench.qtensor<?x8xf32, #w4> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%a = %q) -> !quench.qtensor<?x8xf32, #w4> {
    %d = func.call @signature(%a) : (!quench.qtensor<?x8xf32, #w4>) -> !quench.qtensor<?x8xf32, #w4>
    scf.yield %d : !quench.qtensor<?x8xf32, #w4>
  }
  return %r : !quench.qtensor<?x8xf32, #w4>
}

// CHECK-LABEL: func.func @branches(
// CHECK-SAME: %[[C:[a-z0-9]+]]: tensor<?x8xi8>, %[[S:[a-z0-9]+]]: tensor<?x2xf32>, %[[Z:[a-z0-9]+]]: tensor<?x2xi32>, %[[P:.+]]: i1
// CHECK: %[[IF:.+]]:3 = scf.if %[[P]] -> (tensor<?x8xi8>, tensor<?x2xf32>, tensor<?x2xi32>)
// CHECK: cf.cond_br %[[P]], ^[[NEXT:.+]](%[[IF]]#0, %[[IF]]#1, %[[IF]]#2 : {{.*}}), ^[[NEXT]](%[[C]], %[[S]], %[[Z]] : {{.*}})
// CHECK: ^[[NEXT]](%{{.+}}: tensor<?x8xi8>, %{{.+}}: tensor<?x2xf32>, %{{.+}}: tensor<?x2xi32>):
func.func @branches(%q: !quench.qtensor<?x8xf32, #w4>, %p: i1) -> tensor<?x8xf32> {
  %r = scf.if %p -> !quench.qtensor<?x8xf32, #w4> {
    scf.yield %q : !quench.qtensor<?x8xf32, #w4>
  } else {
    %d = func.call @signature(%q) : (!quench.qtensor<?x8xf32, #w4>) -> !quench.qtensor<?x8xf32, #w4>
    scf.yield %d : !quench.qtensor<?x8xf32, #w4>
  }
  cf.cond_br %p, ^next(%r : !quench.qtensor<?x8xf32, #w4>), ^next(%q : !quench.qtensor<?x8xf32, #w4>)
^next(%b: !quench.qtensor<?x8xf32, #w4>):
  %y = quench.dequantize %b : !quench.qtensor<?x8xf32, #w4> to tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// Attributes stay with their arguments, those of a quantized tensor go to all of its parts.
// CHECK-LABEL: func.func @attributes(
// CHECK-SAME: tensor<4x8xi8> {bufferization.writable = false}, %{{[a-z0-9]+}}: tensor<4x2xf32> {bufferization.writable = false},
// CHECK-SAME: tensor<4x2xi32> {bufferization.writable = false}, %{{[a-z0-9]+}}: tensor<4xf32> {bufferization.writable = true})
func.func @attributes(%q: !quench.qtensor<4x8xf32, #w4> {bufferization.writable = false},
                      %x: tensor<4xf32> {bufferization.writable = true}) {
  return
}

// CHECK: func.func private @declaration(tensor<4x8xi8>, tensor<4x2xf32>, tensor<4x2xi32>)
func.func private @declaration(!quench.qtensor<4x8xf32, #w4>)
