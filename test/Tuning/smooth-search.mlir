// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=3:0,1,1,1,0,1 width=3 up=1,12,1 width=2 plain=3,3
// DEFINE: %{smooth} = quench-opt %s --quench-smooth='search archive=%t/archive recipe=%S/Inputs/w4a4.yaml'
// RUN: %{smooth} --mlir-print-local-scope --remark-format=emitRemark --remarks-filter=quench-smooth 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks

// With `search`, alpha is chosen for each input by what its layers compute when weights and inputs are quantized as the recipe
// says: for the first input, whose second channel is ten times the others, that is a real difference.
// REMARK-DAG: [Passed] Smoothed | Category:quench-smooth | Function=forward | Alpha={{0\.[1-9].*}}, Input=up, LargestAfter={{[0-9.]+}}, LargestBefore=12, RelativeError={{0\.[0-9]+}}
// CHECK-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x2xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[3.0, 1.0, -3.0], [-2.0, -2.0, 1.0], [1.0, 3.0, 2.0]]> : tensor<3x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  %g = arith.constant dense<[1.0, 10.0, 1.0]> : tensor<3xf32>
  // CHECK: quench.change_basis %{{.+}} by #quench.diagonal<dense<[[SCALES:.+]]> : tensor<3xf64>> axes [0] inverse : tensor<3xf32>
  %n = nn.rms_norm %x gain(%g : tensor<3xf32>) epsilon 1.0e-5 : tensor<?x3xf32>
  %w = arith.constant dense<[[1.3, 0.2, 2.5], [0.3, 0.2, 2.1]]> : tensor<2x3xf32>
  // CHECK: quench.change_basis %{{.+}} by #quench.diagonal<dense<[[SCALES]]> : tensor<3xf64>> axes [1] : tensor<2x3xf32>
  // CHECK: nn.linear
  %a = nn.linear %n, %w : tensor<?x3xf32>, tensor<2x3xf32> -> tensor<?x2xf32> loc("up")

  // The second input and its weights are exact in 4 bits as they are, so nothing can help.
  // REMARK-DAG: [Missed] NotSmoothed | Category:quench-smooth | Function=forward | Input=plain, Reason="no alpha helps"
  // CHECK-NOT: quench.change_basis
  %ones = arith.constant dense<[[7.0, 7.0], [-7.0, 7.0], [7.0, -7.0]]> : tensor<3x2xf32>
  %y = nn.embedding %ones[%tokens] : tensor<3x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  %h = arith.constant dense<[7.0, 7.0]> : tensor<2xf32>
  %m = nn.rms_norm %y gain(%h : tensor<2xf32>) epsilon 1.0e-30 : tensor<?x2xf32>
  %u = arith.constant dense<[[7.0, -3.0], [-7.0, 1.0]]> : tensor<2x2xf32>
  %c = nn.linear %m, %u : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("plain")
  %d = arith.addf %a, %c : tensor<?x2xf32>
  %zero = arith.constant 0 : index
  %count = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %count, %first : index
  %last = tensor.extract_slice %d[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  return %last, %cache : tensor<?x2xf32>, tensor<4x1xf32>
}
