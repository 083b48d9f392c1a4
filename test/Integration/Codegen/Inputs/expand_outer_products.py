# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Puts dot products of each row for `smopa` in assembly, for emulators that compute that wrongly.

usage: expand_outer_products.py FROM.s TO.s

QEMU before 8.2 leaves out products of rows and columns whose numbers are not both even or both odd. What it is given instead has the
definition of the instruction, for streaming registers of 512 bits and all lanes.
"""
import re
import sys

ROWS = 16


def expand(match):
    tile, predicate, rows, columns = (int(number) for number in match.groups())
    total, row = [register for register in range(32) if register not in (rows, columns)][:2]
    lines = ["str x12, [sp, #-16]!", "addvl sp, sp, #-2", f"str z{total}, [sp]", f"str z{row}, [sp, #1, mul vl]"]
    for index in range(ROWS):
        if index % 4 == 0:
            lines.append(f"mov w12, #{index}")
        place = f"za{tile}h.s[w12, {index % 4}]"
        lines += [f"mova z{total}.s, p{predicate}/m, {place}", f"mov z{row}.s, z{rows}.s[{index}]",
                  f"sdot z{total}.s, z{columns}.b, z{row}.b", f"mova {place}, p{predicate}/m, z{total}.s"]
    lines += [f"ldr z{total}, [sp]", f"ldr z{row}, [sp, #1, mul vl]", "addvl sp, sp, #2", "ldr x12, [sp], #16"]
    return "\n".join("\t" + line for line in lines)


def main(source, target):
    text = open(source, encoding="utf-8").read()
    pattern = r"\tsmopa\s+za(\d)\.s, p(\d+)/m, p\2/m, z(\d+)\.b, z(\d+)\.b"
    text, count = re.subn(pattern, expand, text)
    if count == 0 or "smopa" in text:
        sys.exit("expected smopa, with one predicate for rows and columns")
    with open(target, "w", encoding="utf-8") as file:
        file.write(text)


main(*sys.argv[1:])
