// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=3:0,1,1,1,0,1
// DEFINE: %{scale} = quench-opt %s --quench-scale-salient='recipe=%S/Inputs/w4.yaml archive=%t/archive
// RUN: %{scale} every=1' --mlir-print-local-scope --remark-format=emitRemark --remarks-filter=quench-scale-salient 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t/remarks
// RUN: %{scale} loss=linear' --mlir-print-local-scope | FileCheck %s
// RUN: %{scale} every=1' --mlir-print-local-scope | quench-opt --quench-fold-weights | FileCheck %s --check-prefix=FOLDED

// The second channel of the norm is ten times the others, but its column has small weights, which rounding would lose. The
// input of both layers is divided by scales that are largest there, which the gain of the norm absorbs, and the columns of
// both weights are multiplied by them.
// CHECK-LABEL:  func.func @forward(
// FOLDED-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x2xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[3.0, 1.0, -3.0], [-2.0, -2.0, 1.0], [1.0, 3.0, 2.0]]> : tensor<3x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  %g = arith.constant dense<[1.0, 10.0, 1.0]> : tensor<3xf32>
  // CHECK:      %[[GAIN:.+]] = quench.change_basis %{{.+}} by #quench.diagonal<dense<[[SCALES:.+]]> : tensor<3xf32>> axes [0] inverse : tensor<3xf32>
  // CHECK:      %[[N:.+]] = nn.rms_norm %{{.+}} gain(%[[GAIN]]
  %n = nn.rms_norm %x gain(%g : tensor<3xf32>) epsilon 1.0e-5 : tensor<?x3xf32>
  %w = arith.constant dense<[[7.0, 0.3, 2.5], [0.3, 0.2, 7.0]]> : tensor<2x3xf32>
  %v = arith.constant dense<[[7.0, 0.2, -2.5], [-7.0, 0.4, 1.5]]> : tensor<2x3xf32>
  // CHECK:      %[[W:.+]] = quench.change_basis %{{.+}} by #quench.diagonal<dense<[[SCALES]]> : tensor<3xf32>> axes [1] : tensor<2x3xf32>
  // CHECK:      nn.linear %[[N]], %[[W]]
  // CHECK:      %[[V:.+]] = quench.change_basis %{{.+}} by #quench.diagonal<dense<[[SCALES]]> : tensor<3xf32>> axes [1] : tensor<2x3xf32>
  // CHECK:      nn.linear %[[N]], %[[V]]
  // FOLDED-NOT: quench.change_basis
  %a = nn.linear %n, %w : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:1))
  %b = nn.linear %n, %v : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32> loc("gate"("gate.mlir":1:1))

  // Where the input is made by something that scales cannot pass, nothing happens.
  // CHECK:      %[[S:.+]] = nn.silu
  // CHECK-NOT:  quench.change_basis
  // CHECK:      nn.linear %[[S]]
  %s = nn.silu %a : tensor<?x2xf32>
  %u = arith.constant dense<[[7.0, 0.2], [-7.0, 0.4]]> : tensor<2x2xf32>
  %c = nn.linear %s, %u : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("behind"("behind.mlir":1:1))
  %d = arith.addf %b, %c : tensor<?x2xf32>
  %zero = arith.constant 0 : index
  %count = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %count, %first : index
  %last = tensor.extract_slice %d[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %last, %cache : tensor<?x2xf32>, tensor<4x1xf32>
}

// REMARKS-DAG: behind.mlir:1:1: remark: [Missed] NotScaled | Category:quench-scale-salient | Function=forward | Input=behind, Reason="{{.*}}nn.silu{{.*}}"
// REMARKS-DAG: up.mlir:1:1: remark: [Passed] Scaled | Category:quench-scale-salient | Function=forward | Exponent={{0.[0-9]+}}, Input="{gate,up}", LargestScale={{.+}}, LossAfter={{.+}}, LossBefore={{.+}}

// RUN: not %{scale} loss=huber' -o /dev/null 2>&1 | FileCheck %s --check-prefix=LOSS
// LOSS: error: option 'loss': expected module or linear, found 'huber'
// RUN: not %{scale} every=0' -o /dev/null 2>&1 | FileCheck %s --check-prefix=EVERY
// EVERY: error: option 'every': expected at least 1, found 0
