// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=3:0,1,2,2,0,1
// RUN: quench-opt %s --quench-clip-weights='recipe=%S/Inputs/w4.yaml archive=%t/archive' --remark-format=emitRemark --remarks-filter=quench-clip-weights 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARKS < %t/remarks

// Weights that the recipe quantizes are clamped where that helps the sums that the layer really computes.
// CHECK-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %kc: tensor<4x1x4xf32>, %vc: tensor<4x1x4xf32>)
    -> (tensor<?x4xf32>, tensor<4x1x4xf32>, tensor<4x1x4xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[0.0, 3.0, 1.0, -3.0], [0.0, 2.0, -2.0, 1.0], [0.01, -1.0, 3.0, 2.0]]> : tensor<3x4xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x4xf32>, tensor<?xi32> -> tensor<?x4xf32>

  // The largest weight meets an input that is nearly always 0: it may be given up for a smaller step. Where it meets a
  // large input it is not.
  // CHECK:      %[[UP:.+]] = arith.constant dense<{{\[\[}}7.70{{[0-9]*}}, 3.5{{0+e.00}}, -4.5{{0+e.00}}, 2.5{{0+e.00}}], [2.5{{0+e.00}}, 1.4{{0+e.01}}, {{.*}}]]> : tensor<2x4xf32>
  %w = arith.constant dense<[[14.0, 3.5, -4.5, 2.5], [2.5, 14.0, -4.5, 3.5]]> : tensor<2x4xf32>
  // CHECK:      nn.linear %{{.+}}, %[[UP]]
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:1))

  // Projections to queries and keys stay, and so does a weight that something else reads.
  // CHECK:      %[[QUERY:.+]] = arith.constant dense<{{.*}}1.400000e+01
  %v = arith.constant dense<[[14.0, 3.5, -4.5, 2.5], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]]> : tensor<4x4xf32>
  // CHECK:      nn.linear %{{.+}}, %[[QUERY]]
  %q = nn.linear %x, %v : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("query"("query.mlir":1:1))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %q3 = tensor.expand_shape %q [[0], [1, 2]] output_shape [%n, 1, 4] : tensor<?x4xf32> into tensor<?x1x4xf32>
  %x3 = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 1, 4] : tensor<?x4xf32> into tensor<?x1x4xf32>
  %keys = nn.cache_update %x3 into %kc at %position : tensor<?x1x4xf32> into tensor<4x1x4xf32>
  %values = nn.cache_update %x3 into %vc at %position : tensor<?x1x4xf32> into tensor<4x1x4xf32>
  %a = nn.attention %q3, %keys, %values at %position scale 0.5 : tensor<?x1x4xf32>, tensor<4x1x4xf32>
  %o = tensor.collapse_shape %a [[0], [1, 2]] : tensor<?x1x4xf32> into tensor<?x4xf32>
  %tied = arith.constant dense<[[14.0, 3.5, -4.5, 2.5], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.5]]> : tensor<4x4xf32>
  %e = nn.embedding %tied[%tokens] : tensor<4x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  // CHECK:      %[[TIED:.+]] = arith.constant dense<{{.*}}1.400000e+01
  // CHECK:      nn.linear %{{.+}}, %[[TIED]]
  %z = nn.linear %o, %tied : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32> loc("tied"("tied.mlir":1:1))
  %s = arith.addf %z, %e : tensor<?x4xf32>
  %h = arith.constant dense<0.5> : tensor<4x2xf32>
  %t = nn.linear %y, %h : tensor<?x2xf32>, tensor<4x2xf32> -> tensor<?x4xf32> loc("head"("head.mlir":1:1))
  %r = arith.addf %s, %t : tensor<?x4xf32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %r[%first, 0] [%rest, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %last, %keys, %values : tensor<?x4xf32>, tensor<4x1x4xf32>, tensor<4x1x4xf32>
}

// REMARKS-DAG: query.mlir:1:1: remark: [Missed] LeftUnclipped | Category:quench-clip-weights | Function=forward | Layer=query, Reason="it makes queries or keys"
// REMARKS-DAG: tied.mlir:1:1: remark: [Missed] LeftUnclipped | {{.*}}Layer=tied, Reason="something else reads its weight"
// REMARKS-DAG: head.mlir:1:1: remark: [Missed] LeftInFloat | {{.*}}Layer=head
// REMARKS-DAG: up.mlir:1:1: remark: [Passed] Clipped | Category:quench-clip-weights | Function=forward | Blocks=2, ClampedPercent=50.0, Layer=up
