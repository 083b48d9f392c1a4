#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints `PASSED FAILED` for a result file that lit wrote with -o.

usage: count_results.py RESULTS.json

Unsupported tests count as neither. Exits with 1 when the file is missing, unreadable or has no test that ran, because a
run that tested nothing must not look like a success.
"""
import json
import sys

PASSED = {"PASS", "XFAIL", "FLAKYPASS"}
NOT_RUN = {"UNSUPPORTED", "EXCLUDED", "SKIPPED"}


def count(tests):
    codes = [test["code"] for test in tests if test["code"] not in NOT_RUN]
    passed = sum(code in PASSED for code in codes)
    return passed, len(codes) - passed


def main(path):
    try:
        with open(path, encoding="utf-8") as file:
            passed, failed = count(json.load(file)["tests"])
    except (OSError, ValueError, KeyError) as error:
        print(f"{path}: {error}", file=sys.stderr)
        return 1
    if passed + failed == 0:
        print(f"{path}: no test ran", file=sys.stderr)
        return 1
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
