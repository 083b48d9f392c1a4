// What another compiler appends to its own pipeline: quantize all layers, then leave nothing of Quench.
// RUN: quench-opt %s --quench-quantize-functions | FileCheck %s
// RUN: quench-opt %s --quench-quantize-functions=recipe=w4a16 | FileCheck %s --check-prefix=RECIPE
// RUN: quench-opt %s --quench-quantize-functions=rotate -o /dev/null --remark-format=emitRemark --remarks-filter=quench-rotate 2>&1 | FileCheck %s --check-prefix=ROTATE
// ROTATE: [Passed] r4 | {{.*}}Absorbed=2, {{.*}}Map="hadamard of 4", Online=0

// One scale a row does not hold a channel that is a thousand times as large as the others; equalized, it is not.
// RUN: quench-opt %s --quench-quantize-functions --quench-to-upstream -o %t.plain.mlir
// RUN: quench-opt %s --quench-quantize-functions=equalize --quench-to-upstream -o %t.equalized.mlir
// RUN: FileCheck %s --check-prefix=UPSTREAM --implicit-check-not=quench < %t.equalized.mlir
// RUN: not %python %src/test/Basis/Inputs/same_function.py %s %t.plain.mlir 0.02
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.equalized.mlir 0.02

// The order of the passes, as other pipelines see it.
// RUN: quench-opt %s --quench-quantize-functions="equalize rotate" --dump-pass-pipeline 2>&1 -o /dev/null | FileCheck %s --check-prefix=PASSES
// PASSES: quench-normalize-layers
// PASSES: quench-fold-norms
// PASSES: quench-equalize
// PASSES: quench-rotate{{.*}} r1=false
// PASSES: quench-fold-weights
// PASSES: quench-quantize{{.*}}recipe=w8a8-dynamic

// On another op than a module, and with options that are not there, they say what is wrong.
// RUN: not quench-opt %s --pass-pipeline="builtin.module(func.func(quench-quantize-functions))" 2>&1 | FileCheck %s --check-prefix=ANCHOR
// RUN: not quench-opt %s --pass-pipeline="builtin.module(func.func(quench-to-upstream))" 2>&1 | FileCheck %s --check-prefix=ANCHOR
// ANCHOR: expected 'quench-{{.*}}' in builtin.module(...), found it in func.func(...)
// RUN: not quench-opt %s --pass-pipeline="builtin.module(quench-to-upstream{recipe=w4a16})" 2>&1 | FileCheck %s --check-prefix=OPTION
// OPTION: no such option recipe

// CHECK: #[[$A8:.+]] = #quench.scheme<i8, block = [1, *], scale = f32>
// CHECK-LABEL: @two_layers
// RECIPE: #[[$W4:.+]] = #quench.scheme<i4
// RECIPE-LABEL: @two_layers
// UPSTREAM-LABEL: @two_layers
func.func @two_layers(%x: tensor<4x4xf32>) -> tensor<4x2xf32> {
  %w1 = arith.constant dense<[[500.0, -1.0, 0.25, 0.8], [-300.0, 0.5, -0.5, -0.7], [400.0, 0.2, 0.9, 0.6], [700.0, 0.6, -0.1, 0.3]]> : tensor<4x4xf32>
  %w2 = arith.constant dense<[[0.001, -0.001], [-3.0, 2.0], [8.0, 1.0], [0.25, -1.0]]> : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<4x4xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: %[[X:.+]] = quench.quantize %{{.+}} : tensor<4x4xf32> to !quench.qtensor<4x4xf32, #[[$A8]]>
  // CHECK: linalg.matmul {{.*}} : tensor<4x4xf32>, tensor<4x4xf32>
  // RECIPE-NOT: quench.quantize
  // RECIPE: quench.assemble {{.*}} to !quench.qtensor<4x4xf32, #[[$W4]]>
  // UPSTREAM: linalg.matmul {{.*}} : tensor<4x4xi8>, tensor<4x4xi8>) outs({{.*}} : tensor<4x4xi32>)
  %h = linalg.matmul ins(%x, %w1 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z1 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x2xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  // UPSTREAM: linalg.matmul {{.*}} : tensor<4x4xi8>, tensor<4x2xi8>) outs({{.*}} : tensor<4x2xi32>)
  %y = linalg.matmul ins(%h, %w2 : tensor<4x4xf32>, tensor<4x2xf32>) outs(%z2 : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
