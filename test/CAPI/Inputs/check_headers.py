# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: check_headers.py SYMBOLS HEADER...

SYMBOLS is what nm says of the library. Every function of a header has to be exported, and nothing else of Quench; its
comment has to end with "Since N.", except in MLIR.h, which promises nothing.
"""
import re
import sys

problems, declared = [], set()
for path in sys.argv[2:]:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    functions = re.findall(r"(/\*(?:(?!\*/).)*\*/)?\s*QUENCH_C_EXPORT\s[^;]*?\b(quench\w+)\(", text, re.S)
    declared.update(name for _, name in functions)
    problems += [] if functions else [f"{path}: no functions"]
    if not path.endswith("MLIR.h"):
        problems += [f"{name}: no version" for comment, name in functions if not re.search(r"Since\s+(\* )?\d+\. \*/$", comment)]
with open(sys.argv[1], encoding="utf-8") as file:
    exported = set(re.findall(r" [TWVBDR] (\S*quench\S*)", file.read(), re.I))
problems += [f"{name}: not exported" for name in sorted(declared - exported)]
problems += [f"{name}: exported" for name in sorted(exported - declared)]
sys.exit("\n".join(problems) or 0)
