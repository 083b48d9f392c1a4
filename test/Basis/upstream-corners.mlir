// Shapes and types at the edge of what the models of linalg and tosa are for: nothing changes, and nothing breaks.
// RUN: quench-opt %s --quench-fold-norms --quench-equalize | FileCheck %s --implicit-check-not=quench.
// RUN: quench-opt %s --quench-rotate=r1=false --quench-quantize=recipe=w8a8-dynamic --quench-multiply-codes --convert-quench-to-linalg -o /dev/null
// RUN: quench-opt %s --quench-insert-observers --quench-strip-observers | FileCheck %s --implicit-check-not=quench.


// Vectors and scalars: no axis is left for outputs.
// CHECK-LABEL: @dot(
func.func @dot(%a: tensor<4xf32>) -> tensor<f32> {
  %w = arith.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %e = arith.constant dense<0.0> : tensor<f32>
  %n = math.absf %a : tensor<4xf32>
  %y = linalg.dot ins(%n, %w : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<f32>) -> tensor<f32>
  return %y : tensor<f32>
}

// A bias, a factor and inputs that are constants.
// CHECK-LABEL: @vecmat(
func.func @vecmat(%a: tensor<4xf32>) -> (tensor<2xf32>, tensor<4xf32>) {
  %w = arith.constant dense<1.0> : tensor<4x2xf32>
  %v = arith.constant dense<1.0> : tensor<2x4xf32>
  %e4 = arith.constant dense<0.5> : tensor<4xf32>
  %e2 = arith.constant dense<0.5> : tensor<2xf32>
  %h = linalg.matvec ins(%w, %e2 : tensor<4x2xf32>, tensor<2xf32>) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  %m = arith.mulf %h, %e4 : tensor<4xf32>
  %y = linalg.vecmat ins(%m, %w : tensor<4xf32>, tensor<4x2xf32>) outs(%e2 : tensor<2xf32>) -> tensor<2xf32>
  return %y, %m : tensor<2xf32>, tensor<4xf32>
}

// Buffers have no values to change.
// CHECK-LABEL: @memrefs(
func.func @memrefs(%a: memref<4x4xf32>, %b: memref<4x4xf32>, %c: memref<4x4xf32>) {
  linalg.matmul ins(%a, %b : memref<4x4xf32>, memref<4x4xf32>) outs(%c : memref<4x4xf32>)
  return
}

// Integers have no basis.
// CHECK-LABEL: @ints(
func.func @ints(%a: tensor<4x4xi8>, %c: tensor<4x4xi32>) -> tensor<4x4xi32> {
  %w = arith.constant dense<1> : tensor<4x4xi8>
  %y = linalg.matmul ins(%a, %w : tensor<4x4xi8>, tensor<4x4xi8>) outs(%c : tensor<4x4xi32>) -> tensor<4x4xi32>
  return %y : tensor<4x4xi32>
}

// No rows.
// CHECK-LABEL: @empty(
func.func @empty(%a: tensor<0x4xf32>, %c: tensor<0x4xf32>) -> tensor<0x4xf32> {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %n = math.absf %a : tensor<0x4xf32>
  %y = linalg.matmul ins(%n, %w : tensor<0x4xf32>, tensor<4x4xf32>) outs(%c : tensor<0x4xf32>) -> tensor<0x4xf32>
  return %y : tensor<0x4xf32>
}

// Nothing to sum: the axis of the channels has no elements.
// CHECK-LABEL: @emptyk(
func.func @emptyk(%a: tensor<4x0xf32>, %c: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %w = arith.constant dense<1.0> : tensor<0x4xf32>
  %y = linalg.matmul ins(%a, %w : tensor<4x0xf32>, tensor<0x4xf32>) outs(%c : tensor<4x4xf32>) -> tensor<4x4xf32>
  %s = arith.mulf %y, %y : tensor<4x4xf32>
  return %s : tensor<4x4xf32>
}

// No rank.
// CHECK-LABEL: @unranked(
func.func @unranked(%a: tensor<*xf32>, %b: tensor<*xf32>) -> tensor<*xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %s = tosa.add %a, %b : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  %n = tosa.tanh %s : (tensor<*xf32>) -> tensor<*xf32>
  return %n : tensor<*xf32>
}

// No size is known.
// CHECK-LABEL: @dynconv(
func.func @dynconv(%x: tensor<?x?x?x?xf32>, %w: tensor<?x?x?x?xf32>, %b: tensor<?xf32>) -> tensor<?x?x?x?xf32> {
  %zp = "tosa.const"() <{values = dense<0.0> : tensor<1xf32>}> : () -> tensor<1xf32>
  %y = tosa.conv2d %x, %w, %b, %zp, %zp {acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
    : (tensor<?x?x?x?xf32>, tensor<?x?x?x?xf32>, tensor<?xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x?x?x?xf32>
  %r = tosa.clamp %y {min_val = 0.0 : f32, max_val = 3.40282347E+38 : f32} : (tensor<?x?x?x?xf32>) -> tensor<?x?x?x?xf32>
  return %r : tensor<?x?x?x?xf32>
}

// Several results.
// CHECK-LABEL: @multi(
func.func @multi(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %w = arith.constant dense<1.0> : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %r:2 = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}
    ins(%x : tensor<4x4xf32>) outs(%e, %e : tensor<4x4xf32>, tensor<4x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    linalg.yield %a, %a : f32, f32
  } -> (tensor<4x4xf32>, tensor<4x4xf32>)
  %y = linalg.matmul ins(%r#0, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y, %r#1 : tensor<4x4xf32>, tensor<4x4xf32>
}

// An op of linalg without a rule.
// CHECK-LABEL: @pack(
func.func @pack(%x: tensor<4x4xf32>) -> tensor<2x2x2x2xf32> {
  %e = tensor.empty() : tensor<2x2x2x2xf32>
  %p = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [2, 2] into %e : tensor<4x4xf32> -> tensor<2x2x2x2xf32>
  return %p : tensor<2x2x2x2xf32>
}

// Types other than f32: constants stay as they are.
// CHECK-LABEL: @f16s(
func.func @f16s(%x: tensor<4x4xf16>, %c: tensor<4x4xf16>) -> tensor<4x4xf16> {
  %w = arith.constant dense<1.0> : tensor<4x4xf16>
  %n = math.absf %x : tensor<4x4xf16>
  %y = linalg.matmul ins(%n, %w : tensor<4x4xf16>, tensor<4x4xf16>) outs(%c : tensor<4x4xf16>) -> tensor<4x4xf16>
  %s = arith.mulf %y, %w : tensor<4x4xf16>
  return %s : tensor<4x4xf16>
}

// CHECK-LABEL: @f64s(
func.func @f64s(%x: tensor<4x4xf64>, %c: tensor<4x4xf64>) -> tensor<4x4xf64> {
  %w = arith.constant dense<2.0> : tensor<4x4xf64>
  %h = linalg.matmul ins(%x, %w : tensor<4x4xf64>, tensor<4x4xf64>) outs(%c : tensor<4x4xf64>) -> tensor<4x4xf64>
  %y = linalg.matmul ins(%h, %w : tensor<4x4xf64>, tensor<4x4xf64>) outs(%c : tensor<4x4xf64>) -> tensor<4x4xf64>
  return %y : tensor<4x4xf64>
}
