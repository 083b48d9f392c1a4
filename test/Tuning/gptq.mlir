// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=3:0,1,2,0,1,2,2,0,1
// RUN: quench-opt %s --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/archive' --remark-format=emitRemark --remarks-filter=quench-gptq 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t/remarks

// A decoder of width 3, whose first two channels are equal for every token, so that an error in the weight of one can be
// made up for by that of the other.
// CHECK-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x3xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[2.0, 2.0, 1.0], [1.0, 1.0, -3.0], [-1.0, -1.0, 2.0]]> : tensor<3x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>

  // All scales are 1. To nearest, the rows would be [1, 1, 7], [2, 2, 7] and [-7, 0, 0]. The first has too much of the sum
  // of the first two channels, 2 instead of 1.2, and gets [1, 0, 7]; 3.2 is nearer to 3 than to 4, -6.6 to -7.
  // CHECK:      %[[CODES:.+]] = arith.constant dense<{{\[\[}}1, 0, 7], [2, 1, 7], [-7, 0, 0]]> : tensor<3x3xi4>
  // CHECK:      %[[SCALES:.+]] = arith.constant dense<1.000000e+00> : tensor<3x1xf32>
  // CHECK:      %[[Q:.+]] = quench.assemble %[[CODES]], %[[SCALES]]
  // CHECK:      %[[W:.+]] = quench.dequantize %[[Q]]
  %w = arith.constant dense<[[0.6, 0.6, 7.0], [1.6, 1.6, 7.0], [-7.0, 0.4, 0.0]]> : tensor<3x3xf32>
  // CHECK:      nn.linear %{{.+}}, %[[W]]
  %y = nn.linear %x, %w : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32> loc("up"("up.mlir":1:2))

  // What the recipe leaves in float stays.
  // CHECK:      nn.linear %{{.+}}, %{{.+}} : tensor<?x3xf32>, tensor<3x3xf32>
  %h = arith.constant dense<0.5> : tensor<3x3xf32>
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %y[%first, 0] [%rest, 3] [1, 1] : tensor<?x3xf32> to tensor<?x3xf32>
  %logits = nn.linear %last, %h : tensor<?x3xf32>, tensor<3x3xf32> -> tensor<?x3xf32> loc("head"("head.mlir":3:4))
  return %logits, %cache : tensor<?x3xf32>, tensor<4x1xf32>
}

// REMARKS:      head.mlir:3:4: remark: [Missed] LeftInFloat | Category:quench-gptq | Function=forward | Layer=head, Reason="pattern 'head' of the recipe leaves it in float"
// REMARKS-NEXT: up.mlir:1:2: remark: [Passed] Quantized | Category:quench-gptq | Function=forward | Damping=0.01, Layer=up, Loss={{[0-9.]+}}, SignalToNoiseDb=21.06, Weights="i4 per channel, f32 scales"
// REMARKS-NOT:  remark:
