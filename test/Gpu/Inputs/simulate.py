# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the kernel of a matrix product as a device would, one group of threads after the other, and checks what it computes.

usage: quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL TYPE N K GROUP ROWS
       quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL TYPE K ROWS            for a kernel that quantizes or rounds
       quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL TYPE K GROUP ROWS      with powers of two for groups

All threads of a group take each operation together: a value is an array with an element for each. Matrix instructions
do what the manuals of MACHINE (mma, mma16, mfma32, mfma16, wmma) say of lanes and registers; those of subgroup32, or another
size, are cooperative. Weights are packed here, by the words of
the documentation of `FragmentOrder`. TYPE is a number of bits, e4m3 or e5m2, or bf16x4 for
four bits beside bf16, where e2m1, nf4, e4m3 and e5m2 are other weights. It is an error if a load or store leaves its buffer.
"""
import re
import sys

import numpy

import cooperative
from device import Group, Parser
from instructions import MACHINES, ORDERS, float8, nearest_bf16


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
    if rows_of_lane == 2:
        # Fours of codes go to one lane after the other.
        per_lane = words_of_step * parts
        codes = codes.reshape(16, -1, per_lane, k_lanes, 4).transpose(0, 1, 3, 2, 4).reshape(16, -1)
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


def power_of_two(largest, table_max, rule, fraction):
    """The scale of a group of OCP's MX formats."""
    emax = int(numpy.floor(numpy.log2(table_max)))
    if largest == 0:
        return 2.0**-127
    mantissa, exponent = numpy.frexp(numpy.float64(largest))
    mantissa, exponent = 2 * mantissa, exponent - 1 - emax
    exponent += {"floor": False, "ceil": mantissa > 1, "even": mantissa >= 2 - 0.5**(fraction + 1), "rceil": mantissa > table_max / 2.0**emax}[rule]
    return 2.0**max(exponent, -127)


def check_groups(machine, kernel, kind, k, group, rows):
    """Codes of groups with scales of their own."""
    k, group, rows, rule = int(k), int(group), int(rows), kernel.rsplit("_", 1)[1]
    threads, arguments, body = read(kernel)
    random = numpy.random.default_rng(5)
    x = (random.standard_normal((rows, k)) * 2.0**random.integers(-12, 12, (rows, k))).astype(numpy.float32)
    x[0, :group], x[0, group:2 * group] = 0, 2.0**-140
    x[1, :group] = numpy.clip(x[1, :group], -1.75, 1.75)
    x[1, 3] = 1.75
    values = numpy.arange(128) if kind == "i8" else float8(kind)[:128]
    finite, number = values[numpy.isfinite(values)].astype(numpy.float64), -(-k // group)
    words = -(-k // 16) * 4
    codes, scales, sums = numpy.zeros(rows * words, numpy.int32), numpy.zeros(rows * number, numpy.float32), numpy.zeros(rows * number, numpy.int32)
    for row in range(rows):
        simulated = Group(machine, threads, (row, 0, 0))
        simulated.values.update(zip(arguments, [x.reshape(-1), codes, scales] + ([sums] if kind == "i8" else [])))
        simulated.run(body)
    found = codes.view(numpy.uint8).reshape(rows, -1)
    for row in range(rows):
        for g in range(number):
            part = x[row, g * group:(g + 1) * group].astype(numpy.float64)
            scale = power_of_two(numpy.abs(part).max(), finite.max(), rule, 6 if kind == "i8" else 3)
            assert scales[row * number + g] == scale, (row, g, scales[row * number + g], scale)
            nearest = numpy.abs(numpy.abs(part / scale)[:, None] - finite).argmin(axis=1)
            own = found[row, g * group:g * group + len(part)]
            value = own.view(numpy.int8) if kind == "i8" else float8(kind)[own]
            assert (numpy.abs(numpy.abs(value) - finite[nearest]) <= 0).all() or kind == "i8" and (numpy.abs(value - numpy.round(part / scale).clip(-127, 127)) == 0).all(), (value, part / scale)
            assert kind != "i8" or sums[row * number + g] == value.astype(numpy.int32).sum()
    print(f"{kernel}: {rows * k} codes as expected")


def short_words(machine, values, is_half):
    """Rows of 16-bit floats, padded to sixteens, as activations."""
    bits = values.astype(numpy.float16).view(numpy.uint16) if is_half else nearest_bf16(values.astype(numpy.float32))
    fours = bits.astype(numpy.uint32).reshape(len(values), -1, 4, 4)
    pairs = fours[..., :2] | fours[..., 2:] << 16
    return (pairs.transpose(0, 1, 3, 2) if machine == "mma16" else pairs).reshape(-1).view(numpy.int32)


def check_rounding(machine, kernel, kind, k, rows):
    """Nearest values, in their order."""
    k, rows, is_half = int(k), int(rows), kind == "f16"
    threads, arguments, body = read(kernel)
    x = numpy.random.default_rng(5).standard_normal((rows, k)).astype(numpy.float32)
    padded = numpy.pad(x, ((0, 0), (0, -k % 16)))
    expected, found = short_words(machine, padded, is_half), numpy.zeros(padded.size // 2, numpy.int32)
    for row in range(rows):
        group = Group(machine, threads, (row, 0, 0))
        group.values.update(zip(arguments, [x.reshape(-1), found]))
        group.run(body)
    if (found != expected).any():
        sys.exit(f"words {found[found != expected]} instead of {expected[found != expected]}")
    print(f"{kernel}: {rows * k} codes as expected")


def check_nearest(machine, kernel, kind, k, rows):
    """The nearest f16 of every value, as an f32."""
    k, rows = int(k), int(rows)
    threads, arguments, body = read(kernel)
    random = numpy.random.default_rng(5)
    x = (random.standard_normal((rows, k)) * 2.0**random.integers(-27, 18, (rows, k))).astype(numpy.float32)
    # Ties to both sides, subnormal ones too, the least that becomes zero and the least that becomes an infinity.
    x[:, :10] = [-0.0, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 2.0**-25, 3 * 2.0**-25, -2.0**-14, 65519.996, -65520, numpy.inf, numpy.nan]
    found = numpy.full(rows * k, 7, numpy.float32)
    for row in range(rows):
        for first in range(-(-k // threads)):
            group = Group(machine, threads, (first, row, 0))
            group.values.update(zip(arguments, [x.reshape(-1), found]))
            group.run(body)
    with numpy.errstate(over="ignore"):
        expected = x.astype(numpy.float16).astype(numpy.float32).reshape(-1)
    if (found.view(numpy.int32) != expected.view(numpy.int32)).any():
        sys.exit(f"{found[found != expected]} instead of {expected[found != expected]}")
    print(f"{kernel}: {rows * k} codes as expected")


def codebook(kind, is_half):
    """What four bits stand for beside 16-bit floats, rounded to these."""
    if kind == "e2m1":
        # Multiples of the unit, which is in the scales.
        return numpy.array([0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12], numpy.float64)
    values = numpy.array([
        -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
        -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
        0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0], numpy.float32)
    return values.astype(numpy.float16) if is_half else (nearest_bf16(values) << 16).view(numpy.float32)


def check_product(machine, kernel, kind, n, k, group, rows):
    short = re.fullmatch(r"(b?f16)x(\w+)", kind)
    is_half, kind = short and short[1] == "f16", short[2] if short else kind
    bits = int(kind) if kind.isdigit() else 4 if kind in ("e2m1", "nf4") else 8
    n, k, group, rows = (int(x) for x in (n, k, group, rows))
    threads, arguments, body = read(kernel)
    random = numpy.random.default_rng(5)
    pad = lambda size: -(-size // 16) * 16
    groups = -(-k // group)
    weights = random.integers(0, 1 << bits, (n, k))
    x = random.integers(-128, 128, (rows, k))
    scale = random.random((n, groups), numpy.float32)
    row_scale = random.random(rows, numpy.float32)
    halved = False
    if not kind.isdigit():
        table = codebook(kind, is_half) if bits == 4 else float8(kind)
        halved = machine == "mfma32" and not short
        codes = numpy.flatnonzero(numpy.isfinite(table))
        weights, x = random.choice(codes, (n, k)), random.choice(codes, (rows, k))
    if short:
        x = numpy.random.default_rng(6).standard_normal((rows, k)).astype(numpy.float32)
        x = x.astype(numpy.float16).astype(numpy.float32) if is_half else (nearest_bf16(x) << 16).view(numpy.float32)
        row_scale[:] = 1
    lay = lambda codes: numpy.concatenate(
        [numpy.pad(codes[:, g * group:(g + 1) * group], ((0, 0), (0, pad(min(group, k - g * group)) - min(group, k - g * group))))
         for g in range(groups)], axis=1)
    panels = -(-n // 16)
    halve = lambda codes: numpy.where(codes == 128, 0, codes) if halved else codes
    padded = numpy.pad(lay(halve(weights)), ((0, panels * 16 - n), (0, 0)))
    zero = random.integers(0, 1 << bits, (n, groups)) if "_zp" in kernel else numpy.full((n, groups), 1 << (bits - 1))
    bias = random.random(n, numpy.float32) if "_bias" in kernel else numpy.zeros(n, numpy.float32)

    def tiles(table, dtype):
        """Tiles of four panels, in each one group after the other."""
        padded = numpy.pad(table, ((0, panels * 16 - n), (0, 0)))
        return numpy.concatenate([padded[64 * t:64 * t + 64].T.reshape(-1) for t in range(-(-panels // 4))]).astype(dtype)

    subgroups = machine.startswith("subgroup")
    if subgroups:
        words = tiles(cooperative.pack(padded[:n], bits), numpy.uint32).view(numpy.int32)
    else:
        words = numpy.concatenate([pack(machine, padded[16 * p:16 * p + 16], bits) for p in range(panels)])
    sums = numpy.stack([x[:, g * group:(g + 1) * group].sum(axis=1) for g in range(groups)], axis=1).astype(numpy.int32)
    lhs = x.reshape(-1) if short and subgroups else short_words(machine, lay(x), is_half) if short else lay(halve(x)).astype(numpy.int8).reshape(-1).view(numpy.int32)
    result = numpy.full(rows * n, numpy.nan, numpy.float32)
    group_scale = random.random((rows, groups), numpy.float32) if "group_" in kernel else numpy.ones((rows, groups), numpy.float32)
    if "group_" in kernel:
        row_scale[:] = 1
    buffers = [lhs] + ([group_scale.reshape(-1) if "group_" in kernel else row_scale] if not short else []) + ([sums.reshape(-1)] if kind.isdigit() and not short else []) + [words]
    buffers.append(tiles(4 * scale if halved else scale, numpy.float32))
    buffers += [tiles(zero, numpy.int32)] if "_zp" in kernel else []
    buffers += [bias] if "_bias" in kernel else []
    buffers.append(result)

    per_group = 32 if subgroups else MACHINES[machine][1] if kernel.endswith(f"rows{MACHINES[machine][1]}") else 64
    across = panels if not subgroups and per_group == MACHINES[machine][1] else -(-panels // 4)
    for i in range(across):
        for j in range(-(-rows // per_group)):
            simulated = (cooperative.CooperativeGroup if subgroups else Group)(machine, threads, (i, j, 0))
            simulated.values.update(zip(arguments, buffers + [simulated.full(rows, numpy.int32)]))
            simulated.run(body)

    if not kind.isdigit():
        weights, x, zero = table[weights].astype(numpy.float64), x if short else table[x], numpy.zeros((n, groups))
    expected = numpy.zeros((rows, n))
    for g in range(groups):
        part = slice(g * group, (g + 1) * group)
        expected += (x[:, part] @ (weights[:, part] - zero[:, g:g + 1]).T) * scale[:, g].astype(numpy.float64) * group_scale[:, g:g + 1]
    expected = expected * row_scale[:, None] + bias
    found = result.reshape(rows, n)
    if numpy.isnan(found).any():
        sys.exit("not all results were stored")
    if subgroups and not short:
        exact = cooperative.contract(x, weights - zero.repeat(group, axis=1)[:, :k], group, scale, group_scale) * row_scale[:, None]
        assert (found == (exact + bias if "_bias" in kernel else exact)).all(), "the results have other bits"
    worst = numpy.abs(found - expected).max() / numpy.abs(expected).max()
    print(f"{kernel}: {rows}x{n} results, worst {worst:.1e}")
    if worst > 2e-6:
        sys.exit("the results are wrong")


check = {"quantize": check_quantization, "round": check_rounding, "nearest": check_nearest}.get(sys.argv[2].partition("_")[0], check_product)
if check is check_quantization and len(sys.argv) == 7:
    check = check_groups
check(*sys.argv[1:])
