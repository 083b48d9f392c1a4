# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes functions in upstream dialects, inputs and labels for them, and what NumPy computes.

    make_function.py FOLDER     mlp.mlir, linalg.mlir, tosa.mlir, x.npy, images.npy, NAME.expected.npy, labels.npy
    make_function.py --compare FOUND EXPECTED TOLERANCE
"""

import sys

import numpy as np

ROWS = 24


def dense(values):
    """An attribute: the bytes of the values, so that nothing is lost in text."""
    array = np.ascontiguousarray(values, dtype=np.float32)
    shape = "x".join(str(size) for size in array.shape)
    return f'dense<"0x{array.tobytes().hex().upper()}"> : tensor<{shape}xf32>'


def mlp(folder, random):
    first, second = random.normal(0, 0.3, (12, 20)), random.normal(0, 0.3, (20, 5))
    bias = random.normal(0, 0.3, 20)
    text = f"""func.func @main(%x: tensor<?x12xf32> loc("x")) -> tensor<?x5xf32> {{
  %w1 = arith.constant {dense(first)} loc("fc1.weight")
  %w2 = arith.constant {dense(second)}
  %b1 = arith.constant {dense(bias)} loc("fc1.bias")
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x12xf32>
  %e1 = tensor.empty(%n) : tensor<?x20xf32>
  %i1 = linalg.broadcast ins(%b1 : tensor<20xf32>) outs(%e1 : tensor<?x20xf32>) dimensions = [0]
  %h = linalg.matmul ins(%x, %w1 : tensor<?x12xf32>, tensor<12x20xf32>) outs(%i1 : tensor<?x20xf32>) -> tensor<?x20xf32>
  %a = func.call @relu(%h) : (tensor<?x20xf32>) -> tensor<?x20xf32>
  %e2 = tensor.empty(%n) : tensor<?x5xf32>
  %i2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x5xf32>) -> tensor<?x5xf32>
  %y = linalg.matmul ins(%a, %w2 : tensor<?x20xf32>, tensor<20x5xf32>) outs(%i2 : tensor<?x5xf32>) -> tensor<?x5xf32> loc("fc2")
  return %y : tensor<?x5xf32>
}}
func.func private @relu(%x: tensor<?x20xf32>) -> tensor<?x20xf32> {{
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x20xf32>
  %e = tensor.empty(%n) : tensor<?x20xf32>
  %y = linalg.generic {{indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (m, n)>], iterator_types = ["parallel", "parallel"]}}
      ins(%x : tensor<?x20xf32>) outs(%e : tensor<?x20xf32>) {{
    ^bb0(%v: f32, %old: f32):
      %zero = arith.constant 0.0 : f32
      %r = arith.maximumf %v, %zero : f32
      linalg.yield %r : f32
  }} -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}}
"""
    open(f"{folder}/mlp.mlir", "w").write(text)
    x = random.normal(0, 1, (ROWS, 12)).astype(np.float32)
    np.save(f"{folder}/x.npy", x)
    y = np.maximum(x @ first.astype(np.float32) + bias.astype(np.float32), 0) @ second.astype(np.float32)
    np.save(f"{folder}/mlp.expected.npy", y.astype(np.float32))
    np.save(f"{folder}/labels.npy", y.argmax(-1))


def convolve(image, filters, bias):
    """NHWC by FHWC, no padding."""
    kernel = filters.shape[1]
    size = image.shape[1] - kernel + 1
    out = np.zeros((1, size, size, filters.shape[0]), np.float32) + bias
    for row in range(kernel):
        for column in range(kernel):
            out += image[:, row : row + size, column : column + size, :] @ filters[:, row, column, :].T
    return out


def networks(folder, random):
    """One convolution, the largest of windows of 2 x 2, and a matrix, in linalg and in tosa."""
    filters = random.normal(0, 0.3, (6, 3, 3, 2)).astype(np.float32)
    bias = random.normal(0, 0.3, 6).astype(np.float32)
    matrix = random.normal(0, 0.3, (54, 4)).astype(np.float32)
    linalg = f"""func.func @main(%x: tensor<1x8x8x2xf32> loc("image")) -> tensor<1x4xf32> {{
  %f = arith.constant {dense(filters)} loc("conv.weight")
  %b = arith.constant {dense(bias)}
  %m = arith.constant {dense(matrix)} loc("head.weight")
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<1x6x6x6xf32>
  %i = linalg.broadcast ins(%b : tensor<6xf32>) outs(%e : tensor<1x6x6x6xf32>) dimensions = [0, 1, 2]
  %c = linalg.conv_2d_nhwc_fhwc ins(%x, %f : tensor<1x8x8x2xf32>, tensor<6x3x3x2xf32>) outs(%i : tensor<1x6x6x6xf32>) -> tensor<1x6x6x6xf32>
  %w = tensor.empty() : tensor<2x2xf32>
  %pe = tensor.empty() : tensor<1x3x3x6xf32>
  %pi = linalg.fill ins(%zero : f32) outs(%pe : tensor<1x3x3x6xf32>) -> tensor<1x3x3x6xf32>
  %p = linalg.pooling_nhwc_max {{strides = dense<2> : vector<2xi64>}} ins(%c, %w : tensor<1x6x6x6xf32>, tensor<2x2xf32>) outs(%pi : tensor<1x3x3x6xf32>) -> tensor<1x3x3x6xf32>
  %r = tensor.collapse_shape %p [[0], [1, 2, 3]] : tensor<1x3x3x6xf32> into tensor<1x54xf32>
  %ye = tensor.empty() : tensor<1x4xf32>
  %yi = linalg.fill ins(%zero : f32) outs(%ye : tensor<1x4xf32>) -> tensor<1x4xf32>
  %y = linalg.matmul ins(%r, %m : tensor<1x54xf32>, tensor<54x4xf32>) outs(%yi : tensor<1x4xf32>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}}
"""
    tosa = f"""func.func @main(%x: tensor<1x8x8x2xf32> loc("image")) -> tensor<1x4xf32> {{
  %f = "tosa.const"() <{{values = {dense(filters)}}}> : () -> tensor<6x3x3x2xf32> loc("conv.weight")
  %b = "tosa.const"() <{{values = {dense(bias)}}}> : () -> tensor<6xf32>
  %m = "tosa.const"() <{{values = {dense(matrix.reshape(1, 54, 4))}}}> : () -> tensor<1x54x4xf32> loc("head.weight")
  %z = "tosa.const"() <{{values = dense<0.0> : tensor<1xf32>}}> : () -> tensor<1xf32>
  %c = tosa.conv2d %x, %f, %b, %z, %z {{acc_type = f32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}}
      : (tensor<1x8x8x2xf32>, tensor<6x3x3x2xf32>, tensor<6xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x6x6x6xf32>
  %k = tosa.clamp %c {{min_val = 0.0 : f32, max_val = 3.4e38 : f32}} : (tensor<1x6x6x6xf32>) -> tensor<1x6x6x6xf32>
  %p = tosa.max_pool2d %k {{kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>}}
      : (tensor<1x6x6x6xf32>) -> tensor<1x3x3x6xf32>
  %s = tosa.const_shape {{values = dense<[1, 1, 54]> : tensor<3xindex>}} : () -> !tosa.shape<3>
  %r = tosa.reshape %p, %s : (tensor<1x3x3x6xf32>, !tosa.shape<3>) -> tensor<1x1x54xf32>
  %q = tosa.matmul %r, %m, %z, %z : (tensor<1x1x54xf32>, tensor<1x54x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<1x1x4xf32>
  %t = tosa.const_shape {{values = dense<[1, 4]> : tensor<2xindex>}} : () -> !tosa.shape<2>
  %y = tosa.reshape %q, %t : (tensor<1x1x4xf32>, !tosa.shape<2>) -> tensor<1x4xf32>
  return %y : tensor<1x4xf32>
}}
"""
    images = random.normal(0, 1, (ROWS, 8, 8, 2)).astype(np.float32)
    np.save(f"{folder}/images.npy", images)
    results = []
    for image in images:
        hidden = np.maximum(convolve(image[None], filters, bias), 0)
        pooled = hidden.reshape(1, 3, 2, 3, 2, 6).max((2, 4))
        results.append(pooled.reshape(1, 54) @ matrix)
    for name, text in (("linalg", linalg), ("tosa", tosa)):
        open(f"{folder}/{name}.mlir", "w").write(text)
        np.save(f"{folder}/{name}.expected.npy", np.concatenate(results))


def main():
    if sys.argv[1] == "--compare":
        found, expected = np.load(sys.argv[2]), np.load(sys.argv[3])
        assert found.shape == expected.shape, f"expected the shape {expected.shape}, found {found.shape}"
        error = np.abs(found - expected).max() / np.abs(expected).max()
        print(f"{error:.2e} of the largest element")
        sys.exit(not error <= float(sys.argv[4]))
    random = np.random.default_rng(3)
    mlp(sys.argv[1], random)
    networks(sys.argv[1], random)


main()
