"""Damages the weight store of a model folder.

usage: edit_weights.py MODEL nan KEY       one value of a tensor of f32 becomes NaN
       edit_weights.py MODEL truncate      the last byte goes
"""
import json
import struct
import sys

path = sys.argv[1] + "/weights.safetensors"
with open(path, "rb") as file:
    data = bytearray(file.read())
if sys.argv[2] == "nan":
    (size,) = struct.unpack_from("<Q", data)
    begin = json.loads(data[8:8 + size])[sys.argv[3]]["data_offsets"][0]
    struct.pack_into("<f", data, 8 + size + begin, float("nan"))
else:
    data = data[:-1]
with open(path, "wb") as file:
    file.write(data)
