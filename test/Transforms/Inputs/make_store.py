# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a safetensors file of small tensors, or prints one.

usage: make_store.py write FILE NAME=2x3[:f16|:i32|:u8][:nan][:v,v,...] ...     without values element i is (7 i mod 13 - 6) / 4
       make_store.py print FILE                              one line a tensor, sorted by name
"""
import json
import struct
import sys

CODES = {"F32": "f", "F64": "d", "F16": "e", "I32": "i", "I64": "q", "U8": "B"}


def write(path, specs):
    header, data = {}, b""
    for spec in specs:
        name, rest = spec.split("=")
        shape, *flags = rest.split(":")
        kind = next((flag.upper() for flag in flags if flag.upper() in CODES), "F32")
        shape = [int(size) for size in shape.split("x")]
        count = 1
        for size in shape:
            count *= size
        values = [(7 * i % 13 - 6) / 4 for i in range(count)]
        for flag in flags:
            if "," in flag:
                values = [float(value) for value in flag.split(",") if value]
        if "nan" in flags:
            values[count // 2] = float("nan")
        if kind == "I32":
            values = [int(4 * value) for value in values]
        if kind == "U8":
            values = [int(value) & 255 for value in values]
        packed = struct.pack(f"<{count}{CODES[kind]}", *values)
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(packed)]}
        data += packed
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def show(path):
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    for name in sorted(header):
        if name != "__metadata__":
            entry = header[name]
            begin, end = entry["data_offsets"]
            raw = content[8 + size + begin : 8 + size + end]
            values = struct.unpack(f"<{len(raw) // struct.calcsize(CODES[entry['dtype']])}{CODES[entry['dtype']]}", raw)
            print(name, entry["dtype"], entry["shape"], " ".join(f"{value:g}" for value in values))


if sys.argv[1] == "write":
    write(sys.argv[2], sys.argv[3:])
else:
    show(sys.argv[2])
