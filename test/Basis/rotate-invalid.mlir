// RUN: quench-opt %s --split-input-file --verify-diagnostics --quench-rotate
// RUN: not quench-opt %s --split-input-file --quench-rotate --mlir-print-ir-after-failure 2>&1 | FileCheck %s --implicit-check-not=quench.change_basis
// RUN: not quench-opt %s --quench-rotate=kind=circular 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not quench-opt %s --quench-rotate=fallback=hope 2>&1 | FileCheck %s --check-prefix=FALLBACK
// RUN: not quench-opt %s --quench-rotate=kind=file 2>&1 | FileCheck %s --check-prefix=FILE

// KIND: error: option 'kind': expected hadamard, random-hadamard, random or file, found 'circular'
// FALLBACK: error: option 'fallback': expected none, hartley or blocks, found 'hope'
// FILE: error: option 'matrices': expected a file exactly for kind=file

// None of these changes the module.
// CHECK-COUNT-6: IR Dump After RotatePass Failed

// A gain does not commute with a rotation.
func.func @unfolded_gain(%tokens: tensor<?xi32>) -> tensor<?x2xf32> {
  %table = quench.weight @embed.weight : tensor<8x4xf32>
  %w = quench.weight @w.weight : tensor<2x4xf32>
  // expected-note@+1 {{the value that was to be rotated}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %g = quench.weight @norm.weight : tensor<4xf32>
  // expected-error@+1 {{cannot rotate (r1): 'nn.rms_norm' refuses: its gain is not folded into what reads it (quench-fold-norms does) (asked for hadamard of 4)}}
  %n = nn.rms_norm %x gain(%g : tensor<4xf32>) epsilon 1.0e-5 : tensor<?x4xf32>
  %y = nn.linear %n, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// Somebody else reads the residual stream.
func.func @another_reader(%tokens: tensor<?xi32>) -> (tensor<?x2xf32>, tensor<?x4xf32>) {
  %table = quench.weight @embed.weight : tensor<8x4xf32>
  %w = quench.weight @w.weight : tensor<2x4xf32>
  // expected-note@+1 {{the value that was to be rotated}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %n = nn.rms_norm %x epsilon 1.0e-5 : tensor<?x4xf32>
  %y = nn.linear %n, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  // expected-error@+1 {{cannot rotate (r1): 'func.return' refuses: the value leaves its function}}
  return %y, %x : tensor<?x2xf32>, tensor<?x4xf32>
}

// -----

// An op that nothing is known about.
func.func @unknown_reader(%tokens: tensor<?xi32>) -> tensor<?x4xf32> {
  %table = quench.weight @embed.weight : tensor<8x4xf32>
  // expected-note@+1 {{the value that was to be rotated}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  // expected-error@+1 {{cannot rotate (r1): 'math.exp' refuses: it has no rule for changes of basis}}
  %y = math.exp %x : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// A weight that is quantized already is not a number any more.
#w4 = #quench.scheme<i4, block = [1, 2], scale = f32>
func.func @quantized_weight(%tokens: tensor<?xi32>) -> tensor<?x2xf32> {
  %table = quench.weight @embed.weight : tensor<8x4xf32>
  %q = quench.weight @w.weight : !quench.qtensor<2x4xf32, #w4>
  // expected-error@+1 {{cannot rotate (r1): 'quench.dequantize' refuses: it has no rule for changes of basis}}
  %w = quench.dequantize %q : !quench.qtensor<2x4xf32, #w4> to tensor<2x4xf32>
  // expected-note@+1 {{the value that was to be rotated}}
  %x = nn.embedding %table[%tokens] : tensor<8x4xf32>, tensor<?xi32> -> tensor<?x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// A dimension without a Hadamard matrix.
func.func @no_matrix(%tokens: tensor<?xi32>, %w: tensor<2x5xf32>) -> tensor<?x2xf32> {
  %table = quench.weight @embed.weight : tensor<8x5xf32>
  // expected-error@+1 {{r1: no Hadamard matrix of order 5 exists: it is no multiple of 4; option 'fallback' allows others}}
  %x = nn.embedding %table[%tokens] : tensor<8x5xf32>, tensor<?xi32> -> tensor<?x5xf32>
  %y = nn.linear %x, %w : tensor<?x5xf32>, tensor<2x5xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

// -----

// expected-error@+1 {{cannot rotate (r1): expected one embedding whose result starts the residual stream, found 0}}
module {
  func.func @no_embedding(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
    return %x : tensor<?x4xf32>
  }
}
