"""Quantizes a calibrated model by every built-in recipe and runs what comes out.

usage: run_recipes.py MODEL RECIPES FOLDER

RECIPES is the folder with the sources of the recipes, FOLDER an empty one for models. Prints for each recipe how many linear
layers it quantized, the bits per weight, and how far the logits are from those of MODEL, relative to them. Fails if a recipe
is not there, does not do, or is off by a tenth or more.
"""
import array
import json
import math
import subprocess
import sys
from pathlib import Path

TOKENS = "0,1,2,3,4,5,6,0"  # the first window of the calibration, so that no static range cuts
HEADER_BYTES = 128  # of the .npy files that `quench run` writes
BOUND = 0.1


def quench(*words):
    done = subprocess.run(["quench", *map(str, words), "--threads", "1"], capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"quench {' '.join(map(str, words))} failed: {done.stderr}")
    return done.stdout


def logits(model):
    file = Path(f"{model}.npy")
    quench("run", model, "--tokens", TOKENS, "-o", file)
    return array.array("f", file.read_bytes()[HEADER_BYTES:])


def main():
    model, recipes, folder = map(Path, sys.argv[1:])
    expected = logits(model)
    listed = subprocess.run(["quench", "recipes", "--json"], capture_output=True, text=True, check=True).stdout
    names = sorted(recipe["name"] for recipe in json.loads(listed))
    if names != sorted(file.stem for file in recipes.glob("*.yaml")):
        sys.exit(f"quench has {names}, which is not what is in {recipes}")
    for name in names:
        out = folder / name
        made = json.loads(quench("quantize", model, "-r", name, "-o", out, "--measure", 0, "--json"))
        off = math.dist(logits(out), expected) / math.hypot(*expected)
        print(f"{name}: {made['quantized_layers']} layers, {made['bits_per_weight']:.2f} bits, off by {off:.4f}")
        # Written so that what is not a number fails.
        if not off < BOUND:
            sys.exit(f"the logits of {name} are too far from those of the model")
    print(f"all of {len(names)} recipes")


main()
