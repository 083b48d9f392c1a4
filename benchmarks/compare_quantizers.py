#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_quantizers.py [--python PYTHON] [--repeat N] PROGRAM [OUTPUTSxINPUTS...]
# Runs quantizer-benchmark (PROGRAM) and pytorch_quantizers.py one after the other for each shape, with two threads, and prints how
# many times faster the former is. CPU time counts all threads, so that it means something on a machine that has other work, too.
# The exit status is 1 when PyTorch needs less CPU time for something. PYTHON is an interpreter that has PyTorch.
import argparse
import json
import os
import subprocess
import sys

PEERS = {"gptqGroups128": ["gptq"], "rotateBothSides": ["rotate", "rotate_fast"]}
SHAPES = ["1024x1024", "2048x2048", "2048x5632"]
THREADS = "2"


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def ours(program, name, shape, repeat):
    """The best seconds of a benchmark, by the clock and of all threads."""
    pattern = f"^{name}/{shape.replace('x', '/')}/{THREADS}/"
    options = [f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repeat}", "--benchmark_format=json"]
    rows = json.loads(run(program, *options))["benchmarks"]
    runs = [row for row in rows if row["run_type"] == "iteration"]
    if not runs:
        sys.exit(f"expected a benchmark {pattern} in {program}, found none")
    return min(row["real_time"] for row in runs) / 1e3, min(row["cpu_time"] for row in runs) / 1e3


def theirs(python, shape, repeat):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_quantizers.py")
    rows = map(json.loads, run(python, script, "--threads", THREADS, "--repeat", str(repeat), shape).splitlines())
    return {row["name"]: (row["seconds"], row["cpu_seconds"]) for row in rows}


def main():
    parser = argparse.ArgumentParser(description="Compares quantizers with PyTorch.")
    parser.add_argument("program", help="quantizer-benchmark")
    parser.add_argument("shapes", nargs="*", default=SHAPES, help="OUTPUTSxINPUTS that the program has")
    parser.add_argument("--python", default="python3")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    slower = 0
    print(f"{'':12} {'shape':>10} {'seconds':>8} {'PyTorch':>8} {'ratio':>6} {'CPU s':>8} {'PyTorch':>8} {'ratio':>6}")
    for shape in arguments.shapes:
        peers = theirs(arguments.python, shape, arguments.repeat)
        for name, names in PEERS.items():
            times = ours(arguments.program, name, shape, arguments.repeat) if any(peer in peers for peer in names) else None
            for peer in names:
                if peer not in peers:
                    continue
                slower += peers[peer][1] < times[1]
                columns = (f"{mine:8.4f} {other:8.4f} {other / mine:6.2f}" for mine, other in zip(times, peers[peer]))
                print(f"{peer:12} {shape:>10} {' '.join(columns)}", flush=True)
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
