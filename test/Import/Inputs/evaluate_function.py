# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs the function of a model on the evaluator.

    evaluate_function.py MODEL.mlir X.npy                     prints the module with @run, which calls @main on the rows of X
    evaluate_function.py --compare EVALUATED EXPECTED.npy TOLERANCE
"""

import re
import sys

import numpy as np


def main():
    if sys.argv[1] == "--compare":
        text = re.search(r"^run\.0: .* = \[(.*)\]", open(sys.argv[2]).read(), re.M).group(1)
        found, expected = np.array([float(word) for word in text.split(",")]), np.load(sys.argv[3])
        error = np.abs(found - expected.ravel()).max() / np.abs(expected).max()
        print(f"{error:.2e} of the largest element")
        sys.exit(not error <= float(sys.argv[4]))
    text = open(sys.argv[1]).read()
    argument, result = re.search(r"func\.func @main\(%\w+: (tensor<.*?>) loc.*?\) -> (tensor<.*?>) {", text).groups()
    x = np.ascontiguousarray(np.load(sys.argv[2]), "f4")
    shape = "x".join(map(str, x.shape))
    call = f"""  func.func @run() -> {result} {{
    %x = arith.constant dense<"0x{x.tobytes().hex().upper()}"> : tensor<{shape}xf32>
    %open = tensor.cast %x : tensor<{shape}xf32> to {argument}
    %y = func.call @main(%open) : ({argument}) -> {result}
    return %y : {result}
  }}
"""
    at = re.search(r"^ *func\.func @main", text, re.M).start()
    print(text[:at] + call + text[at:])


main()
