// RUN: rm -rf %t && split-file %s %t && cd %t
// RUN: not quench-opt constant.mlir --quench-quantize 2>&1 | FileCheck %s --check-prefix=NORECIPE
// RUN: not quench-opt constant.mlir --quench-quantize=recipe=w5a5 2>&1 | FileCheck %s --check-prefix=NOSUCH
// RUN: not quench-opt constant.mlir --quench-quantize=recipe=bad.yaml 2>&1 | FileCheck %s --check-prefix=BADRECIPE
// RUN: not quench-opt constant.mlir --quench-quantize=recipe=w8a8-static 2>&1 | FileCheck %s --check-prefix=NORANGE
// RUN: not quench-opt constant.mlir --quench-quantize='recipe=w4a16 output=out' 2>&1 | FileCheck %s --check-prefix=NOWEIGHTS
// RUN: not quench-opt nan.mlir --quench-quantize=recipe=w4a16 2>&1 | FileCheck %s --check-prefix=NAN

// RUN: not quench-opt stored.mlir --quench-quantize=recipe=w4a16 2>&1 | FileCheck %s --check-prefix=NOSTORE
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=none output=out' 2>&1 | FileCheck %s --check-prefix=NOFILE
// RUN: %python %S/Inputs/make_store.py write good a.weight=2x4 b.weight=2x4
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=good' 2>&1 | FileCheck %s --check-prefix=NOOUTPUT
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=good output=none/out' 2>&1 | FileCheck %s --check-prefix=UNWRITABLE
// RUN: %python %S/Inputs/make_store.py write missing a.weight=2x4
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=missing output=out' 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: %python %S/Inputs/make_store.py write shape a.weight=2x4 b.weight=4x2
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=shape output=out' 2>&1 | FileCheck %s --check-prefix=SHAPE
// RUN: %python %S/Inputs/make_store.py write kind a.weight=2x4 b.weight=2x4:i32
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=kind output=out' 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: %python %S/Inputs/make_store.py write nan a.weight=2x4 b.weight=2x4:nan
// RUN: not quench-opt stored.mlir --quench-quantize='recipe=w4a16 weights=nan output=out' 2>&1 | FileCheck %s --check-prefix=STORENAN
// RUN: %python %S/Inputs/make_store.py write twice a.weight=2x4 a.weight.scale=1
// RUN: not quench-opt twice.mlir --quench-quantize='recipe=w4a16 weights=twice output=out' 2>&1 | FileCheck %s --check-prefix=TWICE
// Nothing is left behind by any of these.
// RUN: not ls out

// NORECIPE:   error: expected a recipe, found no option 'recipe'
// NOSUCH:     error: recipe 'w5a5': expected a file or one of {{.*}}fp32, {{.*}}
// BADRECIPE:  error: bad.yaml:3:17: expected i1 to i8, {{.*}} nf4 or a list of {{.*}}, found 'int4'
// NORANGE:    constant.mlir:3:8: error: expected a calibrated range for the input of 'nn.linear#0', found none; run quench-insert-observers and quench-annotate-calibration first
// NOWEIGHTS:  error: expected weights to write to the output, found no option 'weights'
// NAN:        nan.mlir:2:8: error: cannot quantize this constant: expected finite values, found nan at index 1
// NOSTORE:    stored.mlir:4:8: error: expected a weight store to quantize 'a.weight' from, found no option 'weights'
// NOFILE:     error: none: {{.*}}
// NOOUTPUT:   error: expected an output for the weights, found no option 'output'
// UNWRITABLE: error: none/out: {{.*}}
// MISSING:    stored.mlir:5:8: error: missing: tensor 'b.weight': expected it in the weights, found no such tensor
// SHAPE:      stored.mlir:5:8: error: shape: tensor 'b.weight': expected shape [2, 4], found [4, 2]
// KIND:       stored.mlir:5:8: error: kind: tensor 'b.weight': expected floating-point elements, found I32
// STORENAN:   stored.mlir:5:8: error: nan: tensor 'b.weight': expected finite values, found nan at [1, 0]
// TWICE:      twice.mlir:4:8: error: cannot quantize 'a.weight': its part 'a.weight.scale' has the name of another weight

//--- bad.yaml
name: bad
summary: s
weights: {type: int4, group: 32}
passes: []

//--- constant.mlir
func.func @f(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = arith.constant dense<1.0> : tensor<2x4xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

//--- twice.mlir
func.func @f(%x: tensor<?x4xf32>) -> tensor<?x2xf32> {
  %w = quench.weight @a.weight : tensor<2x4xf32>
  %s = quench.weight @a.weight.scale : tensor<1xf32>
  %y = nn.linear %x, %w : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y : tensor<?x2xf32>
}

//--- nan.mlir
func.func @f(%x: tensor<?x2xf32>) -> tensor<?x1xf32> {
  %w = arith.constant dense<[[1.0, 0x7FC00000]]> : tensor<1x2xf32>
  %y = nn.linear %x, %w : tensor<?x2xf32>, tensor<1x2xf32> -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

//--- stored.mlir
func.func @f(%x: tensor<?x4xf32>) -> (tensor<?x2xf32>, tensor<?x2xf32>) {
  %a = quench.weight @a.weight : tensor<2x4xf32>
  %b = quench.weight @b.weight : tensor<2x4xf32>
  %y = nn.linear %x, %a : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  %z = nn.linear %x, %b : tensor<?x4xf32>, tensor<2x4xf32> -> tensor<?x2xf32>
  return %y, %z : tensor<?x2xf32>, tensor<?x2xf32>
}
