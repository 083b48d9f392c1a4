// RUN: quench-opt %s --quench-quantize=recipe=%S/Inputs/formats.yaml --mlir-print-local-scope | FileCheck %s

// Any scheme of the dialect can be asked for; scales in the IR are the ones that codes were made with.
// CHECK-LABEL: func.func @formats(
func.func @formats(%x: tensor<?x4xf32>) {
  // CHECK-DAG:  arith.constant dense<{{\[\[}}0, 2, 7, 3]]> : tensor<1x4xui3>
  // CHECK-DAG:  arith.constant dense<1> : tensor<1x1xi32>
  // CHECK:      quench.assemble {{.*}} : tensor<1x4xui3>, tensor<1x1xf32>, tensor<1x1xi32> to !quench.qtensor<1x4xf32, #quench.scheme<ui3, block = [1, 4], scale = f16, zero_point>>
  %w0 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y0 = nn.linear %x, %w0 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("zero points")
  // CHECK:      arith.constant dense<{{\[\[}}-1.000000e+00, 1.000000e+00, 6.000000e+00, 2.000000e+00]]> : tensor<1x4xf4E2M1FN>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<f4E2M1FN, block = [1, 4], scale = #quench.scheme<f8E4M3FN, block = [*, *], scale = f32>>>
  %w1 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y1 = nn.linear %x, %w1 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("nvfp4")
  // CHECK:      arith.constant dense<{{\[\[}}-1.000000e+00, 1.000000e+00, 6.000000e+00, 2.000000e+00]]> : tensor<1x4xf4E2M1FN>
  // CHECK-NEXT: arith.constant dense<1.000000e+00> : tensor<1x1xf32>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<f4E2M1FN, block = [1, 4], scale = f8E8M0FNU>>
  %w2 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y2 = nn.linear %x, %w2 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("mxfp4")
  // CHECK:      arith.constant dense<{{\[\[}}5, 9, 15, 11]]> : tensor<1x4xui4>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<#quench.codebook<[-1.000000e+00,
  %w3 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y3 = nn.linear %x, %w3 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("nf4")
  // CHECK:      arith.constant dense<{{\[\[}}-21, 21, 127, 42]]> : tensor<1x4xi8>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<i8, block = [*, *], scale = f32>>
  %w4 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y4 = nn.linear %x, %w4 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("tensor")
  return
}
