// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=3:0,1,2,0,1,2,2,0,1
// DEFINE: %{gptq} = quench-opt %s --quench-gptq='recipe=%S/Inputs/w4-groups.yaml archive=%t/archive activation-order=true
// RUN: %{gptq}' --mlir-print-local-scope | FileCheck %s --check-prefixes=CHECK,RUNS
// RUN: %{gptq} static-groups=true' | FileCheck %s --check-prefixes=CHECK,STATIC
// RUN: quench-opt %s --quench-gptq='recipe=%S/Inputs/w4-groups.yaml archive=%t/archive' | FileCheck %s --check-prefix=PLAIN

// The channels of the input by descending size are 3, 0, 2, 1. Rounded in that order, groups of two are runs of it, [3, 0]
// and [2, 1]: the columns of the codes are permuted, and so is the input, once for both layers that read it.
// CHECK-LABEL: func.func @forward(
// PLAIN-LABEL: func.func @forward(
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x4xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[4.0, 0.0, 1.0, -8.0], [4.0, 0.5, -2.0, 8.0], [-4.0, -0.5, -1.0, 0.0]]> : tensor<3x4xf32>
  // CHECK:      %[[X:.+]] = nn.embedding
  // PLAIN:      %[[X:.+]] = nn.embedding
  // RUNS-NEXT:  %[[P:.+]] = quench.change_basis %[[X]] by #quench.permutation<[3, 0, 2, 1]> axes [1] : tensor<?x4xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x4xf32>, tensor<?xi32> -> tensor<?x4xf32>

  // Weights that are multiples of their scales are the same codes in any order: scales are the largest of a group over 7.
  // RUNS:       arith.constant dense<{{\[\[}}7, 2, -2, 7], [-3, 7, 7, 1], [7, 0, 1, 7], [1, 7, 7, -7]]> : tensor<4x4xi4>
  // RUNS-NEXT:  arith.constant dense<{{\[\[}}1.000000e+00, 2.000000e+00], [1.000000e+00, 1.000000e+00],{{.*}}> : tensor<4x2xf32>
  // PLAIN:      arith.constant dense<{{\[\[}}1, 7, -4, 7], [7, 1, 7, -3], {{.*}}]> : tensor<4x4xi4>
  // STATIC:     arith.constant dense<{{\[\[}}1, 7, -4, 7], [7, 1, 7, -3], {{.*}}]> : tensor<4x4xi4>
  %w = arith.constant dense<[[2.0, 14.0, -4.0, 7.0], [7.0, 1.0, 7.0, -3.0], [0.0, 7.0, 1.0, 7.0], [7.0, -7.0, 7.0, 1.0]]> : tensor<4x4xf32>
  %v = arith.constant dense<[[2.0, 7.0, 7.0, 7.0], [7.0, 1.0, 7.0, -3.0], [0.0, 7.0, 1.0, 7.0], [7.0, -7.0, 7.0, 1.0]]> : tensor<4x4xf32>
  // RUNS:       nn.linear %[[P]], %{{.+}}
  // RUNS:       nn.linear %[[P]], %{{.+}}
  // STATIC-NOT: quench.change_basis
  // STATIC:     nn.linear %[[X]], %{{.+}}
  // PLAIN:      nn.linear %[[X]], %{{.+}}
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  %z = nn.linear %x, %v : tensor<?x4xf32>, tensor<4x4xf32> -> tensor<?x4xf32>
  %s = arith.addf %y, %z : tensor<?x4xf32>
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %s[%first, 0] [%rest, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %last, %cache : tensor<?x4xf32>, tensor<4x1xf32>
}
