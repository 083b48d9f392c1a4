// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=2:0,1,1,0
// DEFINE: %{gptq} = quench-opt --quench-gptq='recipe=%S/Inputs/w4.yaml archive=%t/archive damping=0' --remark-format=emitRemark --remarks-filter=quench-gptq
// RUN: %{gptq} %s 2>&1 | FileCheck %s

// Two channels of the input are equal, so that its Gram matrix is singular. Without damping it has no Cholesky factor; the first
// damping that helps is taken, and the remark says so. Codes are those of a damped matrix: the first weight is rounded from 0.6 to
// 1, and the second makes up for that.
// CHECK:       up.mlir:1:1: remark: [Passed] Quantized | {{.*}}Damping=0.01, Layer=up, {{.*}}Note="the Gram matrix is not positive definite with damping 0, used 0.01"
// CHECK-LABEL: func.func @forward(
// CHECK:       arith.constant dense<{{\[\[}}1, 0, 7], [-7, 1, 0]]> : tensor<2x3xi4>
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x2xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[2.0, 2.0, 1.0], [-1.0, -1.0, 2.0]]> : tensor<2x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<2x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  %w = arith.constant dense<[[0.6, 0.6, 7.0], [-7.0, 1.0, 0.0]]> : tensor<2x3xf32>
  %y = nn.linear %x, %w : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32> loc("up"("up.mlir":1:1))
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %logits = tensor.extract_slice %y[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %logits, %cache : tensor<?x2xf32>, tensor<4x1xf32>
}

// Inputs that are not finite have no Gram matrix at all: an error at the layer, and the module is as it was.
// RUN: sed 's/dense<..2.0, 2.0/dense<[[0x7F800000, 2.0/' %s > %t/infinite.mlir
// RUN: not %{gptq} %t/infinite.mlir --mlir-print-ir-after-failure 2>&1 | FileCheck %s --check-prefix=INFINITE
// INFINITE:     up.mlir:1:1: error: cannot use the inputs of 'up': {{.+}}
// INFINITE:     func.func @forward(
// INFINITE-NOT: quench.dequantize
