#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_contractions.py FOLDER [ROUNDS] [--onnxruntime NODE_MODULES]
# Runs `contraction-benchmark` of the build folder FOLDER and its peers in turn, one thread each, and prints, as Markdown, how many times
# faster the layers are: the median of the ratios of pairs that ran one after the other. Peers are `onednn-benchmark` for W8A8
# and, where `npm install onnxruntime-node` put it into NODE_MODULES, ONNX Runtime (OnnxRuntimeBenchmark.mjs).
import argparse
import json
import os
import re
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
SHAPES = [(m, n, k) for m in (64, 256) for n, k in ((4096, 4096), (11008, 4096))]


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def google_benchmark(program, pattern):
    """The only row that matches."""
    command = [program, f"--benchmark_filter={pattern}", "--benchmark_format=json", "--benchmark_min_time=0.3"]
    (row,) = json.loads(run(command))["benchmarks"]
    return row


def arguments(shape):
    return "/".join(f"{name}:{size}" for name, size in zip("MNK", shape)) + "/threads:1/layers:1/"


def onnxruntime(modules, configuration, shape):
    name = "/".join([configuration, *map(str, shape), "1"])
    return json.loads(run(["node", f"{HERE}/OnnxRuntimeBenchmark.mjs", modules, name]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("rounds", nargs="?", type=int, default=3)
    parser.add_argument("--onnxruntime")
    options = parser.parse_args()
    programs = f"{options.folder}/benchmarks"
    peers = [("w8a8", "oneDNN u8s8", lambda shape: google_benchmark(f"{programs}/onednn-benchmark", arguments(shape)))]
    for configuration in ("w8a8", "w4a8_g128", "w4a8_g32") if options.onnxruntime else ():
        peers.append((configuration, "ONNX Runtime",
                      lambda shape, name=configuration: onnxruntime(options.onnxruntime, name, shape)))
    print("| layers | M x N x K | peer | times as fast | of the peak of products |\n|---|---|---|---|---|")
    for configuration, peer, measure in peers:
        for shape in SHAPES:
            ratios, fractions = [], []
            for _ in range(options.rounds):
                ours = google_benchmark(f"{programs}/contraction-benchmark", f"{configuration}/{arguments(shape)}")
                ratios.append(ours["macs_per_s"] / measure(shape)["macs_per_s"])
                fractions.append(ours["peak_fraction"])
            sizes = " x ".join(map(str, shape))
            print(f"| {configuration} | {sizes} | {peer} | {statistics.median(ratios):.2f} | {statistics.median(fractions):.2f} |",
                  flush=True)


main()
