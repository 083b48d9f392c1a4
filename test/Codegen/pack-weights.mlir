// RUN: %python %S/../Transforms/Inputs/make_store.py write %t.safetensors up.weight=2x6 tied.weight=2x4 gain=2:f16
// RUN: quench-opt %s --quench-pack-weights=weights=%t.safetensors | FileCheck %s
// RUN: not quench-opt %s --quench-pack-weights -o /dev/null 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not quench-opt %s --quench-pack-weights=weights=%t.missing -o /dev/null 2>&1 | FileCheck %s --check-prefix=FILE

// OPTION: error: expected a weight store in the option weights
// FILE: error: {{.*}}.missing: cannot open: No such file or directory

// Each weight and layout is one external symbol, aligned for the widest registers, however often it is read.
// CHECK-DAG:   memref.global @[[$PANELS:.+]] : memref<24xf32> {alignment = 64 : i64}
// CHECK-DAG:   memref.global @[[$GAIN:.+]] : memref<2xf32> {alignment = 64 : i64}
// CHECK-DAG:   memref.global @[[$TIED:.+]] : memref<2x4xf32> {alignment = 64 : i64}
// CHECK-NOT:   memref.global
// CHECK-LABEL: func.func @weights(
// CHECK:         memref.get_global @[[$TIED]]
// CHECK-NEXT:    bufferization.to_tensor %{{.+}} restrict :
// A weight that is stored in 16 bits and used in f32 is extended when it is packed.
// CHECK-NEXT:    memref.get_global @[[$GAIN]]
// CHECK-NOT:     arith.extf
// CHECK:         memref.get_global @[[$PANELS]]
// CHECK:         memref.get_global @[[$PANELS]]
func.func @weights() -> (tensor<2x4xf32>, tensor<2xf32>, tensor<24xf32>, tensor<24xf32>) {
  %t = quench.weight @tied.weight : tensor<2x4xf32>
  %h = quench.weight @gain : tensor<2xf16>
  %g = arith.extf %h : tensor<2xf16> to tensor<2xf32>
  %c = quench.packed_weight codes @up.weight of tensor<2x6xf32> in <lanes = 4, container = f32> -> tensor<24xf32>
  %d = quench.packed_weight codes @up.weight of tensor<2x6xf32> in <lanes = 4, container = f32> -> tensor<24xf32>
  return %t, %g, %c, %d : tensor<2x4xf32>, tensor<2xf32>, tensor<24xf32>, tensor<24xf32>
}
