# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a target with the host on models: likelihoods of a prefilled window, and decoded text.

usage: compare_targets.py TARGET TOKENS MODEL...
"""
import json
import subprocess
import sys


def run(*arguments):
    return json.loads(subprocess.run(("quench",) + arguments + ("--json",), stdout=subprocess.PIPE, check=True).stdout)


target, tokens, models = sys.argv[1], sys.argv[2], sys.argv[3:]
for model in models:
    likelihoods, texts = [], []
    for machine in ("host", target):
        scores = run("eval", model, "--data", tokens, "--limit", "1", "--window", "48", "--target", machine)
        likelihoods.append(scores["nll"])
        decoded = run("generate", model, "--prompt", "The captain ", "--tokens", "24", "--target", machine)
        texts.append(decoded["text"])
    assert abs(likelihoods[0] - likelihoods[1]) < 1e-3 * likelihoods[0], (model, likelihoods)
    assert texts[0] == texts[1], (model, texts)
