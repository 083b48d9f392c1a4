#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a small Llama as a GGUF file, valid or damaged in one way.

usage: make_gguf.py FILE [KEY=JSON]... [--type TYPE] [--plain FOLDER] [--architecture llama|qwen2] [--tied] [--damaged FOLDER]

Matrices are random blocks of TYPE. --plain writes the same model as a Hugging Face folder in F32, decoded here element by
element from the definition of the formats. KEY=JSON sets a key of the metadata, null takes it away. --damaged writes a file for
each of DAMAGES, which are changes to the model, and of MISUNDERSTOOD, which are changes of keys.
"""
import argparse
import json
import random
import struct
from pathlib import Path

# name: number in the file, elements and bytes of a block
TYPES = {"F32": (0, 1, 4), "F16": (1, 1, 2), "Q4_0": (2, 32, 18), "Q4_1": (3, 32, 20), "Q5_0": (6, 32, 22), "Q5_1": (7, 32, 24),
         "Q8_0": (8, 32, 34), "Q4_K": (12, 256, 144), "Q5_K": (13, 256, 176), "Q6_K": (14, 256, 210), "BF16": (30, 1, 2),
         "TQ2_0": (35, 256, 66)}
HEADS, KV_HEADS, VOCAB, POSITIONS = 4, 2, 11, 16
UINT32, FLOAT32, STRING, ARRAY = 4, 6, 8, 9
generator = random.Random(0)


def half(data, at):
    return struct.unpack_from("<e", data, at)[0]


def bit(data, at, index):
    return data[at + index // 8] >> (index % 8) & 1


def six_bits(data, j):
    """Scale and minimum of part j of a K-quant."""
    b = data[4:16]
    if j < 4:
        return b[j] & 63, b[j + 4] & 63
    return (b[j + 4] & 15) | (b[j - 4] >> 6) << 4, (b[j + 4] >> 4) | (b[j] >> 6) << 4


def nibble32(data, at, i):
    return data[at + i % 16] >> 4 * (i // 16) & 15


def nibble256(data, at, i):
    return data[at + i // 64 * 32 + i % 32] >> 4 * (i % 64 // 32) & 15


def q6(data, i):
    half_, rest = divmod(i, 128)
    quarter, l = divmod(rest, 32)
    low = data[64 * half_ + l + 32 * (quarter % 2)] >> 4 * (quarter // 2) & 15
    return low | (data[128 + 32 * half_ + l] >> 2 * quarter & 3) << 4


def decode(kind, data, i):
    """Element i of a block."""
    if kind == "F32":
        return struct.unpack("<f", data)[0]
    if kind == "F16":
        return half(data, 0)
    if kind == "BF16":
        return struct.unpack("<f", b"\0\0" + data)[0]
    if kind == "Q4_0":
        return half(data, 0) * (nibble32(data, 2, i) - 8)
    if kind == "Q4_1":
        return half(data, 0) * nibble32(data, 4, i) + half(data, 2)
    if kind == "Q5_0":
        return half(data, 0) * ((nibble32(data, 6, i) | bit(data, 2, i) << 4) - 16)
    if kind == "Q5_1":
        return half(data, 0) * (nibble32(data, 8, i) | bit(data, 4, i) << 4) + half(data, 2)
    if kind == "Q8_0":
        return half(data, 0) * struct.unpack_from("<b", data, 2 + i)[0]
    if kind in ("Q4_K", "Q5_K"):
        scale, minimum = six_bits(data, i // 32)
        code = nibble256(data, 16, i) if kind == "Q4_K" else \
            nibble256(data, 48, i) | (data[16 + i % 32] >> i // 32 & 1) << 4
        return half(data, 0) * scale * code - half(data, 2) * minimum
    if kind == "Q6_K":
        return half(data, 208) * struct.unpack_from("<b", data, 192 + i // 16)[0] * (q6(data, i) - 32)
    half_, rest = divmod(i, 128)
    return half(data, 64) * ((data[32 * half_ + rest % 32] >> 2 * (rest // 32) & 3) - 1)


def random_block(kind):
    if kind in ("F32", "F16", "BF16"):
        value = generator.randint(-63, 63) / 256
        return {"F32": struct.pack("<f", value), "F16": struct.pack("<e", value), "BF16": struct.pack("<f", value)[2:]}[kind]
    block = bytearray(generator.randbytes(TYPES[kind][2]))
    # Scales that keep values below 1; now and then 0, which our own schemes do not have.
    largest = {"Q4_0": 8, "Q4_1": 15, "Q5_0": 16, "Q5_1": 31, "Q8_0": 128, "Q4_K": 945, "Q5_K": 1953, "Q6_K": 4064,
               "TQ2_0": 1}[kind]
    scale = generator.choice([1, 1, 1, -1, 1, 0.5, 0]) * 0.2 / largest
    struct.pack_into("<e", block, {"Q6_K": 208, "TQ2_0": 64}.get(kind, 0), scale)
    if kind in ("Q4_1", "Q5_1"):
        struct.pack_into("<e", block, 2, generator.choice([-0.1, 0.05, 0]))
    if kind in ("Q4_K", "Q5_K"):
        struct.pack_into("<e", block, 2, generator.choice([0.1 / 63, 0]))
        block[4 + generator.randrange(4)] &= 0xC0
    if kind == "Q6_K":
        block[192 + generator.randrange(16)] = 0
    if kind == "TQ2_0":
        block[:64] = bytes(sum(generator.randrange(3) << shift for shift in (0, 2, 4, 6)) for _ in range(64))
    return bytes(block)


def tensors(hidden, inner, layers, tied, biases):
    """GGUF name, Hugging Face name, shape, whether rows are in the order of GGUF's rotary embedding."""
    head = hidden // HEADS
    yield "token_embd.weight", "model.embed_tokens.weight", (VOCAB, hidden), False
    for layer in range(layers):
        here, there = f"blk.{layer}.", f"model.layers.{layer}."
        yield here + "attn_norm.weight", there + "input_layernorm.weight", (hidden,), False
        for letter, rows in (("q", HEADS * head), ("k", KV_HEADS * head), ("v", KV_HEADS * head)):
            names = here + f"attn_{letter}.", there + f"self_attn.{letter}_proj."
            yield names[0] + "weight", names[1] + "weight", (rows, hidden), letter != "v"
            if biases:
                yield names[0] + "bias", names[1] + "bias", (rows,), letter != "v"
        yield here + "attn_output.weight", there + "self_attn.o_proj.weight", (hidden, HEADS * head), False
        yield here + "ffn_norm.weight", there + "post_attention_layernorm.weight", (hidden,), False
        yield here + "ffn_gate.weight", there + "mlp.gate_proj.weight", (inner, hidden), False
        yield here + "ffn_up.weight", there + "mlp.up_proj.weight", (inner, hidden), False
        yield here + "ffn_down.weight", there + "mlp.down_proj.weight", (hidden, inner), False
    yield "output_norm.weight", "model.norm.weight", (hidden,), False
    if not tied:
        yield "output.weight", "lm_head.weight", (VOCAB, hidden), False


def text(value):
    return struct.pack("<Q", len(value.encode())) + value.encode()


def encode_value(value):
    """Type and bytes of a value: integers as u32, floats as f32."""
    if isinstance(value, bool):
        return struct.pack("<IB", 7, value)
    if isinstance(value, int):
        return struct.pack("<II", UINT32, value)
    if isinstance(value, float):
        return struct.pack("<If", FLOAT32, value)
    if isinstance(value, str):
        return struct.pack("<I", STRING) + text(value)
    encoded = [encode_value(element) for element in value]
    return struct.pack("<I", ARRAY) + encoded[0][:4] + struct.pack("<Q", len(value)) + b"".join(each[4:] for each in encoded)


class File:
    """The parts of a GGUF file; damages change them."""

    def __init__(self):
        self.magic, self.version, self.count = b"GGUF", 3, None
        self.pairs, self.tensors, self.alignment = [], [], 32
        self.cut = None

    def add(self, name, kind, shape, data):
        self.tensors.append({"name": name, "type": TYPES[kind][0], "sizes": list(reversed(shape)), "data": data, "offset": None})

    def pack(self):
        directory, data = b"", b""
        for tensor in self.tensors:
            offset = len(data) if tensor["offset"] is None else tensor["offset"]
            directory += text(tensor["name"]) + struct.pack("<I", len(tensor["sizes"]))
            directory += b"".join(struct.pack("<Q", size) for size in tensor["sizes"])
            directory += struct.pack("<IQ", tensor["type"], offset)
            data += tensor["data"] + bytes(-len(tensor["data"]) % self.alignment)
        count = len(self.tensors) if self.count is None else self.count
        header = self.magic + struct.pack("<IQQ", self.version, count, len(self.pairs))
        header += b"".join(text(key) + value for key, value in self.pairs) + directory
        return (header + bytes(-len(header) % self.alignment) + data)[:self.cut]


def tensor_field(index, field, value):
    def damage(file):
        file.tensors[index][field] = value
    return damage


def add_pair(key, value):
    return lambda file: file.pairs.append((key, value))


def poison(file):
    file.tensors[2]["data"] = file.tensors[2]["data"][:8] + struct.pack("<f", float("nan")) + file.tensors[2]["data"][12:]


def poison_scale(file):
    file.tensors[2]["data"] = struct.pack("<e", float("inf")) + file.tensors[2]["data"][2:]


def bad_ternary(file):
    file.tensors[2]["data"] = b"\xff" + file.tensors[2]["data"][1:]


def quantized_gain(file):
    file.tensors[1] |= {"type": TYPES["Q4_0"][0], "data": bytes(36)}


def set_field(name, value):
    return lambda file: setattr(file, name, value)


DAMAGES = {
    "bad_magic": set_field("magic", b"GGML"),
    "old_version": set_field("version", 1),
    "big_endian": set_field("version", 0x03000000),
    "short": set_field("cut", 20),
    "truncated_header": set_field("cut", 100),
    "truncated": set_field("cut", -100),
    "many_tensors": set_field("count", 1 << 62),
    "huge_string": add_pair("more", struct.pack("<IQ", STRING, 1 << 63)),
    "huge_array": add_pair("more", struct.pack("<IIQ", ARRAY, FLOAT32, 1 << 62)),
    "many_strings": add_pair("more", struct.pack("<IIQ", ARRAY, STRING, 1 << 62)),
    "nested_array": add_pair("more", struct.pack("<IIQ", ARRAY, ARRAY, 1)),
    "bad_value_type": add_pair("more", struct.pack("<I", 13)),
    "bad_boolean": add_pair("more", struct.pack("<IB", 7, 2)),
    "duplicate_key": add_pair("general.architecture", encode_value("llama")),
    "duplicate_tensor": lambda file: file.tensors.append(file.tensors[1]),
    "empty_name": tensor_field(1, "name", ""),
    "bad_rank": tensor_field(1, "sizes", [1, 1, 1, 1, 1]),
    "zero_size": tensor_field(1, "sizes", [0]),
    "negative_size": tensor_field(1, "sizes", [(1 << 64) - 1]),
    "huge_shape": tensor_field(0, "sizes", [1 << 40, 1 << 40]),
    "bad_type": tensor_field(1, "type", 4),
    "ragged_row": tensor_field(2, "type", TYPES["Q4_0"][0]),
    "misaligned": tensor_field(1, "offset", 100),
    "outside": tensor_field(1, "offset", 1 << 60),
    "overlapping": tensor_field(1, "offset", 0),
    "bad_alignment": add_pair("general.alignment", encode_value(48)),
    "missing_tensor": lambda file: file.tensors.pop(2),
    "misshapen": tensor_field(2, "sizes", [6, 24]),
    "unknown_tensor": lambda file: file.add("blk.0.attn_q_norm.weight", "F32", (1,), bytes(4)),
    "quantized_gain": quantized_gain,
    "nan": poison,
    "infinite_scale": poison_scale,
    "bad_ternary": bad_ternary,
    "bad_divisors": lambda file: file.add("rope_freqs.weight", "F32", (3,), bytes(12)),
    "zero_divisor": lambda file: file.add("rope_freqs.weight", "F32", (file.half,), bytes(4 * file.half)),
}


# Damages of other types than F32.
DAMAGED_TYPES = {"infinite_scale": "Q4_0", "quantized_gain": "Q4_0", "bad_ternary": "TQ2_0"}

MISUNDERSTOOD = {
    "no_layers": "llama.block_count=null",
    "many_layers": "llama.block_count=268435456",
    "text_of_layers": 'llama.block_count="x"',
    "list_of_heads": "llama.attention.head_count=[4, 4]",
    "experts": "llama.expert_count=8",
    "odd_heads": "llama.attention.head_count=5",
    "narrow_heads": "llama.attention.head_count=16",
    "yarn": 'llama.rope.scaling.type="yarn"',
    "part_of_heads": "llama.rope.dimension_count=2",
    "gpt2": 'general.architecture="gpt2"',
    "no_epsilon": "llama.attention.layer_norm_rms_epsilon=null",
    "small_vocabulary": "llama.vocab_size=5",
    "split": "split.count=2",
    "window": "llama.attention.sliding_window=8",
    "both_ways": "llama.attention.causal=false",
    "clamped": "llama.attention.clamp_kqv=1.0",
    "louder": "llama.rope.scaling.attn_factor=2.0",
    "unknown_key": "llama.attention.sink=1",
}


def write_plain(folder, config, weights):
    """A Hugging Face folder of F32 values."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    header, data = {}, b""
    for name, (shape, values) in weights.items():
        encoded = struct.pack(f"<{len(values)}f", *values)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + len(encoded)]}
        data += encoded
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + data)


def from_gguf_order(values, rows, head):
    """The rows of heads in the order of Hugging Face."""
    width = len(values) // rows
    result = []
    for row in range(rows):
        first, inside = row - row % head, row % head
        half_, j = divmod(inside, head // 2)
        source = first + 2 * j + half_
        result += values[source * width:(source + 1) * width]
    return result


def parse_arguments():
    parser = argparse.ArgumentParser(description="Writes a small GGUF file.")
    parser.add_argument("file", type=Path)
    parser.add_argument("keys", nargs="*")
    parser.add_argument("--type", default="F32", choices=TYPES)
    parser.add_argument("--plain", type=Path)
    parser.add_argument("--architecture", default="llama")
    parser.add_argument("--tied", action="store_true")
    parser.add_argument("--damaged", type=Path)
    return parser.parse_args()


def build(arguments, damage=None, keys=(), kind=None):
    """The file, and the plain weights and configuration when they are asked for."""
    name, kind = arguments.architecture, kind or arguments.type
    hidden, inner, layers = {1: (16, 24, 2), 32: (64, 96, 2), 256: (256, 256, 1)}[TYPES[kind][1]]
    file = File()
    file.half = hidden // HEADS // 2
    pairs = {
        "general.architecture": name, f"{name}.context_length": POSITIONS, f"{name}.embedding_length": hidden,
        f"{name}.block_count": layers, f"{name}.feed_forward_length": inner, f"{name}.attention.head_count": HEADS,
        f"{name}.attention.head_count_kv": KV_HEADS, f"{name}.attention.layer_norm_rms_epsilon": 1e-5,
        f"{name}.rope.freq_base": 500.0, "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["a", "b", "c"],
        "tokenizer.ggml.scores": [0.0, -1.0], "tokenizer.ggml.add_bos_token": False,
    } | {key: json.loads(value) for key, value in (each.split("=", 1) for each in keys)}
    file.pairs = [(key, encode_value(value)) for key, value in pairs.items() if value is not None]
    weights = {}
    for gguf, plain, shape, rotated in tensors(hidden, inner, layers, arguments.tied, name == "qwen2"):
        this = kind if len(shape) == 2 else "F32"
        size = shape[0] * (shape[1] if len(shape) == 2 else 1)
        blocks = [random_block(this) for _ in range(size // TYPES[this][1])]
        file.add(gguf, this, shape, b"".join(blocks))
        if arguments.plain:
            values = [decode(this, block, i) for block in blocks for i in range(TYPES[this][1])]
            weights[plain] = shape, from_gguf_order(values, shape[0], hidden // HEADS) if rotated and name == "llama" else values
    if damage:
        DAMAGES[damage](file)
    config = {
        "architectures": ["LlamaForCausalLM" if name == "llama" else "Qwen2ForCausalLM"], "hidden_size": hidden,
        "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS, "vocab_size": VOCAB, "max_position_embeddings": POSITIONS, "rms_norm_eps": 1e-5,
        "rope_theta": 500.0, "tie_word_embeddings": arguments.tied}
    return file, config, weights


def main():
    arguments = parse_arguments()
    if arguments.damaged:
        arguments.damaged.mkdir(parents=True, exist_ok=True)
        for damage in DAMAGES:
            file, _, _ = build(arguments, damage, kind=DAMAGED_TYPES.get(damage))
            (arguments.damaged / f"{damage}.gguf").write_bytes(file.pack())
        for name, key in MISUNDERSTOOD.items():
            (arguments.damaged / f"{name}.gguf").write_bytes(build(arguments, keys=[key])[0].pack())
    file, config, weights = build(arguments, keys=arguments.keys)
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    arguments.file.write_bytes(file.pack())
    if arguments.plain:
        write_plain(arguments.plain, config, weights)


main()
