#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: check_rows.py MODEL FOLDER PATTERN...
# Quantizes the shipped model by the rows of rows.py whose names match a glob and compares perplexities on all of its held-out text.
# Intermediate models go to FOLDER and are removed; the float model and its calibration stay there for the next call.
# The exit status counts the rows that were missed, at most 100.
import fnmatch
import json
import os
import shutil
import subprocess
import sys
import time

from rows import ROWS


def quench(*arguments):
    return subprocess.run(["quench", *arguments], check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout


def prepare(source, folder):
    """The float model and its calibration archive."""
    model, archive = f"{folder}/float", f"{folder}/calibration.safetensors"
    os.makedirs(folder, exist_ok=True)
    if not os.path.exists(archive):
        quench("import", source, "-o", model)
        quench("calibrate", model, "--data", f"{source}/calibration.bin", "--samples", "128", "-o", archive)
    return model, archive


def measure(name, row, source, folder):
    """What `quench eval` says of the model quantized by a row."""
    model, archive = prepare(source, folder)
    recipe, quantized = f"{folder}/{name}.yaml", f"{folder}/{name}"
    with open(recipe, "w", encoding="utf-8") as file:
        json.dump({"name": name, "summary": name, **row.recipe}, file)
    quench("quantize", model, "--recipe", recipe, "--calibration", archive, "--measure", "0", "-o", quantized)
    scores = json.loads(quench("eval", quantized, "--data", f"{source}/val600.bin", "--json"))
    shutil.rmtree(quantized)
    return scores


def main():
    source, folder, *patterns = sys.argv[1:]
    names = [name for name in ROWS if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]
    if not names:
        sys.exit(f"expected patterns that match a row, found {' '.join(patterns)}")
    missed = 0
    for name in names:
        row, start = ROWS[name], time.time()
        try:
            scores = measure(name, row, source, folder)
        except subprocess.CalledProcessError as error:
            missed += 1
            print(f"{name:24} FAILED: {error.stderr.strip().splitlines()[-1:]}", flush=True)
            continue
        perplexity = scores["perplexity"]
        good = row.verdict(perplexity)
        missed += not good
        print(
            f"{name:24} {scores['bits_per_weight']:6.2f} bits {perplexity:9.4f}, expected {row.perplexity:9.4f} "
            f"{100 * (perplexity / row.perplexity - 1):+8.3f}% {'ok' if good else 'FAILED'} {time.time() - start:5.1f} s",
            flush=True,
        )
    print(f"{len(names) - missed} of {len(names)} rows reached")
    sys.exit(min(missed, 100))


if __name__ == "__main__":
    main()
