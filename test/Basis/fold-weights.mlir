// RUN: %python %src/test/Transforms/Inputs/make_store.py write %t.in tied.weight=3x2 up.weight=2x2:f16 kept.weight=2x2 unused=1
// RUN: quench-opt %s --quench-fold-weights='weights=%t.in output=%t.out' | FileCheck %s
// RUN: %python %src/test/Transforms/Inputs/make_store.py print %t.out | FileCheck %s --check-prefix=STORE
// RUN: not quench-opt %s --quench-fold-weights=weights=%t.in 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not quench-opt %s --quench-fold-weights 2>&1 | FileCheck %s --check-prefix=WEIGHTS
// RUN: quench-opt %s --quench-fold-weights='weights=%t.in output=%t.out' -o /dev/null --remark-format=emitRemark --remarks-filter=quench-fold-weights 2>&1 | FileCheck %s --check-prefix=REMARK

// OUTPUT: error: expected an output for the weights, found no option 'output'
// WEIGHTS: error: expected a weight store, found no option 'weights'

// REMARK: remark: [Passed] Folded | {{.*}} At=nn.linear, Changes=2, Tensor="a constant"
// REMARK: [Passed] Folded | {{.*}} At=lm_head, Changes=1, Tensor=lm_head.weight

#swap = #quench.permutation<[1, 0]>
#scale = #quench.diagonal<dense<[2.0, 10.0]> : tensor<2xf32>>

// Constants stay in the IR: columns swapped, then divided by 2 and 10.
// CHECK-LABEL: @constants
func.func @constants(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK: %[[W:.+]] = arith.constant dense<{{\[\[}}1.000000e+00, 1.000000e-01], [2.000000e+00, 3.000000e-01]]> : tensor<2x2xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  // CHECK-NOT: change_basis
  %a = quench.change_basis %w by #swap axes [1] : tensor<2x2xf32>
  %b = quench.change_basis %a by #scale axes [1] inverse : tensor<2x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[W]]
  %y = nn.linear %x, %b : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// A weight keeps its key when all read the same new values. It is f32 from now on.
// CHECK-LABEL: @weights
// STORE: kept.weight F32 [2, 2] -1.5 0.25 -1.25 0.5
// STORE-NEXT: lm_head.weight F32 [3, 2] -3 2.5 -2.5 5 -2 7.5
// STORE-NEXT: tied.weight F32 [3, 2] 0.25 -1.5 0.5 -1.25 0.75 -1
// STORE-NEXT: up.weight F32 [2, 2] -1.25 0.5 -1.5 0.25
// STORE-NOT: {{.}}
func.func @weights(%x: tensor<?x2xf32>, %t: tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x3xf32>, tensor<?x2xf32>) {
  // CHECK: %[[U1:.+]] = quench.weight @up.weight : tensor<2x2xf32>
  %u1 = quench.weight @up.weight : tensor<2x2xf16>
  %e1 = arith.extf %u1 : tensor<2x2xf16> to tensor<2x2xf32>
  %w1 = quench.change_basis %e1 by #swap axes [0] : tensor<2x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[U1]]
  %y1 = nn.linear %x, %w1 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  // CHECK: %[[U2:.+]] = quench.weight @up.weight : tensor<2x2xf32>
  %u2 = quench.weight @up.weight : tensor<2x2xf16>
  %e2 = arith.extf %u2 : tensor<2x2xf16> to tensor<2x2xf32>
  %w2 = quench.change_basis %e2 by #swap axes [0] : tensor<2x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[U2]]
  %y2 = nn.linear %x, %w2 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  // A tied weight with two readers that want different values: the second takes its own key.
  // CHECK-DAG: %[[HEAD:.+]] = quench.weight @lm_head.weight : tensor<3x2xf32>
  // CHECK-DAG: %[[TABLE:.+]] = quench.weight @tied.weight : tensor<3x2xf32>
  %tied = quench.weight @tied.weight : tensor<3x2xf32>
  %table = quench.change_basis %tied by #swap axes [1] : tensor<3x2xf32>
  // CHECK: nn.embedding %[[TABLE]]
  %h = nn.embedding %table[%t] : tensor<3x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %head = quench.change_basis %tied by #scale axes [1] : tensor<3x2xf32>
  // CHECK: nn.linear %{{.+}}, %[[HEAD]]
  %y3 = nn.linear %x, %head : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32> loc("lm_head")
  %kept = quench.weight @kept.weight : tensor<2x2xf32>
  %y4 = nn.linear %x, %kept : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  return %y1, %y2, %h, %y3, %y4 : tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x3xf32>, tensor<?x2xf32>
}

// CHECK-LABEL: @negative_activations_stay
func.func @negative_activations_stay(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  // CHECK: quench.change_basis
  %y = quench.change_basis %x by #swap axes [1] : tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}
