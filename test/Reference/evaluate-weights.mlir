// RUN: quench-opt %s --quench-evaluate='entry=norm weights=%models/tinybooks' -o /dev/null | FileCheck %s
// RUN: not quench-opt %s --quench-evaluate='entry=norm weights=%t.none' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not quench-opt %s --quench-evaluate='entry=shape weights=%models/tinybooks' 2>&1 | FileCheck %s --check-prefix=SHAPE

// A weight comes from the store that the option names.
// CHECK: norm.0: index = 256
// NONE: error: {{.+}}.none
func.func @norm() -> index {
  %g = quench.weight @model.norm.weight : tensor<256xf32>
  %zero = arith.constant 0 : index
  %n = tensor.dim %g, %zero : tensor<256xf32>
  return %n : index
}

// SHAPE: evaluate-weights.mlir:[[#@LINE+2]]:8: 'quench.weight' op {{.+}}model.safetensors: tensor 'model.norm.weight': expected
func.func @shape() -> tensor<3xf32> {
  %g = quench.weight @model.norm.weight : tensor<3xf32>
  return %g : tensor<3xf32>
}
