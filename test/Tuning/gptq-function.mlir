// A module without a language model: calibration runs its function on tensors of a file and keeps Gram matrices, and
// GPTQ takes those. The last two inputs are nearly the same, so that the rounding error of one weight is made up for by
// the other: 0.4 and 0.4 steps become 0 and 1, where each for itself would be 0.
// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_store.py write %t/x 0=2x2x3:1,1,1,-2,2,2.01,3,-3,-3,1,1,0.99
// RUN: quench-opt %s --quench-insert-observers -o %t/observed.mlir
// RUN: quench-opt %t/observed.mlir --quench-calibrate='samples=%t/x collect=gram output=%t/archive' -o /dev/null
// DEFINE: %{gptq} = quench-opt %s --quench-gptq='archive=%t/archive recipe=%S/Inputs/w4.yaml'
// RUN: %{gptq} --remark-format=emitRemark --remarks-filter=quench-gptq 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// RUN: quench-opt %s --quench-quantize='recipe=%S/Inputs/w4.yaml' | FileCheck %s --check-prefix=NEAREST

// Without Gram matrices there is nothing to go by, and the IR stays.
// RUN: quench-opt %t/observed.mlir --quench-calibrate='samples=%t/x output=%t/channels' -o /dev/null
// RUN: not quench-opt %s --quench-gptq='archive=%t/channels recipe=%S/Inputs/w4.yaml' 2>&1 | FileCheck %s --check-prefix=NOGRAM
// NOGRAM: error: expected the Gram matrix of 3 channels of edge 'layer' among the statistics; run quench-calibrate with 'collect=gram'

// REMARK-DAG: [Passed] Quantized | Category:quench-gptq | Function=f | {{.*}}Layer=layer
// REMARK-DAG: [Missed] LeftInFloat | Category:quench-gptq | Function=f | Layer=columns, Reason="its inputs are not along the last axis of weight and activation"
// CHECK-LABEL: func.func @f(
// CHECK:   %[[C:.+]] = arith.constant dense<{{\[\[}}7, 0, 1]]> : tensor<1x3xi4>
// NEAREST: arith.constant dense<{{\[\[}}7, 0, 0]]> : tensor<1x3xi4>
// CHECK:   %[[Q:.+]] = quench.assemble %[[C]]
// CHECK:   %[[W:.+]] = quench.dequantize %[[Q]]
// CHECK:   nn.linear %{{.+}}, %[[W]]
func.func @f(%x: tensor<2x3xf32>) -> (tensor<2x1xf32>, tensor<2x2xf32>) {
  %w = arith.constant dense<[[7.0, 0.4, 0.4]]> : tensor<1x3xf32>
  %y = nn.linear %x, %w : tensor<2x3xf32>, tensor<1x3xf32> -> tensor<2x1xf32> loc("layer")
  %v = arith.constant dense<1.0> : tensor<3x2xf32>
  %e = arith.constant dense<0.0> : tensor<2x2xf32>
  %r = arith.negf %x : tensor<2x3xf32>
  %z = linalg.matmul ins(%r, %v : tensor<2x3xf32>, tensor<3x2xf32>) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32> loc("columns")
  return %y, %z : tensor<2x1xf32>, tensor<2x2xf32>
}
