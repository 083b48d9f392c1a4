#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_networks.py FOLDER NODE_MODULES WORK [ROUNDS]
# Runs `quench bench` of the build folder FOLDER and ONNX Runtime in turn on the same ONNX files (quantized_networks.py), and prints, as
# Markdown, the median times and how many times as fast Quench is: medians of the ratios of pairs that ran one after the other.
#
# NODE_MODULES: where `npm install --ignore-scripts onnxruntime-node` put ONNX Runtime. WORK: a folder for the models; what is there already
# is used again.
import json
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def main():
    folder, modules, work = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    quench = f"{folder}/bin/quench"
    print("| network | threads | ONNX Runtime, ms | Quench, ms | times as fast |\n|---|---|---|---|---|")
    for name in ("resnet18", "mobilenetv2"):
        theirs, ours = f"{work}/{name}.onnx", f"{work}/{name}"
        if not os.path.exists(theirs):
            run(sys.executable, f"{HERE}/quantized_networks.py", name, theirs)
        if not os.path.exists(ours):
            run(quench, "import", theirs, "-o", ours)
        for threads in ("1", "2"):
            commands = (["node", f"{HERE}/OnnxRuntimeNetwork.mjs", modules, theirs, threads],
                        [quench, "bench", ours, "--threads", threads, "--json"])
            pairs = [[json.loads(run(*command))["ms_per_call"] for command in commands] for _ in range(rounds)]
            peer, own = (statistics.median(times) for times in zip(*pairs))
            ratio = statistics.median(a / b for a, b in pairs)
            print(f"| {name} | {threads} | {peer:.1f} | {own:.1f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
