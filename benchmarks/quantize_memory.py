#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: quantize_memory.py FOLDER [--quench PROGRAM] [--recipes NAME,...] [--samples N] [--window N] [--threads N] [--shape NAME=VALUE,...]
# Makes a Llama of random weights in FOLDER (by default of the shape of TinyLlama 1.1B, 2.2 GB; what is there is taken again), imports
# it and quantizes it to nearest and by GPTQ. Prints the largest resident memory and the seconds of each step, of all its threads and
# with all pages of mapped files that it touched, against the bars; the exit status counts the bars that were missed.
#
# GPTQ gets few samples of random tokens: the hidden states of all samples are in memory, samples x window x hidden x 4 bytes, the
# Gram matrices and the compiled block do not depend on their number. Accuracy of such a model means nothing.
import argparse
import os
import random
import subprocess
import sys
import time

GIB = 1 << 30
# The most that a recipe may need for 1.1 billion weights, in GiB.
BARS = {"w4a16": 3.0, "w4a16-gptq": 6.0}
VOCABULARY = 32000


def run(arguments):
    """Runs a program; its largest resident memory in bytes and its seconds."""
    start = time.time()
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(arguments)}: status {process.returncode}\n{errors}")
    return usage.ru_maxrss * 1024, time.time() - start


def report(step, bytes_used, seconds, bar=None):
    """Prints a row; whether the bar was missed."""
    missed = bar is not None and bytes_used > bar * GIB
    verdict = "" if bar is None else f"  of {bar:.0f} GiB  {'MISSED' if missed else 'ok'}"
    print(f"{step:24} {bytes_used / GIB:6.2f} GiB {seconds:8.1f} s{verdict}", flush=True)
    return missed


def write_tokens(path, count):
    generator = random.Random(0)
    with open(path, "wb") as file:
        for _ in range(count):
            file.write(generator.randrange(VOCABULARY).to_bytes(2, "little"))


def main():
    parser = argparse.ArgumentParser(description="Measures the memory that quantization needs.")
    parser.add_argument("folder")
    parser.add_argument("--quench", default="quench", help="the program (default: on PATH)")
    parser.add_argument("--recipes", default=",".join(BARS))
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--window", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--shape", default="", help="options of random_llama.py, as in hidden=256,layers=2")
    arguments = parser.parse_args()

    source, model = (os.path.join(arguments.folder, name) for name in ("huggingface", "float"))
    tokens, archive = (os.path.join(arguments.folder, name) for name in ("tokens.u16", "samples.safetensors"))
    threads = ["--threads", str(arguments.threads)]
    if not os.path.exists(os.path.join(source, "config.json")):
        generator = os.path.join(os.path.dirname(os.path.abspath(__file__)), "random_llama.py")
        shape = [f"--{option}" for option in arguments.shape.split(",") if option]
        run([sys.executable, generator, source, "--vocab", str(VOCABULARY), *shape])
    report("import", *run([arguments.quench, "import", source, "-o", model]))
    write_tokens(tokens, 2 * arguments.samples * arguments.window)
    samples = ["--samples", str(arguments.samples), "--window", str(arguments.window)]
    command = [arguments.quench, "calibrate", model, "--data", tokens, "--collect", "tokens", *samples, *threads, "-o", archive]
    report("calibrate (tokens)", *run(command))
    missed = 0
    for recipe in arguments.recipes.split(","):
        command = [arguments.quench, "quantize", model, "--recipe", recipe, "--calibration", archive, "--measure", "0", *threads]
        used = run([*command, "-o", os.path.join(arguments.folder, recipe)])
        missed += report(recipe, *used, BARS.get(recipe))
    sys.exit(missed)


if __name__ == "__main__":
    main()
