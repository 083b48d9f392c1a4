#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_contractions.py FOLDER [ROUNDS]
# Runs `contraction-benchmark` and `onednn-benchmark` of the build folder FOLDER in turn and prints, as Markdown, how many times
# faster the W8A8 layers are: the median of the ratios of pairs that ran one after the other.
import json
import re
import statistics
import subprocess
import sys


def rates(program, pattern):
    """Multiply-adds in a second by arguments."""
    command = [program, f"--benchmark_filter={pattern}", "--benchmark_format=json", "--benchmark_min_time=0.3"]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return {re.sub(r"^[^/]*/", "", row["name"]).replace("/real_time", ""): row for row in report["benchmarks"]}


def main():
    folder, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    ratios, fractions = {}, {}
    names = rates(f"{folder}/benchmarks/onednn-benchmark", "onednn_u8s8")
    for name in names:
        shape = f"/{name}/"
        for _ in range(rounds):
            ours = rates(f"{folder}/benchmarks/contraction-benchmark", f"w8a8{shape}")[name]
            theirs = rates(f"{folder}/benchmarks/onednn-benchmark", f"onednn_u8s8{shape}")[name]
            ratios.setdefault(name, []).append(ours["macs_per_s"] / theirs["macs_per_s"])
            fractions.setdefault(name, []).append(ours["peak_fraction"])
    print("| shape | W8A8, times oneDNN u8s8 | of the peak of products |\n|---|---|---|")
    for name in names:
        print(f"| {name.replace('/', ' ')} | {statistics.median(ratios[name]):.2f} | {statistics.median(fractions[name]):.2f} |")


main()
