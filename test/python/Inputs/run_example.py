# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: run_example.py PAGE.md FOLDER: runs the first block of Python of a page, with FOLDER for "tinybooks"."""
import re
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    example = re.search(r"^```python\n(.*?)^```", file.read(), re.S | re.M).group(1)
lines = len(example.strip().splitlines())
print("ten lines or less" if lines <= 10 else f"{lines} lines")
exec(compile(example.replace('"tinybooks', f'"{sys.argv[2]}'), sys.argv[1], "exec"))  # pylint: disable=exec-used
