// What a front end wrote in tosa: lowered by mlir-opt, quantized by the plugin, and handed back without either dialect.
// DEFINE: %{plugin} = %build_tree/lib/libQuenchPlugin.so
// DEFINE: %{load} = --load-dialect-plugin=%{plugin} --load-pass-plugin=%{plugin}
// RUN: mlir-opt %s %{load} --pass-pipeline="builtin.module(func.func(tosa-to-linalg-named,canonicalize,tosa-make-broadcastable,tosa-to-linalg,tosa-to-arith,tosa-to-tensor),quench-quantize-functions{recipe=w8a8-dynamic equalize=true},quench-to-upstream)" -o %t.mlir
// RUN: FileCheck %s --implicit-check-not=quench --implicit-check-not=tosa. < %t.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %s %t.mlir 0.03

// CHECK-LABEL: @layers
// CHECK: linalg.batch_matmul ins(%{{.+}}, %{{.+}} : tensor<1x4x4xi8>, tensor<1x4x4xi8>) outs(%{{.+}} : tensor<1x4x4xi32>)
// CHECK: linalg.batch_matmul ins(%{{.+}}, %{{.+}} : tensor<1x4x4xi8>, tensor<1x4x2xi8>) outs(%{{.+}} : tensor<1x4x2xi32>)
func.func @layers(%x: tensor<1x4x4xf32>) -> tensor<1x4x2xf32> {
  %zero = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %w1 = "tosa.const"() <{values = dense<[[[0.5, -1.0, 0.25, 0.8], [-0.3, 0.5, -0.5, -0.7], [0.4, 0.2, 0.9, 0.6], [0.7, 0.6, -0.1, 0.3]]]> : tensor<1x4x4xf32>}> : () -> tensor<1x4x4xf32>
  %b = "tosa.const"() <{values = dense<[[[0.5, -0.25, 0.125, 1.0]]]> : tensor<1x1x4xf32>}> : () -> tensor<1x1x4xf32>
  %w2 = "tosa.const"() <{values = dense<[[[0.1, -0.1], [-0.3, 0.2], [0.8, 1.0], [0.25, -1.0]]]> : tensor<1x4x2xf32>}> : () -> tensor<1x4x2xf32>
  %h = tosa.matmul %x, %w1, %zero, %zero : (tensor<1x4x4xf32>, tensor<1x4x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x4xf32>
  %s = tosa.add %h, %b : (tensor<1x4x4xf32>, tensor<1x1x4xf32>) -> tensor<1x4x4xf32>
  %r = tosa.clamp %s {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<1x4x4xf32>) -> tensor<1x4x4xf32>
  %y = tosa.matmul %r, %w2, %zero, %zero : (tensor<1x4x4xf32>, tensor<1x4x2xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x4x2xf32>
  return %y : tensor<1x4x2xf32>
}
