#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the tables that lib/Numerics is tested against, in exact rational arithmetic.

Nothing here computes in floating point. A format is the list of its values as fractions, rounding
to it is a search in that list, and f32 arithmetic is a fraction rounded to 24 bits. So the tables
share no idea with the bit manipulation that they check.

  gen_vectors.py            writes unittests/Numerics/vectors/*.inc
  gen_vectors.py --check    fails when a file on disk differs from what would be written
"""

import argparse
import bisect
import pathlib
import random
import sys
from fractions import Fraction

VECTORS = pathlib.Path(__file__).resolve().parent.parent / "unittests" / "Numerics" / "vectors"
HALF = Fraction(1, 2)
F32_INF, F32_NAN, SIGN = 0x7F800000, 0x7FC00000, 0x80000000


# ---------------------------------------------------------------------------------------------
# Rounding of fractions
# ---------------------------------------------------------------------------------------------


def floor(x):
    return x.numerator // x.denominator


def round_half_even(x):
    whole = floor(x)
    rest = x - whole
    return whole + (1 if rest > HALF or (rest == HALF and whole % 2) else 0)


def round_half_up(x):
    return floor(x + HALF)


def round_half_away(x):
    return floor(x + HALF) if x >= 0 else -floor(-x + HALF)


def power(e):
    return Fraction(2) ** e


def floor_log2(x):
    """The largest e with 2^e <= x."""
    e = x.numerator.bit_length() - x.denominator.bit_length()
    return e if power(e) <= x else e - 1


def ceil_log2(x):
    e = floor_log2(x)
    return e if power(e) == x else e + 1


def clamp(x, low, high):
    return max(low, min(high, x))


# ---------------------------------------------------------------------------------------------
# f32
# ---------------------------------------------------------------------------------------------


def f32_value(bits):
    """The value of finite f32 bits."""
    exponent = (bits >> 23) & 0xFF
    mantissa = bits & 0x7FFFFF
    value = mantissa * power(-149) if exponent == 0 else (mantissa + 2**23) * power(exponent - 150)
    return -value if bits & SIGN else value


def f32_bits(x, negative_zero=False):
    """The bits of x, which has to be an f32 number."""
    if x == 0:
        return SIGN if negative_zero else 0
    magnitude = abs(x)
    e = max(floor_log2(magnitude), -126)
    units = magnitude / power(e - 23)
    assert units.denominator == 1 and units < 2**24 and e <= 127, x
    bits = ((e + 126) << 23) + int(units)
    return bits | (SIGN if x < 0 else 0)


def f32(x):
    """x rounded half to even to f32. Overflow is not needed here."""
    if x == 0:
        return Fraction(0)
    e = max(floor_log2(abs(x)), -126)
    rounded = round_half_even(x / power(e - 23)) * power(e - 23)
    assert abs(rounded) < power(128), x
    return rounded


# ---------------------------------------------------------------------------------------------
# Float formats: lists of values
# ---------------------------------------------------------------------------------------------


class Format:
    """A format with sign. `codes` non-negative finite codes start at 0 in the order of values."""

    def __init__(self, name, bits, mantissa, bias, codes, specials, saturates):
        self.name, self.bits, self.codes = name, bits, codes
        self.specials, self.saturates, self.mantissa = specials, saturates, mantissa
        self.sign = 1 << (bits - 1)
        self.values = []
        for code in range(codes + 1):  # one more: where overflow begins
            exponent, fraction = divmod(code, 2**mantissa)
            whole = 0 if exponent == 0 else 1
            scale = power(max(exponent, 1) - bias)
            self.values.append((whole + Fraction(fraction, 2**mantissa)) * scale)
        self.max = self.values[codes - 1]
        self.min_positive = self.values[1]

    def nan(self, negative):
        if self.specials == "none":
            return self.codes - 1
        quiet = self.sign - 1
        if self.specials == "ieee":
            quiet = self.codes | 1 << (self.mantissa - 1)
        return quiet | (self.sign if negative else 0)

    def infinity(self, negative):
        code = self.codes if self.specials == "ieee" else self.codes - 1
        return code | (self.sign if negative else 0)

    def encode(self, x, negative=False):
        """Nearest value; a tie goes to the even code, which is the even multiple of the unit."""
        sign = self.sign if x < 0 or negative else 0
        magnitude = abs(x)
        upper = bisect.bisect_left(self.values, magnitude)
        if upper > self.codes:
            code = self.codes
        elif upper == 0:
            code = 0
        else:
            below, above = magnitude - self.values[upper - 1], self.values[upper] - magnitude
            take_lower = below < above or (below == above and (upper - 1) % 2 == 0)
            code = upper - 1 if take_lower else upper
        if code >= self.codes:
            code = self.codes - 1 if self.saturates else self.codes
        return code | sign

    def decode(self, code):
        value = self.values[code & (self.sign - 1)]
        return -value if code & self.sign else value

    def decode_bits(self, code):
        negative = bool(code & self.sign)
        magnitude = code & (self.sign - 1)
        if magnitude < self.codes:
            return f32_bits(self.decode(code), negative)
        is_infinity = self.specials == "ieee" and magnitude == self.codes
        return (F32_INF if is_infinity else F32_NAN) | (SIGN if negative else 0)


FORMATS = {
    f.name: f
    for f in [
        Format("f16", 16, 10, 15, 0x7C00, "ieee", False),
        Format("bf16", 16, 7, 127, 0x7F80, "ieee", False),
        Format("f8E4M3FN", 8, 3, 7, 0x7F, "nan", True),
        Format("f8E5M2", 8, 2, 15, 0x7C, "ieee", True),
        Format("f6E3M2FN", 6, 2, 3, 0x20, "none", True),
        Format("f6E2M3FN", 6, 3, 1, 0x20, "none", True),
        Format("f4E2M1FN", 4, 1, 1, 0x08, "none", True),
    ]
}


def encode_inputs(fmt, rng):
    """f32 bits around every value and every midpoint (a sample of them for 16 bits)."""
    codes = list(range(fmt.codes))
    if fmt.bits == 16:
        edges = {0, 1, 2, 3, fmt.codes - 1, fmt.codes - 2, fmt.codes - 3}
        edges |= {2**fmt.mantissa + d for d in (-2, -1, 0, 1)}
        codes = sorted(edges | set(rng.sample(codes, 120)))
    inputs = set()
    for code in codes:
        low, high = fmt.values[code], fmt.values[code + 1]
        for x in (low, (low + high) / 2):
            if x < power(128) and f32(x) == x:
                bits = f32_bits(x)
                inputs |= {max(bits - 1, 0), bits, min(bits + 1, F32_INF)}
    inputs |= {0, 1, 2, 0x7FFFFF, 0x800000, 0x7F7FFFFF, F32_INF, F32_NAN, 0x7F800001, 0x7FFFFFFF}
    inputs |= {rng.randrange(F32_INF) for _ in range(60)}
    return sorted(inputs)


def encode_f32_bits(fmt, bits):
    negative, magnitude = bool(bits & SIGN), bits & (SIGN - 1)
    if magnitude > F32_INF:
        return fmt.nan(negative)
    if magnitude == F32_INF:
        return fmt.infinity(negative)
    return fmt.encode(f32_value(magnitude), negative)


def encode_e8m0(bits):
    if bits & (SIGN - 1) > F32_INF:
        return 0xFF
    if bits & SIGN:
        return 0
    if bits == F32_INF:
        return 254
    x = f32_value(bits)
    powers = [power(code - 127) for code in range(255)]
    return min(range(255), key=lambda code: (abs(powers[code] - x), code % 2))


def float_tables(rng):
    text = []
    for fmt in FORMATS.values():
        if fmt.bits <= 8:
            rows = [hex32(fmt.decode_bits(code)) for code in range(2**fmt.bits)]
            text += array(f"static const uint32_t {fmt.name}Values[]", rows)
        rows = []
        for bits in encode_inputs(fmt, rng):
            for signed in (bits, bits | SIGN):
                rows.append("{%s, 0x%x}" % (hex32(signed), encode_f32_bits(fmt, signed)))
        text += array(f"static const EncodeVector {fmt.name}Codes[]", rows)
        if fmt.bits == 16:
            codes = {0, 1, 2, fmt.codes - 1, fmt.codes, fmt.nan(False), 2**fmt.mantissa}
            codes |= set(rng.sample(range(fmt.codes), 100))
            rows = []
            for code in sorted(codes):
                for signed in (code, code | fmt.sign):
                    rows.append("{%s, 0x%x}" % (hex32(fmt.decode_bits(signed)), signed))
            text += array(f"static const EncodeVector {fmt.name}Values[]", rows)
    values = [f32_bits(power(code - 127)) for code in range(255)] + [F32_NAN]
    text += array("static const uint32_t f8E8M0FNUValues[]", [hex32(v) for v in values])
    inputs = {0, 1, F32_INF, F32_NAN, SIGN, SIGN | 1, SIGN | F32_INF, SIGN | F32_NAN, 0x7F7FFFFF}
    inputs |= {0xBF800000, 0x200000, 0x200001}
    for code in range(254):
        middle = f32_bits(power(code - 127) * Fraction(3, 2))
        inputs |= {f32_bits(power(code - 127)), middle - 1, middle, middle + 1}
    rows = ["{%s, 0x%x}" % (hex32(bits), encode_e8m0(bits)) for bits in sorted(inputs)]
    text += array("static const EncodeVector f8E8M0FNUCodes[]", rows)
    return text


# ---------------------------------------------------------------------------------------------
# Element encodings and tensors
# ---------------------------------------------------------------------------------------------

# QLoRA's table.
NF4 = """-1 -0.6961928009986877 -0.5250730514526367 -0.39491748809814453 -0.28444138169288635
-0.18477343022823334 -0.09105003625154495 0 0.07958029955625534 0.16093020141124725
0.24611230194568634 0.33791524171829224 0.44070982933044434 0.5626170039176941 0.7229568362236023 1"""


class Integer:
    def __init__(self, bits, signed, low=None, high=None):
        self.bits, self.signed = bits, signed
        self.low = (-(2 ** (bits - 1)) if signed else 0) if low is None else low
        self.high = (2 ** (bits - 1) - 1 if signed else 2**bits - 1) if high is None else high
        self.magnitude = Fraction(self.high if self.high > 0 else -self.low)
        self.name = f"{'i' if signed else 'ui'}{bits}"
        self.precision = floor_log2(self.magnitude)

    def encode(self, x, negative, zero_point=0):
        return clamp(round_half_even(x) + zero_point, self.low, self.high)

    def decode(self, code):
        return Fraction(code)

    def negative_zero(self, code):
        return False


class Float:
    def __init__(self, fmt):
        self.format, self.name, self.low, self.high = fmt, fmt.name, 0, 2**fmt.bits - 1
        self.magnitude, self.precision = fmt.max, fmt.mantissa

    def encode(self, x, negative, zero_point=0):
        return self.format.encode(x, negative)

    def decode(self, code):
        return self.format.decode(code)

    def negative_zero(self, code):
        return code == self.format.sign


class Codebook:
    def __init__(self, name, values):
        self.name, self.values = name, [f32(Fraction(v)) for v in values.split()]
        self.low, self.high = 0, len(self.values) - 1
        self.magnitude = max(abs(v) for v in self.values)

    def encode(self, x, negative, zero_point=0):
        return min(range(len(self.values)), key=lambda code: (abs(self.values[code] - x), code))

    def decode(self, code):
        return self.values[code]

    def negative_zero(self, code):
        return False


class Scheme:
    def __init__(self, element, block, scale, rule="", zero_point=False, real_zero_point=None):
        self.element, self.block, self.scale = element, block, scale
        self.rule, self.zero_point, self.real_zero_point = rule, zero_point, real_zero_point


def mx_exponent(rule, absmax, element):
    if absmax == 0:
        return -127
    emax = floor_log2(element.magnitude)
    if rule == "floor":
        e = floor_log2(absmax) - emax
    elif rule == "ceil":
        e = ceil_log2(absmax) - emax
    elif rule == "even":
        unit = power(floor_log2(absmax) - element.precision)
        e = floor_log2(round_half_even(absmax / unit) * unit) - emax
    else:
        e = ceil_log2(absmax / element.magnitude)
    return clamp(e, -127, 127)


def quantize(values, shape, scheme):
    """values: (fraction, is negative) in row-major order. Gives scales, zero points, codes, and for
    nested schemes the result for the scales."""
    element = scheme.element
    block = [size if b == -1 else b for size, b in zip(shape, scheme.block)]
    counts = [-(-size // b) for size, b in zip(shape, block)]
    owner = [i // block[0] * counts[1] + j // block[1] for i in range(shape[0]) for j in range(shape[1])]
    members = [[] for _ in range(counts[0] * counts[1])]
    for (value, _), index in zip(values, owner):
        members[index].append(value)
    ideal = []
    for group in members:
        if scheme.zero_point or scheme.real_zero_point:
            width = f32(max(0, max(group)) - min(0, min(group)))
            steps = element.high - element.low
        else:
            width, steps = max(abs(v) for v in group), element.magnitude
        ideal.append(max(f32(width / steps), power(-149)) if width else Fraction(0))
    nested = None
    if isinstance(scheme.scale, Scheme):
        inner = scheme.scale.element
        nested = quantize([(s, False) for s in ideal], counts, scheme.scale)
        for i, s in enumerate(ideal):
            zero = nested["zero_points"][nested["owner"][i]]
            if s == 0:
                nested["codes"][i] = inner.encode(Fraction(1), False, zero)
            elif inner.decode(nested["codes"][i] - zero) <= 0:
                nested["codes"][i] = 1 + zero
        scales = [v for v, _ in dequantize(nested, inner)]
    elif scheme.scale == "f8E8M0FNU":
        absmax = [max(abs(v) for v in group) for group in members]
        scales = [power(mx_exponent(scheme.rule, a, element)) for a in absmax]
    elif scheme.scale == "f32":
        scales = [s if s != 0 else Fraction(1) for s in ideal]
    else:
        fmt = FORMATS[scheme.scale]
        scales = [max(fmt.decode(fmt.encode(s)), fmt.min_positive) if s else Fraction(1) for s in ideal]
    zero_points = [0] * len(members)
    if scheme.zero_point:
        for i, group in enumerate(members):
            low = f32(-min(0, min(group)) / scales[i])
            zero_points[i] = clamp(round_half_even(low) + element.low, element.low, element.high)
    real = real_zero_points(members, counts, scales, scheme)
    codes = [
        element.encode(f32(f32(v + real[k]) / scales[k]), negative, zero_points[k])
        for (v, negative), k in zip(values, owner)
    ]
    return dict(scales=scales, zero_points=zero_points, real=real, codes=codes, owner=owner, nested=nested)


def real_zero_points(members, counts, scales, scheme):
    """min * s - lo of each block, as it is stored; zeros for schemes without."""
    stored = scheme.real_zero_point
    if stored is None:
        return [Fraction(0)] * len(members)
    exact = [f32(f32(scheme.element.low * s) - min(0, min(group))) for group, s in zip(members, scales)]
    if isinstance(stored, Scheme):
        result = quantize([(z, z < 0) for z in exact], counts, stored)
        return [v for v, _ in dequantize(result, stored.element)]
    if stored == "f32":
        return exact
    fmt = FORMATS[stored]
    return [-fmt.decode(fmt.encode(-z)) if z < 0 else fmt.decode(fmt.encode(z)) for z in exact]


def dequantize(result, element):
    """(value, is negative zero) of every element."""
    out = []
    for code, k in zip(result["codes"], result["owner"]):
        value = f32(element.decode(code - result["zero_points"][k]) * result["scales"][k])
        out.append((f32(value - result["real"][k]), element.negative_zero(code)))
    return out


def f32_list(numbers):
    return [f32(Fraction(n)) for n in numbers]


def patterns(element, rng):
    """Rows of inputs that meet the edges of an element encoding: (name, values)."""
    m = element.magnitude
    ties = [m] + [k + HALF for k in range(-9, 9)]
    yield "ties", f32_list([t * power(-3) for t in ties if abs(t) <= m] + [m * power(-3), -m * power(-3)])
    yield "positive", f32_list([Fraction(rng.randrange(1, 1000), 64) for _ in range(12)])
    yield "negative", f32_list([-Fraction(rng.randrange(1, 1000), 64) for _ in range(12)])
    yield "constant", f32_list([Fraction(5, 7)] * 6)
    yield "negative constant", f32_list([Fraction(-5, 7)] * 6)
    yield "zero", [Fraction(0)] * 5
    yield "one", f32_list([Fraction(-3, 11)])
    yield "tiny", f32_list([power(-149) * rng.randrange(-300, 300) for _ in range(8)])
    yield "large", f32_list([power(115) * rng.randrange(-1000, 1000) for _ in range(8)])
    yield "random", f32_list([Fraction(rng.randrange(-(10**6), 10**6), 10**5) for _ in range(16)])


def integer_schemes():
    for bits in [1, 2, 3, 4, 5, 6, 7, 8, 16]:
        for signed in (True, False):
            yield Integer(bits, signed), False
            yield Integer(bits, signed), True
    yield Integer(8, True, -127, 127), False
    yield Integer(4, True, -7, 7), False
    yield Integer(2, True, -1, 1), False
    yield Integer(8, False, 0, 240), True
    yield Integer(8, True, -100, 27), True


def tensor_cases(rng):
    for element, zero_point in integer_schemes():
        for name, row in patterns(element, rng):
            yield name, [1, len(row)], row, Scheme(element, [1, -1], "f32", "", zero_point)

    def noise(count, spread=9):
        return f32_list(
            [Fraction(rng.randrange(-(10**6), 10**6), 10**6) * power(rng.randrange(spread)) for _ in range(count)]
        )

    def with_zeros(values, begin, end):
        return values[:begin] + [Fraction(0)] * (end - begin) + values[end:]

    i4, ui4, i8 = Integer(4, True), Integer(4, False), Integer(8, True)
    for scale in ("f32", "f16", "bf16", "f8E5M2"):
        yield "ragged groups", [3, 21], with_zeros(noise(63), 21, 29), Scheme(i4, [1, 8], scale)
        yield "ragged groups", [3, 21], with_zeros(noise(63), 21, 29), Scheme(ui4, [1, 8], scale, "", True)
        yield "ragged tiles", [5, 7], noise(35), Scheme(i8, [2, 3], scale)
    for block in ([-1, -1], [-1, 1], [1, -1], [2, -1], [-1, 3]):
        yield "blocks", [5, 7], noise(35), Scheme(i8, block, "f32")
        yield "blocks", [5, 7], noise(35), Scheme(Integer(8, False), block, "f32", "", True)
    f16_underflow = [v * power(-40) for v in noise(16)]
    yield "scale underflow", [2, 8], f16_underflow, Scheme(i8, [1, -1], "f16")

    nf4 = Codebook("NF4", NF4)
    yield "codebook", [3, 40], noise(120), Scheme(nf4, [1, 16], "f32")
    middles = [f32((a + b) / 2) for a, b in zip(nf4.values, nf4.values[1:])]
    yield "codebook ties", [1, 31], middles + nf4.values, Scheme(nf4, [1, -1], "f32")
    yield "double quantization", [2, 48], with_zeros(noise(96, 4), 16, 32), Scheme(
        nf4, [1, 8], Scheme(Integer(8, False), [1, 4], "f32")
    )
    for fmt in FORMATS.values():
        element = Float(fmt)
        yield "float", [3, 21], with_zeros(noise(63), 42, 50), Scheme(element, [1, 8], "f32")
        if fmt.bits == 16:
            continue
        for rule in ("floor", "ceil", "even", "rceil"):
            yield "mx", [2, 70], with_zeros(noise(140), 70, 110), Scheme(element, [1, 32], "f8E8M0FNU", rule)
    for rule in ("floor", "ceil", "even", "rceil"):
        yield "mxint8", [2, 40], noise(80), Scheme(i8, [1, 32], "f8E8M0FNU", rule)
    saturating = f32_list([Fraction(79, 10), Fraction(-79, 10), 5, Fraction(-5, 2), Fraction(5, 4), Fraction(1, 4)])
    yield "mx saturates", [1, 6], saturating, Scheme(
        Float(FORMATS["f4E2M1FN"]), [1, 32], "f8E8M0FNU", "floor"
    )
    smallest = [power(-149), -power(-128), power(-127), power(-126)]
    yield "mx smallest", [1, 4], smallest, Scheme(Float(FORMATS["f4E2M1FN"]), [1, 2], "f8E8M0FNU", "floor")

    e2m1, e4m3 = Float(FORMATS["f4E2M1FN"]), Float(FORMATS["f8E4M3FN"])
    nvfp4 = Scheme(e2m1, [1, 16], Scheme(e4m3, [-1, -1], "f32"))
    yield "nvfp4", [4, 40], noise(160), nvfp4
    yield "nvfp4 zero blocks", [2, 48], with_zeros(noise(96), 16, 64), nvfp4
    yield "nvfp4 zero", [2, 16], [Fraction(0)] * 32, nvfp4
    yield "nvfp4 wide", [1, 48], [v * power(-20 * (i // 16)) for i, v in enumerate(noise(48))], nvfp4
    super_block = Scheme(ui4, [1, 8], Scheme(Integer(6, False), [1, 4], "f16"), "", True)
    yield "super-blocks", [2, 64], noise(128, 4), super_block
    wide = [v * power(-11 * (i // 8 % 2)) for i, v in enumerate(with_zeros(noise(64, 2), 24, 32))]
    for inner in (Integer(8, False), Integer(8, True), Integer(1, True)):
        asymmetric = Scheme(inner, [1, 4], "f32", "", True)
        yield "asymmetric scales", [2, 32], wide, Scheme(i4, [1, 8], asymmetric)


def tensor_tables(rng):
    rows = []
    for name, shape, values, scheme in tensor_cases(rng):
        element = scheme.element
        result = quantize([(v, v < 0) for v in values], shape, scheme)
        nested = scheme.scale if isinstance(scheme.scale, Scheme) else None
        scale = nested.scale if nested else scheme.scale
        inner = nested.element.name if nested else ""
        inner_block = nested.block if nested else [1, 1]
        row = '{"%s", {%d, %d}, {"%s", %d, %d, {%d, %d}, "%s", "%s", %s, "%s", {%d, %d}, %s}' % (
            name.replace(" ", "_"), *shape, element.name, element.low, element.high, *scheme.block, scale,
            scheme.rule, str(scheme.zero_point).lower(), inner, *inner_block,
            str(bool(nested and nested.zero_point)).lower(),
        )  # fmt: skip
        lists = [
            [hex32(f32_bits(v)) for v in values],
            [hex32(f32_bits(s)) for s in result["scales"]],
            result["zero_points"] if scheme.zero_point else [],
            result["codes"],
            [hex32(f32_bits(v, zero)) for v, zero in dequantize(result, element)],
            result["nested"]["codes"] if nested else [],
        ]
        rows.append(row + "".join(", {" + ", ".join(map(str, each)) + "}" for each in lists) + "}")
    return array("static const TensorVector tensorVectors[]", rows)


def real_zero_point_tables(rng):
    """Rows of schemes with real zero points: parameters and codes of a 2 x 64 tensor."""
    noise = f32_list([Fraction(rng.randrange(-(10**6), 10**6), 10**6) * power(rng.randrange(4)) for _ in range(128)])
    noise[64:72] = [Fraction(0)] * 8
    noise[72:80] = [abs(v) for v in noise[72:80]]
    ui4, ui6, i4 = Integer(4, False), Integer(6, False), Integer(4, True)
    six, signed = Scheme(ui6, [1, 4], "f16"), Scheme(Integer(8, True), [1, 4], "f32")
    rows = []
    for scheme in [
        Scheme(ui4, [1, 8], "f32", real_zero_point="f32"),
        Scheme(ui4, [1, 8], "f16", real_zero_point="f16"),
        Scheme(i4, [1, 8], "bf16", real_zero_point="bf16"),
        Scheme(ui4, [1, 8], six, real_zero_point=six),
        Scheme(i4, [1, 8], "f32", real_zero_point=signed),
    ]:
        result = quantize([(v, v < 0) for v in noise], [2, 64], scheme)
        lists = [
            [hex32(f32_bits(v)) for v in noise],
            [hex32(f32_bits(s)) for s in result["scales"]],
            [hex32(f32_bits(z)) for z in result["real"]],
            result["codes"],
            [hex32(f32_bits(v, zero)) for v, zero in dequantize(result, scheme.element)],
        ]
        rows.append("{" + ", ".join("{" + ", ".join(map(str, each)) + "}" for each in lists) + "}")
    return array("static const RealZeroPointVector realZeroPointVectors[]", rows)


def mx_tables(rng):
    rows = []
    elements = [Float(f) for f in FORMATS.values() if f.bits <= 8] + [Integer(8, True), Integer(4, True)]
    for element in elements:
        inputs = {0, 1, 2, 0x7FFFFF, 0x800000, 0x7F7FFFFF, 0x3F800000, f32_bits(element.magnitude)}
        for x in (Fraction(7, 4), Fraction(15, 8), Fraction(31, 16), Fraction(127, 64), Fraction(255, 128)):
            bits = f32_bits(x)
            inputs |= {bits - 1, bits, bits + 1}
        bits = f32_bits(element.magnitude * power(-9))
        inputs |= {bits - 1, bits, bits + 1} | {rng.randrange(F32_INF) for _ in range(20)}
        for bits in sorted(inputs):
            exponents = [mx_exponent(r, f32_value(bits), element) for r in ("floor", "ceil", "even", "rceil")]
            rows.append('{"%s", %s, {%d, %d, %d, %d}}' % (element.name, hex32(bits), *exponents))
    return array("static const MxVector mxVectors[]", rows)


# ---------------------------------------------------------------------------------------------
# Rounding, fixed point, packing
# ---------------------------------------------------------------------------------------------


def rounding_tables(rng):
    inputs = {0, 1, 0x7FFFFF, 0x3EFFFFFF, 0x3F000001, 0x4AFFFFFF, 0x4B000000, 0x4B000001, 0x4B7FFFFF}
    for k in list(range(12)) + [127, 128, 255, 32767, 32768, 2**21, 2**22 - 1, 2**22]:
        for x in (Fraction(k), k + HALF):
            bits = f32_bits(x)
            inputs |= {max(bits - 1, 0), bits, bits + 1}
    inputs |= {rng.randrange(0x3E000000, 0x4B000000) for _ in range(100)}
    rows = []
    for bits in sorted(inputs):
        for signed in (bits, bits | SIGN):
            x = f32_value(signed)
            rounded = [int(f(x)) for f in (round_half_even, round_half_away, round_half_up)]
            rows.append("{%s, {%d, %d, %d}}" % (hex32(signed), *rounded))
    return array("static const RoundingVector roundingVectors[]", rows)


def fixed_point(real):
    e = floor_log2(real) + 1
    multiplier = round_half_away(real / power(e - 31))
    if multiplier == 2**31:
        multiplier, e = 2**30, e + 1
    return (0, 0) if e < -31 else (multiplier, e)


INT32 = (-(2**31), 2**31 - 1)


def requantize_all(x, multiplier, e):
    exact = x * multiplier * power(e - 31)
    high = round_half_up(Fraction(x * 2 ** max(e, 0) * multiplier, 2**31))
    double = round_half_away(high * power(min(e, 0)))
    return [clamp(int(v), *INT32) for v in (round_half_up(exact), double, round_half_even(exact))]


def f64_bits(x):
    e = floor_log2(x)
    mantissa = x / power(e - 52)
    assert mantissa.denominator == 1
    return ((e + 1022) << 52) + int(mantissa)


def fixed_point_tables(rng):
    reals = [Fraction(1), HALF, 2 - power(-52), 1 - power(-53), 1 - power(-32), 1 - power(-33)]
    reals += [power(-31), power(-32), power(-33), power(29), power(30) - 1, Fraction(3)]
    reals += [HALF + power(-32), HALF + power(-32) + power(-53), HALF + 3 * power(-32)]
    reals += [power(-32) * (1 - power(-40)), power(-32) * (1 - power(-20))]
    for _ in range(200):
        reals.append(rng.randrange(2**52, 2**53) * power(rng.randrange(-70, -35)))
    rows = ["{0x%016xull, %d, %d}" % (f64_bits(r), *fixed_point(r)) for r in reals]
    text = array("static const MultiplierVector multiplierVectors[]", rows)

    factors = [(2**30, e) for e in (-31, -30, -8, -1, 0, 1, 2, 30)]
    factors += [(2**31 - 1, e) for e in (-31, -7, 0, 1, 30)]
    factors += [(rng.randrange(2**30, 2**31), rng.randrange(-31, 12)) for _ in range(60)]
    rows = []
    for multiplier, e in factors:
        values = [0, 1, -1, 2, -2, 3, -3, 255, -256, *INT32, INT32[0] + 1]
        values += [2**k for k in (8, 20, 30)] + [-(2**k) for k in (8, 20, 30)]
        values += [rng.randrange(-(2 ** rng.randrange(4, 32)), 2 ** rng.randrange(4, 32) - 1) for _ in range(16)]
        for x in values:
            x = clamp(x, *INT32)
            rows.append("{%s, %d, %d, {%s, %s, %s}}" % (
                int32(x), multiplier, e, *map(int32, requantize_all(x, multiplier, e))))  # fmt: skip
    return text + array("static const RequantizeVector requantizeVectors[]", rows)


def packing_tables(rng):
    rows = []
    for bits in [1, 2, 3, 4, 5, 6, 7, 8, 16]:
        for signed in (False, True):
            for count in (0, 1, 2, 3, 7, 8, 9, 17):
                low = -(2 ** (bits - 1)) if signed else 0
                codes = [rng.randrange(low, low + 2**bits) for _ in range(count)]
                if count > 2:
                    codes[:2] = [low, low + 2**bits - 1]
                stream = sum(c % 2**bits << (bits * i) for i, c in enumerate(codes))
                data = stream.to_bytes((count * bits + 7) // 8, "little")
                rows.append("{%d, %s, {%s}, {%s}}" % (
                    bits, str(signed).lower(), ", ".join(map(str, codes)), ", ".join(map(str, data))))  # fmt: skip
    return array("static const PackingVector packingVectors[]", rows)


# ---------------------------------------------------------------------------------------------
# Files
# ---------------------------------------------------------------------------------------------


def hex32(bits):
    return "0x%08x" % bits


def int32(x):
    return "INT32_MIN" if x == INT32[0] else str(x)


def array(declaration, rows):
    """Lines of a C++ array; rows are filled into lines of up to 100 columns."""
    lines, line = [declaration + " = {"], "   "
    for piece in (part for row in rows for part in (row + ",").split(" ")):
        if len(line) + 1 + len(piece) > 100:
            lines.append(line)
            line = "   "
        line += " " + piece
    return lines + [line, "};", ""]


TABLES = {
    "FloatFormat.inc": float_tables,
    "Rounding.inc": rounding_tables,
    "ScaleMath.inc": mx_tables,
    "QuantizeTensor.inc": tensor_tables,
    "FixedPoint.inc": fixed_point_tables,
    "BitPacking.inc": packing_tables,
    "RealZeroPoint.inc": real_zero_point_tables,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare, do not write")
    check = parser.parse_args().check
    stale = []
    for number, (file, table) in enumerate(TABLES.items()):
        head = [
            "// Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.",
            "// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception",
            "//",
            "// Generated by utils/gen_vectors.py in exact rational arithmetic. Do not edit.",
            "// clang-format off",
            "",
        ]
        text = "\n".join(head + table(random.Random(number)))
        path = VECTORS / file
        if check:
            if not path.exists() or path.read_text() != text:
                stale.append(str(path))
        else:
            VECTORS.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for path in stale:
        print(f"{path}: differs from the output of utils/gen_vectors.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
