# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Instructions for matrices, lane by lane, and the numbers that they multiply, as the manuals of the machines have them."""
import numpy


def spread(words):
    """The bytes of the registers of each lane, words one after the other."""
    return numpy.stack(words, axis=1).astype(numpy.int32).view(numpy.uint8).reshape(len(words[0]), -1)


def permute(a, b, numbers, nibbles):
    """Bytes that numbers name: four bits each among those of a, then b; or eight bits each among those of b, then a."""
    pool = spread([a, b] if nibbles else [b, a])
    picks = [numbers >> (4 if nibbles else 8) * i & (15 if nibbles else 255) for i in range(4)]
    assert all((pick < 8).all() for pick in picks), "a byte that is none"
    bytes_of = numpy.stack([numpy.take_along_axis(pool, pick[:, None], 1)[:, 0] for pick in picks], axis=1)
    return numpy.ascontiguousarray(bytes_of).view(numpy.int32)[:, 0]


def float8(kind, halved=False):
    """What the codes of an eight-bit float stand for, by the tables of OCP, or the kinds without negative zero of AMD."""
    mantissa = 3 if kind == "e4m3" else 2
    bias = (7 if kind == "e4m3" else 15) + halved
    values = []
    for code in range(256):
        exponent, fraction = (code & 127) >> mantissa, code & ((1 << mantissa) - 1)
        value = (fraction / 2**mantissa + (exponent > 0)) * 2.0**(max(exponent, 1) - bias)
        value = -value if code > 127 else value
        if halved:
            value = numpy.nan if code == 128 else value
        elif kind == "e4m3":
            value = numpy.nan if code & 127 == 127 else value
        elif exponent == 31:
            value = numpy.copysign(numpy.inf, value) if fraction == 0 else numpy.nan
        values.append(value)
    return numpy.array(values)


def halves(words, is_half):
    """The 16-bit floats of words, low ones first."""
    bits = numpy.stack(words, axis=1).astype(numpy.int32).view(numpy.uint16)
    return bits.view(numpy.float16).astype(numpy.float32) if is_half else (bits.astype(numpy.uint32) << 16).view(numpy.float32)


def nearest_bf16(values):
    bits = values.view(numpy.uint32)
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16


INTEGERS = {True: numpy.arange(256).astype(numpy.int8).astype(numpy.int64), False: numpy.arange(256)}

MACHINES = {
    # lanes, rows of activations, K, (row, k) of element i of a lane's weights, (column, k) of its activations, place of its sums
    "mma": (32, 8, 32, lambda l, i: (l // 4 + 8 * (i // 4 % 2), l % 4 * 4 + i % 4 + 16 * (i // 8)),
            lambda l, i: (l // 4, l % 4 * 4 + i % 4 + 16 * (i // 4)), lambda l, i: (l // 4 + 8 * (i // 2), l % 4 * 2 + i % 2)),
    "mma16": (32, 8, 16, lambda l, i: (l // 4 + 8 * (i // 2 % 2), l % 4 * 2 + i % 2 + 8 * (i // 4)),
              lambda l, i: (l // 4, l % 4 * 2 + i % 2 + 8 * (i // 2)), lambda l, i: (l // 4 + 8 * (i // 2), l % 4 * 2 + i % 2)),
    "mfma32": (64, 16, 32, lambda l, i: (l % 16, 8 * (l // 16) + i), lambda l, i: (l % 16, 8 * (l // 16) + i),
               lambda l, i: (4 * (l // 16) + i, l % 16)),
    "mfma16": (64, 16, 16, lambda l, i: (l % 16, 4 * (l // 16) + i), lambda l, i: (l % 16, 4 * (l // 16) + i),
               lambda l, i: (4 * (l // 16) + i, l % 16)),
    "wmma": (32, 16, 16, lambda l, i: (l % 16, i), lambda l, i: (l % 16, i), lambda l, i: (2 * i + l // 16, l % 16)),
}
# (rows of a lane, lanes along K, operand words, from one lane along K to the next), as in FragmentOrder.
ORDERS = {"mma": (2, 4, 2, 1), "mma16": (2, 4, 1, 1), "mfma32": (1, 4, 2, 16), "mfma16": (1, 4, 1, 16), "wmma": (1, 1, 4, 16)}


def multiply(machine, weights, activations, sums):
    """Sums plus products of what each lane has of both operands."""
    lanes, columns, depth, of_weight, of_activation, of_sum = MACHINES[machine]
    result = sums.copy()
    for wave in range(0, len(sums), lanes):
        a, b = numpy.zeros((16, depth)), numpy.zeros((depth, columns))
        for lane in range(lanes):
            for i, value in enumerate(weights[wave + lane]):
                a[of_weight(lane, i)] = value
            for i, value in enumerate(activations[wave + lane]):
                column, k = of_activation(lane, i)
                b[k, column] = value
        c = a @ b
        for lane in range(lanes):
            for i in range(sums.shape[1]):
                result[wave + lane, i] += c[of_sum(lane, i)].astype(sums.dtype)
    return result
