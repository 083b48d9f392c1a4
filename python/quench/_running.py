# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Models in memory: sequences of tokens in, logits out. With NumPy, arrays; without, lists."""
from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING, Any, Iterable, Optional, Union

from . import _library
from ._errors import QuenchArgumentError, expected
from ._session import Handle, PathLike, Session, index_of, int_argument, path_argument

try:
    import numpy
except ImportError:
    numpy = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from numpy import float32
    from numpy.typing import NDArray

    Tokens = Union[Iterable[int], bytes, NDArray[Any]]
    Logits = Union[NDArray[float32], list[list[float]]]
elif numpy is not None:
    # Versions of NumPy differ in what they can say of elements when they run.
    Tokens = Union[Iterable[int], bytes, numpy.ndarray]
    Logits = Union[numpy.ndarray, list[list[float]]]
else:
    Tokens = Union[Iterable[int], bytes]
    Logits = list[list[float]]


def token_list(place: str, tokens: Tokens) -> list[int]:
    """Ids as plain integers: from any iterable of them, an array of integers, or bytes; text is its UTF-8 bytes."""
    if isinstance(tokens, str):
        tokens = tokens.encode()
    shape = getattr(tokens, "shape", None)
    if isinstance(shape, tuple) and len(shape) != 1:
        raise ValueError(f"{place}: expected one row of token ids, found an array of shape {tuple(shape)}")
    try:
        items = list(tokens)
    except TypeError:
        raise expected(place, "token ids", tokens) from None
    if not items:
        raise ValueError(f"{place}: expected at least one token, found none")
    for index, item in enumerate(items):
        items[index] = index_of(f"{place}[{index}]", "a token id", item)
        if not -(2**31) <= items[index] < 2**31:
            raise ValueError(f"{place}[{index}]: expected a token id, found {item}")
    return items


def tensor_of(data: "ctypes.Array[Any]", element: int, shape: "list[int]") -> _library.Tensor:
    """Describes memory; the result keeps what it refers to."""
    sizes = (ctypes.c_int64 * len(shape))(*shape)
    tensor = _library.Tensor(ctypes.cast(data, ctypes.c_void_p), element, len(shape), sizes)
    tensor.kept = (data, sizes)
    return tensor


def token_tensor(tokens: "list[int]") -> _library.Tensor:
    return tensor_of((ctypes.c_int32 * len(tokens))(*tokens), _library.ELEMENT_I32, [len(tokens)])


def at_most(place: str, number: int, most: int) -> None:
    """Raises when memory would be taken for more than a model can fill."""
    if number > most:
        raise QuenchArgumentError(f"{place}: expected at most {most}, found {number}")


class LoadedModel(Handle):
    """A model that is compiled for this machine, in memory."""

    def __init__(self, session: Session, path: PathLike) -> None:
        self._handle = ctypes.c_void_p()
        if not isinstance(session, Session):
            raise expected("LoadedModel: session", "a Session", session)
        self.session = session
        self._library = session._library
        self._path = path
        session.call("quenchModelLoad", path_argument("LoadedModel: path", path), ctypes.byref(self._handle))

    def __del__(self) -> None:
        if self._handle:
            self._library.quenchModelDestroy(self._handle)

    def __repr__(self) -> str:
        return f"<quench.LoadedModel of {os.fspath(self._path)!r}>"

    @property
    def vocab_size(self) -> int:
        return int(self._library.quenchModelVocabSize(self._handle))

    @property
    def max_positions(self) -> int:
        return int(self._library.quenchModelMaxPositions(self._handle))

    def sequence(self) -> "Sequence":
        """An empty sequence."""
        return Sequence(self)


class Sequence(Handle):
    """Tokens that a model has seen. A copy goes on by itself."""

    def __init__(self, model: LoadedModel, original: "Optional[Sequence]" = None) -> None:
        self._handle = ctypes.c_void_p()
        if not isinstance(model, LoadedModel):
            raise expected("Sequence: model", "a LoadedModel", model)
        if original is not None and not isinstance(original, Sequence):
            raise expected("Sequence: original", "a Sequence", original)
        self._model = model
        self._library = model._library
        if original is None:
            status = self._library.quenchSequenceCreate(model._handle, ctypes.byref(self._handle))
        else:
            status = self._library.quenchSequenceCopy(original._handle, ctypes.byref(self._handle))
        model.session.check(status)

    def __del__(self) -> None:
        if self._handle:
            self._library.quenchSequenceDestroy(self._handle)

    def __repr__(self) -> str:
        return f"<quench.Sequence of {os.fspath(self._model._path)!r}, tokens: {len(self)}>"

    def __len__(self) -> int:
        """Tokens so far."""
        return int(self._library.quenchSequencePosition(self._handle))

    def copy(self) -> "Sequence":
        return Sequence(self._model, self)

    def rewind(self, position: int) -> None:
        """Forgets the tokens after the first `position`."""
        int_argument("rewind: position", position, 0)
        self._model.session.check(self._library.quenchSequenceRewind(self._handle, position))

    def run(self, tokens: Tokens, *, last: Optional[int] = None) -> Logits:
        """Continues the sequence and returns the logits of the new tokens, or of the `last` ones of them: rows of f32, an
        array with NumPy and lists without."""
        ids = token_list("run: tokens", tokens)
        rows = len(ids) if last is None else int_argument("run: last", last, 1)
        at_most("run: last", rows, len(ids))
        at_most("run: tokens", len(ids), self._model.max_positions - len(self))
        vocab = self._model.vocab_size
        memory = (ctypes.c_float * (rows * vocab))()
        logits = tensor_of(memory, _library.ELEMENT_F32, [rows, vocab])
        self._model.session.invoke("quenchModelRun", self._model._handle, self._handle, token_tensor(ids), logits)
        if numpy is not None:
            return numpy.frombuffer(memory, dtype=numpy.float32).reshape(rows, vocab)
        return [list(memory[row * vocab:(row + 1) * vocab]) for row in range(rows)]

    def generate(self, prompt: Tokens, count: int, *, temperature: float = 0.0, seed: int = 0) -> "list[int]":
        """Continues the sequence with `prompt` and then with `count` tokens, which are returned: the likeliest ones, or,
        with a temperature, drawn from softmax(logits / temperature), the same for the same seed."""
        ids = token_list("generate: prompt", prompt)
        # The last token is not run.
        at_most("generate: count", int_argument("generate: count", count, 1),
                max(0, self._model.max_positions - len(self) - len(ids) + 1))
        if not isinstance(temperature, (int, float)):
            raise expected("generate: temperature", "a number", temperature)
        tokens = token_tensor([0] * count)
        options = _library.GenerateOptions(0, float(temperature), int_argument("generate: seed", seed, 0))
        self._model.session.invoke("quenchModelGenerate", self._model._handle, self._handle, token_tensor(ids), tokens, options)
        return list(tokens.kept[0])
