# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""IR in memory: passes on it, and functions of it compiled and called. With NumPy, arrays; without, nested lists."""
from __future__ import annotations

import ctypes
import math
from typing import Any, Iterable, Iterator, Optional, Sequence, Union

from . import _library
from ._errors import expected
from ._running import numpy, tensor_of
from ._session import Handle, PathLike, Session, int_argument, path_argument, session_argument, text_argument

# A tensor or a scalar. Python integers are indices, ctypes.c_int32 and numpy.int32 are i32; floats are f32.
Value = Any
KINDS = {"f32": (_library.ELEMENT_F32, ctypes.c_float), "i32": (_library.ELEMENT_I32, ctypes.c_int32)}


def _shape_of(place: str, value: Any) -> "list[int]":
    """The shape of nested lists, all of one depth and length; [] for a number."""
    if not isinstance(value, (list, tuple)):
        return []
    shapes = [_shape_of(place, item) for item in value]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError(f"{place}: expected lists of equal lengths, found {shapes}")
    return [len(value), *(shapes[0] if shapes else [])]


def _leaves(value: Any) -> "Iterator[Any]":
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _describe(kind: str, shape: "list[int]", values: "Sequence[Any]") -> _library.Tensor:
    element, ctype = KINDS[kind]
    return tensor_of((ctype * len(values))(*values), element, shape)


def _scalar(value: Any, element: int) -> _library.Tensor:
    tensor = _library.Tensor(ctypes.cast(ctypes.pointer(value), ctypes.c_void_p), element, -1, None)
    tensor.kept = value
    return tensor


def _checked(place: str, value: int, bits: int) -> int:
    """An integer that has so many bits; ctypes drops others."""
    least, most = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    if not least <= value <= most:
        raise ValueError(f"{place}: expected {least} to {most}, found {value}")
    return value


def _shapes(shapes: Any) -> "list[list[int]]":
    """The shapes of results, or an exception."""
    if not isinstance(shapes, (list, tuple)) or not all(isinstance(shape, (list, tuple)) for shape in shapes):
        raise expected("Function: shapes", "a list of shapes, one for each result", shapes)
    return [[int_argument(f"Function: shapes[{index}]", size, 0) for size in shape] for index, shape in enumerate(shapes)]


def _argument(place: str, value: Value) -> _library.Tensor:
    """Describes an argument; the result keeps its memory."""
    if isinstance(value, ctypes.c_int32) or (numpy is not None and isinstance(value, numpy.int32)):
        return _scalar(ctypes.c_int32(getattr(value, "value", value)), _library.ELEMENT_I32)
    if isinstance(value, bool):
        raise expected(place, "a number or a tensor", value)
    if isinstance(value, int) or (numpy is not None and isinstance(value, numpy.integer)):
        return _scalar(ctypes.c_int64(_checked(place, int(value), 64)), _library.ELEMENT_INDEX)
    if isinstance(value, float):
        return _scalar(ctypes.c_float(value), _library.ELEMENT_F32)
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        kind = {"float32": "f32", "int32": "i32"}.get(str(value.dtype))
        if kind is None:
            raise expected(place, "an array of float32 or int32", value.dtype)
        return _describe(kind, list(value.shape), value.ravel().tolist())
    if isinstance(value, (list, tuple)):
        leaves = list(_leaves(value))
        if not all(isinstance(leaf, (int, float)) and not isinstance(leaf, bool) for leaf in leaves):
            raise expected(place, "lists of numbers", value)
        if leaves and all(isinstance(leaf, int) for leaf in leaves):
            return _describe("i32", _shape_of(place, value), [_checked(place, leaf, 32) for leaf in leaves])
        try:
            return _describe("f32", _shape_of(place, value), [float(leaf) for leaf in leaves])
        except OverflowError:
            raise ValueError(f"{place}: expected numbers that are floats, found {value!r}") from None
    raise expected(place, "a number or a tensor", value)


def _nested(values: "Sequence[Any]", shape: "Sequence[int]") -> Any:
    if not shape:
        return values[0]
    step = len(values) // shape[0] if shape[0] else 0
    return [_nested(values[i * step:(i + 1) * step], shape[1:]) for i in range(shape[0])]


class Function(Handle):
    """A function of IR, compiled for this machine.

    ir       the text of a module, in upstream dialects or those of Quench
    weights  what quench.weight ops refer to: a safetensors file or a model folder
    """

    def __init__(self, ir: str, name: str, *, weights: Optional[PathLike] = None, session: Optional[Session] = None) -> None:
        self._handle = ctypes.c_void_p()
        texts = text_argument("Function: ir", ir), text_argument("Function: name", name)
        self.session = session_argument("Function", session)
        self._name = name
        self._library = self.session._library
        store = None if weights is None else path_argument("Function: weights", weights)
        self.session.call("quenchFunctionCompile", *texts, store, ctypes.byref(self._handle))

    def __del__(self) -> None:
        if self._handle:
            self._library.quenchFunctionDestroy(self._handle)

    def __repr__(self) -> str:
        return f"<quench.Function {self._name!r}>"

    def __call__(self, *arguments: Value, shapes: "Sequence[Sequence[int]]",
                 types: "Optional[Sequence[str]]" = None) -> Any:
        """Calls it. `shapes` are those of the results, `types` their elements, "f32" (all, without) or "i32". Returns one
        result, or a tuple of several."""
        sizes = _shapes(shapes)
        kinds = ["f32"] * len(sizes) if types is None else types
        if not isinstance(kinds, (list, tuple)):
            raise expected("Function: types", "a list of 'f32' or 'i32'", types)
        if len(kinds) != len(sizes) or any(kind not in tuple(KINDS) for kind in kinds):
            raise ValueError(f"Function: types: expected 'f32' or 'i32' for each of {len(shapes)} shapes, found {types!r}")
        inputs = [_argument(f"argument {index}", value) for index, value in enumerate(arguments)]
        outputs = []
        for kind, shape in zip(kinds, sizes):
            element, ctype = KINDS[kind]
            outputs.append(tensor_of((ctype * math.prod(shape))(), element, shape))
        self.session.invoke("quenchFunctionCall", self._handle, (_library.Tensor * len(inputs))(*inputs), len(inputs),
                            (_library.Tensor * len(outputs))(*outputs), len(outputs))
        results = []
        for tensor, shape in zip(outputs, sizes):
            data = tensor.kept[0]
            results.append(_nested(list(data), shape) if numpy is None else numpy.array(data).reshape(shape))
        return results[0] if len(results) == 1 else tuple(results)


def transform(ir: str, pipeline: Union[str, "Sequence[str]"], *, session: Optional[Session] = None) -> str:
    """Runs passes on IR and returns the IR that it became. The pipeline is a list of passes, as in
    `["quench-quantize-functions{recipe=w4a16}", "canonicalize"]`, or a text as mlir-opt takes it."""
    text = text_argument("transform: ir", ir)
    if not isinstance(pipeline, str):
        if not isinstance(pipeline, Iterable):
            raise expected("transform: pipeline", "a text or a list of passes", pipeline)
        passes = [text_argument("transform: pipeline", name, "names of passes").decode() for name in pipeline]
        pipeline = f"builtin.module({','.join(passes)})"
    return session_argument("transform", session).text("quenchTransform", text, text_argument("transform: pipeline", pipeline))
