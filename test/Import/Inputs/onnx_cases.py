# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small models, one for each family of operators, and what they compute in double by NumPy."""

import math

import numpy as np
from make_onnx import FLOAT, INT4, INT64, model, node, tensor, value, write

random = np.random.default_rng(11)


def normal(*shape):
    return random.normal(0, 1, shape).astype("f4")


def erf(x):
    return np.vectorize(math.erf)(x)


def softmax(x, axis=-1):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


def windows(x, kernel, strides, pads, dilations, fill):
    """[N, C, OH, OW, kh, kw]"""
    x = np.pad(x, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=fill)
    sizes = [(x.shape[2 + i] - dilations[i] * (kernel[i] - 1) - 1) // strides[i] + 1 for i in range(2)]
    out = np.zeros(x.shape[:2] + tuple(sizes) + tuple(kernel))
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            part = x[:, :, row * dilations[0] :, column * dilations[1] :][:, :, :: strides[0], :: strides[1]]
            out[..., row, column] = part[:, :, : sizes[0], : sizes[1]]
    return out


def convolution(x, w, b=None, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), group=1):
    parts = []
    for i in range(group):
        channels, filters = w.shape[1], w.shape[0] // group
        seen = windows(x[:, i * channels : (i + 1) * channels], w.shape[2:], strides, pads, dilations, 0)
        parts.append(np.einsum("nchwij,fcij->nfhw", seen, w[i * filters : (i + 1) * filters]))
    out = np.concatenate(parts, 1)
    return out if b is None else out + b[None, :, None, None]


def layers():
    """Matrices: a weight as it is, one that is turned, factors, a product of two values, one with more axes."""
    w, v, b, u = normal(6, 5), normal(5, 4), normal(6), normal(4, 3)
    nodes = [
        node("Gemm", ["x", "fc1.weight", "fc1.bias"], ["a"], transB=1),
        node("Relu", ["a"], ["h"]),
        node("Gemm", ["x", "v", "x2"], ["g"], alpha=0.5, beta=2.0),
        node("MatMul", ["g", "u"], ["m"]),
        node("Transpose", ["h"], ["t"], perm=[1, 0]),
        node("MatMul", ["t", "m"], ["p"]),
    ]
    x = normal(3, 5)
    x2 = normal(1, 4)
    a = np.maximum(x @ w.T + b, 0)
    g = 0.5 * (x @ v) + 2 * x2
    constants = [tensor("fc1.weight", w), tensor("fc1.bias", b), tensor("v", v), tensor("u", u), tensor("x2", x2)]
    return model(nodes, [value("x", [3, 5])], [value("p", [6, 3])], constants), x[None], (a.T @ (g @ u))[None]


def network():
    """What exporters write of a small convolution network, the batch open, halves for weights."""
    w, b, d = normal(8, 3, 3, 3), normal(8), normal(8, 1, 3, 3)
    gain, bias, mean, variance = normal(8), normal(8), normal(8), np.abs(normal(8)) + 0.5
    head = (normal(10, 8 * 4 * 4) * 0.1).astype("f2")
    nodes = [
        node("Conv", ["x", "conv.weight", "conv.bias"], ["a"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1], dilations=[1, 1], group=1),
        node("BatchNormalization", ["a", "gain", "bias", "mean", "variance"], ["n"], epsilon=1e-3),
        node("Clip", ["n", "zero", "six"], ["r"]),
        node("Conv", ["r", "d"], ["e"], group=8, pads=[1, 1, 1, 1], strides=[2, 2]),
        node("HardSwish", ["e"], ["s"]),
        node("MaxPool", ["s"], ["m"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1]),
        node("Flatten", ["m"], ["f"], axis=1),
        node("Cast", ["head"], ["weight"], to=FLOAT),
        node("Gemm", ["f", "weight"], ["z"], transB=1),
        node("Softmax", ["z"], ["y"], axis=-1),
    ]
    x = normal(5, 3, 8, 8)
    a = convolution(x, w, b, pads=(1, 1, 1, 1))
    n = (a - mean[:, None, None]) / np.sqrt(variance[:, None, None] + 1e-3) * gain[:, None, None] + bias[:, None, None]
    e = convolution(np.clip(n, 0, 6), d, strides=(2, 2), pads=(1, 1, 1, 1), group=8)
    s = e * np.clip(e / 6 + 0.5, 0, 1)
    m = windows(s, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), -np.inf).max((-1, -2))
    y = softmax(m.reshape(5, -1) @ head.astype("f8").T)
    constants = [tensor("conv.weight", w), tensor("conv.bias", b), tensor("gain", gain), tensor("bias", bias), tensor("mean", mean),
                 tensor("variance", variance), tensor("zero", np.float32(0)), tensor("six", np.float32(6)), tensor("d", d),
                 tensor("head", head)]
    return model(nodes, [value("x", ["batch", 3, 8, 8])], [value("y", ["batch", 10])], constants), x, y


def pools():
    """Strides, dilations, sizes that are rounded up, groups, averages with and without pads, one spatial axis."""
    w, line = normal(6, 2, 3, 2), normal(4, 6, 3)
    nodes = [
        node("Conv", ["x", "w"], ["c"], group=2, strides=[2, 1], dilations=[1, 2], pads=[1, 0, 0, 1]),
        node("AveragePool", ["c"], ["p"], kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        node("AveragePool", ["c"], ["q"], kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1),
        node("GlobalAveragePool", ["q"], ["g"]),
        node("Add", ["p", "g"], ["s"]),
        node("ReduceMax", ["s"], ["l"], axes=[2], keepdims=0),
        node("Conv", ["l", "line"], ["k"], pads=[1, 1]),
        node("MaxPool", ["k"], ["y"], kernel_shape=[2], auto_pad="SAME_UPPER"),
    ]
    x = normal(2, 4, 9, 8)
    c = convolution(x, w, strides=(2, 1), dilations=(1, 2), pads=(1, 0, 0, 1), group=2)
    p = np.zeros(c.shape[:2] + ((c.shape[2] + 1) // 2, (c.shape[3] + 1) // 2))
    for i in range(p.shape[2]):
        for j in range(p.shape[3]):
            p[:, :, i, j] = c[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((-1, -2))
    q = windows(c, (3, 3), (1, 1), (1, 1, 1, 1), (1, 1), 0).mean((-1, -2))
    s = (p + q.mean((2, 3), keepdims=True)).max(2)
    k = convolution(s[:, :, None], line[:, :, None], pads=(0, 1, 0, 1))[:, :, 0]
    y = np.maximum(k, np.concatenate([k[:, :, 1:], k[:, :, -1:]], -1))
    return (model(nodes, [value("x", [2, 4, 9, 8])], [value("y", y.shape)], [tensor("w", w), tensor("line", line)]), x[None], y[None])


def attention():
    """A block as PyTorch exports it: shapes are computed from the open batch."""
    table, wq, wk, wv, wo = normal(11, 8), *(normal(8, 8) * 0.4 for _ in range(4))
    gain, bias, position = normal(8), normal(8), normal(5, 8)
    i64 = lambda *numbers: np.array(numbers, "i8")
    nodes = [node("Gather", ["table", "ids"], ["e"]), node("Add", ["e", "position"], ["x"]),
             node("LayerNormalization", ["x", "gain", "bias"], ["n"], axis=-1, epsilon=1e-5),
             node("Shape", ["n"], ["shape"]), node("Constant", [], ["i0"], value=tensor("", i64(0)[0])),
             node("Gather", ["shape", "i0"], ["batch"], axis=0), node("Unsqueeze", ["batch", "at0"], ["b1"]),
             node("Concat", ["b1", "split"], ["heads"], axis=0)]
    for name in "qkv":
        nodes += [node("MatMul", ["n", f"w{name}"], [f"{name}0"]), node("Reshape", [f"{name}0", "heads"], [f"{name}1"]),
                  node("Transpose", [f"{name}1"], [f"{name}2"], perm=[0, 2, 3, 1] if name == "k" else [0, 2, 1, 3])]
    nodes += [node("MatMul", ["q2", "k2"], ["s0"]), node("Div", ["s0", "root"], ["s1"]), node("Where", ["mask", "s1", "low"], ["s2"]),
              node("Softmax", ["s2"], ["p"], axis=3), node("MatMul", ["p", "v2"], ["o0"]),
              node("Transpose", ["o0"], ["o1"], perm=[0, 2, 1, 3]), node("Reshape", ["o1", "whole"], ["o2"]),
              node("MatMul", ["o2", "wo"], ["o3"]), node("Add", ["x", "o3"], ["r"]),
              # Erf as exporters spell out Gelu, and the mean of squares.
              node("Div", ["r", "two"], ["g0"]), node("Erf", ["g0"], ["g1"]), node("Pow", ["g1", "two"], ["g2"]),
              node("ReduceMean", ["g2"], ["g3"], axes=[-1], keepdims=1), node("Sub", ["r", "g3"], ["y"])]
    ids = random.integers(-11, 11, (3, 5))
    mask = np.tril(np.ones((5, 5), bool))[None, None]
    x = table[ids].astype("f8") + position
    n = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gain + bias
    q, k, v = ((n @ w).reshape(3, 5, 2, 4).transpose(0, 2, 1, 3) for w in (wq, wk, wv))
    o = softmax(np.where(mask, q @ k.transpose(0, 1, 3, 2) / 2, -1e9)) @ v
    r = x + o.transpose(0, 2, 1, 3).reshape(3, 5, 8) @ wo
    y = r - (erf(r / 2) ** 2).mean(-1, keepdims=True)
    constants = [tensor("table", table), tensor("wq", wq), tensor("wk", wk), tensor("wv", wv), tensor("wo", wo), tensor("gain", gain),
                 tensor("bias", bias), tensor("position", position), tensor("at0", i64(0)), tensor("split", i64(-1, 2, 4)),
                 tensor("whole", i64(0, 5, 8)), tensor("root", np.float32(2)), tensor("two", np.float32(2)),
                 tensor("low", np.float32(-1e9)), tensor("mask", mask)]
    return model(nodes, [value("ids", ["batch", 5], INT64)], [value("y", ["batch", 5, 8])], constants), ids, y


def pointwise():
    """Functions of one element, parts and joins, casts and comparisons."""
    names = ["Abs", "Ceil", "Cos", "Erf", "Exp", "Floor", "Neg", "Round", "Sigmoid", "Sin", "Softplus", "Tanh", "Elu", "HardSigmoid", "Gelu"]
    gelu = lambda x: x / 2 * (1 + erf(x / math.sqrt(2)))
    functions = [np.abs, np.ceil, np.cos, erf, np.exp, np.floor, np.negative, np.rint, lambda x: 1 / (1 + np.exp(-x)), np.sin,
                 lambda x: np.log1p(np.exp(x)), np.tanh, lambda x: np.where(x > 0, x, np.exp(x) - 1), lambda x: np.clip(0.2 * x + 0.5, 0, 1), gelu]
    nodes = [node(name, ["x"], [f"f{i}"]) for i, name in enumerate(names)]
    nodes += [node("Concat", [f"f{i}" for i in range(len(names))], ["all"], axis=1), node("Split", ["all", "parts"], ["s0", "s1"], axis=1),
              node("Slice", ["s0", "from", "to", "axis", "step"], ["part"]), node("Greater", ["part", "half"], ["bits"]),
              node("Cast", ["bits"], ["ones"], to=FLOAT), node("LeakyRelu", ["part"], ["leaky"], alpha=0.1),
              node("Mul", ["ones", "leaky"], ["product"]), node("ReduceSum", ["s1", "axis"], ["sum"], keepdims=1),
              node("Squeeze", ["sum", "axis"], ["flat"]), node("Unsqueeze", ["flat", "axis"], ["back"]),
              node("Expand", ["back", "wide"], ["spread"]), node("Max", ["product", "spread"], ["big"]), node("Dropout", ["big"], ["y"])]
    x = normal(4, 6)
    everything = np.concatenate([f(x.astype("f8")) for f in functions], 1)
    part = everything[:, 1:60:7]
    product = (part > 0.5) * np.where(part > 0, part, 0.1 * part)
    y = np.maximum(product, everything[:, 60:].sum(1, keepdims=True))
    i64 = lambda *numbers: np.array(numbers, "i8")
    constants = [tensor("parts", i64(60, 30)), tensor("from", i64(1)), tensor("to", i64(2**63 - 1)), tensor("axis", i64(1)),
                 tensor("step", i64(7)), tensor("half", np.float32(0.5)), tensor("wide", i64(1, 9))]
    return model(nodes, [value("x", ["batch", 6])], [value("y", ["batch", 9])], constants, version=20), x, y


def quantize(x, scale, zero, low, high):
    """In f32, as the definition has it: the quotient is rounded, ties to even, before the zero point is added."""
    codes = np.clip(np.rint(x.astype("f4") / np.float32(scale)) + zero, low, high)
    return ((codes - zero) * np.float32(scale)).astype("f4")


def codes():
    """A network whose convolution and matrices are quantized already, in all forms of scales; the bias in 32 bits."""
    w = random.integers(-127, 128, (6, 2, 3, 3)).astype("i1")
    ws = (np.abs(normal(6)) * 0.01 + 0.002).astype("f4")
    bias = random.integers(-2000, 2000, 6).astype("i4")
    m, ms, mz = random.integers(0, 256, (54, 8)).astype("u1"), (np.abs(normal(8)) * 0.002 + 0.001).astype("f4"), random.integers(100, 150, 8).astype("u1")
    # Four bits in blocks of 4 rows, two codes to a byte, the first one in the low half.
    small, ss = random.integers(-8, 8, (8, 5)), (np.abs(normal(2, 5)) * 0.05 + 0.02).astype("f4")
    packed = (small.reshape(-1, 2) & 15) @ [1, 16]
    f = np.float32
    nodes = [
        node("QuantizeLinear", ["x", "xs", "xz"], ["xq"]), node("DequantizeLinear", ["xq", "xs", "xz"], ["xd"]),
        node("DequantizeLinear", ["w", "ws", "wz"], ["wd"], axis=0), node("DequantizeLinear", ["bias", "bs"], ["bd"], axis=0),
        node("Conv", ["xd", "wd", "bd"], ["c"], strides=[2, 2]), node("Relu", ["c"], ["r"]), node("Flatten", ["r"], ["f"]),
        node("QuantizeLinear", ["f", "fs", "fz"], ["fq"]), node("DequantizeLinear", ["fq", "fs", "fz"], ["fd"]),
        node("DequantizeLinear", ["m", "ms", "mz"], ["md"], axis=1), node("MatMul", ["fd", "md"], ["h"]),
        node("DequantizeLinear", ["small", "ss"], ["sd"], axis=0, block_size=4), node("MatMul", ["h", "sd"], ["p"]),
        node("QuantizeLinear", ["p", "ps", "pz"], ["pq"]), node("DequantizeLinear", ["pq", "ps", "pz"], ["y"]),
    ]
    x = normal(7, 2, 7, 7)
    # Ties of the first quantization, with an odd zero point.
    x[0, 0, 0] = np.array([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 3.5]) * f(0.03125)
    bs = f(0.03125) * ws
    c = convolution(quantize(x, 0.03125, 3, -128, 127), w * ws[:, None, None, None], bias * bs, strides=(2, 2))
    h = quantize(np.maximum(c, 0).reshape(7, 54), 0.02, 0, 0, 255).astype("f8") @ ((m.astype("i4") - mz) * ms)
    p = h @ (small * ss.repeat(4, 0))
    y = quantize(p, 0.25, 1, -128, 127)
    constants = [tensor("xs", f(0.03125)), tensor("xz", np.int8(3)), tensor("w", w), tensor("ws", ws), tensor("wz", np.zeros(6, "i1")),
                 tensor("bias", bias), tensor("bs", bs), tensor("fs", f(0.02)), tensor("fz", np.uint8(0)), tensor("m", m), tensor("ms", ms),
                 tensor("mz", mz), tensor("small", bytes(packed.astype("u1")), INT4, [8, 5]), tensor("ss", ss),
                 tensor("ps", f(0.25)), tensor("pz", np.int8(1))]
    return model(nodes, [value("x", ["batch", 2, 7, 7])], [value("y", ["batch", 5])], constants, version=21), x, y


def write_all(folder):
    for case in (layers, network, pools, attention, pointwise, codes):
        data, x, y = case()
        write(f"{folder}/{case.__name__}.onnx", data)
        np.save(f"{folder}/{case.__name__}.x.npy", x)
        np.save(f"{folder}/{case.__name__}.expected.npy", np.asarray(y, "f4"))
