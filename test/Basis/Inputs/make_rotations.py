# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a safetensors file of orthogonal matrices: Householder reflections of 1, 2, 3, … and a cyclic shift.
With `center:` before the size, what subtracts the mean instead, which is not orthogonal.

usage: make_rotations.py FILE NAME=[center:]SIZE...
"""
import json
import struct
import sys

header, data = {}, b""
for spec in sys.argv[2:]:
    name, size = spec.split("=")
    n = int(size.removeprefix("center:"))
    squares = sum(i * i for i in range(1, n + 1))
    matrix = [[(i == j) - 2 * (i + 1) * (j + 1) / squares for j in range(n)] for i in range(n)]
    values = [matrix[i][(j + 1) % n] for i in range(n) for j in range(n)]
    if size.startswith("center:"):
        values = [(i == j) - 1 / n for i in range(n) for j in range(n)]
    packed = struct.pack(f"<{n * n}f", *values)
    header[name] = {"dtype": "F32", "shape": [n, n], "data_offsets": [len(data), len(data) + len(packed)]}
    data += packed
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
