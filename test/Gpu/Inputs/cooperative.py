# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Groups of threads whose subgroups multiply cooperative matrices, by the words of SPV_KHR_cooperative_matrix.

A matrix is known to all threads of a subgroup as a whole, since which of them has which element is not told. It is an error to
read from memory of the group what another thread or subgroup wrote since the last barrier, to write what another read or wrote,
or to load a matrix from a place that is not aligned as Vulkan has it.
"""
import re
import sys

import numpy

from device import Group

NOBODY, SEVERAL = -1, -2


def pack(codes, bits):
    """Unsigned codes of rows, padded along K to words: code j of a word is in byte j mod 4."""
    parts = 8 // bits
    codes = codes.astype(numpy.uint32).reshape(len(codes), -1, parts, 4)
    shifts = 8 * numpy.arange(4) + bits * numpy.arange(parts)[:, None]
    return (codes << shifts.astype(numpy.uint32)).sum(axis=(2, 3)).astype(numpy.uint32)


def contract(x, weights, group, scale, group_scale):
    """The bits of `quench.contract`, without the scales of rows."""
    total = numpy.zeros((len(x), len(weights)), numpy.float32)
    for g in range(scale.shape[1]):
        part = slice(g * group, (g + 1) * group)
        sums = (x[:, part] @ weights[:, part].T).astype(numpy.float32).astype(numpy.float64)
        total = (sums * (group_scale[:, g:g + 1] * scale[:, g]) + total).astype(numpy.float32)
    return total


class CooperativeGroup(Group):
    def __init__(self, machine, threads, ids):
        super().__init__(machine, threads, ids)
        self.lanes, self.seen, self.shared = int(machine.removeprefix("subgroup")), None, None

    def note(self, buffer, at, owner, writes):
        """An access to memory of the group since the last barrier."""
        if buffer is not self.shared:
            return
        if self.seen is None:
            self.seen = numpy.full((2, len(buffer)), NOBODY)
        readers, writers = self.seen[0, at], self.seen[1, at]
        foreign = (writers != NOBODY) & (writers != owner)
        if writes:
            foreign |= (readers != NOBODY) & (readers != owner)
        if foreign.any():
            sys.exit(f"no barrier between accesses to word {at[foreign][0]} of memory of the group")
        if writes:
            self.seen[1, at] = owner
        else:
            self.seen[0, at] = numpy.where((readers == NOBODY) | (readers == owner), owner, SEVERAL)

    def load(self, buffer, at, count=None):
        self.note(buffer, at[self.mask], numpy.arange(self.threads)[self.mask], False)
        return super().load(buffer, at, count)

    def store(self, value, buffer, at, count=1):
        self.note(buffer, at[self.mask], numpy.arange(self.threads)[self.mask], True)
        super().store(value, buffer, at, count)

    def gpu(self, op, name, v):
        if name == "subgroup_id":
            return numpy.arange(self.threads, dtype=numpy.int64) // self.lanes
        if name == "barrier":
            assert self.mask.all(), "not all threads are at the barrier"
            self.seen = None
        if not name.startswith("subgroup_mma"):
            return super().gpu(op, name, v)
        rows, columns, element = re.findall(r"mma_matrix<(\d+)x(\d+)x(\w+)", op.types)[-1]
        rows, columns = int(rows), int(columns)
        if name.endswith("constant_matrix"):
            return numpy.repeat(v[0][:, None], rows * columns, axis=1)
        if name.endswith("compute"):
            return self.multiply(v, rows, columns)
        lead = int(re.search(r"leadDimension = (\d+)", op.properties).group(1))
        memory, at = v[-2:]
        kind = {"si8": numpy.int8, "f16": numpy.float16, "i32": numpy.int32, "f32": numpy.float32}[element]
        result = numpy.zeros((self.threads, rows * columns), numpy.float32 if element == "f16" else numpy.int32)
        for first in range(0, self.threads, self.lanes):
            wave = slice(first, first + self.lanes)
            assert self.mask[wave].all() and (at[wave] == at[first]).all(), "a subgroup is divided"
            words = memory.view(kind)
            per_word = len(words) // len(memory)
            row, column = numpy.arange(rows)[:, None], numpy.arange(columns)
            row, column, inner = (column, row, rows) if "transpose" in op.properties else (row, column, columns)
            alignment = min(16, inner * 4 // per_word) // 4
            assert at[first] % alignment == 0 and lead % alignment == 0, "a matrix is not aligned"
            places = (per_word * (at[first] + row * lead) + column).reshape(-1)
            self.note(memory, places // per_word, -3 - first, name.endswith("store_matrix"))
            if name.endswith("store_matrix"):
                words[places] = v[0][first]
            else:
                result[wave] = words[places]
        return [] if name.endswith("store_matrix") else result

    def spirv(self, op, name, v):
        if name == "CompositeConstruct":
            return numpy.stack(v, axis=1)
        assert name == "GL.PackHalf2x16", name
        halves = v[0].astype(numpy.float16)
        assert (halves == v[0])[self.mask].all(), "a float is rounded"
        return numpy.ascontiguousarray(halves).view(numpy.int32)[:, 0]

    def multiply(self, v, rows, columns):
        result = v[2].copy()
        for first in range(0, self.threads, self.lanes):
            a, b = v[0][first].reshape(rows, -1), v[1][first].reshape(-1, columns)
            result[first:first + self.lanes] += (a @ b).reshape(-1)
        return result
