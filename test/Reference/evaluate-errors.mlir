// RUN: quench-opt %s --split-input-file --verify-diagnostics --quench-evaluate

// Errors are those of the evaluator, at the module.
// expected-error@+1 {{'nn.embedding' op expected tokens in [0, 3), found 3 at position 1}}
module {
  func.func @main() -> tensor<2x1xf32> {
    %table = arith.constant dense<1.0> : tensor<3x1xf32>
    %tokens = arith.constant dense<[0, 3]> : tensor<2xi32>
    %x = nn.embedding %table[%tokens] : tensor<3x1xf32>, tensor<2xi32> -> tensor<2x1xf32>
    return %x : tensor<2x1xf32>
  }
}

// -----

// expected-error@+1 {{'builtin.module' op has no function @main}}
module {
}

// -----

// expected-error@+1 {{'func.func' op expected 1 arguments, found 0}}
module {
  func.func @main(%x: index) {
    return
  }
}

// -----

// expected-error@+1 {{'quench.overlay' op expected ascending indices below 6, found 6 behind 1}}
module {
  func.func @main() -> tensor<2x3xf32> {
    %x = arith.constant dense<1.0> : tensor<2x3xf32>
    %i = arith.constant dense<[1, 6]> : tensor<2xi32>
    %v = arith.constant dense<[0.5, -2.0]> : tensor<2xf32>
    %y = quench.overlay %x at %i with %v : tensor<2x3xf32>, tensor<2xi32>, tensor<2xf32>
    return %y : tensor<2x3xf32>
  }
}

// -----

// expected-error@+1 {{'quench.overlay' op expected ascending indices below 6, found 1 behind 1}}
module {
  func.func @main() -> tensor<2x3xf32> {
    %x = arith.constant dense<1.0> : tensor<2x3xf32>
    %i = arith.constant dense<[1, 1]> : tensor<2xi32>
    %v = arith.constant dense<[0.5, -2.0]> : tensor<2xf32>
    %y = quench.overlay %x at %i with %v : tensor<2x3xf32>, tensor<2xi32>, tensor<2xf32>
    return %y : tensor<2x3xf32>
  }
}
