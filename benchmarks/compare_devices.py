# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the shipped model on a device and on the host: are the results the same, and how fast are they there?

usage: compare_devices.py TARGET [FOLDER]        quench in PATH; TARGET: nvptx-sm80, nvptx-sm90a, vulkan

Prints a table with a row for each recipe: nats per token on both, whether both write the same text, and tokens per second on the
device, as `quench bench` measures them. Exits with 1 when results differ by more than rounding explains. FOLDER keeps the quantized models.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

MODEL = pathlib.Path(__file__).resolve().parent.parent / "models" / "tinybooks"
RECIPES = ("fp32", "w8a8-dynamic", "w8a8-static", "w4a16", "w4a16-bf16", "w4a8", "fp8", "mxfp8", "mxint8")


def quench(*arguments):
    command = ["quench", *map(str, arguments), "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout)


def prepare(folder):
    """The model in each recipe."""
    source = folder / "fp32"
    if not source.exists():
        quench("import", MODEL, "-o", source)
    archive = source / "calibration.safetensors"
    if not archive.exists():
        quench("calibrate", source, "--data", MODEL / "calibration.bin", "-o", archive)
    for recipe in RECIPES[1:]:
        if not (folder / recipe).exists():
            quench("quantize", source, "-r", recipe, "--measure", "0", "-o", folder / recipe)


def measure(model, target):
    data = ("--data", MODEL / "val600.bin", "--window", "256")
    scores = [quench("eval", model, *data, "--limit", "4", "--target", machine)["nll"] for machine in ("host", target)]
    prompt = ("--prompt", "The captain ", "--tokens", "48")
    texts = [quench("generate", model, *prompt, "--target", machine)["text"] for machine in ("host", target)]
    speed = quench("bench", model, "--target", target)
    return scores, texts[0] == texts[1], speed["prefill_tokens_per_s"], speed["decode_tokens_per_s"]


def main(target, folder=None):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(folder or temporary)
        folder.mkdir(exist_ok=True)
        prepare(folder)
        print(f"| recipe | nll on the host | nll on {target} | same text | prefill tokens/s | decode tokens/s |\n|---|---|---|---|---|---|")
        wrong = []
        for recipe in RECIPES:
            (host, device), same, prefill, decode = measure(folder / recipe, target)
            print(f"| {recipe} | {host:.6f} | {device:.6f} | {'yes' if same else 'no'} | {prefill:.0f} | {decode:.0f} |", flush=True)
            if abs(host - device) > 1e-3 * host:
                wrong.append(recipe)
        if wrong:
            sys.exit(f"wrong results: {', '.join(wrong)}")


if len(sys.argv) not in (2, 3):
    sys.exit(__doc__)
main(*sys.argv[1:])
