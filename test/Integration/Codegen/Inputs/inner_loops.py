# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Counts the innermost loops of an assembly file that hold an instruction, and those of them that spill vectors.

usage: inner_loops.py FILE.s INSTRUCTION REGISTER     REGISTER: zmm, ymm, v or z

An innermost loop runs from a label to a jump back to it, without a label in between.
"""
import re
import sys

path, instruction, register = sys.argv[1:]
loops, label, body = [], None, []
for line in open(path, encoding="utf-8"):
    # '#' begins a comment on x86 and an offset on Arm.
    line = re.split(r"\s# |//", line)[0].strip().removeprefix("{vex}").strip()
    found = re.match(r"(\.L\w+):", line)
    if found:
        label, body = found.group(1), []
        continue
    jump = re.match(r"(?:j\w+|b(?:\.\w+)?|cbn?z|tbn?z)\s.*?(\.L\w+)$", line)
    if jump:
        if jump.group(1) == label:
            loops.append(list(body))
        continue
    body.append(line)

# A stack slot: N(%rsp) with a vector register (no function keeps a frame pointer); on Arm [sp, #N] with a q register.
spill = re.compile(r"v?mov\w*\s.*\(%rsp\).*%[xyz]mm|v?mov\w*\s.*%[xyz]mm.*\(%rsp\)|(?:st|ld)[rp]\s+q.*\[sp")
chosen = [body for body in loops if any(re.match(instruction + r"\s.*\b%?" + register, line) for line in body)]
spilling = [body for body in chosen if any(spill.search(line) for line in body)]
for body in spilling:
    print("\n".join(line for line in body if spill.search(line)))
print(f"{len(chosen)} loops with {instruction} on {register}, {len(spilling)} with spills of vectors")
