// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/w4a8.yaml --split-input-file --verify-diagnostics

func.func @indices_not_ascending(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %i = arith.constant dense<[3, 1]> : tensor<2xi32>
  %v = arith.constant dense<0.5> : tensor<2xf32>
  %o = quench.overlay %w at %i with %v : tensor<2x4xf32>, tensor<2xi32>, tensor<2xf32>
  // expected-error@+1 {{expected ascending indices below 8, found 1 at 1}}
  %y = nn.linear %x, %o : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Codes are made once for all layers that read a weight.
func.func @kept_by_one_layer_alone(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %i = arith.constant dense<[1, 3]> : tensor<2xi32>
  %v = arith.constant dense<0.5> : tensor<2xf32>
  %o = quench.overlay %w at %i with %v : tensor<2x4xf32>, tensor<2xi32>, tensor<2xf32>
  // expected-note@+1 {{the same weight is used here}}
  %y = nn.linear %x, %o : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  // expected-error@+1 {{expected the weight of 'nn.linear#1' with the same elements kept by all of its layers}}
  %z = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}
