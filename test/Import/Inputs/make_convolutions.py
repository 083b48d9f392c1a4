# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes a function of many convolutions, each of an argument of its own, and compares what they give.

    make_convolutions.py FOLDER                     convolutions.mlir, images.safetensors
    make_convolutions.py --evaluate MODEL IMAGES    prints the module with @run, which calls @main on the images
    make_convolutions.py --program IMAGES          prints a program in C that calls m_run of "m.h" on the images
    make_convolutions.py --compare FOUND EVALUATED TOLERANCE
"""

import json
import re
import struct
import sys

import numpy as np

BATCH = 2
# Height, width, channels, filters (0: one for each channel), kernel, strides, dilations, and pads before and behind rows
# and columns.
CASES = (
    (5, 6, 1, 5, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
    (7, 6, 3, 7, (5, 3), (2, 1), (1, 1), (2, 1, 1, 0)),
    (7, 6, 5, 16, (3, 3), (1, 1), (2, 2), (0, 0, 0, 0)),
    (3, 3, 16, 33, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
    (3, 2, 21, 5, (1, 1), (1, 1), (1, 1), (0, 0, 0, 0)),
    (5, 5, 16, 16, (1, 1), (2, 2), (1, 1), (0, 0, 0, 0)),
    (4, 3, 24, 24, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
    (4, 5, 130, 3, (2, 2), (1, 2), (3, 1), (0, 1, 2, 0)),
    (2, 6, 600, 2, (1, 3), (1, 1), (1, 2), (0, 0, 0, 0)),
    (9, 19, 32, 0, (3, 3), (1, 1), (1, 1), (1, 1, 1, 1)),
    (9, 8, 19, 0, (3, 3), (2, 2), (1, 1), (0, 1, 0, 1)),
    (6, 9, 3, 0, (5, 2), (1, 1), (1, 3), (2, 2, 1, 2)),
    (1, 40, 17, 0, (1, 18), (1, 2), (1, 1), (0, 0, 0, 0)),
)


def dense(values):
    array = np.ascontiguousarray(values, dtype=np.float32)
    shape = "x".join(str(size) for size in array.shape)
    return f'dense<"0x{array.tobytes().hex().upper()}"> : tensor<{shape}xf32>'


def result_shape(case):
    """Without the batch."""
    height, width, channels, filters, kernel, strides, dilations, (top, bottom, left, right) = case
    sizes = zip((height + top + bottom, width + left + right), dilations, kernel, strides)
    return [(size - dilation * (extent - 1) - 1) // stride + 1 for size, dilation, extent, stride in sizes] + [filters or channels]


def convolution(number, case, random):
    """The body of a case and the type of its result. It ends in a ReLU; those that keep the shape add the input before."""
    height, width, channels, filters, kernel, strides, dilations, (top, bottom, left, right) = case
    name, filter_shape = "conv_2d_nhwc_fhwc", (filters, *kernel, channels)
    if filters == 0:
        name, filter_shape, filters = "depthwise_conv_2d_nhwc_hwc", (*kernel, channels), channels
    weights = random.normal(0, 0.3, filter_shape)
    image = f"tensor<?x{height}x{width}x{channels}xf32>"
    padded = f"tensor<?x{height + top + bottom}x{width + left + right}x{channels}xf32>"
    result = f"tensor<?x{'x'.join(map(str, result_shape(case)))}xf32>"
    filter_type = f"tensor<{'x'.join(map(str, filter_shape))}xf32>"
    n = number
    identity = "affine_map<(n, y, x, c) -> (n, y, x, c)>"
    loops = 'iterator_types = ["parallel", "parallel", "parallel", "parallel"]'
    text = f"""
  %f{n} = arith.constant {dense(weights)} loc("conv{n}.weight")
  %b{n} = arith.constant {dense(random.normal(0, 0.3, filters))}
  %n{n} = tensor.dim %x{n}, %c0 : {image}
  %p{n} = tensor.pad %x{n} low[0, {top}, {left}, 0] high[0, {bottom}, {right}, 0] {{
    ^bb0(%i: index, %j: index, %k: index, %l: index):
      tensor.yield %zero : f32
  }} : {image} to {padded}
  %e{n} = tensor.empty(%n{n}) : {result}
  %i{n} = linalg.broadcast ins(%b{n} : tensor<{filters}xf32>) outs(%e{n} : {result}) dimensions = [0, 1, 2]
  %y{n} = linalg.{name} {{strides = dense<[{strides[0]}, {strides[1]}]> : vector<2xi64>, dilations = dense<[{dilations[0]}, {dilations[1]}]> : vector<2xi64>}}
      ins(%p{n}, %f{n} : {padded}, {filter_type}) outs(%i{n} : {result}) -> {result}"""
    product = f"%y{n}"
    if result == image:
        text += f"""
  %s{n} = linalg.generic {{indexing_maps = [{identity}, {identity}, {identity}], {loops}}} ins(%y{n}, %x{n} : {result}, {result}) outs(%e{n} : {result}) {{
    ^bb0(%v: f32, %w: f32, %old: f32):
      %r = arith.addf %v, %w : f32
      linalg.yield %r : f32
  }} -> {result}"""
        product = f"%s{n}"
    text += f"""
  %r{n} = linalg.generic {{indexing_maps = [{identity}, {identity}], {loops}}} ins({product} : {result}) outs(%e{n} : {result}) {{
    ^bb0(%v: f32, %old: f32):
      %r = arith.maximumf %v, %zero : f32
      linalg.yield %r : f32
  }} -> {result}"""
    return text, image, result


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, values in tensors.items():
        content = np.ascontiguousarray(values, "<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": values.shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(path, "wb").write(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    content = open(path, "rb").read()
    (length,) = struct.unpack_from("<Q", content)
    tensors = {}
    for name, entry in json.loads(content[8 : 8 + length]).items():
        if name != "__metadata__":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = np.frombuffer(content[begin:end], "<f4").reshape(entry["shape"])
    return tensors


def make(folder):
    random = np.random.default_rng(5)
    cases = [convolution(number, case, random) for number, case in enumerate(CASES)]
    arguments = ", ".join(f'%x{n}: {image} loc("x{n}")' for n, (_, image, _) in enumerate(cases))
    results = ", ".join(result for _, _, result in cases)
    body = "".join(text for text, _, _ in cases)
    values = ", ".join(f"%r{n}" for n in range(len(cases)))
    text = f"""func.func @main({arguments}) -> ({results}) {{
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32{body}
  return {values} : {results}
}}
"""
    open(f"{folder}/convolutions.mlir", "w").write(text)
    images = {f"x{n}": random.normal(0, 1, (BATCH, *case[:3])).astype("f4") for n, case in enumerate(CASES)}
    write_safetensors(f"{folder}/images.safetensors", images)


def evaluate(model, images):
    text = open(model).read()
    signature = re.search(r"func\.func @main\((.*?)\) -> \((tensor.*?)\) {", text)
    types = re.findall(r"tensor<[^>]*>", signature.group(1))
    results = signature.group(2)
    tensors = read_safetensors(images)
    call = f"  func.func @run() -> ({results}) {{\n"
    for n, argument in enumerate(types):
        x = tensors[f"x{n}"]
        shape = "x".join(map(str, x.shape))
        call += f'    %x{n} = arith.constant dense<"0x{x.tobytes().hex().upper()}"> : tensor<{shape}xf32>\n'
        call += f"    %o{n} = tensor.cast %x{n} : tensor<{shape}xf32> to {argument}\n"
    operands = ", ".join(f"%o{n}" for n in range(len(types)))
    call += f"    %y:{len(types)} = func.call @main({operands}) : ({', '.join(types)}) -> ({results})\n"
    call += f"    return {', '.join(f'%y#{n}' for n in range(len(types)))} : {results}\n  }}\n"
    at = re.search(r"^ *func\.func @main", text, re.M).start()
    print(text[:at] + call + text[at:])


def program(images):
    """Prints results as the evaluator does."""
    tensors = read_safetensors(images)
    print('#include "m.h"\n#include <stdio.h>')
    arguments = ", ".join([f"x{n}, {BATCH}" for n in range(len(CASES))] + [f"y{n}, {BATCH}" for n in range(len(CASES))])
    main = f"int main(void) {{\n  if (m_run({arguments}) != 0) return 1;\n"
    for n, case in enumerate(CASES):
        values = ", ".join(float(value).hex() + "f" for value in tensors[f"x{n}"].ravel())
        count = BATCH * np.prod(result_shape(case))
        print(f"static const float x{n}[] = {{{values}}};\nstatic float y{n}[{count}];")
        main += f'  printf("run.{n}: = [");\n'
        main += f'  for (int i = 0; i < {count}; ++i) printf("%s%.9g", i ? ", " : "", (double)y{n}[i]);\n  printf("]\\n");\n'
    print(main + "  return 0;\n}")


def printed(path):
    lines = re.findall(r"^run\.(\d+): .*= \[(.*)\]", open(path).read(), re.M)
    return {name: np.array([float(word) for word in values.split(",")], "f4") for name, values in lines}


def compare(found, evaluated, tolerance):
    tensors, expected_tensors, worst = printed(found) if found.endswith(".txt") else read_safetensors(found), printed(evaluated), 0.0
    counts = len(expected_tensors), len(tensors)
    assert counts == (len(CASES), len(CASES)), f"expected {len(CASES)} results, found {counts[0]} and {counts[1]}"
    names = sorted(tensors, key=lambda name: int(re.search(r"\d*$", name).group() or 0))
    for number, expected in expected_tensors.items():
        actual = tensors[names[int(number)]].ravel()
        error = np.abs(actual - expected).max() / np.abs(expected).max()
        print(f"{number}: {error:.2e} of the largest element")
        worst = max(worst, error)
    sys.exit(not worst <= tolerance)


if sys.argv[1] == "--evaluate":
    evaluate(*sys.argv[2:])
elif sys.argv[1] == "--program":
    program(sys.argv[2])
elif sys.argv[1] == "--compare":
    compare(sys.argv[2], sys.argv[3], float(sys.argv[4]))
else:
    make(sys.argv[1])
