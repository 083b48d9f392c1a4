#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints what a safetensors file holds, or a 4-bit weight of it.

usage: read_safetensors.py FILE [--digests | --weight MODULE]

A line for each tensor in the order of names, with the values of I64, or with a digest of the bytes. With --weight: the weight of a layer, code by code and scale
by scale, from `weight_packed` (compressed-tensors: codes + 8) or `weight.codes` (Quench: two's complement). With zero points, which
compressed-tensors packs along columns: differences from them, in rows of groups of 32.
"""
import argparse
import hashlib
import json
import struct


def main():
    parser = argparse.ArgumentParser(description="Prints a safetensors file.")
    parser.add_argument("file")
    parser.add_argument("--digests", action="store_true")
    parser.add_argument("--weight")
    arguments = parser.parse_args()
    with open(arguments.file, "rb") as file:
        content = file.read()
    size = struct.unpack_from("<Q", content)[0]
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    header.pop("__metadata__", None)

    def bytes_of(name):
        begin, end = header[name]["data_offsets"]
        return data[begin:end]

    def nibbles_of(name):
        return [byte >> shift & 15 for byte in bytes_of(name) for shift in (0, 4)]

    if arguments.weight:
        packed, name = arguments.weight + ".weight_packed", arguments.weight + ".weight"
        theirs = packed in header
        codes = nibbles_of(packed if theirs else name + ".codes")
        scales = bytes_of(name + ("_scale" if theirs else ".scale"))
        points = name + ("_zero_point" if theirs else ".zero_point")
        if points in header:
            zeros = nibbles_of(points)
            if theirs:
                # Eight rows of zero points are a row of words.
                words, groups = header[points]["shape"]
                zeros = [zeros[(row // 8 * groups + group) * 8 + row % 8] for row in range(words * 8) for group in range(groups)]
            codes = [code - zeros[i // 32] for i, code in enumerate(codes)]
        elif theirs:
            codes = [code - 8 for code in codes]
        else:
            codes = [code - 16 * (code > 7) for code in codes]
        print(codes, scales.hex())
        return
    for name, entry in sorted(header.items()):
        values = bytes_of(name)
        small = f" {hashlib.sha256(values).hexdigest()}" if arguments.digests else \
            f" {struct.unpack(f'<{len(values) // 8}q', values)}" if entry["dtype"] == "I64" else ""
        print(f"{name} {entry['dtype']} {entry['shape']}{small}")


main()
