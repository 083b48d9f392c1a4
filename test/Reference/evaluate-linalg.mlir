// The evaluator runs the region of a structured op once for each index of its loops. What MLIR compiles the same
// functions to computes the same.
// RUN: quench-opt %s --quench-evaluate=entry=generic | FileCheck %s
// RUN: quench-opt %s --quench-evaluate=entry=negative_softmax | FileCheck %s --check-prefix=SOFTMAX
// RUN: %python %S/../Basis/Inputs/same_function.py %s --evaluator

// out[i] = sum_j (x[i, j] > 0 ? x[i, j] : j) with j an index of the loop.
// CHECK: generic.0: 2xf32 = [3, 9]
func.func @generic() -> tensor<2xf32> {
  %x = arith.constant dense<[[-1.0, 1.0, -3.0], [4.0, 5.0, -6.0]]> : tensor<2x3xf32>
  %zero = arith.constant 0.0 : f32
  %z = arith.constant dense<[0.0, -2.0]> : tensor<2xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
                       iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x3xf32>) outs(%z : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %j = linalg.index 1 : index
    %int = arith.index_cast %j : index to i32
    %float = arith.sitofp %int : i32 to f32
    %positive = arith.cmpf ogt, %in, %zero : f32
    %chosen = arith.select %positive, %in, %float : f32
    %sum = arith.addf %out, %chosen : f32
    linalg.yield %sum : f32
  } -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// exp(0), exp(ln 3) over 4. (MLIR has no lowering by itself for it: it is left out of the comparison.)
// SOFTMAX: negative_softmax.0: 1x2xf32 = [0.25, 0.75]
func.func @negative_softmax() -> tensor<1x2xf32> {
  %x = arith.constant dense<[[0.0, 1.0986122886681098]]> : tensor<1x2xf32>
  %e = tensor.empty() : tensor<1x2xf32>
  %y = linalg.softmax dimension(1) ins(%x : tensor<1x2xf32>) outs(%e : tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}

func.func @products(%x: tensor<2x4x3xf32>, %w: tensor<2x3x5xf32>, %v: tensor<5x4xf32>, %b: tensor<2x4x5xf32>) -> (tensor<2x4x5xf32>, tensor<4x4xf32>) {
  %y = linalg.batch_matmul ins(%x, %w : tensor<2x4x3xf32>, tensor<2x3x5xf32>) outs(%b : tensor<2x4x5xf32>) -> tensor<2x4x5xf32>
  %s = tensor.extract_slice %y[1, 0, 0] [1, 4, 5] [1, 1, 1] : tensor<2x4x5xf32> to tensor<4x5xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %u = linalg.matmul ins(%s, %v : tensor<4x5xf32>, tensor<5x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y, %u : tensor<2x4x5xf32>, tensor<4x4xf32>
}

// A window that steps by two, over an image with zeros around it.
func.func @convolution(%x: tensor<1x5x5x2xf32>, %w: tensor<3x3x2x3xf32>) -> tensor<1x3x3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%n: index, %i: index, %j: index, %c: index):
    tensor.yield %zero : f32
  } : tensor<1x5x5x2xf32> to tensor<1x7x7x2xf32>
  %e = tensor.empty() : tensor<1x3x3x3xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<1x3x3x3xf32>) -> tensor<1x3x3x3xf32>
  %y = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%p, %w : tensor<1x7x7x2xf32>, tensor<3x3x2x3xf32>) outs(%z : tensor<1x3x3x3xf32>) -> tensor<1x3x3x3xf32>
  return %y : tensor<1x3x3x3xf32>
}

func.func @elements(%x: tensor<3x4xf32>, %b: tensor<3xf32>) -> (tensor<3x4xf32>, tensor<4x3xf32>) {
  %e = tensor.empty() : tensor<3x4xf32>
  %r = linalg.broadcast ins(%b : tensor<3xf32>) outs(%e : tensor<3x4xf32>) dimensions = [1]
  %s = linalg.add ins(%x, %r : tensor<3x4xf32>, tensor<3x4xf32>) outs(%e : tensor<3x4xf32>) -> tensor<3x4xf32>
  %t = linalg.map { math.tanh } ins(%s : tensor<3x4xf32>) outs(%e : tensor<3x4xf32>)
  %f = tensor.empty() : tensor<4x3xf32>
  %u = linalg.transpose ins(%t : tensor<3x4xf32>) outs(%f : tensor<4x3xf32>) permutation = [1, 0]
  return %t, %u : tensor<3x4xf32>, tensor<4x3xf32>
}
