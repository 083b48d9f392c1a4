"""Checks the tables of kernels in the JSON of `quench bench` on standard input, and prints what they launch.

    kernel_times.py [MICROSECONDS]     no launch may take longer
"""
import json
import sys

found = json.load(sys.stdin)
for key in ("prefill_kernels", "decode_kernels"):
    kernels = found[key]
    shares = [kernel["share"] for kernel in kernels]
    busy = found[key.replace("kernels", "device_busy")]
    words = [
        "whole" if abs(sum(shares) - 1) < 1e-9 else "not whole",
        "sorted" if shares == sorted(shares, reverse=True) else "not sorted",
        "positive" if all(kernel["us_per_launch"] > 0 for kernel in kernels) else "not positive",
        "busy in (0, 1)" if 0 < busy < 1 else f"busy {busy}",
    ]
    print(f"{key}: {', '.join(words)}")
    for kernel in kernels:
        print(f"{kernel['launches_per_call']:g} {kernel['kernel']}")
        if len(sys.argv) > 1 and kernel["us_per_launch"] > float(sys.argv[1]):
            sys.exit(f"{kernel['kernel']} takes {kernel['us_per_launch']} microseconds")
