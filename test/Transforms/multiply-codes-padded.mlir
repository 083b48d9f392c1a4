// A lowering of TOSA pads behind dequantization. Zeros are codes, too, where all codes have one scale.
// RUN: quench-opt %s --quench-multiply-codes | FileCheck %s
// RUN: quench-opt %s --convert-quench-to-linalg -o %t.qdq.mlir
// RUN: quench-opt %s --quench-multiply-codes --convert-quench-to-linalg --canonicalize -o %t.codes.mlir
// RUN: %python %src/test/Basis/Inputs/same_function.py %t.qdq.mlir %t.codes.mlir

#tensor = #quench.scheme<i8, block = [*, *, *, *], scale = f32>
#pixels = #quench.scheme<i8, block = [1, 1, 1, *], scale = f32>
#filters = #quench.scheme<i8, block = [*, *, *, 1], scale = f32>

// CHECK-LABEL: @padded
func.func @padded(%x: tensor<1x3x3x1xf32>) -> tensor<1x4x4x2xf32> {
  %scale = arith.constant dense<0.01> : tensor<1x1x1x1xf32>
  %xq = quench.quantize %x scale(%scale) : tensor<1x3x3x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x3x3x1xf32, #tensor>
  %xd = quench.dequantize %xq : !quench.qtensor<1x3x3x1xf32, #tensor> to tensor<1x3x3x1xf32>
  %w = arith.constant dense<[[[[0.5, -1.0]], [[1.0, 0.5]]], [[[-0.3, 0.2]], [[0.7, 0.6]]]]> : tensor<2x2x1x2xf32>
  %wq = quench.quantize %w : tensor<2x2x1x2xf32> to !quench.qtensor<2x2x1x2xf32, #filters>
  %wd = quench.dequantize %wq : !quench.qtensor<2x2x1x2xf32, #filters> to tensor<2x2x1x2xf32>
  %zero = arith.constant 0.0 : f32
  // CHECK: %[[ZERO:.+]] = arith.constant 0 : i8
  // CHECK: %[[P:.+]] = tensor.pad %{{.+}} low[0, 1, 1, 0] high[0, 1, 1, 0]
  // CHECK: tensor.yield %[[ZERO]] : i8
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}}ins(%[[P]], %{{.+}} : tensor<1x5x5x1xi8>, tensor<2x2x1x2xi8>)
  %p = tensor.pad %xd low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x3x3x1xf32> to tensor<1x5x5x1xf32>
  %e = tensor.empty() : tensor<1x4x4x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%p, %wd : tensor<1x5x5x1xf32>, tensor<2x2x1x2xf32>) outs(%z : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  return %y : tensor<1x4x4x2xf32>
}

// Other numbers have no code, and zeros beside scales of pixels no scale.
// CHECK-LABEL: @negative_ones
func.func @negative_ones(%x: tensor<1x3x1x1xf32>) -> tensor<1x5x1x2xf32> {
  %scale = arith.constant dense<0.01> : tensor<1x1x1x1xf32>
  %xq = quench.quantize %x scale(%scale) : tensor<1x3x1x1xf32>, tensor<1x1x1x1xf32> to !quench.qtensor<1x3x1x1xf32, #tensor>
  %xd = quench.dequantize %xq : !quench.qtensor<1x3x1x1xf32, #tensor> to tensor<1x3x1x1xf32>
  %w = arith.constant dense<[[[[0.5, -1.0]]]]> : tensor<1x1x1x2xf32>
  %wq = quench.quantize %w : tensor<1x1x1x2xf32> to !quench.qtensor<1x1x1x2xf32, #filters>
  %wd = quench.dequantize %wq : !quench.qtensor<1x1x1x2xf32, #filters> to tensor<1x1x1x2xf32>
  %one = arith.constant 1.0 : f32
  %p = tensor.pad %xd low[0, 1, 0, 0] high[0, 1, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %one : f32
  } : tensor<1x3x1x1xf32> to tensor<1x5x1x1xf32>
  %e = tensor.empty() : tensor<1x5x1x2xf32>
  %zero = arith.constant 0.0 : f32
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x5x1x2xf32>) -> tensor<1x5x1x2xf32>
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} : tensor<1x5x1x1xf32>, tensor<1x1x1x2xf32>)
  %y = linalg.conv_2d_nhwc_hwcf ins(%p, %wd : tensor<1x5x1x1xf32>, tensor<1x1x1x2xf32>) outs(%z : tensor<1x5x1x2xf32>) -> tensor<1x5x1x2xf32>
  return %y : tensor<1x5x1x2xf32>
}

// CHECK-LABEL: @negative_pixels
func.func @negative_pixels(%x: tensor<1x3x1x1xf32>) -> tensor<1x5x1x2xf32> {
  %xq = quench.quantize %x : tensor<1x3x1x1xf32> to !quench.qtensor<1x3x1x1xf32, #pixels>
  %xd = quench.dequantize %xq : !quench.qtensor<1x3x1x1xf32, #pixels> to tensor<1x3x1x1xf32>
  %w = arith.constant dense<[[[[0.5, -1.0]]]]> : tensor<1x1x1x2xf32>
  %wq = quench.quantize %w : tensor<1x1x1x2xf32> to !quench.qtensor<1x1x1x2xf32, #filters>
  %wd = quench.dequantize %wq : !quench.qtensor<1x1x1x2xf32, #filters> to tensor<1x1x1x2xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %xd low[0, 1, 0, 0] high[0, 1, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %zero : f32
  } : tensor<1x3x1x1xf32> to tensor<1x5x1x1xf32>
  %e = tensor.empty() : tensor<1x5x1x2xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x5x1x2xf32>) -> tensor<1x5x1x2xf32>
  // CHECK: linalg.conv_2d_nhwc_hwcf {{.*}} : tensor<1x5x1x1xf32>, tensor<1x1x1x2xf32>)
  %y = linalg.conv_2d_nhwc_hwcf ins(%p, %wd : tensor<1x5x1x1xf32>, tensor<1x1x1x2xf32>) outs(%z : tensor<1x5x1x2xf32>) -> tensor<1x5x1x2xf32>
  return %y : tensor<1x5x1x2xf32>
}
