# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a calibration archive, following the description in quench/Calibration/CalibrationArchive.h.

usage: make_archive.py FILE [key=value ...] EDGE:MIN:MAX ... EDGE=v,v,... ... [set=SECTION:KIND:v,v,...] [drop=SECTION]
                       [tokens=WINDOW:t,t,...] [width=N] [weights=STORE]
Keys are those of the metadata; `weights` sets the model to the digest of a safetensors file. An edge is one batch in rows of two, or of the width before it: the two ends of its range, or
the values themselves.
"""
import hashlib
import json
import struct
import sys

METADATA = ["format", "version", "model", "data", "recipe", "samples", "samples_total", "statistics", "checksum"]
BITS = [12, 11, 10, 9] + 12 * [8]  # of the mantissa, for the octaves of a histogram from the largest down
BINS = sum(1 << bits for bits in BITS)

metadata = {"format": "quench-calibration", "version": "3", "model": "m", "data": "d", "recipe": "none", "samples": "4", "samples_total": "4"}
metadata["statistics"] = "channels,histogram"
tensors = {}
width = 2


def histogram(values):
    """Counts of negative and then of other values, and of tiny ones."""
    counts, tiny = [0] * (2 * BINS), 0
    if not any(values):
        return counts, len(values)
    top = struct.unpack("<I", struct.pack("<f", max(abs(value) for value in values)))[0] >> 23
    for value in values:
        pattern = struct.unpack("<I", struct.pack("<f", abs(value)))[0]
        octave = top - (pattern >> 23)
        if octave >= len(BITS):
            tiny += 1
            continue
        begin = sum(1 << bits for bits in BITS[:octave]) + (0 if value < 0 else BINS)
        counts[begin + ((pattern & 0x7FFFFF) >> (23 - BITS[octave]))] += 1
    return counts, tiny


def add_section(name, kind, numbers, shape=None):
    code = {"I64": "Q", "I32": "i", "F32": "f", "F64": "d"}[kind]
    tensors[name] = (kind, shape or [len(numbers)], struct.pack(f"<{len(numbers)}{code}", *numbers))


def add_edge(edge, values):
    def add(section, kind, *numbers):
        add_section(f"{edge}.{section}", kind, numbers)

    mean = sum(values) / len(values)
    columns = [values[column::width] for column in range(width)]
    add("count", "I64", len(values))
    add("channels", "I64", width)
    add("range", "F32", min(values), max(values))
    add("moments", "F64", mean, sum((value - mean) ** 2 for value in values))
    add("batches", "I64", 1)
    add("moving_average", "F64", max(abs(value) for value in values))
    kinds = metadata["statistics"].split(",")
    if "channels" in kinds:
        add("channel_absmax", "F32", *(max(abs(value) for value in column) for column in columns))
        add("channel_sum", "F64", *(sum(column) for column in columns))
        add("channel_abs_sum", "F64", *(sum(abs(value) for value in column) for column in columns))
    if "histogram" in kinds:
        counts, tiny = histogram(values)
        add("histogram", "I64", *counts)
        add("histogram_tiny", "I64", tiny)
    if "channel-ranges" in kinds:
        add("channel_min", "F32", *map(min, columns))
        add("channel_max", "F32", *map(max, columns))
        add("channel_moving_average", "F64", *(max(map(abs, column)) for column in columns))
    if "channel-histograms" in kinds:
        # A coarse bin is 64 fine ones.
        fine = [histogram(column) for column in columns]
        coarse = [[sum(counts[bin : bin + 64]) for bin in range(0, 2 * BINS, 64)] for counts, _ in fine]
        add("channel_histogram_min", "F32", *map(min, columns))
        add("channel_histogram_max", "F32", *map(max, columns))
        add("channel_histogram_tiny", "I64", *(tiny for _, tiny in fine))
        add_section(f"{edge}.channel_histogram", "I64", sum(coarse, []), [width, 2 * BINS // 64])


def field(text):
    raw = text.encode()
    return number(len(raw)) + raw


def number(value):
    return struct.pack("<Q", value)


def store_digest(path):
    """The digest of a model with these weights, see WeightStore::digest."""
    with open(path, "rb") as file:
        content = file.read()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8 : 8 + size])
    digest = hashlib.sha256(number(len(header)))
    for name in sorted(header):
        entry = header[name]
        begin, end = entry["data_offsets"]
        digest.update(field(name) + field(entry["dtype"]) + number(len(entry["shape"])))
        digest.update(b"".join(map(number, entry["shape"])) + content[8 + size + begin : 8 + size + end])
    return digest.hexdigest()


for argument in sys.argv[2:]:
    key, _, value = argument.rpartition("=")
    if key in METADATA:
        metadata[key] = value
    elif key == "weights":
        metadata["model"] = store_digest(value)
    elif key == "width":
        width = int(value)
    elif key == "drop":
        del tensors[value]
    elif key == "tokens":
        window, numbers = value.split(":")
        numbers = [int(n) for n in numbers.split(",")]
        count = len(numbers) // int(window)
        add_section("tokens", "I32", numbers, [count, int(window)])
        metadata["samples"] = metadata["samples_total"] = str(count)
    elif key == "set":
        name, kind, numbers = value.rsplit(":", 2)
        add_section(name, kind, [int(n) if kind[0] == "I" else float(n) for n in numbers.split(",")])
    elif key:
        add_edge(key, [float(number) for number in value.split(",")])
    else:
        edge, low, high = argument.rsplit(":", 2)
        add_edge(edge, [float(low), float(high)])


digest = hashlib.sha256()
for key in sorted(metadata):
    digest.update(field(key) + field(metadata[key]))
digest.update(number(len(tensors)))
header, data = {}, b""
for name in sorted(tensors):
    kind, shape, raw = tensors[name]
    digest.update(field(name) + field(kind) + number(len(shape)) + b"".join(map(number, shape)) + number(len(raw)) + raw)
    header[name] = {"dtype": kind, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
metadata.setdefault("checksum", digest.hexdigest())
header["__metadata__"] = metadata
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
