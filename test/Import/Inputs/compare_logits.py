#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares two .npy files of f32 logits.

usage: compare_logits.py A B TOLERANCE

Prints `same` when no element differs by more than TOLERANCE times the largest magnitude, otherwise by how much.
"""
import ast
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    size = struct.unpack_from("<H", data, 8)[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    return header["shape"], struct.unpack(f"<{(len(data) - 10 - size) // 4}f", data[10 + size:])


def main():
    (shape, values), (other_shape, others) = read(sys.argv[1]), read(sys.argv[2])
    largest = max(map(abs, others))
    worst = max(abs(a - b) for a, b in zip(values, others, strict=True)) / largest
    good = shape == other_shape and len(values) > 0 and worst <= float(sys.argv[3])
    print("same" if good else f"different: {shape} and {other_shape}, {worst:g} of the largest magnitude {largest:g}")


main()
