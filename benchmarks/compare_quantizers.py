#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_quantizers.py [--python PYTHON] [--threads N] [--repeat N] PROGRAM [OUTPUTSxINPUTS...]
# Runs quantizer-benchmark (PROGRAM) and pytorch_quantizers.py one after the other for each shape, and prints how many times faster
# the former is. CPU time is that of all threads. On a machine with other work take CPU time and --threads 1: the threads of PyTorch
# spin while they wait for each other. The exit status is 1 when PyTorch needs less CPU time for something. PYTHON is an interpreter
# that has PyTorch.
import argparse
import json
import os
import subprocess
import sys

PEERS = {"gptqGroups128": ["gptq"], "rotateBothSides": ["rotate", "rotate_fast"]}
SHAPES = ["1024x1024", "2048x2048"]


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def ours(program, name, shape, threads, repeat):
    """The best seconds of a benchmark, by the clock and of all threads."""
    pattern = f"^{name}/{shape.replace('x', '/')}/{threads}/"
    options = [f"--benchmark_filter={pattern}", f"--benchmark_repetitions={repeat}", "--benchmark_format=json"]
    rows = json.loads(run(program, *options))["benchmarks"]
    runs = [row for row in rows if row["run_type"] == "iteration"]
    if not runs:
        sys.exit(f"expected a benchmark {pattern} in {program}, found none")
    return min(row["real_time"] for row in runs) / 1e3, min(row["cpu_time"] for row in runs) / 1e3


def theirs(python, shape, threads, repeat):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pytorch_quantizers.py")
    rows = map(json.loads, run(python, script, "--threads", str(threads), "--repeat", str(repeat), shape).splitlines())
    return {row["name"]: (row["seconds"], row["cpu_seconds"]) for row in rows}


def main():
    parser = argparse.ArgumentParser(description="Compares quantizers with PyTorch.")
    parser.add_argument("program", help="quantizer-benchmark")
    parser.add_argument("shapes", nargs="*", default=SHAPES, help="OUTPUTSxINPUTS that the program has")
    parser.add_argument("--python", default="python3")
    parser.add_argument("--threads", type=int, default=2, help="1 or 2")
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    slower = 0
    print(f"{'':12} {'shape':>10} {'seconds':>8} {'PyTorch':>8} {'ratio':>6} {'CPU s':>8} {'PyTorch':>8} {'ratio':>6}")
    for shape in arguments.shapes:
        peers = theirs(arguments.python, shape, arguments.threads, arguments.repeat)
        for name, names in PEERS.items():
            known = [peer for peer in names if peer in peers]
            times = ours(arguments.program, name, shape, arguments.threads, arguments.repeat) if known else None
            for peer in known:
                slower += peers[peer][1] < times[1]
                columns = (f"{mine:8.4f} {other:8.4f} {other / mine:6.2f}" for mine, other in zip(times, peers[peer]))
                print(f"{peer:12} {shape:>10} {' '.join(columns)}", flush=True)
    sys.exit(1 if slower else 0)


if __name__ == "__main__":
    main()
