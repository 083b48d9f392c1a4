// RUN: quench-opt %s --quench-hqq=recipe=%S/Inputs/hqq.yaml --mlir-print-local-scope --remark-format=emitRemark --remarks-filter=quench-hqq 2> %t.remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t.remarks
// RUN: quench-opt %s --quench-hqq=recipe=%S/Inputs/hqq.yaml --quench-quantize=recipe=%S/Inputs/hqq.yaml | FileCheck %s --check-prefix=BOTH

// Two bits for values of 0 to 3, so scales are 1. Six of the eight values of the first row are 1.3, and most decide: the
// real zero point moves their code to 1.26 and lets the 0 and the 3 at the ends have the errors. A row that the codes meet
// exactly keeps its zero point.
// CHECK-LABEL: func.func @most_weights_decide(
func.func @most_weights_decide(%x: tensor<?x8xf32>) -> tensor<?x2xf32> {
  // CHECK:      %[[CODES:.+]] = arith.constant dense<{{\[\[}}0, 3, 1, 1, 1, 1, 1, 1], [0, 3, 1, 1, 2, 2, 1, 1]]> : tensor<2x8xui2>
  // CHECK-NEXT: %[[SCALES:.+]] = arith.constant dense<1.000000e+00> : tensor<2x1xf32>
  // CHECK-NEXT: %[[ZEROS:.+]] = arith.constant dense<{{\[\[}}-0.258{{[0-9]*}}], [0.000000e+00]]> : tensor<2x1xf32>
  // CHECK-NEXT: %[[Q:.+]] = quench.assemble %[[CODES]], %[[SCALES]], %[[ZEROS]] : {{.*}} to !quench.qtensor<2x8xf32, #quench.scheme<ui2, block = [1, 8], scale = f32, zero_point = f32>>
  // CHECK-NEXT: %[[W:.+]] = quench.dequantize %[[Q]]
  // CHECK-NEXT: nn.linear %{{.+}}, %[[W]]
  %w = arith.constant dense<[[0.0, 3.0, 1.3, 1.3, 1.3, 1.3, 1.3, 1.3], [0.0, 3.0, 1.0, 1.0, 2.0, 2.0, 1.0, 1.0]]> : tensor<2x8xf32>
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<2x8xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:2))
  return %y : tensor<?x2xf32>
}

// Formats without real zero points are left to the passes behind, and what this pass has quantized stays as it is.
// CHECK-LABEL: func.func @negative_no_real_zero_point(
// BOTH-LABEL:  func.func @negative_no_real_zero_point(
func.func @negative_no_real_zero_point(%x: tensor<?x8xf32>) -> (tensor<?x1xf32>, tensor<?x1xf32>) {
  // CHECK:      %[[W:.+]] = arith.constant dense<{{.*}}> : tensor<1x8xf32>
  // CHECK-NEXT: nn.linear %{{.+}}, %[[W]]
  // CHECK-NEXT: nn.linear %{{.+}}, %[[W]]
  // BOTH:       arith.constant dense<{{.*}}> : tensor<1x8xi4>
  // BOTH:       %[[N:.+]] = quench.dequantize
  // BOTH:       %[[W:.+]] = arith.constant dense<{{.*}}> : tensor<1x8xf32>
  // BOTH-NEXT:  nn.linear %{{.+}}, %[[N]]
  // BOTH-NEXT:  nn.linear %{{.+}}, %[[W]]
  %w = arith.constant dense<[[0.0, 3.5, 1.0, 1.0, 2.0, 1.5, 1.0, 1.0]]> : tensor<1x8xf32>
  %y = nn.linear %x, %w : tensor<?x8xf32>, tensor<1x8xf32> -> tensor<?x1xf32> loc("nearest"("nearest.mlir":1:2))
  %z = nn.linear %x, %w : tensor<?x8xf32>, tensor<1x8xf32> -> tensor<?x1xf32> loc("head"("head.mlir":1:2))
  return %y, %z : tensor<?x1xf32>, tensor<?x1xf32>
}

// REMARKS-DAG: head.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-hqq | {{.*}}Layer=head, Reason="pattern 'head' of the recipe leaves it in float"
// REMARKS-DAG: nearest.mlir:1:2: remark: [Missed] LeftInFloat | Category:quench-hqq | {{.*}}Layer=nearest, Reason="its format has no real zero points"
// REMARKS-DAG: up.mlir:1:2: remark: [Passed] Quantized | Category:quench-hqq | Function=most_weights_decide | Layer=up, SignalToNoiseDb={{[0-9.]+}}, Weights="ui2 in groups of 8 with f32 zero points, f32 scales"

// RUN: not quench-opt %s --quench-hqq -o /dev/null 2>&1 | FileCheck %s --check-prefix=RECIPE
// RECIPE: error: expected a recipe, found no option 'recipe'

// A value that is not finite stops the pass, whatever other layers it could have done.
// RUN: sed 's/0.0, 3.0, 1.3/0.0, 0x7FC00000, 1.3/' %s | not quench-opt --quench-hqq=recipe=%S/Inputs/hqq.yaml -o /dev/null 2>&1 | FileCheck %s --check-prefix=NAN
// NAN: error: cannot quantize this constant: expected finite values, found nan at index 1
