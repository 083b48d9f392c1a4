# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: same_lines.py EXPECTED ACTUAL WORD...

Of every line of ACTUAL that starts with one of the words, the rest has to be a line of EXPECTED, whatever its first word
and its spaces are.
"""
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    expected = [line.split() for line in file]
expected += [line[1:] for line in expected]
with open(sys.argv[2], encoding="utf-8") as file:
    actual = [line.split() for line in file]
for word in sys.argv[3:]:
    found = [line[1:] for line in actual if line and line[0] == word]
    if not found or any(line not in expected for line in found):
        sys.exit(f"{word}: expected a line of {expected}, found {found}")
