# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A device that runs the generic form of kernels, one group of threads after the other.

All threads of a group take each operation together: a value is an array with an element for each. Matrix instructions do what
the manuals of the machines say of lanes and registers. It is an error if a load or store leaves its buffer.
"""
import re
import sys

import numpy

from instructions import INTEGERS, MACHINES, float8, halves, multiply, nearest_bf16, permute, spread

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
# A group of threads
# ----------------------------------------------------------------------------------------------------------------------
class Group:
    def __init__(self, machine, threads, ids):
        self.machine, self.threads, self.ids = machine, threads, ids
        self.values, self.mask = {}, numpy.ones(threads, bool)
        # Copies that were started, in the sets that are waited for; the last set is not complete yet.
        self.copies = [[]]
        # Whether there was a fence, and a barrier behind it, since the last barrier.
        self.fenced = self.published = False

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
            at, end, stride = v[0].copy(), v[1], v[2]
            carried, (arguments, body), outer = v[3:], op.regions[0], self.mask
            while (outer & (at < end)).any():
                self.mask = outer & (at < end)
                self.values.update(zip(arguments, [at.copy()] + carried))
                carried = [numpy.where(self.mask if new.ndim == 1 else self.mask[:, None], new, old)
                           for new, old in zip(self.run(body), carried)]
                at += stride
            self.mask = outer
            self.values.update(zip(op.results, carried))
            return
        if op.name == "scf.if":
            outer, self.mask = self.mask, self.mask & v[0]
            self.run(op.regions[0][1])
            self.mask = outer
            return
        if op.name == "memref.alloc":
            count, element = re.search(r"memref<(\d+)x(\w+)", op.types).groups()
            self.values[op.results[0]] = self.shared = numpy.zeros(int(count), DTYPES[element])
            return
        result = getattr(self, kind)(op, name, v)
        if op.results:
            self.values.update(zip(op.results, result if isinstance(result, list) else [result]))

    def gpu(self, op, name, v):
        axis = re.search(r"dim (\w)", op.properties)
        if name == "thread_id":
            return numpy.arange(self.threads, dtype=numpy.int64)
        if name == "barrier":
            self.published, self.fenced = self.fenced, False
        return self.full(self.ids["xyz".index(axis.group(1))], numpy.int64) if name == "block_id" else []

    def arith(self, op, name, v):
        if name == "constant":
            value, element = re.search(r"value = (?:dense<)?(\S+?)>? : (?:vector<\d+x)?(\w+)", op.properties).groups()
            size = re.search(r"vector<(\d+)x", op.properties)
            constant = {"true": 1, "false": 0}.get(value)
            if constant is None and element == "f32":
                constant = numpy.uint32(int(value, 16)).view(numpy.float32) if value.startswith("0x") else float(value)
            constant = int(value) if constant is None else constant
            single = self.full(constant, DTYPES[element])
            return numpy.stack([single] * int(size.group(1)), axis=1) if size else single
        if name == "cmpf":
            predicate = int(re.search(r"= (\d+)", op.properties).group(1))
            return {1: lambda a, b: a == b, 2: lambda a, b: a > b, 4: lambda a, b: a < b, 14: lambda a, b: numpy.isnan(a) | numpy.isnan(b)}[predicate](*v)
        if name == "truncf":
            half = op.types.endswith("-> f16") or "-> f16" in op.types
            bits = v[0].astype(numpy.float16).view(numpy.uint16) if half else nearest_bf16(v[0])
            return bits.astype(numpy.int32)
        if name == "extui" or "-> i16" in op.types:
            return v[0]
        if name == "bitcast":
            return v[0].view(DTYPES[re.search(r"-> (\w+)", op.types).group(1)])
        if name == "cmpi":
            return [v[0] == v[1], None, None, None, None, None, v[0] < v[1], v[0] <= v[1]][int(re.search(r"= (\d+)", op.properties).group(1))]
        if name == "select":
            return numpy.where(v[0][:, None] if v[1].ndim == 2 else v[0], v[1], v[2])
        if name in ("index_cast", "sitofp", "fptosi"):
            return v[0].astype(DTYPES[re.search(r"-> (\w+)", op.types).group(1)])
        if name in ("shrui", "shli"):
            bits = v[0].astype(numpy.uint32)
            return (bits >> v[1].astype(numpy.uint32) if name == "shrui" else bits << v[1].astype(numpy.uint32)).astype(numpy.int32)
        return {"addi": lambda a, b: a + b, "subi": lambda a, b: a - b, "muli": lambda a, b: a * b, "divui": lambda a, b: a // b,
                "remui": lambda a, b: a % b, "andi": lambda a, b: a & b, "xori": lambda a, b: a ^ b, "ori": lambda a, b: a | b, "maxnumf": numpy.fmax, "minnumf": numpy.fmin, "divf": lambda a, b: a / b,
                "addf": lambda a, b: a + b,
                "mulf": lambda a, b: a * b, "divsi": lambda a, b: a // b}[name](*v)

    def math(self, op, name, v):
        if name in ("absf", "roundeven"):
            return (numpy.abs if name == "absf" else numpy.round)(v[0])
        assert name == "fma", name
        return (v[0].astype(numpy.float64) * v[1] + v[2]).astype(numpy.float32)

    def memref(self, op, name, v):
        if name == "extract_aligned_pointer_as_index":
            return self.full(0, numpy.int64)
        return self.load(v[0], v[1]) if name == "load" else self.store(v[0], v[1], v[2])

    def vector(self, op, name, v):
        if name == "extract":
            return v[0][:, int(re.search(r"static_position = array<i64: (\d+)", op.properties).group(1))]
        if name == "load":
            return self.load(v[0], v[1], int(re.search(r"-> vector<(\d+)", op.types).group(1)))
        return self.store(v[0], v[1], v[2], v[0].shape[1])

    def nvgpu(self, op, name, v):
        if name == "ldmatrix":
            rows, lane = self.load(v[0], self.places(v[0], v[1], 4), 4), numpy.arange(self.threads)
            for matrix in range(0, self.threads, 8):
                if len(set(v[1][matrix:matrix + 8] // 4 % 8)) != 8:
                    sys.exit("rows of a matrix are in the same banks")
            return numpy.stack([rows[lane // 32 * 32 + 8 * i + lane % 32 // 4, lane % 4] for i in range(4)], axis=1)
        vector, mask = self.load(v[2], v[3], 4), self.mask
        if len(v) > 4:
            vector = numpy.where(numpy.arange(4) < v[4][:, None], vector, 0)
        self.copies[-1].append((vector, v[0], v[1], mask))
        return [None]

    def nvvm(self, op, name, v):
        if name == "fence.proxy":
            self.fenced = True
        elif name.endswith("commit.group"):
            self.copies.append([])
        elif name.endswith("wait.group"):
            # Nothing arrives before it is waited for.
            left = int(re.search(r"n = (\d+)", op.properties).group(1))
            while len(self.copies) > left + 1:
                for vector, memory, at, mask in self.copies.pop(0):
                    outer, self.mask = self.mask, mask
                    self.store(vector, memory, at, 4)
                    self.mask = outer
        return []

    def multiply_by_warpgroup(self, text, v):
        """`wgmma` by four waves, with weights in registers: what it reads is visible to it only behind a fence and a barrier."""
        begin, *products, commit, wait, end = [part.strip() for part in re.sub(r"^.*?(?=wgmma)", "", text).split(";")]
        assert (begin, commit, wait, end) == ("wgmma.fence.sync.aligned", "wgmma.commit_group.sync.aligned", "wgmma.wait_group.sync.aligned 0", "}")
        assert self.published, "the instruction does not see what was copied"
        sums, memory = None, self.shared.view(numpy.uint8)
        for number, product in enumerate(products):
            kind, d, a, descriptor, start = re.match(r"wgmma\.mma_async\.sync\.aligned\.(\S+) \{(.+?)\}, \{(.+?)\}, \$(\d+), (\w+)", product).groups()
            d, a = ([int(x) for x in re.findall(r"\d+", registers)] for registers in (d, a))
            if sums is None:
                # Operands behind those of all instructions are what sums begin with.
                given = v[len(products) * 5:]
                assert (start == "plus") == bool(given), "sums do not begin where they should"
                sums = numpy.stack(given, axis=1) if given else numpy.zeros((self.threads, len(d)), numpy.int32 if ".s32." in kind else numpy.float32)
            else:
                assert start == "plus"
            words = [v[x - len(d)] for x in a]
            place = v[int(descriptor) - len(d)]
            assert (place == place[0]).all() and int(place[0]) >> 46 == 0
            field = lambda shift: (int(place[0]) >> shift & 0x3fff) << 4
            row, byte = numpy.arange(64)[:, None], numpy.arange(32)
            at = field(0) + row // 8 * field(32) + byte // 16 * field(16) + row % 8 * 16 + byte % 16
            tile = memory[at]
            if "k16" in kind:
                decode = lambda x: halves(x, "f32.f16" in kind)
                weights, activations = decode(words), decode(list(numpy.ascontiguousarray(tile).view(numpy.int32).T))
            else:
                float_kind = re.search(r"e4m3|e5m2", kind)
                tables = (float8(float_kind.group()),) * 2 if float_kind else (INTEGERS[False], INTEGERS[True])
                weights, activations = tables[0][spread(words)], tables[1][tile]
            of_weight, of_sum = MACHINES[self.machine][3], MACHINES[self.machine][5]
            for wave in range(0, self.threads, 32):
                matrix = numpy.zeros((16, MACHINES[self.machine][2]))
                for lane in range(32):
                    for i, value in enumerate(weights[wave + lane]):
                        matrix[of_weight(lane, i)] = value
                c = matrix @ activations.T
                for lane in range(32):
                    for i in range(len(d)):
                        sum_row, column = of_sum(lane, i % 4)
                        sums[wave + lane, i] += c[sum_row, column + 8 * (i // 4)].astype(sums.dtype)
        return sums

    def llvm(self, op, name, v):
        if name == "mlir.constant":
            size = re.search(r"vector<(\d+)x", op.types)
            if size:
                return numpy.zeros((self.threads, int(size.group(1))), DTYPES[re.search(r"vector<\d+x(\w+)", op.types).group(1)])
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
        if name == "inline_asm":
            return self.multiply_by_warpgroup(re.search(r'asm_string = "([^"]*)"', op.properties).group(1), v)
        if name == "extractvalue":
            return v[0][:, int(re.search(r"position = array<i64: (\d+)>", op.properties).group(1))]
        if name == "intr.fma":
            is_half = "xf16" in op.types
            a, b, c = (halves([x], is_half).astype(numpy.float64) for x in v)
            exact = (a * b + c).astype(numpy.float16 if is_half else numpy.float32)
            assert (exact == a * b + c).all(), "a code is rounded"
            bits = exact.view(numpy.uint16) if is_half else exact.view(numpy.uint32)
            assert is_half or not (bits & 0xffff).any(), "a code is rounded"
            bits = bits.astype(numpy.uint32) if is_half else bits >> 16
            return (bits[:, 0] | bits[:, 1] << 16).view(numpy.int32)
        assert name == "call_intrinsic", name
        intrinsic = re.search(r'intrin = "([^"]+)"', op.properties).group(1)
        if intrinsic in ("llvm.nvvm.prmt", "llvm.amdgcn.perm"):
            return permute(*v, nibbles=intrinsic == "llvm.nvvm.prmt")
        # What one lane has of an operand: words, or a vector of them.
        words = lambda values: [w for x in values for w in ([x] if x.ndim == 1 else list(x.T))]
        short = re.search(r"(?:row\.col\.|wmma\.f32\.16x16x16\.|mfma\.f32\.16x16x16)(bf16|f16|f32)(?:\.f32|\.1k)?$", intrinsic)
        if short:
            decode = lambda values: halves(words(values), short.group(1) != "bf16")
        if "nvvm.mma" in intrinsic:
            if not short:
                kind = re.search(r"m16n8k32\.row\.col\.(?:u8\.s8$|f32\.(e4m3|e5m2)\.\1\.f32$)", intrinsic).group(1)
                tables = (float8(kind),) * 2 if kind else (INTEGERS[False], INTEGERS[True])
                return multiply(self.machine, tables[0][spread(v[:4])], tables[1][spread(v[4:6])], numpy.stack(v[6:], axis=1))
            return multiply(self.machine, decode(v[:4]), decode(v[4:6]), numpy.stack(v[6:], axis=1))
        if short:
            assert all(not x.any() for x in v[3:])
            return multiply(self.machine, decode(v[:1]), decode(v[1:2]), v[2])
        columns = lambda x: spread(words([x]))
        if "wmma" in intrinsic:
            assert not v[0].any() and v[2].all() and not v[5].any()
            return multiply(self.machine, INTEGERS[False][columns(v[1])], INTEGERS[True][columns(v[3])], v[4])
        kind = {"fp8.fp8": "e4m3", "bf8.bf8": "e5m2"}.get(intrinsic[-7:])
        table = float8(kind, True) if kind else INTEGERS[True]
        return multiply(self.machine, table[columns(v[0])], table[columns(v[1])], v[2])
