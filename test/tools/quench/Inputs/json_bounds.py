"""Checks numbers of a JSON file: json_bounds.py FILE KEY=LOW:HIGH..., both bounds included."""
import json
import sys

with open(sys.argv[1], encoding="utf-8") as file:
    found = json.load(file)
wrong = []
for argument in sys.argv[2:]:
    key, bounds = argument.split("=")
    low, high = map(float, bounds.split(":"))
    if not low <= found[key] <= high:
        wrong.append(f"{key}: expected {low} to {high}, found {found[key]}")
sys.exit("\n".join(wrong) or 0)
