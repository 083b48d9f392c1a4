# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares logits of compiled code with those of the evaluator.

usage: evaluate.py call MODEL.mlir TOKEN...        prints the module with a @main that runs @forward on the tokens
       evaluate.py compare LOGITS EVALUATED BOUND  LOGITS: rows of numbers, or .npy; EVALUATED: what quench-evaluate printed

BOUND times (1 + |expected|) is how far each logit may be off; 0 asks for the same floats.
"""
import ast
import re
import struct
import sys


def call(path, tokens):
    text = open(path, encoding="utf-8").read()
    signature, results = re.search(r"func\.func @forward\((.*?)\) -> \((.*?)\) attributes", text, re.S).groups()
    types = re.findall(r"%\w+: (tensor<[^>]*>|index)", signature)
    lines = ["  func.func @main() -> tensor<?x%s {" % re.search(r"tensor<\?x(\S+>)", results).group(1)]
    lines.append(f"    %list = arith.constant dense<{tokens}> : tensor<{len(tokens)}xi32>")
    lines.append(f"    %t = tensor.cast %list : tensor<{len(tokens)}xi32> to tensor<?xi32>")
    lines.append("    %zero = arith.constant 0 : index")
    names = ["%t", "%zero", "%zero"]
    for index, cache in enumerate(types[3:]):
        lines.append(f"    %c{index} = arith.constant dense<0.0> : {cache}")
        names.append(f"%c{index}")
    count = len(types) - 2
    lines.append(f"    %r:{count} = func.call @forward({', '.join(names)}) : ({', '.join(types)}) -> ({results})")
    lines.append(f"    return %r#0 : {results.split(', ')[0]}")
    lines.append("  }")
    at = re.search(r"^ *func\.func @forward", text, re.M).start()
    print(text[:at] + "\n".join(lines) + "\n" + text[at:])


def single(value):
    """The f32 nearest to a number."""
    return struct.unpack("<f", struct.pack("<f", value))[0]


def read(path):
    if path.endswith(".npy"):
        data = open(path, "rb").read()
        size = struct.unpack("<H", data[8:10])[0]
        header = ast.literal_eval(data[10:10 + size].decode())
        assert header["descr"] == "<f4" and not header["fortran_order"], header
        values = data[10 + size:]
        return list(struct.unpack(f"<{len(values) // 4}f", values))
    text = open(path, encoding="utf-8").read()
    evaluated = re.search(r"^main\.0: .* = \[(.*)\]", text, re.M)
    if evaluated:
        text = evaluated.group(1).replace(",", " ")
    return [single(float(word)) for word in text.split()]


def compare(found_path, expected_path, bound):
    found, expected = read(found_path), read(expected_path)
    if not expected or len(found) != len(expected):
        sys.exit(f"expected {len(expected)} logits, found {len(found)}")
    worst = 0.0
    for index, (have, want) in enumerate(zip(found, expected)):
        error = abs(have - want) / (1 + abs(want))
        # Written so that NaN fails.
        if not error <= bound:
            sys.exit(f"logit {index}: expected {want!r}, found {have!r}, allowed {bound} * (1 + |expected|)")
        worst = max(worst, error)
    print(f"{len(found)} logits agree, worst {worst:.3g}")


if sys.argv[1] == "call":
    call(sys.argv[2], [int(token) for token in sys.argv[3:]])
else:
    compare(sys.argv[2], sys.argv[3], float(sys.argv[4]))
