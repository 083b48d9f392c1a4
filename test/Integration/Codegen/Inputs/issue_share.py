# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The share of its issue limit that llvm-mca gives an instruction in the innermost loop with most of it.

usage: issue_share.py FILE.s INSTRUCTION CPU PER_CYCLE     PER_CYCLE: how many the processor starts in a cycle
"""
import re
import subprocess
import sys

path, instruction, cpu, per_cycle = sys.argv[1:]
ITERATIONS = 200
best, label, body = [], None, []
for line in open(path, encoding="utf-8"):
    line = line.split("//")[0].rstrip()
    found = re.match(r"(\.L\w+):", line)
    if found:
        label, body = found.group(1), []
        continue
    body.append(line)
    jump = re.match(r"\s*(?:b(?:\.\w+)?|cbn?z|tbn?z)\s.*?(\.L\w+)$", line)
    if jump and jump.group(1) == label:
        count = sum(re.match(rf"\s*{instruction}\s", each) is not None for each in body)
        best = max(best, [count, list(body)], key=lambda entry: entry[0] if entry else 0)
count, loop = best
command = ["llvm-mca", "-mtriple=aarch64-linux-gnu", f"-mcpu={cpu}", f"-iterations={ITERATIONS}"]
report = subprocess.run(command, input="\n".join(loop) + "\n", capture_output=True, text=True, check=True).stdout
cycles = int(re.search(r"Total Cycles:\s+(\d+)", report).group(1)) / ITERATIONS
print(f"{count} {instruction} in {cycles:.1f} cycles of {cpu}: {count / float(per_cycle) / cycles:.2f} of the limit")
