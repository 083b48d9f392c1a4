#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: pytorch_quantizers.py [--threads N] [--repeat N] OUTPUTSxINPUTS...
# Times GPTQ (int4, groups of 128, blocks of 128 columns) and the rotation of a weight (Hadamard on both sides, by dense matrices and
# by butterflies) as PyTorch users write them: the peer of QuantizerBenchmark.cpp. Prints one JSON object a line: name, shape, seconds, parameters per second.
# Needs PyTorch.
import argparse
import json
import time

import torch


def gptq(weight, gram, group=128, block=128, damping=0.01):
    """Codes times scales of a weight [outputs, inputs] for the mean outer product of its inputs."""
    weight, gram = weight.clone(), gram.clone()
    size = weight.shape[1]
    dead = torch.diag(gram) == 0
    gram[dead, dead] = 1
    weight[:, dead] = 0
    diagonal = torch.arange(size)
    gram[diagonal, diagonal] += damping * torch.mean(torch.diag(gram))
    inverse = torch.cholesky_inverse(torch.linalg.cholesky(gram))
    upper = torch.linalg.cholesky(inverse, upper=True)
    result = torch.zeros_like(weight)
    for first in range(0, size, block):
        last = min(first + block, size)
        columns = weight[:, first:last].clone()
        errors = torch.zeros_like(columns)
        factors = upper[first:last, first:last]
        for i in range(last - first):
            if (first + i) % group == 0:
                scale = (weight[:, first + i : first + i + group].abs().amax(1) / 7).clamp(min=1e-12)
            column = columns[:, i]
            quantized = torch.clamp(torch.round(column / scale), -8, 7) * scale
            result[:, first + i] = quantized
            error = (column - quantized) / factors[i, i]
            columns[:, i:] -= error.unsqueeze(1) * factors[i, i:].unsqueeze(0)
            errors[:, i] = error
        weight[:, last:] -= errors @ upper[first:last, last:]
    return result


def hadamard(size):
    """The orthonormal Sylvester matrix of a power of two."""
    matrix = torch.ones(1, 1, dtype=torch.float64)
    while matrix.shape[0] < size:
        matrix = torch.cat([torch.cat([matrix, matrix], 1), torch.cat([matrix, -matrix], 1)], 0)
    return matrix / size**0.5


def rotate(weight, left, right):
    """In double, as QuaRot does, with dense matrices."""
    return (left @ weight.double() @ right).float()


def butterflies(rows):
    """The orthonormal Walsh-Hadamard transform of each row, in log2 steps."""
    count, size = rows.shape
    half = 1
    while half < size:
        pairs = rows.view(count, size // (2 * half), 2, half)
        rows = torch.stack((pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]), 2)
        half *= 2
    return rows.view(count, size) / size**0.5


def rotate_fast(weight):
    """The same with the fast transform."""
    return butterflies(butterflies(weight.double()).T.contiguous()).T.float()


def measure(function, repeat):
    """Seconds by the clock and of all threads, each the best of some runs."""
    seconds = cpu_seconds = float("inf")
    for _ in range(repeat):
        start, cpu_start = time.perf_counter(), time.process_time()
        function()
        seconds = min(seconds, time.perf_counter() - start)
        cpu_seconds = min(cpu_seconds, time.process_time() - cpu_start)
    return seconds, cpu_seconds


def main():
    parser = argparse.ArgumentParser(description="Times quantizers in PyTorch.")
    parser.add_argument("shapes", nargs="+", help="OUTPUTSxINPUTS")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    for shape in arguments.shapes:
        outputs, inputs = map(int, shape.split("x"))
        weight = torch.randn(outputs, inputs) / inputs**0.5
        samples = torch.randn(2 * inputs, inputs) * (1 + 10 * torch.rand(inputs) ** 8)
        gram = samples.T @ samples / samples.shape[0]
        runs = {"gptq": lambda: gptq(weight, gram)}
        if all(size & (size - 1) == 0 for size in (outputs, inputs)):
            left, right = hadamard(outputs), hadamard(inputs)
            runs["rotate"] = lambda: rotate(weight, left, right)
            runs["rotate_fast"] = lambda: rotate_fast(weight)
        for name, function in runs.items():
            seconds, cpu_seconds = measure(function, arguments.repeat)
            print(
                json.dumps(
                    {
                        "name": name,
                        "shape": shape,
                        "threads": arguments.threads,
                        "seconds": round(seconds, 4),
                        "cpu_seconds": round(cpu_seconds, 4),
                        "parameters_per_s": round(outputs * inputs / seconds),
                    }
                ),
                flush=True,
            )


if __name__ == "__main__":
    main()
