# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a calibration archive, following the description in quench/Calibration/CalibrationArchive.h.

usage: make_archive.py FILE [key=value ...] EDGE:MIN:MAX ...   keys are those of the metadata
"""
import hashlib
import json
import struct
import sys

metadata = {"format": "quench-calibration", "version": "2", "model": "m", "data": "d", "samples": "4", "samples_total": "4"}
tensors = {}
for argument in sys.argv[2:]:
    if "=" in argument:
        key, value = argument.split("=", 1)
        metadata[key] = value
        continue
    edge, low, high = argument.rsplit(":", 2)
    tensors[f"{edge}.count"] = ("I64", 1, struct.pack("<Q", 10))
    tensors[f"{edge}.range"] = ("F32", 2, struct.pack("<2f", float(low), float(high)))
    tensors[f"{edge}.moments"] = ("F64", 2, struct.pack("<2d", 0.0, 1.0))


def field(text):
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def number(value):
    return struct.pack("<Q", value)


digest = hashlib.sha256()
for key in sorted(metadata):
    digest.update(field(key) + field(metadata[key]))
digest.update(number(len(tensors)))
header, data = {}, b""
for name in sorted(tensors):
    kind, size, raw = tensors[name]
    digest.update(field(name) + field(kind) + number(1) + number(size) + number(len(raw)) + raw)
    header[name] = {"dtype": kind, "shape": [size], "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
metadata.setdefault("checksum", digest.hexdigest())
header["__metadata__"] = metadata
text = json.dumps(header).encode()
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text + data)
