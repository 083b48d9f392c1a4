// RUN: quench-opt %s --convert-nn-to-linalg --split-input-file --verify-diagnostics

// Heads are split by reshapes, which need their number.
func.func @negative_dynamic_heads(%q: tensor<?x?x64xf32>, %cache: tensor<512x2x64xf32>, %position: index) -> tensor<?x?x64xf32> {
  // expected-error@+1 {{failed to legalize operation 'nn.attention' that was explicitly marked illegal}}
  %o = nn.attention %q, %cache, %cache at %position scale 1.25e-1 : tensor<?x?x64xf32>, tensor<512x2x64xf32>
  return %o : tensor<?x?x64xf32>
}

// -----

// The middle of a head has to be known.
func.func @negative_dynamic_head_size(%x: tensor<?x4x?xf32>, %cos: tensor<?x32xf32>, %sin: tensor<?x32xf32>) -> tensor<?x4x?xf32> {
  // expected-error@+1 {{failed to legalize operation 'nn.rotary_embedding' that was explicitly marked illegal}}
  %r = nn.rotary_embedding %x, %cos, %sin : tensor<?x4x?xf32>, tensor<?x32xf32>
  return %r : tensor<?x4x?xf32>
}
