#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints what a GGUF file says: a line for each pair of the metadata, then one for each tensor.

usage: read_gguf.py FILE

Arrays are cut after four elements. Offsets have to be those of tensors that follow each other at multiples of 32.
"""
import struct
import sys

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TYPES = {0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24),
         8: ("Q8_0", 32, 34), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 30: ("BF16", 1, 2),
         35: ("TQ2_0", 256, 66)}


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def scalar(self, code):
        value = struct.unpack_from("<" + code, self.data, self.at)[0]
        self.at += struct.calcsize("<" + code)
        return value

    def text(self):
        size = self.scalar("Q")
        self.at += size
        return self.data[self.at - size:self.at].decode()

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            kind, count = self.scalar("I"), self.scalar("Q")
            return [self.value(kind) for _ in range(count)]
        return self.scalar(SCALARS[kind])


def main():
    with open(sys.argv[1], "rb") as file:
        reader = Reader(file.read())
    assert reader.data[:4] == b"GGUF"
    reader.at = 4
    version, tensors, pairs = reader.scalar("I"), reader.scalar("Q"), reader.scalar("Q")
    print(f"version {version}, {tensors} tensors")
    for _ in range(pairs):
        key = reader.text()
        value = reader.value(reader.scalar("I"))
        text = f"{len(value)} of {value[:4]}" if isinstance(value, list) else repr(value)
        print(f"{key} = {text}")
    offset = 0
    for _ in range(tensors):
        name = reader.text()
        sizes = [reader.scalar("Q") for _ in range(reader.scalar("I"))]
        kind, elements, size = TYPES[reader.scalar("I")]
        assert reader.scalar("Q") == offset, name
        count = 1
        for each in sizes:
            count *= each
        offset += -(-count // elements * size // 32) * 32
        print(f"tensor {name} {kind} {sizes}")
    start = -(-reader.at // 32) * 32
    assert len(reader.data) == start + offset, (len(reader.data), start, offset)


main()
