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
  // CHECK:      arith.constant dense<{{\[\[}}-5.000000e-01, 5.000000e-01, 4.000000e+00, 1.000000e+00]]> : tensor<1x4xf4E2M1FN>
  // CHECK-NEXT: arith.constant dense<2.000000e+00> : tensor<1x1xf32>
  %w5 = arith.constant dense<[[-1.0, 1.0, 7.0, 2.0]]> : tensor<1x4xf32>
  %y5 = nn.linear %x, %w5 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("mxfp4 rounded up")
  // CHECK:      arith.constant dense<{{\[\[}}0, 0, 1, 1]]> : tensor<1x4xi2>
  // CHECK-NEXT: arith.constant dense<2.500000e+00> : tensor<1x1xf32>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<i2, range = [-1, 1], block = [*, *], scale = f32>>
  %w6 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y6 = nn.linear %x, %w6 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("ternary")
  // CHECK:      arith.constant dense<{{\[\[}}1, 2, 3, 2]]> : tensor<1x4xui2>
  // CHECK:      quench.assemble {{.*}} #quench.scheme<#quench.codebook<[-1.000000e+00, -2.500000e-01, 2.500000e-01, 1.000000e+00]>, block = [1, *], scale = f32>>
  %w7 = arith.constant dense<[[-1.0, 1.0, 6.0, 2.0]]> : tensor<1x4xf32>
  %y7 = nn.linear %x, %w7 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("codebook")
  // CHECK-DAG:  arith.constant dense<{{\[\[}}0, 1, 3, 1]]> : tensor<1x4xui2>
  // CHECK-DAG:  arith.constant dense<1.000000e+00> : tensor<1x1xf32>
  // CHECK-DAG:  arith.constant dense<2.000000e+00> : tensor<1x1xf32>
  // CHECK:      quench.assemble {{.*}} : tensor<1x4xui2>, tensor<1x1xf32>, tensor<1x1xf32> to !quench.qtensor<1x4xf32, #quench.scheme<ui2, block = [1, 4], scale = f32, zero_point = f16>>
  %w8 = arith.constant dense<[[-1.0, 1.0, 5.0, 0.5]]> : tensor<1x4xf32>
  %y8 = nn.linear %x, %w8 : tensor<?x4xf32>, tensor<1x4xf32> -> tensor<?x1xf32> loc("real zero points")
  return
}

// A table is quantized like a weight, and decoded in its own type; there is no activation.
// CHECK-LABEL: func.func @table(
// CHECK:         %[[C:.+]] = arith.constant dense<{{\[\[}}127, -64], [51, 127]]> : tensor<2x2xi8>
// CHECK:         %[[Q:.+]] = quench.assemble %[[C]], {{.*}} to !quench.qtensor<2x2xbf16, #quench.scheme<i8, block = [1, *], scale = f32>>
// CHECK-NEXT:    %[[T:.+]] = quench.dequantize %[[Q]] : {{.*}} to tensor<2x2xbf16>
// CHECK-NEXT:    nn.embedding %[[T]]
func.func @table(%tokens: tensor<?xi32>) -> tensor<?x2xbf16> {
  %w = arith.constant dense<[[1.0, -0.5], [2.0, 5.0]]> : tensor<2x2xbf16>
  %x = nn.embedding %w[%tokens] : tensor<2x2xbf16>, tensor<?xi32> -> tensor<?x2xbf16> loc("table")
  return %x : tensor<?x2xbf16>
}
