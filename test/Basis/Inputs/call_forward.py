# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Adds @main to a language model: the logits of all tokens 0, 1, 2, … up to COUNT with empty caches.

usage: call_forward.py MODEL.MLIR COUNT > OUT.MLIR
"""
import re
import sys

text = open(sys.argv[1], encoding="utf-8").read()
count = int(sys.argv[2])
signature = re.search(r"func\.func @forward\((.*?)\) -> \((.*?)\) attributes", text, re.S)
arguments = re.findall(r": ([^,\s]+)", re.sub(r"loc\([^)]*\)", "", signature.group(1)))
lines = [f"func.func @main() -> {signature.group(2).split(',')[0]} {{",
         f"  %tokens = arith.constant dense<[{', '.join(map(str, range(count)))}]> : tensor<{count}xi32>",
         f"  %t = tensor.cast %tokens : tensor<{count}xi32> to tensor<?xi32>",
         "  %zero = arith.constant 0 : index"]
names = ["%t", "%zero", "%zero"]
for index, cache in enumerate(arguments[3:]):
    lines.append(f"  %c{index} = arith.constant dense<0.0> : {cache}")
    names.append(f"%c{index}")
results = re.findall(r"tensor<[^>]*>", signature.group(2))
lines += [f"  %r:{len(results)} = func.call @forward({', '.join(names)}) : ({', '.join(arguments)}) -> ({', '.join(results)})",
          f"  return %r#0 : {results[0]}", "}"]
print(re.sub(r"^module.*\{\n", lambda match: match.group() + "\n".join(lines) + "\n", text, count=1, flags=re.M))
