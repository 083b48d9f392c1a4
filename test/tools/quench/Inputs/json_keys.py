"""Prints the sorted keys of the JSON object on standard input, and KEY=VALUE for the keys that are named."""
import json
import sys

found = json.load(sys.stdin)
print("keys", *sorted(found))
for key in sys.argv[1:]:
    print(f"{key}={found[key]}")
