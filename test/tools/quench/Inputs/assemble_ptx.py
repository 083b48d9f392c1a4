# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Assembles PTX for the chip that it names, if ptxas is installed; fails on what it rejects and on registers that spill.

usage: assemble_ptx.py FILE...
"""
import re
import shutil
import subprocess
import sys

assembler = shutil.which("ptxas") or shutil.which("ptxas", path="/usr/local/cuda/bin")
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as file:
        chip = re.search(r"^\.target (\w+)", file.read(), re.M)[1]
    if not assembler:
        print(f"{name}: not assembled, ptxas is not installed")
        continue
    done = subprocess.run((assembler, "-v", f"-arch={chip}", "-o", name + ".cubin", name),
                          stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, done.stdout
    spills = [line for line in done.stdout.splitlines() if re.search(r"[1-9]\d* bytes spill", line)]
    assert not spills, spills
