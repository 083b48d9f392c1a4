// The unmodified mlir-opt of the distribution quantizes with the plugin: a network in linalg becomes its W8A8 form, in
// dialects that mlir-opt has itself.
// DEFINE: %{plugin} = %build_tree/lib/libQuenchPlugin.so
// DEFINE: %{load} = --load-dialect-plugin=%{plugin} --load-pass-plugin=%{plugin}
// RUN: mlir-opt %s %{load} --pass-pipeline="builtin.module(quench-quantize-functions{recipe=w8a8-dynamic})" | FileCheck %s --check-prefix=QDQ
// RUN: mlir-opt %s %{load} --pass-pipeline="builtin.module(quench-quantize-functions{recipe=w8a8-dynamic},quench-to-upstream)" -o %t.mlir
// RUN: FileCheck %s --implicit-check-not=quench < %t.mlir
// RUN: not mlir-opt %s %{load} --pass-pipeline="builtin.module(func.func(quench-quantize-functions))" 2>&1 | FileCheck %s --check-prefix=ANCHOR
// ANCHOR: expected 'quench-quantize-functions' in builtin.module(...), found it in func.func(...)

// No plugin is needed to go on with it, and it computes what the float network does.
// RUN: mlir-opt %t.mlir --one-shot-bufferize=bufferize-function-boundaries --convert-linalg-to-loops -o /dev/null
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.mlir 0.03

// The output before the last step is read back where the dialects are known.
// RUN: mlir-opt %s %{load} --pass-pipeline="builtin.module(quench-quantize-functions)" | mlir-opt %{load} --verify-roundtrip -o /dev/null

// Errors are those of mlir-opt's context.
// RUN: not mlir-opt %s %{load} --pass-pipeline="builtin.module(quench-quantize-functions{recipe=w9})" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: error: {{.*}}w9

// QDQ: #[[$A8:.+]] = #quench.scheme<i8, block = [1, *], scale = f32>
// QDQ: #[[$W8:.+]] = #quench.scheme<i8, block = [*, 1], scale = f32>
// QDQ-LABEL: @network
// QDQ-SAME: %[[X:.+]]: tensor<4x8xf32>
// QDQ: %[[XQ:.+]] = quench.quantize %[[X]] : tensor<4x8xf32> to !quench.qtensor<4x8xf32, #[[$A8]]>
// QDQ: %[[XD:.+]] = quench.dequantize %[[XQ]]
// QDQ: quench.assemble {{.+}} to !quench.qtensor<8x4xf32, #[[$W8]]>
// QDQ: linalg.matmul ins(%[[XD]], %{{.+}} : tensor<4x8xf32>, tensor<8x4xf32>)

// Codes of the weight, with a scale for each column; codes of x, with a scale for each row: its largest magnitude over 127.
// CHECK-LABEL: @network
// CHECK-SAME: %[[X:.+]]: tensor<4x8xf32>
// CHECK-DAG: %[[W1:.+]] = arith.constant dense<{{.+}}> : tensor<8x4xi8>
// CHECK-DAG: %[[W2:.+]] = arith.constant dense<{{.+}}> : tensor<4x3xi8>
// CHECK: linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]
// CHECK: math.absf
// CHECK-NEXT: arith.maxnumf
// CHECK: arith.divf %{{.+}}, %[[C127:.+]] : f32
// CHECK: %[[XS:.+]] = linalg.generic
// CHECK: %[[XC:.+]] = linalg.generic {{.*}} ins(%[[X]], %[[XS]] : tensor<4x8xf32>, tensor<4x1xf32>)
// CHECK: math.roundeven
// CHECK: arith.minnumf %{{.+}}, %[[C127]]
// CHECK: arith.trunci %{{.+}} : i32 to i8
// CHECK: %[[SUMS:.+]] = linalg.matmul ins(%[[XC]], %[[W1]] : tensor<4x8xi8>, tensor<8x4xi8>) outs(%{{.+}} : tensor<4x4xi32>)
// CHECK: linalg.generic {{.*}} ins(%[[SUMS]], %[[XS]], %{{.+}} : tensor<4x4xi32>, tensor<4x1xf32>, tensor<1x4xf32>)
// CHECK: arith.sitofp
// CHECK: linalg.max
// CHECK: linalg.matmul ins(%{{.+}}, %[[W2]] : tensor<4x4xi8>, tensor<4x3xi8>) outs(%{{.+}} : tensor<4x3xi32>)
func.func @network(%x: tensor<4x8xf32>) -> tensor<4x3xf32> {
  %w1 = arith.constant dense<[[0.5, -1.0, 0.25, 0.75], [1.0, 0.5, -0.5, 0.1], [-0.3, 0.2, 0.9, -0.8], [0.7, 0.6, -0.1, 0.4],
                              [0.2, -0.9, 0.3, 0.5], [-0.6, 0.8, 0.1, -0.2], [0.4, 0.3, -0.7, 0.9], [0.1, -0.4, 0.6, 0.2]]> : tensor<8x4xf32>
  %b1 = arith.constant dense<[0.5, -0.25, 0.125, 1.0]> : tensor<4xf32>
  %w2 = arith.constant dense<[[0.5, -1.0, 0.25], [1.0, 0.5, -0.5], [-0.3, 0.2, 0.9], [0.7, 0.6, -0.1]]> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<4x4xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %bias = linalg.broadcast ins(%b1 : tensor<4xf32>) outs(%e1 : tensor<4x4xf32>) dimensions = [0]
  %h = linalg.matmul ins(%x, %w1 : tensor<4x8xf32>, tensor<8x4xf32>) outs(%bias : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = linalg.max ins(%h, %z1 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e1 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e2 = tensor.empty() : tensor<4x3xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%r, %w2 : tensor<4x4xf32>, tensor<4x3xf32>) outs(%z2 : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
