# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares the results that `quench-evaluate` printed for two modules.

usage: compare_values.py EXPECTED ACTUAL TOLERANCE       prints the largest difference over the largest magnitude

Exits with 1 when that is above the tolerance, when shapes differ, or when everything is 0.
"""
import sys


def read(path):
    results = {}
    for line in open(path, encoding="utf-8"):
        if " = [" in line:
            name, values = line.split(" = [")
            results[name] = [float(value) for value in values.rstrip("]\n").split(",")]
    return results


expected, actual = read(sys.argv[1]), read(sys.argv[2])
if expected.keys() != actual.keys() or not expected:
    sys.exit(f"expected results {sorted(expected)}, found {sorted(actual)}")
largest = max(abs(value) for values in expected.values() for value in values)
worst = max(abs(a - b) for name in expected for a, b in zip(expected[name], actual[name], strict=True))
print(f"relative difference {worst / largest:.3g}")
if not worst <= float(sys.argv[3]) * largest:
    sys.exit(1)
