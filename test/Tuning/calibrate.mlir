// RUN: rm -rf %t && mkdir %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py %t/archive model=none tokens=2:0,1,1,2
// RUN: quench-opt %s --quench-calibrate='archive=%t/archive collect=channels,gram output=%t/new' | FileCheck %s
// RUN: %python %S/../Transforms/Inputs/make_store.py print %t/new | FileCheck %s --check-prefix=ARCHIVE
// RUN: quench-opt %s --quench-calibrate='archive=%t/archive collect=channels,gram output=%t/again' -o /dev/null
// RUN: cmp %t/new %t/again
// RUN: quench-opt %s --quench-annotate-calibration=archive=%t/new | FileCheck %s --check-prefix=RANGES

// An archive says in the middle of which recipe the model was run.
// RUN: quench-opt %s --quench-calibrate='archive=%t/archive recipe=%S/Inputs/w4.yaml output=%t/behind' -o /dev/null
// RUN: %python -c "import hashlib, re; d = hashlib.sha256(open('%S/Inputs/w4.yaml', 'rb').read()).hexdigest(); print(d.encode() in open('%t/behind', 'rb').read())" | FileCheck %s --check-prefix=RECIPE
// RECIPE: True

// The samples of an archive, (0, 1) and (1, 2), run through the model as it is: what the embedding gives, (1, -2), (4, 0.5)
// and again (4, 0.5), (0, 8), is known; behind it each value is doubled, in whatever segment that may be.
// ARCHIVE:      doubled.batches I64 [1] 2
// ARCHIVE-NEXT: doubled.channel_abs_sum F64 [2] 18 22
// ARCHIVE-NEXT: doubled.channel_absmax F32 [2] 8 16
// ARCHIVE-NEXT: doubled.channel_sum F64 [2] 18 14
// ARCHIVE-NEXT: doubled.channels I64 [1] 2
// ARCHIVE-NEXT: doubled.count I64 [1] 8
// ARCHIVE-NEXT: doubled.gram F64 [2, 2] 132 8 8 274
// ARCHIVE-NEXT: doubled.moments F64 [2] 4 278
// ARCHIVE-NEXT: doubled.moving_average F64 [1] 8.8
// ARCHIVE-NEXT: doubled.range F32 [2] -4 16
// ARCHIVE:      embedded.range F32 [2] -2 8
// ARCHIVE:      same.range F32 [2] -2 8
// ARCHIVE:      tokens I32 [2, 2] 0 1 1 2

// The IR is left as it is.
// CHECK-LABEL: func.func @forward(
// CHECK:         quench.observe %{{.+}} as "embedded" : tensor<?x2xf32>
// CHECK:         quench.observe %{{.+}} as "same" : tensor<?x2xf32>
// CHECK:         quench.observe %{{.+}} as "doubled" : tensor<?x2xf32>
// RANGES:        quench.observe %{{.+}} as "doubled" range [-4.000000e+00, 1.600000e+01] : tensor<?x2xf32>
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1x2xf32>)
    -> (tensor<?x3xf32>, tensor<4x1x2xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[1.0, -2.0], [4.0, 0.5], [0.0, 8.0]]> : tensor<3x2xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x2xf32>, tensor<?xi32> -> tensor<?x2xf32>
  quench.observe %x as "embedded" : tensor<?x2xf32>
  quench.observe %x as "same" : tensor<?x2xf32>
  %double = arith.constant dense<[[2.0, 0.0], [0.0, 2.0]]> : tensor<2x2xf32>
  %y = nn.linear %x, %double : tensor<?x2xf32>, tensor<2x2xf32> -> tensor<?x2xf32> loc("layers.0.double")
  quench.observe %y as "doubled" : tensor<?x2xf32>
  %zero = arith.constant 0 : index
  %n = tensor.dim %tokens, %zero : tensor<?xi32>
  %rest = arith.subi %n, %first : index
  %last = tensor.extract_slice %y[%first, 0] [%rest, 2] [1, 1] : tensor<?x2xf32> to tensor<?x2xf32>
  %head = arith.constant dense<1.0> : tensor<3x2xf32>
  %logits = nn.linear %last, %head : tensor<?x2xf32>, tensor<3x2xf32> -> tensor<?x3xf32> loc("head")
  return %logits, %cache : tensor<?x3xf32>, tensor<4x1x2xf32>
}
