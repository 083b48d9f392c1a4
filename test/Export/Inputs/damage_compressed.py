#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Copies a Hugging Face folder of packed weights with one thing changed, or with all that llm-compressor says beside it.

usage: damage_compressed.py FOLDER RESULT KIND
"""
import json
import struct
import sys
from pathlib import Path

LAYER = "model.layers.0.self_attn.q_proj.weight"


def weights_of(config):
    return config["quantization_config"]["config_groups"]["group_0"]["weights"]


def main():
    source, result, kind = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    content = (source / "model.safetensors").read_bytes()
    size = struct.unpack_from("<Q", content)[0]
    header, data = json.loads(content[8:8 + size]), bytearray(content[8 + size:])
    begin, end = header[LAYER + "_shape"]["data_offsets"]
    scales = header[LAYER + "_scale"]["data_offsets"][0]
    if kind == "method":
        config["quantization_config"]["quant_method"] = "gptq"
    elif kind == "bits":
        weights_of(config)["num_bits"] = 3
    elif kind == "groups":
        config["quantization_config"]["config_groups"] = {}
    elif kind == "asymmetric":
        weights_of(config)["symmetric"] = False
    elif kind == "rotated":
        config["quantization_config"]["transform_config"] = {"config_groups": {"R4": {"type": "hadamard"}}}
    elif kind == "permuted":
        weights_of(config)["actorder"] = "group"
    elif kind == "mixed":
        config["quantization_config"]["config_groups"]["group_0"]["format"] = "int-quantized"
    elif kind == "verbose":
        weights_of(config).update(actorder="static", observer="minmax", observer_kwargs={}, scale_dtype=None, zp_dtype=None)
        config["quantization_config"]["config_groups"]["group_0"]["format"] = "pack-quantized"
        config["quantization_config"].update(transform_config={}, sparsity_config={"format": "dense", "targets": []}, version="0.18.0",
                                             global_compression_ratio=None)
    elif kind == "group_size":
        weights_of(config)["group_size"] = 0
    elif kind == "scale_shape":
        weights_of(config)["group_size"] = 64
    elif kind == "stored_shape":
        data[begin:end] = struct.pack("<qq", 256, 257)
    elif kind == "packed_type":
        header[LAYER + "_packed"]["dtype"] = "U32"
    elif kind == "infinite":
        struct.pack_into("<e", data, scales + 6, float("inf"))
    elif kind == "order":
        header[LAYER + "_g_idx"] = {"dtype": "I32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        data += bytes(4)
    elif kind == "zero_points":
        header[LAYER + "_zero_point"] = {"dtype": "I32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        data += bytes(4)
    else:
        raise SystemExit(f"expected a kind of change, found '{kind}'")
    result.mkdir(exist_ok=True)
    (result / "config.json").write_text(json.dumps(config), encoding="utf-8")
    text = json.dumps(header).encode()
    (result / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + bytes(data))


main()
