#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: compare_llama_cpp.py FOLDER NODE_MODULES WORK [ROUNDS]
# Runs `quench bench` of the build folder FOLDER and llama.cpp in turn on a 1.1B Llama of random weights and prints, as Markdown,
# how many times faster Quench reads a prompt and decodes: medians of the ratios of pairs that ran one after the other.
# Both have 4-bit weights in groups of 32 with f16 scales (Q4_0) and a wider output layer (8 bits here, Q6_K there).
#
# NODE_MODULES: where `npm install --ignore-scripts node-llama-cpp @node-llama-cpp/linux-x64` put llama.cpp. WORK: a folder for
# the models, about 5 GB while they are made; what is there already is used again.
import json
import os
import statistics
import sys

from llama_cpp import build_driver, run

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPT, DECODE = 256, 64
RECIPE = """name: q4
summary: 4-bit weights in groups of 32, 8-bit activations, the output layer at 8 bits
weights: { type: i4, group: 32, scale: f16 }
activations: { type: i8, scale: dynamic, per: token }
passes: [quench-quantize]
layers:
  - match: "lm_head"
    weights: { type: i8, group: 32, scale: f16 }
  - match: "*embed_tokens"
    activations: none
"""


def make_models(quench, driver, work):
    theirs, ours = f"{work}/q4_0.gguf", f"{work}/q4"
    if not os.path.exists(theirs):
        run(sys.executable, f"{HERE}/random_gguf.py", f"{work}/bf16.gguf")
        run(driver, "quantize", f"{work}/bf16.gguf", theirs)
        os.remove(f"{work}/bf16.gguf")
    if not os.path.exists(ours):
        run(sys.executable, f"{HERE}/random_llama.py", f"{work}/hf")
        run(quench, "import", f"{work}/hf", "-o", f"{work}/float")
        with open(f"{work}/q4.yaml", "w", encoding="utf-8") as file:
            file.write(RECIPE)
        run(quench, "quantize", f"{work}/float", "--recipe", f"{work}/q4.yaml", "-o", ours)
    return theirs, ours


def main():
    folder, modules, work = sys.argv[1:4]
    rounds = int(sys.argv[4]) if len(sys.argv) > 4 else 3
    os.makedirs(work, exist_ok=True)
    quench, driver = f"{folder}/bin/quench", build_driver(modules, work, "LlamaCppBenchmark.cpp", "llama-cpp-benchmark")
    theirs, ours = make_models(quench, driver, work)
    keys = ["prefill_tokens_per_s", "decode_tokens_per_s"]
    print("| threads | | llama.cpp Q4_0 | Quench W4A8 | ratio | of the roofline |\n|---|---|---|---|---|---|")
    for threads in ["1", "2"]:
        pairs = []
        for _ in range(rounds):
            other = json.loads(run(driver, "run", theirs, threads, str(PROMPT), str(DECODE)))
            own = json.loads(run(quench, "bench", ours, "--threads", threads, "--prompt", str(PROMPT), "--decode", str(DECODE),
                                 "--json"))
            pairs.append((other, own))
        for key, roofline in zip(keys, ["prefill_roofline_fraction", "roofline_fraction"]):
            ratio = statistics.median(own[key] / other[key] for other, own in pairs)
            medians = [statistics.median(pair[side][key] for pair in pairs) for side in (0, 1)]
            share = statistics.median(own[roofline] for _, own in pairs)
            print(f"| {threads} | {key.split('_')[0]} | {medians[0]:.1f} | {medians[1]:.1f} | {ratio:.2f} | {share:.2f} |")


main()
