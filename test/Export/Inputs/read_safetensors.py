#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints what a safetensors file holds, or a 4-bit weight of it.

usage: read_safetensors.py FILE [--digests | --weight MODULE]

A line for each tensor in the order of names, with the values of I64, or with a digest of the bytes. With --weight: the weight of a layer, code by code and scale
by scale, from `weight_packed` (compressed-tensors: codes + 8) or `weight.codes` (Quench: two's complement).
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

    if arguments.weight:
        packed, name = arguments.weight + ".weight_packed", arguments.weight + ".weight"
        if packed in header:
            codes = [(word >> 4 * i & 15) - 8 for (word,) in struct.iter_unpack("<I", bytes_of(packed)) for i in range(8)]
            scales = bytes_of(name + "_scale")
        else:
            nibbles = [byte >> shift & 15 for byte in bytes_of(name + ".codes") for shift in (0, 4)]
            codes, scales = [code - 16 * (code > 7) for code in nibbles], bytes_of(name + ".scale")
        print(codes, scales.hex())
        return
    for name, entry in sorted(header.items()):
        values = bytes_of(name)
        small = f" {hashlib.sha256(values).hexdigest()}" if arguments.digests else \
            f" {struct.unpack(f'<{len(values) // 8}q', values)}" if entry["dtype"] == "I64" else ""
        print(f"{name} {entry['dtype']} {entry['shape']}{small}")


main()
