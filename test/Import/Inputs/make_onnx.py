# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes ONNX files without the package of that name: the few messages of onnx.proto that models need, as protocol buffers.

    make_onnx.py operators FOLDER   a model for each case of onnx_cases.py, its input and what NumPy computes
    make_onnx.py hostile FOLDER     files that are wrong
"""

import struct
import sys

import numpy as np

FLOAT, UINT8, INT8, INT32, INT64, BOOL, FLOAT16, DOUBLE, UINT4, INT4 = 1, 2, 3, 6, 7, 9, 10, 11, 21, 22
TYPES = {np.dtype(t): n for t, n in (("f4", FLOAT), ("u1", UINT8), ("i1", INT8), ("i4", INT32), ("i8", INT64), ("?", BOOL),
                                     ("f2", FLOAT16), ("f8", DOUBLE))}


def varint(value):
    value &= (1 << 64) - 1
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A field of a message: an integer, a float, or what has a length."""
    if isinstance(value, (bool, int, np.integer)):
        return varint(number << 3) + varint(int(value))
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, values, kind=None, dims=None, external=None):
    """A TensorProto with raw data; `external` are pairs of text instead."""
    if not isinstance(values, bytes):
        values = np.asarray(values)
        kind = kind or TYPES[values.dtype]
        dims = values.shape if dims is None else dims
        values = np.ascontiguousarray(values).tobytes()
    out = b"".join(field(1, size) for size in dims) + field(2, kind) + field(8, name)
    if external:
        pairs = [field(13, field(1, key) + field(2, text)) for key, text in external]
        return out + b"".join(pairs) + field(14, 1)
    return out + field(9, values)


def attribute(name, value):
    out = field(1, name)
    if isinstance(value, float):
        return out + field(2, value) + field(20, 1)
    if isinstance(value, (bool, int)):
        return out + field(3, value) + field(20, 2)
    if isinstance(value, str):
        return out + field(4, value) + field(20, 3)
    if isinstance(value, bytes):
        return out + field(5, value) + field(20, 4)
    return out + b"".join(field(8, each) for each in value) + field(20, 7)


def node(op, inputs, outputs, name=None, domain="", **attributes):
    out = b"".join(field(1, each) for each in inputs) + b"".join(field(2, each) for each in outputs)
    out += field(3, name or outputs[0]) + field(4, op) + field(7, domain)
    return out + b"".join(field(5, attribute(key, value)) for key, value in attributes.items())


def value(name, shape, kind=FLOAT):
    """A ValueInfoProto; sizes that are text are open."""
    dims = b"".join(field(1, field(2, size) if isinstance(size, str) else field(1, size)) for size in shape)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, dims)))


def model(nodes, inputs, outputs, constants=(), version=17, domains=()):
    graph = b"".join(field(1, each) for each in nodes) + field(2, "graph") + b"".join(field(5, each) for each in constants)
    graph += b"".join(field(11, each) for each in inputs) + b"".join(field(12, each) for each in outputs)
    sets = field(8, field(1, "") + field(2, version))
    sets += b"".join(field(8, field(1, domain) + field(2, 1)) for domain in domains)
    return field(1, 8) + field(7, graph) + sets


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def hostile(folder):
    x, y = [value("x", ["batch", 4])], [value("y", ["batch", 4])]
    relu = node("Relu", ["x"], ["y"])
    good = model([relu], x, y)
    files = {
        "good": good,
        "truncated": good[:-5],
        "text": b"this is no model",
        "empty": b"",
        "unknown": model([node("Bogus", ["x"], ["y"], name="odd one")], x, y),
        "domain": model([node("Relu", ["x"], ["y"], domain="com.example")], x, y, domains=["com.example"]),
        "cycle": model([node("Add", ["x", "b"], ["a"]), node("Relu", ["a"], ["b"]), node("Relu", ["b"], ["y"])], x, y),
        "missing": model([node("Relu", ["z"], ["y"])], x, y),
        "twice": model([relu, node("Abs", ["x"], ["y"], name="again")], x, y),
        "output": model([node("Relu", ["x"], ["z"])], x, y),
        "type": model([relu], [value("x", [4], kind=8)], y),
        "complex": model([relu], x, y, [tensor("w", bytes(8), 14, [1])]),
        "dims": model([relu], x, y, [tensor("w", bytes(8), FLOAT, [1 << 40, 1 << 40])]),
        "negative": model([relu], x, y, [tensor("w", bytes(8), FLOAT, [-2])]),
        "bytes": model([relu], x, y, [tensor("w", bytes(7), FLOAT, [2])]),
        "two-open": model([relu], [value("x", ["batch", "length"])], y),
        "shapes": model([node("Add", ["x", "w"], ["y"])], x, y, [tensor("w", np.ones(3, "f4"))]),
        "reshape": model([node("Reshape", ["x", "w"], ["y"])], x, y, [tensor("w", np.array([-1, 3]))]),
        "window": model([node("MaxPool", ["x"], ["y"], kernel_shape=[1 << 40])], [value("x", [1, 1, 4])], y),
        "filters": model([node("Conv", ["x", "w"], ["y"])], [value("x", [1, 2, 4, 4])], y, [tensor("w", np.ones((3, 3, 2, 2), "f4"))]),
        "attribute": model([node("LeakyRelu", ["x"], ["y"], alpha=[1, 2])], x, y),
        "outside": model([node("Add", ["x", "w"], ["y"])], x, y,
                         [tensor("w", b"", FLOAT, [4], [("location", "../secret")])]),
        "absolute": model([node("Add", ["x", "w"], ["y"])], x, y,
                          [tensor("w", b"", FLOAT, [4], [("location", "/etc/passwd")])]),
        "short": model([node("Add", ["x", "w"], ["y"])], x, y,
                       [tensor("w", b"", FLOAT, [4], [("location", "data"), ("offset", "4")])]),
        "external": model([node("Add", ["x", "w"], ["y"])], x, y,
                          [tensor("w", b"", FLOAT, [4], [("location", "data"), ("offset", "0"), ("length", "16")])]),
        "nan": model([node("MatMul", ["x", "w"], ["y"])], x, y, [tensor("w", np.array([[1, np.nan, 2, 3]] * 4, "f4"))]),
    }
    for name, data in files.items():
        write(f"{folder}/{name}.onnx", data)
    write(f"{folder}/data", np.arange(4, dtype="f4").tobytes())


def main():
    if sys.argv[1] == "hostile":
        hostile(sys.argv[2])
    else:
        import onnx_cases

        onnx_cases.write_all(sys.argv[2])


if __name__ == "__main__":
    main()
