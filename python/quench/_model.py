# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Model folders: what every step reads and writes."""
from __future__ import annotations

import ctypes
import json
import math
import os
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, Optional, Sequence as Sequences, Union

from . import _library
from ._errors import QuenchError, expected
from ._running import LoadedModel, Logits, Sequence, Tokens, token_list
from ._session import PathLike, Session, int_argument, path_argument, session_argument, text_argument

NO_SAMPLE: Any = object()
Recipe = Union[str, os.PathLike[str], Mapping[str, Any]]


@dataclass(frozen=True)
class Layer:
    """A linear layer. `weights` and `activations` are formats, "" for floats."""

    name: str
    shape: tuple[int, ...]
    bits_per_weight: float
    weights: str
    activations: str


@dataclass(frozen=True)
class ModelInfo:
    """What is in a model folder. `bits_per_weight` counts scales; it is that of the quantized layers, or of all when none
    is quantized."""

    vocab_size: int
    max_positions: int
    linear_layers: int
    quantized_layers: int
    bits_per_weight: float
    bytes: int
    layers: tuple[Layer, ...]


@dataclass(frozen=True)
class Evaluation:
    """Scores on a file of tokens. `kl` and `baseline_perplexity` are None without a baseline."""

    perplexity: float
    nll: float
    kl: Optional[float]
    baseline_perplexity: Optional[float]
    tokens: int
    windows: int


class Model:
    """A model folder on disk. Steps that make another folder return it; nothing is changed in place."""

    def __init__(self, path: PathLike, session: Optional[Session] = None) -> None:
        path_argument("Model: path", path)
        self.path = Path(path)
        self.session = session_argument("Model", session)
        self._loaded: Optional[LoadedModel] = None

    def __repr__(self) -> str:
        return f"quench.Model({str(self.path)!r})"

    def __reduce__(self) -> Any:
        return type(self), (self.path,)

    def __fspath__(self) -> str:
        return str(self.path)

    @property
    def _bytes(self) -> bytes:
        return os.fsencode(self.path)

    @property
    def info(self) -> ModelInfo:
        """Sizes and formats, read from the folder."""
        data = self.session.json("quenchInspect", self._bytes)
        layers = tuple(Layer(**{**layer, "shape": tuple(layer["shape"])}) for layer in data.pop("layers"))
        return ModelInfo(**data, layers=layers)

    @property
    def ir(self) -> str:
        """The text of the model, without its weights."""
        return (self.path / "model.mlir").read_text(encoding="utf-8")

    def calibrate(self, samples: Union[PathLike, Iterable[Tokens]], *, window: int = 256, limit: Optional[int] = None,
                  collect: str = "channels,histogram", output: Optional[PathLike] = None) -> "Model":
        """Runs the model on samples and keeps statistics where `quantize` looks for them.

        samples  the path of a file of tokens, cut into `limit` windows (128) of `window` tokens, or an iterable, for
                 example a generator, of sequences of tokens that all are as long as the first one.
        collect  "channels", "histogram", "gram", separated by commas, "none" or "tokens"; see `quench calibrate --help`.
        output   another place for the archive.
        """
        kinds = text_argument("calibrate: collect", collect)
        archive = None if output is None else path_argument("calibrate: output", output)
        most = None if limit is None else int_argument("calibrate: limit", limit, 1)
        options = _library.CalibrateOptions(0, archive, kinds, most or 128, int_argument("calibrate: window", window, 1))
        if isinstance(samples, (str, os.PathLike)):
            self.session.call("quenchCalibrate", self._bytes, path_argument("calibrate: samples", samples), options)
            return self
        if isinstance(samples, (bytes, bytearray)) or not isinstance(samples, Iterable):
            raise expected("calibrate: samples", "a path or an iterable of sequences of tokens", samples)
        iterator = iter(samples)
        first = next(iterator, NO_SAMPLE)
        if first is NO_SAMPLE:
            raise ValueError("calibrate: samples: expected at least one, found none")
        first = token_list("calibrate: samples[0]", first)
        options.window = len(first)
        options.samples = most or 2**31 - 1
        self._calibrate_on(chain([first], iterator), options)
        return self

    def _calibrate_on(self, samples: Iterator[Tokens], options: _library.CalibrateOptions) -> None:
        def copy(index: int, memory: Any, window: int) -> int:
            sample = next(samples, NO_SAMPLE)
            if sample is NO_SAMPLE:
                return 0
            tokens = token_list(f"calibrate: samples[{index}]", sample)
            if len(tokens) != window:
                raise ValueError(f"calibrate: samples[{index}]: expected {window} tokens, as in the first sample, "
                                 f"found {len(tokens)}")
            ctypes.memmove(memory, (ctypes.c_int32 * window)(*tokens), window * ctypes.sizeof(ctypes.c_int32))
            return 1

        def give(_: object, index: int, memory: Any, window: int) -> int:
            taken = self.session.guard(copy, index, memory, window)
            return -1 if taken is None else taken

        self.session.call("quenchCalibrateSamples", self._bytes, _library.SampleFunction(give), None, options)

    def quantize(self, recipe: Recipe, output: PathLike, *, calibration: Optional[PathLike] = None,
                 verify_each: bool = False, measured_windows: int = 8) -> "Model":
        """Quantizes as a recipe says and returns the new model.

        recipe            the name of a built-in recipe (`quench.recipes()`), the path of a file, or a mapping with the keys
                          of such a file; "name" and "summary" may be left out.
        calibration       an archive; without, that of the model, if it was calibrated.
        verify_each       run the model after every pass that must not change what it computes.
        measured_windows  windows of the calibration that outputs of layers are measured on for the report.
        """
        kinds = "a name, a path or a mapping"
        if isinstance(recipe, Mapping):
            contents = {"name": "custom", "summary": "a recipe of the caller", **recipe}
            try:
                # JSON is YAML.
                text = (json.dumps(contents) + "\n").encode()
            except TypeError as error:
                raise TypeError(f"quantize: recipe: expected texts, numbers, lists and mappings: {error}") from None
        elif isinstance(recipe, (str, os.PathLike)):
            text = path_argument("quantize: recipe", recipe, kinds)
        else:
            raise expected("quantize: recipe", kinds, recipe)
        archive = None if calibration is None else path_argument("quantize: calibration", calibration)
        options = _library.QuantizeOptions(0, archive, int(bool(verify_each)),
                                           int_argument("quantize: measured_windows", measured_windows, 0))
        self.session.call("quenchQuantize", self._bytes, text, path_argument("quantize: output", output), options, None)
        return Model(output, self.session)

    def compile(self, output: PathLike, *, target: str = "host", name: Optional[str] = None) -> Path:
        """Compiles to .so or .o, with a C header beside it, .s, .ll or .mlir, and returns where it is."""
        options = _library.CompileOptions(0, text_argument("compile: target", target, "a name or a path"),
                                          None if name is None else text_argument("compile: name", name))
        self.session.call("quenchCompile", self._bytes, path_argument("compile: output", output), options)
        return Path(output)

    def export(self, output: PathLike) -> Path:
        """Writes the model for other tools, and returns where it is: a file for llama.cpp if the name ends in .gguf, otherwise a
        folder for vLLM and others."""
        self.session.call("quenchExport", self._bytes, path_argument("export: output", output))
        return Path(output)

    def evaluate(self, data: PathLike, *, window: int = 256, limit: int = 0,
                 baseline: "Union[Model, PathLike, None]" = None) -> Evaluation:
        """Scores the model on a file of tokens, in windows that do not overlap; at most `limit` of them, 0 for all."""
        other = None if baseline is None else path_argument("evaluate: baseline", baseline)
        options = _library.EvaluateOptions(0, other, int_argument("evaluate: window", window, 2),
                                           int_argument("evaluate: limit", limit, 0))
        result = _library.EvaluationResult()
        self.session.call("quenchEvaluate", self._bytes, path_argument("evaluate: data", data), options, result)
        return Evaluation(result.perplexity, result.nll, None if math.isnan(result.kl) else result.kl,
                          None if math.isnan(result.baselinePerplexity) else result.baselinePerplexity, result.tokens,
                          result.windows)

    def load(self) -> LoadedModel:
        """The model in memory, compiled for this machine; compiled once."""
        if self._loaded is None:
            self._loaded = LoadedModel(self.session, self.path)
        return self._loaded

    def sequence(self) -> Sequence:
        """An empty sequence of the model in memory."""
        return self.load().sequence()

    def run(self, tokens: Tokens) -> Logits:
        """The logits of all tokens of a sequence; see Sequence.run."""
        return self.sequence().run(tokens)

    def generate(self, prompt: Tokens, count: int, *, temperature: float = 0.0, seed: int = 0) -> "list[int]":
        """Tokens that follow a prompt; see Sequence.generate."""
        return self.sequence().generate(prompt, count, temperature=temperature, seed=seed)

    def report(self) -> "dict[str, Any]":
        """What happened to every layer when the model was quantized (docs/report.md)."""
        result: dict[str, Any] = self.session.json("quenchReport", self._bytes)
        return result


def open_model(path: PathLike, session: Optional[Session] = None) -> Model:
    """A model folder that is there; raises when it is none."""
    model = Model(path, session)
    if not (model.path / "model.mlir").is_file():
        raise QuenchError(f"{model.path}: expected a model folder with model.mlir, found none; quench.import_model makes one")
    return model


def import_model(source: PathLike, output: PathLike, *, max_positions: int = 0, session: Optional[Session] = None) -> Model:
    """Makes a model folder of a Hugging Face folder or a GGUF file. `max_positions` is how many tokens a sequence can have; 0 for
    what the model is made for, at most 4096."""
    model = Model(output, session_argument("import_model", session))
    options = _library.ImportOptions(0, int_argument("import_model: max_positions", max_positions, 0))
    model.session.call("quenchImport", path_argument("import_model: source", source),
                       path_argument("import_model: output", output), options, None)
    return model


def write_report(models: "Union[Model, Sequences[Model]]", output: PathLike) -> Path:
    """Writes one HTML page about one to four quantized models, and returns where it is."""
    listed = [models] if isinstance(models, Model) else list(models) if isinstance(models, Iterable) else []
    if not listed or not all(isinstance(model, Model) for model in listed):
        raise expected("write_report: models", "a model or some models", models)
    path_argument("write_report: output", output)
    names = (_library.c_char_p * len(listed))(*(model._bytes for model in listed))
    page = listed[0].session.text("quenchReportPage", names, len(listed))
    _write(Path(output), page)
    return Path(output)


def _write(path: Path, text: str) -> None:
    """Writes a file as a whole: when that fails, what was there stays, and nothing else."""
    destination = Path(os.path.realpath(path))
    if destination.exists() and not destination.is_file():
        destination.write_text(text, encoding="utf-8")  # A device, or a folder, which raises.
        return
    temporary = destination.with_name(f"{destination.name}.{os.urandom(4).hex()}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, destination)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _summaries(place: str, function: str, session: Optional[Session]) -> "dict[str, str]":
    return {entry["name"]: entry["summary"] for entry in session_argument(place, session).json(function)}


def recipes(session: Optional[Session] = None) -> "dict[str, str]":
    """The built-in recipes: names, and what they do in a line."""
    return _summaries("recipes", "quenchRecipes", session)


def targets(session: Optional[Session] = None) -> "dict[str, str]":
    """What models can be compiled for: names, for `Model.compile(target=…)`, and what they are in a line."""
    return _summaries("targets", "quenchTargets", session)


def formats(session: Optional[Session] = None) -> "dict[str, str]":
    """The encodings of elements and scales: names, for recipes, and what they are in a line."""
    return _summaries("formats", "quenchFormats", session)
