# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the kernel of a matrix product as a device would, one group of threads after the other, and checks what it computes.

usage: quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL TYPE N K GROUP ROWS
       quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL TYPE K ROWS            for a kernel that quantizes

All threads of a group take each operation together: a value is an array with an element for each. Matrix instructions
do what the manuals of MACHINE (mma, mfma32, mfma16, wmma) say of lanes and registers. Weights are packed here, by the words of
the documentation of `FragmentOrder`. TYPE is a number of bits, e4m3 or e5m2. It is an error if a load or store leaves its buffer.
"""
import re
import sys

import numpy

from device import MACHINES, ORDERS, Group, Parser, float8


# ----------------------------------------------------------------------------------------------------------------------
# Data
# ----------------------------------------------------------------------------------------------------------------------
def pack(machine, codes, bits):
    """Unsigned codes of 16 rows, padded along K, in the order of lanes."""
    rows_of_lane, k_lanes, operands, k_stride = ORDERS[machine]
    parts, row_lanes = 8 // bits, 16 // rows_of_lane
    words_of_step = max(1, operands // parts)
    steps = 4 // (rows_of_lane * words_of_step)
    per_vector = steps * words_of_step * parts * 4 * k_lanes
    length = -(-codes.shape[1] // per_vector) * per_vector
    codes = numpy.pad(codes, ((0, 0), (0, length - codes.shape[1])))
    lanes, result = row_lanes * k_lanes, []
    for vector in range(length // per_vector):
        block = numpy.zeros((lanes, 4), numpy.uint32)
        for slot in range(4):
            step, row, word = slot // (rows_of_lane * words_of_step), slot // words_of_step % rows_of_lane, slot % words_of_step
            for group in range(row_lanes):
                for part in range(k_lanes):
                    lane = group * (k_lanes if k_stride == 1 else 1) + part * k_stride
                    first = vector * per_vector + ((step * k_lanes + part) * words_of_step + word) * 4 * parts
                    for j in range(4 * parts):
                        code = int(codes[group + row * row_lanes, first + j])
                        block[lane, slot] |= numpy.uint32(code << (8 * (j % 4) + bits * (j // 4)))
        result.append(block.reshape(-1))
    return numpy.concatenate(result).view(numpy.int32)


def read(kernel):
    """The threads, arguments and operations of a kernel."""
    text = sys.stdin.read()
    parsed = None
    for found in re.finditer(r'"gpu\.func"', text):
        parser = Parser(text)
        parser.at = found.start()
        op = parser.operation()
        parsed = op if f'"{kernel}"' in op.properties else parsed
    assert parsed, f"no kernel {kernel}"
    threads = int(re.search(r"known_block_size = array<i32: (\d+)", parsed.properties).group(1))
    return threads, *parsed.regions[0]


def check_quantization(machine, kernel, kind, k, rows):
    """The nearest code of every value, of two the even one, under the scale that takes the largest to the largest."""
    k, rows = int(k), int(rows)
    threads, arguments, body = read(kernel)
    random = numpy.random.default_rng(5)
    halved = machine == "mfma32"
    table = float8(kind)
    finite = table[:128][numpy.isfinite(table[:128])]
    x = (random.standard_normal((rows, k)) * 2.0**random.integers(-12, 4, (rows, k))).astype(numpy.float32)
    x[:, 0], x[:, 1], x[:, 2:40] = finite.max(), -0.0, (finite[:38] + finite[1:39]) / 2
    x[:, 3:] = numpy.clip(x[:, 3:], -finite.max(), finite.max())
    words = -(-k // 16) * 4
    codes, scales = numpy.zeros(rows * words, numpy.int32), numpy.zeros(rows, numpy.float32)
    for row in range(rows):
        group = Group(machine, threads, (row, 0, 0))
        group.values.update(zip(arguments, [x.reshape(-1), codes, scales]))
        group.run(body)
    found = codes.view(numpy.uint8).reshape(rows, -1)[:, :k]
    distance = numpy.abs(numpy.abs(x)[:, :, None].astype(numpy.float64) - finite)
    nearest = distance.min(axis=2, keepdims=True) == distance
    expected = numpy.where(nearest.sum(axis=2) == 2, (nearest & (numpy.arange(len(finite)) % 2 == 0)).argmax(axis=2), nearest.argmax(axis=2))
    expected |= numpy.signbit(x) << 7
    if halved:
        expected[expected == 128] = 0
        assert not numpy.isnan(float8(kind, True)[found]).any()
    if (found != expected).any() or (scales != 1).any():
        sys.exit(f"codes {found[found != expected]} for {x[found != expected]}, scales {scales}")
    print(f"{kernel}: {rows * k} codes as expected")


def check_product(machine, kernel, kind, n, k, group, rows):
    bits, n, k, group, rows = (int(x) for x in (kind if kind.isdigit() else 8, n, k, group, rows))
    threads, arguments, body = read(kernel)
    random = numpy.random.default_rng(5)
    pad = lambda size: -(-size // 16) * 16
    groups = -(-k // group)
    weights = random.integers(0, 1 << bits, (n, k))
    x = random.integers(-128, 128, (rows, k))
    scale = random.random((n, groups), numpy.float32)
    row_scale = random.random(rows, numpy.float32)
    if not kind.isdigit():
        table, halved = float8(kind), machine == "mfma32"
        codes = numpy.flatnonzero(numpy.isfinite(table))
        weights, x = random.choice(codes, (n, k)), random.choice(codes, (rows, k))
    lay = lambda codes: numpy.concatenate(
        [numpy.pad(codes[:, g * group:(g + 1) * group], ((0, 0), (0, pad(min(group, k - g * group)) - min(group, k - g * group))))
         for g in range(groups)], axis=1)
    panels = -(-n // 16)
    halve = lambda codes: numpy.where(codes == 128, 0, codes) if not kind.isdigit() and halved else codes
    padded = numpy.pad(lay(halve(weights)), ((0, panels * 16 - n), (0, 0)))
    words = numpy.concatenate([pack(machine, padded[16 * p:16 * p + 16], bits) for p in range(panels)])
    zero = random.integers(0, 1 << bits, (n, groups)) if "_zp" in kernel else numpy.full((n, groups), 1 << (bits - 1))
    bias = random.random(n, numpy.float32) if "_bias" in kernel else numpy.zeros(n, numpy.float32)

    def tiles(table, dtype):
        """Tiles of four panels, in each one group after the other."""
        padded = numpy.pad(table, ((0, panels * 16 - n), (0, 0)))
        return numpy.concatenate([padded[64 * t:64 * t + 64].T.reshape(-1) for t in range(-(-panels // 4))]).astype(dtype)

    sums = numpy.stack([x[:, g * group:(g + 1) * group].sum(axis=1) for g in range(groups)], axis=1).astype(numpy.int32)
    lhs = lay(halve(x)).astype(numpy.int8).reshape(-1).view(numpy.int32)
    result = numpy.full(rows * n, numpy.nan, numpy.float32)
    buffers = [lhs, row_scale] + ([sums.reshape(-1)] if kind.isdigit() else []) + [words]
    buffers.append(tiles(scale if kind.isdigit() or not halved else 4 * scale, numpy.float32))
    buffers += [tiles(zero, numpy.int32)] if "_zp" in kernel else []
    buffers += [bias] if "_bias" in kernel else []
    buffers.append(result)

    per_group = MACHINES[machine][1] if kernel.endswith(f"rows{MACHINES[machine][1]}") else 64
    across = panels if per_group == MACHINES[machine][1] else -(-panels // 4)
    for i in range(across):
        for j in range(-(-rows // per_group)):
            simulated = Group(machine, threads, (i, j, 0))
            simulated.values.update(zip(arguments, buffers + [simulated.full(rows, numpy.int32)]))
            simulated.run(body)

    if not kind.isdigit():
        weights, x, zero = table[weights], table[x], numpy.zeros((n, groups))
    expected = numpy.zeros((rows, n))
    for g in range(groups):
        part = slice(g * group, (g + 1) * group)
        expected += (x[:, part] @ (weights[:, part] - zero[:, g:g + 1]).T) * scale[:, g].astype(numpy.float64)
    expected = expected * row_scale[:, None] + bias
    found = result.reshape(rows, n)
    if numpy.isnan(found).any():
        sys.exit("not all results were stored")
    worst = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    print(f"{kernel}: {rows}x{n} results, worst {worst:.1e}")
    if worst > 2e-6:
        sys.exit("the results are wrong")


(check_quantization if len(sys.argv) == 6 else check_product)(*sys.argv[1:])
