#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: random_llama.py FOLDER [--hidden N] [--layers N] [--heads N] [--kv-heads N] [--ffn N] [--vocab N] [--positions N] [--seed N]
# Writes a Hugging Face folder of a Llama with random bf16 weights, by default of the shape of TinyLlama 1.1B. Only speed and
# memory of such a model mean anything. Same arguments, same bytes; memory stays at a few megabytes.
import argparse
import json
import math
import os
import random
import struct

CHUNK = 1 << 20


def high_byte_table(deviation):
    """Maps a uniform byte to the high byte of a bf16 so that the values are close to normally distributed."""
    quantile = random.Random(0)
    samples = sorted(quantile.gauss(0.0, deviation) for _ in range(256 * 64))
    return bytes(struct.pack(">f", samples[64 * i + 32])[0] for i in range(256))


def random_weights(generator, count, table):
    """Chunks of `count` bf16 values."""
    while count > 0:
        step = min(count, CHUNK)
        high = generator.randbytes(step).translate(table)
        values = bytearray(2 * step)
        values[0::2] = generator.randbytes(step)
        values[1::2] = high
        yield values
        count -= step


def tensors(arguments):
    """Names and shapes, in the order of the file."""
    width, ffn = arguments.hidden, arguments.ffn
    head = width // arguments.heads
    yield "model.embed_tokens.weight", (arguments.vocab, width)
    for layer in range(arguments.layers):
        prefix = f"model.layers.{layer}."
        yield prefix + "input_layernorm.weight", (width,)
        yield prefix + "self_attn.q_proj.weight", (width, width)
        yield prefix + "self_attn.k_proj.weight", (arguments.kv_heads * head, width)
        yield prefix + "self_attn.v_proj.weight", (arguments.kv_heads * head, width)
        yield prefix + "self_attn.o_proj.weight", (width, width)
        yield prefix + "post_attention_layernorm.weight", (width,)
        yield prefix + "mlp.gate_proj.weight", (ffn, width)
        yield prefix + "mlp.up_proj.weight", (ffn, width)
        yield prefix + "mlp.down_proj.weight", (width, ffn)
    yield "model.norm.weight", (width,)
    yield "lm_head.weight", (arguments.vocab, width)


def write_weights(path, arguments):
    header, offset = {}, 0
    for name, shape in tensors(arguments):
        size = 2 * math.prod(shape)
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    generator = random.Random(arguments.seed)
    tables = {}
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in tensors(arguments):
            if len(shape) == 1:
                file.write(struct.pack("<H", 0x3F80) * shape[0])
                continue
            deviation = 1 / math.sqrt(shape[1])
            table = tables.setdefault(shape[1], high_byte_table(deviation))
            for chunk in random_weights(generator, math.prod(shape), table):
                file.write(chunk)


def main():
    parser = argparse.ArgumentParser(description="Writes a Llama with random weights.")
    parser.add_argument("folder")
    for name, default in [("hidden", 2048), ("layers", 22), ("heads", 32), ("kv-heads", 4), ("ffn", 5632), ("vocab", 32000),
                          ("positions", 2048), ("seed", 0)]:
        parser.add_argument(f"--{name}", type=int, default=default)
    arguments = parser.parse_args()
    os.makedirs(arguments.folder, exist_ok=True)
    write_weights(os.path.join(arguments.folder, "model.safetensors"), arguments)
    config = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": arguments.hidden,
        "num_hidden_layers": arguments.layers,
        "num_attention_heads": arguments.heads,
        "num_key_value_heads": arguments.kv_heads,
        "intermediate_size": arguments.ffn,
        "vocab_size": arguments.vocab,
        "max_position_embeddings": arguments.positions,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10000.0,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
    with open(os.path.join(arguments.folder, "config.json"), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


if __name__ == "__main__":
    main()
