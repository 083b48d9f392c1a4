# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Assembles PTX for the chip that it names, if ptxas is installed; fails on what it rejects and on registers that spill, to more
than BYTES.

usage: assemble_ptx.py [--spills BYTES] FILE...
"""
import re
import shutil
import subprocess
import sys

assembler = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
limit, names = (int(sys.argv[2]), sys.argv[3:]) if sys.argv[1] == "--spills" else (0, sys.argv[1:])
for name in names:
    with open(name, encoding="utf-8") as file:
        chip = re.search(r"^\.target (\w+)", file.read(), re.M)[1]
    if not assembler:
        print(f"{name}: not assembled, ptxas is not installed")
        continue
    done = subprocess.run((assembler, "-v", f"-arch={chip}", "-o", name + ".cubin", name),
                          stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    spills = [size for size in re.findall(r"(\d+) bytes spill", done.stdout) if int(size) > limit]
    assert not spills, spills
