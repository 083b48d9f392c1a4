#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: quantized_networks.py NETWORK FILE
# Writes an ONNX file of the network `resnet18` or `mobilenetv2`, both for images of 3 x 224 x 224, with random weights and in the form that
# quantizers write: weights of 8 bits with a scale for each filter, activations of unsigned 8 bits with one scale and zero point.
import os
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../test/Import/Inputs")
from make_onnx import model, node, tensor, value, write  # noqa: E402


class Network:
    """Nodes and constants; a method adds a layer behind a value and returns the name of its result."""

    def __init__(self):
        self.random = np.random.default_rng(1)
        self.nodes, self.constants, self.count = [], [], 0

    def name(self, kind):
        self.count += 1
        return f"{kind}{self.count}"

    def constant(self, values):
        name = self.name("c")
        self.constants.append(tensor(name, values))
        return name

    def add(self, op, *inputs, **attributes):
        name = self.name(op.lower())
        self.nodes.append(node(op, list(inputs), [name], **attributes))
        return name

    def quantized(self, x, scale, zero_point):
        """What is left of a value in eight bits."""
        parameters = [self.constant(np.float32(scale)), self.constant(np.uint8(zero_point))]
        return self.add("DequantizeLinear", self.add("QuantizeLinear", x, *parameters), *parameters)

    def weight(self, *shape):
        codes = np.clip(self.random.normal(0, 40, shape), -127, 127).round().astype("i1")
        scales = np.full(shape[0], (2 / np.prod(shape[1:])) ** 0.5 / 40, "f4")
        zeros = self.constant(np.zeros(shape[0], "i1"))
        return self.add("DequantizeLinear", self.constant(codes), self.constant(scales), zeros, axis=0), scales

    def bias(self, scales, input_scale):
        codes = self.random.integers(-500, 500, scales.shape).astype("i4")
        zeros = self.constant(np.zeros(scales.shape, "i4"))
        return self.add("DequantizeLinear", self.constant(codes), self.constant((scales * input_scale).astype("f4")), zeros, axis=0)

    def conv(self, x, channels, filters, size, stride=1, groups=1, clamp=None):
        weight, scales = self.weight(filters, channels // groups, size, size)
        y = self.add("Conv", x, weight, self.bias(scales, 1 / 40), kernel_shape=[size, size], pads=[size // 2] * 4,
                     strides=[stride, stride], group=groups)
        if clamp == "relu":
            y = self.add("Relu", y)
        elif clamp == "relu6":
            y = self.add("Clip", y, self.constant(np.float32(0)), self.constant(np.float32(6)))
        return self.quantized(y, 6 / 255, 0) if clamp else self.quantized(y, 12 / 255, 128)

    def sum(self, a, b, clamp=None):
        y = self.add("Add", a, b)
        return self.quantized(self.add("Relu", y), 6 / 255, 0) if clamp else self.quantized(y, 12 / 255, 128)

    def classify(self, x, channels):
        pooled = self.quantized(self.add("Flatten", self.quantized(self.add("GlobalAveragePool", x), 6 / 255, 0), axis=1), 6 / 255, 0)
        weight, scales = self.weight(1000, channels)
        self.nodes.append(node("Gemm", [pooled, weight, self.bias(scales, 1 / 40)], ["y"], transB=1))

    def write(self, path):
        write(path, model(self.nodes, [value("x", [1, 3, 224, 224])], [value("y", [1, 1000])], self.constants))


def resnet18(network, x):
    x = network.conv(x, 3, 64, 7, stride=2, clamp="relu")
    x = network.quantized(network.add("MaxPool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2]), 6 / 255, 0)
    channels = 64
    for filters in (64, 128, 256, 512):
        for block in range(2):
            stride = 2 if block == 0 and filters != 64 else 1
            y = network.conv(x, channels, filters, 3, stride, clamp="relu")
            y = network.conv(y, filters, filters, 3)
            if stride != 1:
                x = network.conv(x, channels, filters, 1, stride)
            x = network.sum(y, x, clamp="relu")
            channels = filters
    network.classify(x, channels)


def mobilenetv2(network, x):
    x = network.conv(x, 3, 32, 3, stride=2, clamp="relu6")
    channels = 32
    for factor, filters, blocks, first in ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)):
        for block in range(blocks):
            stride, y, inner = first if block == 0 else 1, x, channels * factor
            if factor != 1:
                y = network.conv(y, channels, inner, 1, clamp="relu6")
            y = network.conv(y, inner, inner, 3, stride, groups=inner, clamp="relu6")
            y = network.conv(y, inner, filters, 1)
            x = network.sum(y, x) if stride == 1 and channels == filters else y
            channels = filters
    x = network.conv(x, channels, 1280, 1, clamp="relu6")
    network.classify(x, 1280)


def main():
    name, path = sys.argv[1:]
    network = Network()
    {"resnet18": resnet18, "mobilenetv2": mobilenetv2}[name](network, network.quantized("x", 6 / 255, 128))
    network.write(path)


if __name__ == "__main__":
    main()
