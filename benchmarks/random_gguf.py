#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# usage: random_gguf.py FILE
# Writes the model of random_llama.py (the shape of TinyLlama 1.1B, random bf16 weights) as a GGUF file of version 3, with a
# vocabulary of made-up words, for llama.cpp to be measured on.
import argparse
import math
import random
import struct

from random_llama import high_byte_table, random_weights

HIDDEN, LAYERS, HEADS, KV_HEADS, FFN, VOCAB, POSITIONS = 2048, 22, 32, 4, 5632, 32000, 2048
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
TENSOR_F32, TENSOR_BF16 = 0, 30
ALIGNMENT = 32


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def metadata():
    """The key-value pairs, encoded."""
    words = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    kinds = [2, 3, 3] + [6] * 256
    words += [f"\u2581w{i}" for i in range(VOCAB - len(words))]
    kinds += [1] * (VOCAB - len(kinds))
    integers = {
        "llama.context_length": POSITIONS, "llama.embedding_length": HIDDEN, "llama.block_count": LAYERS,
        "llama.feed_forward_length": FFN, "llama.rope.dimension_count": HIDDEN // HEADS, "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": KV_HEADS, "llama.vocab_size": VOCAB, "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2, "tokenizer.ggml.unknown_token_id": 0,
    }
    pairs = [text(key) + struct.pack("<I", STRING) + text(value) for key, value in
             [("general.architecture", "llama"), ("general.name", "random"), ("tokenizer.ggml.model", "llama")]]
    pairs += [text(key) + struct.pack("<II", UINT32, value) for key, value in integers.items()]
    pairs.append(text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", FLOAT32, 1e-5))

    def array(key, kind, values):
        return text(key) + struct.pack("<IIQ", ARRAY, kind, len(values)) + b"".join(values)

    pairs.append(array("tokenizer.ggml.tokens", STRING, [text(word) for word in words]))
    pairs.append(array("tokenizer.ggml.scores", FLOAT32, [struct.pack("<f", -i) for i in range(VOCAB)]))
    pairs.append(array("tokenizer.ggml.token_type", INT32, [struct.pack("<i", kind) for kind in kinds]))
    return pairs


def tensors():
    """Names and shapes."""
    yield "token_embd.weight", (VOCAB, HIDDEN)
    keys = KV_HEADS * (HIDDEN // HEADS)
    for layer in range(LAYERS):
        for name, shape in [("attn_norm", (HIDDEN,)), ("attn_q", (HIDDEN, HIDDEN)), ("attn_k", (keys, HIDDEN)),
                            ("attn_v", (keys, HIDDEN)), ("attn_output", (HIDDEN, HIDDEN)), ("ffn_norm", (HIDDEN,)),
                            ("ffn_gate", (FFN, HIDDEN)), ("ffn_up", (FFN, HIDDEN)), ("ffn_down", (HIDDEN, FFN))]:
            yield f"blk.{layer}.{name}.weight", shape
    yield "output_norm.weight", (HIDDEN,)
    yield "output.weight", (VOCAB, HIDDEN)


def main():
    parser = argparse.ArgumentParser(description="Writes a GGUF file with random weights.")
    parser.add_argument("file")
    arguments = parser.parse_args()
    pairs, directory, offset = metadata(), b"", 0
    for name, shape in tensors():
        isNorm = len(shape) == 1
        directory += text(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", size) for size in reversed(shape))
        directory += struct.pack("<IQ", TENSOR_F32 if isNorm else TENSOR_BF16, offset)
        size = math.prod(shape) * (4 if isNorm else 2)
        offset += -(-size // ALIGNMENT) * ALIGNMENT
    header = b"GGUF" + struct.pack("<IQQ", 3, sum(1 for _ in tensors()), len(pairs)) + b"".join(pairs) + directory
    generator, tables = random.Random(0), {}
    with open(arguments.file, "wb") as file:
        file.write(header + b"\0" * (-len(header) % ALIGNMENT))
        for _, shape in tensors():
            if len(shape) == 1:
                file.write(struct.pack("<f", 1.0) * shape[0])
            else:
                table = tables.setdefault(shape[1], high_byte_table(1 / math.sqrt(shape[1])))
                for chunk in random_weights(generator, math.prod(shape), table):
                    file.write(chunk)
            file.write(b"\0" * (-file.tell() % ALIGNMENT))


main()
