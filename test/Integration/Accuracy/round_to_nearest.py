#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# RUN: rm -rf %t && mkdir %t
# RUN: %python %s %models/tinybooks %t
#
# usage: round_to_nearest.py MODEL FOLDER
# Perplexity of the shipped model under every round-to-nearest recipe, on all of its held-out text, against numbers that an
# independent implementation in PyTorch computed for the same protocol.
import json
import subprocess
import sys

FLOAT_TOLERANCE = 1e-4
QUANTIZED_TOLERANCE = 3e-3
EXPECTED = {
    "fp32": 4.0519463,
    "w8a16": 4.0513,
    "w4a16": 4.1098,
    "w4a16-g64": 4.1044,
    "w4a16-g128": 4.2136,
    "w4a16-g32-asym": 4.1012,
    "w4a16-g64-asym": 4.1488,
    "w4a16-g128-asym": 4.1400,
    "w8a8-static": 6.6810,
    "w8a8-dynamic": 4.1134,
}


def quench(*arguments):
    return subprocess.run(["quench", *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def main():
    source, folder = sys.argv[1:]
    model, archive = f"{folder}/fp32", f"{folder}/calibration.safetensors"
    quench("import", source, "-o", model)
    quench("calibrate", model, "--data", f"{source}/calibration.bin", "--samples", "128", "-o", archive)
    failed = 0
    for recipe, expected in EXPECTED.items():
        quantized = model
        if recipe != "fp32":
            quantized = f"{folder}/{recipe}"
            quench("quantize", model, "--recipe", recipe, "--calibration", archive, "-o", quantized)
        scores = json.loads(quench("eval", quantized, "--data", f"{source}/val600.bin", "--json"))
        deviation = scores["perplexity"] / expected - 1
        tolerance = FLOAT_TOLERANCE if recipe == "fp32" else QUANTIZED_TOLERANCE
        verdict = "ok" if abs(deviation) <= tolerance else "FAILED"
        failed += verdict != "ok"
        print(f"{recipe}: {scores['perplexity']:.4f}, expected {expected}, {100 * deviation:+.3f}% {verdict}")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
