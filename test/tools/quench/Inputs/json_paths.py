"""Prints values of the JSON on standard input: json_paths.py PATH..., a path as in reports.0.layers.*.name.

A star stands for all elements of an array; objects are printed as their sorted keys, numbers with three digits.
"""
import json
import sys


def walk(value, path):
    if not path:
        return [value]
    if path[0] == "*":
        return [found for element in value for found in walk(element, path[1:])]
    return walk(value[int(path[0])] if isinstance(value, list) else value[path[0]], path[1:])


def show(value):
    if isinstance(value, dict):
        return "keys " + " ".join(sorted(value))
    return f"{value:.3g}" if isinstance(value, float) else str(value)


root = json.load(sys.stdin)
for path in sys.argv[1:]:
    print(f"{path}:", *dict.fromkeys(map(show, walk(root, path.split(".")))), sep=" ")
