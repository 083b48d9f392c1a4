# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs a network of integers on images, and compares what comes out with the logits of its float form.

usage: integers.py call MODEL.mlir IMAGES.npy                  prints the module with an @evaluated that calls @main on codes
       integers.py compare MODEL.mlir EVALUATED LOGITS.npy     EVALUATED: what quench-evaluate printed

Images are bytes, logits f32.
"""
import ast
import re
import struct
import sys


def read(path, descr):
    data = open(path, "rb").read()
    size = struct.unpack("<H", data[8:10])[0]
    header = ast.literal_eval(data[10:10 + size].decode())
    assert header["descr"] == descr and not header["fortran_order"], header
    return data[10 + size:]


def call(model, images):
    text = open(model, encoding="utf-8").read()
    argument = re.search(r"@main\(%\w+: (tensor<\S+xi8>) \{quench.scale = (\S+) : f64, quench.zero_point = (-?\d+)", text)
    kind, scale, zero_point = argument.group(1), float(argument.group(2)), int(argument.group(3))
    result = re.search(r"@main\(.*?\) -> \((tensor<\S+>)", text).group(1)
    codes = bytes(min(max(round(pixel / scale) + zero_point, -128), 127) & 255 for pixel in read(images, "|u1"))
    at = re.search(r"^ *func\.func @main", text, re.M).start()
    print(text[:at] + f"""  func.func @evaluated() -> {result} {{
    %x = arith.constant dense<"0x{codes.hex().upper()}"> : {kind}
    %y = call @main(%x) : ({kind}) -> {result}
    return %y : {result}
  }}
""" + text[at:])


def compare(model, evaluated, logits):
    scale = float(re.search(r"@main\(.*-> \(.*quench.scale = (\S+) : f64", open(model, encoding="utf-8").read()).group(1))
    printed = open(evaluated, encoding="utf-8").read()
    found = [int(number) * scale for number in re.search(r"= \[(.*)\]", printed).group(1).split(",")]
    wanted = [number for number, in struct.iter_unpack("<f", read(logits, "<f4"))]
    assert len(found) == len(wanted), (len(found), len(wanted))
    worst = max(abs(a - b) for a, b in zip(found, wanted))
    classes = int(re.search(r"evaluated\.0: \d+x(\d+)x", printed).group(1))
    rows = range(0, len(found), classes)
    same = sum(max(range(classes), key=lambda i: found[row + i]) == max(range(classes), key=lambda i: wanted[row + i]) for row in rows)
    print(f"{same} of {len(rows)} have the same top-1, worst {worst:.3f}, largest {max(abs(x) for x in wanted):.1f}")


if sys.argv[1] == "call":
    call(*sys.argv[2:])
else:
    compare(*sys.argv[2:])
