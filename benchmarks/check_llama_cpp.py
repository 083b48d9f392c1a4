#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: check_llama_cpp.py FOLDER NODE_MODULES WORK [WINDOWS]
# Exports models/tinybooks in several formats with the `quench` of the build folder FOLDER, and compares what llama.cpp makes of
# the files with what Quench makes of the models: perplexity over windows of 256 bytes of held-out text, and the likeliest next
# token behind each of the first 200. llama.cpp rounds activations to 8 bits where weights are quantized, we do not here; so its
# perplexity is also that of the file after it has decoded it to F32.
#
# NODE_MODULES and WORK are as in compare_llama_cpp.py.
import json
import math
import os
import sys

from llama_cpp import build_driver, run

HERE = os.path.dirname(os.path.abspath(__file__))
MODEL = os.path.join(os.path.dirname(HERE), "models", "tinybooks")
WINDOW, CHOICES = 256, 200
FORMATS = {
    "F32": None,
    "Q8_0": "{ type: i8, group: 32, scale: f16 }",
    "Q4_0": "{ type: i4, group: 32, scale: f16 }",
    "Q4_1": "{ type: ui4, group: 32, scale: f16, zero_point: f16 }",
    "Q4_K": "{ type: ui4, group: 32, scale: { type: ui6, group: 8, scale: f16 }, zero_point: { type: ui6, group: 8, scale: f16 } }",
    "Q6_K": "{ type: i6, group: 16, scale: { type: i8, group: 16, scale: f16 } }",
    "TQ2_0": "{ type: i2, codes: [-1, 1], group: 256, scale: f16, range: absmean }",
}


def make_model(quench, work, name, weights):
    """The model folder of a format."""
    folder = f"{work}/{name}"
    if weights is None:
        run(quench, "import", MODEL, "-o", folder)
        return folder
    with open(f"{work}/{name}.yaml", "w", encoding="utf-8") as file:
        file.write(f"name: {name}\nsummary: one format\nweights: {weights}\npasses: [quench-quantize]\n")
    run(quench, "quantize", f"{work}/F32", "--recipe", f"{work}/{name}.yaml", "-o", folder)
    return folder


def own_choices(quench, folder, work, data):
    """The likeliest token behind each of the first tokens."""
    logits = f"{work}/logits.npy"
    run(quench, "run", folder, "--tokens", ",".join(map(str, data[:CHOICES])), "-o", logits)
    with open(logits, "rb") as file:
        content = file.read()
    header = int.from_bytes(content[8:10], "little")
    values = memoryview(content[10 + header:]).cast("f")
    vocabulary = len(values) // CHOICES
    rows = [values[i * vocabulary:(i + 1) * vocabulary].tolist() for i in range(CHOICES)]
    return [row.index(max(row)) for row in rows]


def main():
    folder, modules, work = sys.argv[1:4]
    windows = sys.argv[4] if len(sys.argv) > 4 else "100"
    os.makedirs(work, exist_ok=True)
    quench, driver = f"{folder}/bin/quench", build_driver(modules, work, "LlamaCppScores.cpp", "llama-cpp-scores")
    text = f"{MODEL}/val600.bin"
    with open(text, "rb") as file:
        data = list(file.read(CHOICES))
    print("| format | Quench | llama.cpp, decoded | same next token | llama.cpp | same next token |\n|---|---|---|---|---|---|")
    for name, weights in FORMATS.items():
        model, file = make_model(quench, work, name, weights), f"{work}/{name}.gguf"
        run(quench, "export", model, "-o", file)
        own = json.loads(run(quench, "eval", model, "--data", text, "--window", str(WINDOW), "--limit", windows, "--json"))
        choices, cells = own_choices(quench, model, work, data), []
        run(driver, "decode", file, f"{work}/decoded.gguf")
        for each in (f"{work}/decoded.gguf", file):
            other = json.loads(run(driver, each, text, str(WINDOW), windows))
            assert other["tokens"] == own["tokens"], (other["tokens"], own["tokens"])
            same = sum(a == b for a, b in zip(choices, other["choices"]))
            cells.append(f"{math.exp(other['nll']):.5f} | {same} of {CHOICES}")
        print(f"| {name} | {own['perplexity']:.5f} | {' | '.join(cells)} |", flush=True)


main()
