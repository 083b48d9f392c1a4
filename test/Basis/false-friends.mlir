// Changes that look as if they preserved the function, and do not. Each is refused with the reason.
// RUN: rm -rf %t && mkdir %t

// Subtracting the mean of the embedding: a layer norm would not see it, an RMS norm does.
// RUN: %python %S/Inputs/make_rotations.py %t/mean.safetensors R1=center:4
// RUN: not quench-opt %s --quench-fold-norms --quench-rotate='kind=file r3=false r4=false matrices=%t/mean.safetensors' 2>&1 | FileCheck %s --check-prefix=MEAN
// MEAN: false-friends.mlir:[[#@LINE+16]]:8: error: r1: {{.*}}mean.safetensors: tensor 'R1': {{.+}}; it subtracts the mean of the channels, which a layer norm does not see but an RMS norm does

// Rotating across a gain that is not folded: a diagonal and a rotation do not commute.
// RUN: not quench-opt %s --quench-rotate='r3=false r4=false' 2>&1 | FileCheck %s --check-prefix=GAIN
// GAIN: false-friends.mlir:[[#@LINE+13]]:8: error: cannot rotate (r1): 'nn.rms_norm' refuses: its gain is not folded into what reads it (quench-fold-norms does)

// Scaling through an activation that is not homogeneous, and an edge with a second reader.
// RUN: quench-opt %s --quench-equalize --remark-format=emitRemark --remarks-filter=quench-equalize 2> %t/remarks | FileCheck %s
// RUN: FileCheck %s --check-prefix=REMARK < %t/remarks
// CHECK-NOT: quench.change_basis

func.func @forward(%tokens: tensor<?xi32>) -> tensor<?x2xf32> {
  %table = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 1.0, 2.0]]> : tensor<2x4xf32>
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 1.0, 2.0]]> : tensor<2x4xf32>
  %g = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>

  %x = nn.embedding %table[%tokens] : tensor<2x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %n = nn.rms_norm %x gain(%g : tensor<4xf32>) epsilon 1.0e-5 : tensor<?x4xf32>
  %y = nn.linear %n, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// REMARK-DAG: [Missed] NotEqualized | Category:quench-equalize | Function=activation | {{.*}}Reason="'nn.silu' refuses: only permutations pass an activation that is not homogeneous
func.func @activation(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w1 = arith.constant dense<[[4.0, 1.0], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 8.0]]> : tensor<1x2xf32>
  %h = nn.linear %x, %w1 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %a = nn.silu %h : tensor<?x2xf32>
  %y = nn.linear %a, %w2 : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// REMARK-DAG: [Missed] NotEqualized | Category:quench-equalize | Function=second_reader | {{.*}}Reason="'func.return' refuses: the value leaves its function
func.func @second_reader(%x: tensor<?x2xf32>) -> (tensor<?x1xf32>, tensor<?x2xf32>) {
  %w1 = arith.constant dense<[[4.0, 1.0], [2.0, 1.0]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 8.0]]> : tensor<1x2xf32>
  %h = nn.linear %x, %w1 : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32>
  %y = nn.linear %h, %w2 : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y, %h : tensor<?x1xf32>, tensor<?x2xf32>
}
