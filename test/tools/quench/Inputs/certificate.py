"""Prints the certificate in what `quench quantize --verify-each-numerically --json` wrote, a line for each pass.

A pass that rewrote something and is not off at all was not run again: that is printed, too.
"""
import json
import sys
from pathlib import Path

BOUND = 1e-5

certificate = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["certificate"]
print("tolerance", certificate["tolerance"])
for entry in certificate["passes"]:
    name, rewrites = entry["pass"], len(entry["rewrites"])
    if not entry["preserves"]:
        print(f"{name}: not held to it")
    elif 0 < entry["deviation"] < BOUND:
        print(f"{name}: within {BOUND}, {rewrites} rewrites")
    else:
        print(f"{name}: off by {entry['deviation']}, {rewrites} rewrites")
