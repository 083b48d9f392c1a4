# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the kernel of a matrix product as a device would, one group of threads after the other, and checks what it computes.

usage: quench-opt ... --mlir-print-op-generic | simulate.py MACHINE KERNEL BITS N K GROUP ROWS

All threads of a group take each operation together: a value is an array with an element for each. Matrix instructions
do what the manuals of MACHINE (mma, mfma32, mfma16, wmma) say of lanes and registers. Weights are packed here, by the words of
the documentation of `FragmentOrder`. It is an error if a load or store leaves its buffer.
"""
import re
import sys

import numpy

numpy.seterr(over="ignore")
DTYPES = {"i32": numpy.int32, "f32": numpy.float32, "i1": numpy.bool_, "i64": numpy.int64, "index": numpy.int64}


# ----------------------------------------------------------------------------------------------------------------------
# The generic form of operations
# ----------------------------------------------------------------------------------------------------------------------
class Op:
    def __init__(self, name, results, operands, properties, regions, types):
        self.name, self.results, self.operands = name, results, operands
        self.properties, self.regions, self.types = properties, regions, types


class Parser:
    def __init__(self, text):
        self.text, self.at = text, 0

    def skip(self):
        self.at = re.compile(r"\s*").match(self.text, self.at).end()

    def take(self, pattern):
        self.skip()
        found = re.compile(pattern).match(self.text, self.at)
        if found:
            self.at = found.end()
        return found

    def balanced(self):
        """What is in the brackets that begin here."""
        begin, depth = self.at, 0
        while True:
            symbol = self.text[self.at]
            if symbol == '"':
                self.at = self.text.index('"', self.at + 1)
            depth += symbol in "([{"
            depth -= symbol in ")]}"
            self.at += 1
            if depth == 0:
                return self.text[begin + 1:self.at - 1]

    def block(self):
        """The arguments and operations up to the brace that ends a region."""
        arguments, ops = [], []
        if self.take(r"\^bb\d+(?=\()"):
            arguments = re.findall(r"(%\w+):", self.balanced())
            self.take(":")
        while not self.take(r"}"):
            ops.append(self.operation())
        return arguments, ops

    def operation(self):
        results = self.take(r"(%[\w, %:]+?)\s*=\s*")
        names = []
        for name, count in re.findall(r"(%\w+)(?::(\d+))?", results.group(1)) if results else []:
            names += [f"{name}#{i}" for i in range(int(count))] if count else [name]
        name = self.take(r'"([\w.]+)"').group(1)
        operands = re.findall(r"%[\w#]+", self.balanced())
        properties, regions = "", []
        if self.take(r"<(?=\{)"):
            properties = self.balanced()
            self.take(">")
        if self.take(r"\((?=\{)"):
            while self.take(r"{"):
                regions.append(self.block())
                self.take(",")
            self.take(r"\)")
        self.skip()
        if self.text[self.at] == "{":
            properties += self.balanced()
        types = self.take(r":[^\n]*").group(0)
        return Op(name, names, operands, properties, regions, types)


# ----------------------------------------------------------------------------------------------------------------------
# Instructions for matrices, lane by lane
# ----------------------------------------------------------------------------------------------------------------------
def spread(words):
    """The bytes of the registers of each lane, words one after the other."""
    return numpy.stack(words, axis=1).astype(numpy.int32).view(numpy.uint8).reshape(len(words[0]), -1)


MACHINES = {
    # lanes, rows of activations, K, (row, k) of byte i of a lane's weights, (column, k) of its activations, place of its sums
    "mma": (32, 8, 32, lambda l, i: (l // 4 + 8 * (i // 4 % 2), l % 4 * 4 + i % 4 + 16 * (i // 8)),
            lambda l, i: (l // 4, l % 4 * 4 + i % 4 + 16 * (i // 4)), lambda l, i: (l // 4 + 8 * (i // 2), l % 4 * 2 + i % 2)),
    "mfma32": (64, 16, 32, lambda l, i: (l % 16, 8 * (l // 16) + i), lambda l, i: (l % 16, 8 * (l // 16) + i),
               lambda l, i: (4 * (l // 16) + i, l % 16)),
    "mfma16": (64, 16, 16, lambda l, i: (l % 16, 4 * (l // 16) + i), lambda l, i: (l % 16, 4 * (l // 16) + i),
               lambda l, i: (4 * (l // 16) + i, l % 16)),
    "wmma": (32, 16, 16, lambda l, i: (l % 16, i), lambda l, i: (l % 16, i), lambda l, i: (2 * i + l // 16, l % 16)),
}
# (rows of a lane, lanes along K, operand words, from one lane along K to the next), as in FragmentOrder.
ORDERS = {"mma": (2, 4, 2, 1), "mfma32": (1, 4, 2, 16), "mfma16": (1, 4, 1, 16), "wmma": (1, 1, 4, 16)}


def multiply(machine, weights, activations, sums, is_signed):
    lanes, columns, depth, of_weight, of_activation, of_sum = MACHINES[machine]
    result = sums.copy()
    for wave in range(0, len(sums), lanes):
        a, b = numpy.zeros((16, depth), numpy.int32), numpy.zeros((depth, columns), numpy.int32)
        for lane in range(lanes):
            for i, byte in enumerate(weights[wave + lane]):
                a[of_weight(lane, i)] = byte - 256 if is_signed and byte > 127 else byte
            for i, byte in enumerate(activations[wave + lane]):
                column, k = of_activation(lane, i)
                b[k, column] = byte - 256 if byte > 127 else byte
        c = a @ b
        for lane in range(lanes):
            for i in range(sums.shape[1]):
                result[wave + lane, i] += c[of_sum(lane, i)]
    return result


# ----------------------------------------------------------------------------------------------------------------------
# A group of threads
# ----------------------------------------------------------------------------------------------------------------------
class Group:
    def __init__(self, machine, threads, ids):
        self.machine, self.threads, self.ids = machine, threads, ids
        self.values, self.mask = {}, numpy.ones(threads, bool)

    def full(self, value, dtype):
        return numpy.full(self.threads, value, dtype)

    def places(self, buffer, at, count=1):
        at = numpy.where(self.mask, at, 0)
        if at.min() < 0 or at.max() + count > len(buffer):
            sys.exit(f"an access to element {at.max()} of a buffer of {len(buffer)}")
        if count > 1 and (at % count).any():
            sys.exit("a vector is not at a multiple of its size")
        return at

    def load(self, buffer, at, count=None):
        at = self.places(buffer, at, count or 1)
        return buffer[at] if count is None else numpy.stack([buffer[at + i] for i in range(count)], axis=1)

    def store(self, value, buffer, at, count=1):
        at = self.places(buffer, at, count)
        for i in range(count):
            buffer[at[self.mask] + i] = (value if count == 1 and value.ndim == 1 else value[:, i])[self.mask]

    def run(self, ops):
        for op in ops:
            if op.name in ("scf.yield", "gpu.return"):
                return [self.values[name] for name in op.operands]
            self.step(op)
        return []

    def step(self, op):
        v = [self.values[name] for name in op.operands]
        kind, _, name = op.name.partition(".")
        if op.name == "scf.for":
            begin, end, stride = (int(x[0]) for x in v[:3])
            carried, (arguments, body) = v[3:], op.regions[0]
            for i in range(begin, end, stride):
                self.values.update(zip(arguments, [self.full(i, numpy.int64)] + carried))
                carried = self.run(body)
            self.values.update(zip(op.results, carried))
            return
        if op.name == "scf.if":
            outer, self.mask = self.mask, self.mask & v[0]
            self.run(op.regions[0][1])
            self.mask = outer
            return
        if op.name == "memref.alloc":
            count, element = re.search(r"memref<(\d+)x(\w+)", op.types).groups()
            self.values[op.results[0]] = numpy.zeros(int(count), DTYPES[element])
            return
        result = getattr(self, kind)(op, name, v)
        if op.results:
            self.values.update(zip(op.results, result if isinstance(result, list) else [result]))

    def gpu(self, op, name, v):
        axis = re.search(r"dim (\w)", op.properties)
        if name == "thread_id":
            return numpy.arange(self.threads, dtype=numpy.int64)
        return self.full(self.ids["xyz".index(axis.group(1))], numpy.int64) if name == "block_id" else []

    def arith(self, op, name, v):
        if name == "constant":
            value, element = re.search(r"value = (?:dense<)?(\S+?)>? : (?:vector<\d+x)?(\w+)", op.properties).groups()
            size = re.search(r"vector<(\d+)x", op.properties)
            constant = {"true": 1, "false": 0}.get(value)
            constant = float(value) if constant is None and element == "f32" else int(value) if constant is None else constant
            single = self.full(constant, DTYPES[element])
            return numpy.stack([single] * int(size.group(1)), axis=1) if size else single
        if name == "cmpi":
            return [None, None, None, None, None, None, v[0] < v[1], v[0] <= v[1]][int(re.search(r"= (\d+)", op.properties).group(1))]
        if name == "select":
            return numpy.where(v[0][:, None] if v[1].ndim == 2 else v[0], v[1], v[2])
        if name in ("index_cast", "sitofp"):
            return v[0].astype(DTYPES[re.search(r"-> (\w+)", op.types).group(1)])
        if name in ("shrui", "shli"):
            bits = v[0].astype(numpy.uint32)
            return (bits >> v[1].astype(numpy.uint32) if name == "shrui" else bits << v[1].astype(numpy.uint32)).astype(numpy.int32)
        return {"addi": lambda a, b: a + b, "subi": lambda a, b: a - b, "muli": lambda a, b: a * b, "divui": lambda a, b: a // b,
                "remui": lambda a, b: a % b, "andi": lambda a, b: a & b, "xori": lambda a, b: a ^ b, "addf": lambda a, b: a + b,
                "mulf": lambda a, b: a * b, "divsi": lambda a, b: a // b}[name](*v)

    def math(self, op, name, v):
        assert name == "fma", name
        return (v[0].astype(numpy.float64) * v[1] + v[2]).astype(numpy.float32)

    def memref(self, op, name, v):
        return self.load(v[0], v[1]) if name == "load" else self.store(v[0], v[1], v[2])

    def vector(self, op, name, v):
        if name == "extract":
            return v[0][:, int(re.search(r"static_position = array<i64: (\d+)>", op.properties).group(1))]
        if name == "load":
            return self.load(v[0], v[1], int(re.search(r"-> vector<(\d+)", op.types).group(1)))
        return self.store(v[0], v[1], v[2], v[0].shape[1])

    def nvgpu(self, op, name, v):
        vector = self.load(v[2], v[3], 4)
        if len(v) > 4:
            vector = numpy.where(numpy.arange(4) < v[4][:, None], vector, 0)
        self.store(vector, v[0], v[1], 4)
        return [None]

    def nvvm(self, op, name, v):
        return []

    def llvm(self, op, name, v):
        if name == "mlir.constant":
            size = re.search(r"vector<(\d+)x", op.types)
            if size:
                return numpy.zeros((self.threads, int(size.group(1))), numpy.int32)
            value = re.search(r"value = (-?\w+)", op.properties).group(1)
            return self.full({"true": 1, "false": 0}.get(value) if value in ("true", "false") else int(value), numpy.int64)
        if name == "mlir.poison":
            return numpy.zeros((self.threads, int(re.search(r"vector<(\d+)", op.types).group(1))), numpy.int32)
        if name == "insertelement":
            vector = v[0].copy()
            vector[:, int(v[2][0])] = v[1]
            return vector
        if name == "extractelement":
            return v[0][:, int(v[1][0])]
        if name == "bitcast":
            return v[0]
        if name == "extractvalue":
            return v[0][:, int(re.search(r"position = array<i64: (\d+)>", op.properties).group(1))]
        assert name == "call_intrinsic", name
        intrinsic = re.search(r'intrin = "([^"]+)"', op.properties).group(1)
        if "nvvm.mma" in intrinsic:
            assert intrinsic.endswith("m16n8k32.row.col.u8.s8")
            return multiply(self.machine, spread(v[:4]), spread(v[4:6]), numpy.stack(v[6:], axis=1), False)
        columns = lambda x: spread([x] if x.ndim == 1 else list(x.T))
        if "wmma" in intrinsic:
            assert not v[0].any() and v[2].all() and not v[5].any()
            return multiply(self.machine, columns(v[1]), columns(v[3]), v[4], False)
        return multiply(self.machine, columns(v[0]), columns(v[1]), v[2], True)


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


def main(machine, kernel, bits, n, k, group, rows):
    bits, n, k, group, rows = (int(x) for x in (bits, n, k, group, rows))
    text = sys.stdin.read()
    parsed = None
    for found in re.finditer(r'"gpu\.func"', text):
        parser = Parser(text)
        parser.at = found.start()
        op = parser.operation()
        parsed = op if f'"{kernel}"' in op.properties else parsed
    assert parsed, f"no kernel {kernel}"
    threads = int(re.search(r"known_block_size = array<i32: (\d+)", parsed.properties).group(1))
    arguments, body = parsed.regions[0]

    random = numpy.random.default_rng(5)
    pad = lambda size: -(-size // 16) * 16
    groups = -(-k // group)
    weights = random.integers(0, 1 << bits, (n, k))
    x = random.integers(-128, 128, (rows, k))
    scale = random.random((n, groups), numpy.float32)
    row_scale = random.random(rows, numpy.float32)
    lay = lambda codes: numpy.concatenate(
        [numpy.pad(codes[:, g * group:(g + 1) * group], ((0, 0), (0, pad(min(group, k - g * group)) - min(group, k - g * group))))
         for g in range(groups)], axis=1)
    panels = -(-n // 16)
    padded = numpy.pad(lay(weights), ((0, panels * 16 - n), (0, 0)))
    words = numpy.concatenate([pack(machine, padded[16 * p:16 * p + 16], bits) for p in range(panels)])
    zero = random.integers(0, 1 << bits, (n, groups)) if "_zp" in kernel else numpy.full((n, groups), 1 << (bits - 1))
    bias = random.random(n, numpy.float32) if "_bias" in kernel else numpy.zeros(n, numpy.float32)

    def tiles(table, dtype):
        """Tiles of four panels, in each one group after the other."""
        padded = numpy.pad(table, ((0, panels * 16 - n), (0, 0)))
        return numpy.concatenate([padded[64 * t:64 * t + 64].T.reshape(-1) for t in range(-(-panels // 4))]).astype(dtype)

    sums = numpy.stack([x[:, g * group:(g + 1) * group].sum(axis=1) for g in range(groups)], axis=1).astype(numpy.int32)
    lhs = lay(x).astype(numpy.int8).reshape(-1).view(numpy.int32)
    result = numpy.full(rows * n, numpy.nan, numpy.float32)
    buffers = [lhs, row_scale, sums.reshape(-1), words, tiles(scale, numpy.float32)]
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


main(*sys.argv[1:])
