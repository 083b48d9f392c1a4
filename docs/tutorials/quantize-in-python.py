# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

# %% [markdown]
# # Quantizing a language model in Python
#
# From a Hugging Face folder to a small native library, and what it cost. Run the cells in an editor that knows `# %%`, or
# all of them by `python3 docs/tutorials/quantize-in-python.py models/tinybooks`, in a folder that may be written to.

# %%
import sys
from pathlib import Path

import quench

source = Path(sys.argv[1] if len(sys.argv) > 1 else "models/tinybooks")

# %% [markdown]
# ## Import
#
# The folder becomes a model folder: `model.mlir`, which is readable, and `weights.safetensors`.

# %%
model = quench.import_model(source, "model")
info = model.info
print(f"{info.linear_layers} linear layers, {info.bits_per_weight:.0f} bits per weight, {info.bytes / 1e6:.1f} MB")
print(next(line for line in model.ir.splitlines() if "nn.linear" in line))

# %% [markdown]
# ## The shortest way
#
# Four bits for weights, eight for activations with a scale for each token: no data is needed. Recipes are listed by
# `quench.recipes()`.

# %%
small = model.quantize("w4a8", "model.w4a8")
before = small.evaluate(source / "val600.bin", baseline=model, limit=8)
print(f"perplexity {before.perplexity:.4f} instead of {before.baseline_perplexity:.4f}, {before.kl:.4f} nats from it")

# %% [markdown]
# ## Calibration
#
# Some methods look at what the model computes. Samples are sequences of tokens of equal length, from a file or from any
# generator; this model reads bytes.

# %%
text = (source / "calibration.bin").read_bytes()


def samples(count, window):
    for i in range(count):
        start = i * (len(text) - window) // count
        yield text[start : start + window]


model.calibrate(samples(4, 128))

# %% [markdown]
# ## A recipe of our own
#
# A recipe is a file or, here, a dict: formats, and passes in order. GPTQ chooses codes that make the output of each layer
# come out right on the samples. The last layer stays as it is.

# %%
recipe = {
    "weights": {"type": "i4", "group": 32, "scale": "f16"},
    "activations": {"type": "i8", "scale": "dynamic", "per": "token"},
    "passes": ["quench-gptq", "quench-quantize"],
    "layers": [{"match": "{lm_head,*embed_tokens}", "weights": "none", "activations": "none"}],
}
tuned = model.quantize(recipe, "model.gptq")
after = tuned.evaluate(source / "val600.bin", baseline=model, limit=8)
print(f"perplexity {after.perplexity:.4f}, {after.kl:.4f} nats from the float model")

# %% [markdown]
# ## What happened to each layer
#
# `report()` has all of it as a dict; a page shows it, several models side by side.

# %%
for layer in tuned.info.layers[:4]:
    print(f"{layer.name:40} {layer.weights or 'float'}")
quench.write_report([small, tuned], "report.html")

# %% [markdown]
# ## Running it
#
# A sequence remembers its tokens; copies go on by themselves.

# %%
sequence = tuned.sequence()
print(bytes(sequence.generate(b"The captain ", 60)).decode(errors="replace"))
print(f"{len(sequence)} tokens in the sequence")

# %% [markdown]
# ## A native library
#
# `libtuned.so` and `tuned.h` are all that an application needs: docs/compiled-model.md.

# %%
print(tuned.compile("libtuned.so"))
