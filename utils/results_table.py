#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints the table of utils/quickstart.sh from the JSON that `quench eval` and `quench bench` printed.

usage: results_table.py FOLDER WINDOWS THREADS MODEL...

Reads FOLDER/MODEL.eval-WINDOWS.json and FOLDER/MODEL.bench-THREADS.json. `disk` is the weight store.
"""
import json
import sys
from pathlib import Path

TITLES = ["model", "perplexity", "KL to FP32", "bits/weight", "disk", "prefill tok/s", "decode tok/s", "of roofline"]


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def row(folder, windows, threads, model):
    evaluated = load(folder / f"{model}.eval-{windows}.json")
    measured = load(folder / f"{model}.bench-{threads}.json")
    return [
        model,
        f"{evaluated['perplexity']:.4f}",
        f"{evaluated['kl']:.5f}",
        f"{evaluated['bits_per_weight']:.2f}",
        f"{evaluated['bytes'] / 1e6:.1f} MB",
        f"{measured['prefill_tokens_per_s']:.0f}",
        f"{measured['decode_tokens_per_s']:.0f}",
        f"{measured['roofline_fraction']:.2f}",
    ]


def main(folder, windows, threads, *models):
    rows = [TITLES] + [row(Path(folder), windows, threads, model) for model in models]
    widths = [max(len(cells[column]) for cells in rows) for column in range(len(TITLES))]
    for index, cells in enumerate(rows):
        print("  ".join([cells[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]))
        if index == 0:
            print("  ".join("-" * width for width in widths))
    print(f"{windows} windows of 256 bytes; speed with {threads} threads")


if __name__ == "__main__":
    main(*sys.argv[1:])
