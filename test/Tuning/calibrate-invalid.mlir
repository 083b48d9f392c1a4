// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: %python %S/../Transforms/Inputs/make_archive.py good tokens=2:0,1,1,2
// RUN: %python %S/../Transforms/Inputs/make_archive.py vocabulary tokens=2:0,1,1,3
// RUN: %python %S/../Transforms/Inputs/make_archive.py positions tokens=5:0,1,1,0,1
// RUN: %python %S/../Transforms/Inputs/make_archive.py none x:0:1
// RUN: not quench-opt model.mlir --quench-calibrate 2>&1 | FileCheck %s --check-prefix=NOARCHIVE
// RUN: not quench-opt model.mlir --quench-calibrate='archive=none' 2>&1 | FileCheck %s --check-prefix=NOTOKENS
// RUN: not quench-opt model.mlir --quench-calibrate='archive=vocabulary' 2>&1 | FileCheck %s --check-prefix=VOCABULARY
// RUN: not quench-opt model.mlir --quench-calibrate='archive=positions' 2>&1 | FileCheck %s --check-prefix=POSITIONS
// RUN: not quench-opt model.mlir --quench-calibrate='archive=good collect=everything' 2>&1 | FileCheck %s --check-prefix=KINDS
// RUN: not quench-opt model.mlir --quench-calibrate='archive=good output=no/folder' 2>&1 | FileCheck %s --check-prefix=OUTPUT
// RUN: not quench-opt overflow.mlir --quench-calibrate='archive=good output=written' 2>&1 | FileCheck %s --check-prefix=OVERFLOW
// RUN: not ls written
// RUN: not quench-opt other.mlir --quench-calibrate='archive=good' 2>&1 | FileCheck %s --check-prefix=OTHER
// RUN: not quench-opt blind.mlir --quench-calibrate='archive=good' 2>&1 | FileCheck %s --check-prefix=BLIND

// NOARCHIVE:  error: expected a calibration archive, found no option 'archive'; `quench calibrate` makes one
// NOTOKENS:   error: none: expected the tokens that the model ran on, found none
// VOCABULARY: error: vocabulary: sample 1, token 1: expected an id below 3, found 3; calibrate this model again
// POSITIONS:  error: positions: expected samples of at most 4 tokens, the positions of the model, found 5
// KINDS:      error: option 'collect': expected channels, histogram, gram, channel-ranges, channel-histograms, none or tokens, found 'everything'
// OUTPUT:     error: no/folder: cannot create: No such file or directory
// OVERFLOW:   error: edge 'x', sample 1: expected finite values, found inf at [1, 0]
// OTHER:      error: the module: expected a function with nn.causal_lm, found none
// BLIND:      error: expected observers, found none; run quench-insert-observers first

//--- model.mlir
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x3xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<1.0> : tensor<3x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  quench.observe %x as "x" : tensor<?x3xf32>
  return %x, %cache : tensor<?x3xf32>, tensor<4x1xf32>
}

//--- overflow.mlir
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x3xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0], [3.0e38, 1.0, 1.0]]> : tensor<3x3xf32>
  %e = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  %x = arith.addf %e, %e : tensor<?x3xf32>
  quench.observe %x as "x" : tensor<?x3xf32>
  return %x, %cache : tensor<?x3xf32>, tensor<4x1xf32>
}

//--- other.mlir
func.func @f(%x: tensor<?x3xf32>) {
  quench.observe %x as "x" : tensor<?x3xf32>
  return
}

//--- blind.mlir
func.func @forward(%tokens: tensor<?xi32>, %position: index, %first: index, %cache: tensor<4x1xf32>)
    -> (tensor<?x3xf32>, tensor<4x1xf32>) attributes {nn.causal_lm} {
  %table = arith.constant dense<1.0> : tensor<3x3xf32>
  %x = nn.embedding %table[%tokens] : tensor<3x3xf32>, tensor<?xi32> -> tensor<?x3xf32>
  return %x, %cache : tensor<?x3xf32>, tensor<4x1xf32>
}
