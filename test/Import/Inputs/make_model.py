#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a tiny Hugging Face folder, valid or damaged in one way.

usage: make_model.py FOLDER [KEY=JSON]... [--dtype F32|F16|BF16] [--shards N] [--tied] [--inner N] [--damage KIND]

KEY=JSON sets a key of config.json; --inner is the width of MLPs in there and in the tensors. Values are multiples of 1/64,
exact in all formats. Kinds of damage are the names of the functions in DAMAGES.
"""
import argparse
import json
import struct
from pathlib import Path

HIDDEN, INNER, LAYERS, HEADS, KV_HEADS, HEAD_DIM, VOCAB = 12, 10, 2, 3, 1, 4, 7
SIZES = {"F32": 4, "F16": 2, "BF16": 2}


def tensors(tied, inner):
    """Names and shapes in the order of the files."""
    result = {"model.embed_tokens.weight": [VOCAB, HIDDEN]}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        result |= {
            prefix + "input_layernorm.weight": [HIDDEN],
            prefix + "self_attn.q_proj.weight": [HEADS * HEAD_DIM, HIDDEN],
            prefix + "self_attn.k_proj.weight": [KV_HEADS * HEAD_DIM, HIDDEN],
            prefix + "self_attn.v_proj.weight": [KV_HEADS * HEAD_DIM, HIDDEN],
            prefix + "self_attn.o_proj.weight": [HIDDEN, HEADS * HEAD_DIM],
            prefix + "post_attention_layernorm.weight": [HIDDEN],
            prefix + "mlp.gate_proj.weight": [inner, HIDDEN],
            prefix + "mlp.up_proj.weight": [inner, HIDDEN],
            prefix + "mlp.down_proj.weight": [HIDDEN, inner],
        }
    result["model.norm.weight"] = [HIDDEN]
    if not tied:
        result["lm_head.weight"] = [VOCAB, HIDDEN]
    return result


def count(shape):
    product = 1
    for size in shape:
        product *= size
    return product


def encode(dtype, value):
    if dtype == "BF16":
        return struct.pack("<f", value)[2:]
    return struct.pack({"F32": "<f", "F16": "<e"}[dtype], value)


def payload(shapes, dtype):
    """The header of a file, and its data."""
    header, data = {}, bytearray()
    for name, shape in shapes.items():
        begin = len(data)
        for index in range(count(shape)):
            data += encode(dtype, ((begin + 7 * index) % 63 - 31) / 64)
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, len(data)]}
    return header, data


def pack(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def truncated(header, data):
    return pack(header, data[:-5])


def truncated_header(header, data):
    return pack(header, b"")[:100]


def no_header(_header, _data):
    return b"\x05\x00"


def oversized_header(header, data):
    return struct.pack("<Q", 1 << 62) + pack(header, data)[8:]


def not_json(_header, _data):
    return struct.pack("<Q", 8) + b"{'a': 1}"


def lying_shape(header, data):
    header["model.norm.weight"]["shape"] = [HIDDEN + 1]
    return pack(header, data)


def huge_shape(header, data):
    header["model.norm.weight"]["shape"] = [1 << 40, 1 << 40]
    return pack(header, data)


def overlapping(header, data):
    entry = header["model.norm.weight"]
    entry["data_offsets"] = [offset - 4 for offset in entry["data_offsets"]]
    return pack(header, data)


def outside(header, data):
    entry = header["model.norm.weight"]
    entry["data_offsets"] = [offset + (1 << 40) for offset in entry["data_offsets"]]
    return pack(header, data)


def missing_tensor(header, data):
    header["model.norm.weights"] = header.pop("model.norm.weight")
    return pack(header, data)


def misshapen_tensor(header, data):
    header["model.layers.1.mlp.down_proj.weight"]["shape"] = [INNER, HIDDEN]
    return pack(header, data)


def integer_tensor(header, data):
    header["model.layers.0.mlp.up_proj.weight"]["dtype"] = "I32"
    return pack(header, data)


def nan_weight(header, data):
    begin = header["model.layers.1.self_attn.o_proj.weight"]["data_offsets"][0]
    data[begin + 4 * 14:begin + 4 * 15] = struct.pack("<f", float("nan"))
    return pack(header, data)


def infinite_weight(header, data):
    begin = header["model.norm.weight"]["data_offsets"][0]
    data[begin:begin + 4] = struct.pack("<f", float("-inf"))
    return pack(header, data)


def extra_tensor(header, data):
    header["model.extra.bias"] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
    return pack(header, data + bytes(4))


DAMAGES = {function.__name__: function for function in (
    truncated, truncated_header, no_header, oversized_header, not_json, lying_shape, huge_shape, overlapping, outside,
    missing_tensor, misshapen_tensor, integer_tensor, nan_weight, infinite_weight, extra_tensor)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("config", nargs="*")
    parser.add_argument("--dtype", choices=SIZES, default="F32")
    parser.add_argument("--shards", type=int, default=1)
    parser.add_argument("--tied", action="store_true")
    parser.add_argument("--inner", type=int, default=INNER)
    parser.add_argument("--damage", choices=DAMAGES)
    args = parser.parse_args()

    args.folder.mkdir(parents=True, exist_ok=True)
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "hidden_size": HIDDEN,
        "intermediate_size": args.inner, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "vocab_size": VOCAB, "max_position_embeddings": 16, "rms_norm_eps": 0.5,
        "tie_word_embeddings": args.tied,
    }
    for setting in args.config:
        key, value = setting.split("=", 1)
        config[key] = json.loads(value)
    (args.folder / "config.json").write_text(json.dumps(config))

    shapes = tensors(args.tied, args.inner)
    damage = DAMAGES[args.damage] if args.damage else pack
    if args.shards == 1:
        (args.folder / "model.safetensors").write_bytes(damage(*payload(shapes, args.dtype)))
        return
    weight_map = {}
    for shard in range(args.shards):
        file = f"model-{shard + 1:05}-of-{args.shards:05}.safetensors"
        own = dict(list(shapes.items())[shard::args.shards])
        weight_map |= {name: file for name in own}
        (args.folder / file).write_bytes(damage(*payload(own, args.dtype)))
    (args.folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))


if __name__ == "__main__":
    main()
