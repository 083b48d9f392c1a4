#!/usr/bin/env python3
# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: fuzz/seeds.py FOLDER

Writes what fuzzers start from, FOLDER/TARGET/*, out of the tests, recipes, targets and models of the tree. Same tree, same
files: the replay test makes them anew, so that the tree keeps only what fuzzers have found (fuzz/corpus).
"""
import json
import re
import shlex
import struct
import sys
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent
# Longer inputs are slow, and short ones tell as much.
MAX_BYTES = 6000


def pass_names():
    files = sorted((SOURCE / "include/quench").rglob("Passes.td"))
    return {name for file in files for name in re.findall(r'^def .*Pass<"([^"]+)"', file.read_text(), re.M)}


def pipeline_of(arguments, known):
    """'NAME{OPTIONS},NAME' of the options of a quench-opt; options that name files are left out."""
    steps = []
    for argument in arguments:
        name, _, options = argument.lstrip("-").partition("=")
        if name in known:
            words = [re.sub(r"^recipe=.*%.*", "recipe=w8a8-dynamic", word) for word in options.split()]
            options = " ".join(word for word in words if not set("%/{}") & set(word))
            steps.append(f"{name}{{{options}}}" if options else name)
    return ",".join(steps)


def pipelines(text, known):
    """The pipelines of the RUN lines of a test, and those of the tools at other ends of pipes."""
    found = []
    for line in re.findall(r"^\s*// RUN:(.*)$", text, re.M):
        for command in line.split("|"):
            try:
                words = shlex.split(command)
            except ValueError:
                continue
            if "quench-opt" in words:
                found.append(pipeline_of(words, known))
    return sorted(set(filter(None, found)))


def without_comments(text):
    return re.sub(r"^\s*//.*\n", "", text, flags=re.M).strip() + "\n"


def balanced(text, start):
    """The text from `start` to the bracket that closes the first '<' from there, or nothing."""
    depth = 0
    for place in range(start, len(text)):
        if text[place] == "<":
            depth += 1
        elif text[place] == ">" and text[place - 1] != "-":
            depth -= 1
            if depth == 0:
                return text[start:place + 1]
    return ""


def with_aliases(text, aliases):
    """The text without names for attributes and types, as far as a few rounds of replacing them go."""
    for _ in range(3):
        text = re.sub(r"[#!]\w+\b(?![.<])", lambda match: aliases.get(match.group(), match.group()), text)
    return text


def safetensors(header, data):
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def archive(statistics, sections, tokens=True):
    """A calibration archive whose checksum does not match; the fuzzer puts the right one there."""
    header = {"__metadata__": {"format": "quench-calibration", "version": "3", "model": "m", "data": "d", "recipe": "none",
                               "samples": "2", "samples_total": "2", "statistics": statistics, "checksum": "none"}}
    data = b""
    if tokens:
        sections = [("tokens", "I32", [2, 3], struct.pack("<6i", *range(6)))] + sections
    for name, kind, shape, content in sections:
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    return safetensors(header, data)


def edge(name, extra):
    return [(f"{name}.count", "I64", [1], struct.pack("<q", 4)), (f"{name}.channels", "I64", [1], struct.pack("<q", 2)),
            (f"{name}.range", "F32", [2], struct.pack("<2f", -1, 2)),
            (f"{name}.moments", "F64", [2], struct.pack("<2d", 0.5, 3)),
            (f"{name}.batches", "I64", [1], struct.pack("<q", 1)),
            (f"{name}.moving_average", "F64", [1], struct.pack("<d", 2))] + extra


def npy(descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\0\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def gguf(tensors):
    """A GGUF file with the metadata of a small Llama and tensors (name, type, shape, bytes), outermost axis first."""
    def text(value):
        return struct.pack("<Q", len(value)) + value.encode()

    sizes = {"context_length": 64, "embedding_length": 32, "block_count": 1, "feed_forward_length": 32,
             "attention.head_count": 4, "attention.head_count_kv": 2}
    pairs = [text("general.architecture") + struct.pack("<I", 8) + text("llama")]
    pairs += [text(f"llama.{key}") + struct.pack("<II", 4, value) for key, value in sizes.items()]
    pairs += [text("llama.attention.layer_norm_rms_epsilon") + struct.pack("<If", 6, 1e-5),
              text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
              text("tokenizer.ggml.add_bos_token") + struct.pack("<I?", 7, False)]
    header, data = b"".join(pairs), b""
    for name, kind, shape, content in tensors:
        header += text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape)) + struct.pack("<IQ", kind, len(data))
        data += content + bytes(-len(content) % 32)
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(pairs)) + header
    return header + bytes(-len(header) % 32) + data


class Seeds:
    def __init__(self, root):
        self.root = root

    def add(self, target, content):
        content = content.encode() if isinstance(content, str) else content
        folder = self.root / target
        folder.mkdir(parents=True, exist_ok=True)
        if len(content) <= MAX_BYTES:
            (folder / f"{len(list(folder.iterdir())):05}").write_bytes(content)

    def add_tests(self):
        known = pass_names()
        attributes, modules, passes = set(), set(), set()
        for file in sorted((SOURCE / "test").rglob("*.mlir")):
            text = file.read_text(errors="replace")
            aliases = dict(re.findall(r"^([#!]\w+) = (.*)$", text, re.M))
            for match in re.finditer(r"[#!]quench\.\w+<", text):
                attributes.add(with_aliases(balanced(text, match.start()), aliases))
            for part in re.split(r"^// -----.*$", text, flags=re.M):
                module = without_comments(part)
                modules.add(module)
                passes.update(f"// {pipeline}\n{module}" for pipeline in pipelines(text, known))
        for target, texts in (("attribute", attributes), ("module", modules), ("passes", passes)):
            for text in sorted(texts):
                self.add(target, text)

    def add_files(self):
        for target, pattern in (("recipe", "recipes/*.yaml"), ("recipe", "test/**/*.yaml"), ("target", "targets/*.mlir"),
                                ("config", "models/*/config.json"), ("config", "test/Import/**/*.json")):
            for file in sorted(SOURCE.glob(pattern)):
                self.add(target, file.read_bytes())

    def add_binaries(self):
        f32 = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
        u8 = {"dtype": "U8", "shape": [3], "data_offsets": [24, 27]}
        self.add("safetensors", safetensors({"a": f32, "b": u8, "__metadata__": {"key": "value"}}, bytes(27)))
        self.add("safetensors", safetensors({"x": {"dtype": "BF16", "shape": [0, 4], "data_offsets": [0, 0]}}, b""))
        self.add("safetensors", safetensors({"é": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}, bytes(8)))
        self.add("archive", archive("tokens", []))
        self.add("archive", archive("channels", edge("a.in", [
            ("a.in.channel_absmax", "F32", [2], struct.pack("<2f", 1, 2)),
            ("a.in.channel_sum", "F64", [2], struct.pack("<2d", 1, 1)),
            ("a.in.channel_abs_sum", "F64", [2], struct.pack("<2d", 2, 3))])))
        self.add("archive", archive("gram", edge("a.in", [("a.in.gram", "F64", [2, 2], struct.pack("<4d", 2, 1, 1, 2))])))
        self.add("archive", archive("histogram", edge("a.in", [
            ("a.in.histogram", "I64", [4], struct.pack("<4q", 1, 1, 1, 1)),
            ("a.in.histogram_tiny", "I64", [1], bytes(8))]), tokens=False))
        # Numbers of types, elements and bytes of a block: Q4_0 to Q6_K and TQ2_0.
        for kind, elements, size in ((2, 32, 18), (3, 32, 20), (6, 32, 22), (7, 32, 24), (8, 32, 34), (12, 256, 144),
                                     (13, 256, 176), (14, 256, 210), (35, 256, 66)):
            block = bytes((17 * i + kind) % 64 for i in range(size))
            self.add("gguf", gguf([("output_norm.weight", 0, [2], struct.pack("<2f", 1, 2)), ("w", kind, [2, elements], 2 * block)]))
        self.add("gguf", gguf([("a", 1, [1, 2], bytes(4)), ("b", 30, [3], bytes(6))]))
        for descr, data in (("<i4", bytes(12)), ("|u1", b"abc"), ("<u2", bytes(6)), ("<i8", bytes(24))):
            self.add("tokens", npy(descr, "(3,)", data))
        self.add("tokens", npy("<i8", "(1, 3)", bytes(24)))
        self.add("tokens", b"\x01the quick")
        self.add("tokens", b"\x0212,13,999")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.splitlines()[0])
    seeds = Seeds(Path(sys.argv[1]))
    seeds.add_tests()
    seeds.add_files()
    seeds.add_binaries()


if __name__ == "__main__":
    main()
