# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls all functions of two modules of upstream dialects with the same random inputs and compares the results.

usage: same_function.py EXPECTED ACTUAL [TOLERANCE]
       same_function.py EXPECTED --evaluator

Both are lowered by the passes of MLIR alone and run by mlir-runner; with --evaluator the second one is EXPECTED again, as
the reference evaluator executes it. Functions take and return static tensors of f32. Those named negative_* are left out:
nothing happens to them.
Prints the largest difference over the largest magnitude for each function, and exits with 1 when one is above the
tolerance (1e-5), or when all results are 0.
"""
import os
import random
import re
import shutil
import subprocess
import sys

TOSA = "tosa-to-linalg-named,canonicalize,tosa-make-broadcastable,tosa-to-linalg,tosa-to-arith,tosa-to-tensor"
PIPELINE = (
    f"builtin.module(symbol-dce,func.func({TOSA},convert-elementwise-to-linalg),"
    "one-shot-bufferize{bufferize-function-boundaries},"
    "func.func(convert-linalg-to-loops),expand-strided-metadata,lower-affine,convert-scf-to-cf,"
    "func.func(math-expand-ops{ops=rsqrt}),convert-math-to-llvm,convert-math-to-libm,convert-arith-to-llvm,"
    "finalize-memref-to-llvm,convert-func-to-llvm,convert-cf-to-llvm,reconcile-unrealized-casts)"
)


def run(command, text):
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout


def constant(shape, generator):
    if not shape:
        return f"{generator.gauss(0.0, 1.0):.9e}"
    return "[" + ", ".join(constant(shape[1:], generator) for _ in range(shape[0])) + "]"


def caller(text, generator):
    """A function that calls the others and prints what they return."""
    lines = ["func.func private @printMemrefF32(tensor<*xf32>)", "func.func @main() {"]
    names = []
    for name, parameters, results in re.findall(r"func\.func @(\w+)\((.*?)\) -> \(?(.*?)\)? \{", text):
        types = re.findall(r"tensor<[0-9x]*f32>", parameters)
        for index, kind in enumerate(types):
            shape = [int(size) for size in re.findall(r"(\d+)x", kind)]
            lines.append(f"%{name}_{index} = arith.constant dense<{constant(shape, generator)}> : {kind}")
        kinds = re.findall(r"tensor<[0-9x]*f32>", results)
        values = ", ".join(f"%{name}_{index}" for index in range(len(types)))
        lines.append(f"%{name}:{len(kinds)} = call @{name}({values}) : ({', '.join(types)}) -> ({', '.join(kinds)})")
        for index, kind in enumerate(kinds):
            lines.append(f"%{name}_r{index} = tensor.cast %{name}#{index} : {kind} to tensor<*xf32>")
            lines.append(f"call @printMemrefF32(%{name}_r{index}) : (tensor<*xf32>) -> ()")
            names.append(f"{name}.{index}")
    return names, "\n".join(lines + ["return", "}"])


def evaluated(path):
    """The same by --quench-evaluate, of functions without arguments that call the others."""
    text = run(["quench-opt", path], "").replace("func.func @negative_", "func.func private @negative_")
    names, main = caller(text, random.Random(7))
    lines = [line for line in main.splitlines() if "printMemrefF32" not in line and "tensor.cast" not in line]
    values = [name.replace(".", "#") for name in names]
    kinds = {}
    for line in lines:
        called = re.match(r"%(\w+):\d+ = call .* -> \((.*)\)$", line)
        if called:
            kinds.update({f"{called[1]}#{i}": kind for i, kind in enumerate(called[2].split(", "))})
    results = ", ".join(kinds[value] for value in values)
    lines[0] = f"func.func @main() -> ({results}) {{"
    lines[-2] = f"return {', '.join('%' + value for value in values)} : {results}"
    end = text.rindex("}")
    printed = run(["quench-opt", "--quench-evaluate=entry=main", "-o", os.devnull], text[:end] + "\n".join(lines) + text[end:])
    found = dict(re.findall(r"main\.(\d+): \S+ = \[(.*)\]", printed))
    return {name: [float(value) for value in found[str(i)].split(", ")] for i, name in enumerate(names)}


def results(path):
    text = run(["quench-opt", path], "").replace("func.func @negative_", "func.func private @negative_")
    names, main = caller(text, random.Random(7))
    end = text.rindex("}")
    lowered = run([MLIR_OPT, f"--pass-pipeline={PIPELINE}"], text[:end] + main + text[end:])
    libraries = [f"-shared-libs={path}" for path in LIBRARIES]
    printed = run([RUNNER, "-e", "main", "-entry-point-result=void", *libraries], lowered)
    values = [
        [float(value) for value in re.findall(r"[-+.\w]+", data)]
        for data in re.findall(r"data =\s*(.*?)(?=Unranked|\Z)", printed, re.S)
    ]
    return dict(zip(names, values, strict=True))


MLIR_OPT, RUNNER = shutil.which("mlir-opt"), shutil.which("mlir-runner")
FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(RUNNER))), "lib")
LIBRARIES = [os.path.join(FOLDER, f"libmlir_{name}runner_utils.so") for name in ("", "c_")]
tolerance = float(sys.argv[3]) if len(sys.argv) > 3 else 1e-5
expected = results(sys.argv[1])
actual = evaluated(sys.argv[1]) if sys.argv[2] == "--evaluator" else results(sys.argv[2])
if expected.keys() != actual.keys() or not expected:
    sys.exit(f"expected results {sorted(expected)}, found {sorted(actual)}")
failures = []
for name, values in expected.items():
    largest = max(map(abs, values))
    worst = max(abs(a - b) for a, b in zip(values, actual[name], strict=True))
    print(f"{name}: relative difference {worst / largest if largest else worst:.3g}")
    if not 0.0 < largest or not worst <= tolerance * largest:
        failures.append(name)
sys.exit(f"too large: {', '.join(failures)}" if failures else 0)
