// RUN: quench-opt %s --quench-prepare-entry --split-input-file --verify-diagnostics

// No model.
// expected-error@+1 {{module: expected a function with nn.causal_lm, found none}}
module {
  func.func @f() {
    return
  }
}

// -----

// Two of them.
// expected-error@+1 {{module: expected one function with nn.causal_lm, found @f and @g}}
module {
  func.func @f(%t: tensor<?xi32>, %p: index, %n: index, %c: tensor<1x1x1xf32>, %l: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<1x1x1xf32>) attributes {nn.causal_lm} {
    return %l, %c : tensor<?x7xf32>, tensor<1x1x1xf32>
  }
  func.func @g(%t: tensor<?xi32>, %p: index, %n: index, %c: tensor<1x1x1xf32>, %l: tensor<?x7xf32>) -> (tensor<?x7xf32>, tensor<1x1x1xf32>) attributes {nn.causal_lm} {
    return %l, %c : tensor<?x7xf32>, tensor<1x1x1xf32>
  }
}

// -----

// Caches of different lengths: the entry would not know when they are full.
// expected-error@+1 {{module: @f: expected caches of the same length, found 5 and 4}}
module {
  func.func @f(%t: tensor<?xi32>, %p: index, %n: index, %kc: tensor<5x1x1xf32>, %vc: tensor<4x1x1xf32>) -> (tensor<?x7xf32>, tensor<5x1x1xf32>, tensor<4x1x1xf32>) attributes {nn.causal_lm} {
    %0 = arith.constant dense<0.0> : tensor<4x7xf32>
    %1 = tensor.cast %0 : tensor<4x7xf32> to tensor<?x7xf32>
    return %1, %kc, %vc : tensor<?x7xf32>, tensor<5x1x1xf32>, tensor<4x1x1xf32>
  }
}
