# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Quantize, compile and run language models.

    import quench
    model = quench.import_model("path/to/huggingface", "model")
    small = model.calibrate("text.bin").quantize("w4a8", "model.w4a8")
    print(small.evaluate("heldout.bin", baseline=model))
    small.compile("libmodel.so")

docs/python.md is a tour, docs/tutorials/quantize-in-python.py a tutorial.
"""
from ._errors import Message, QuenchArgumentError, QuenchError
from ._functions import Function, transform
from ._model import (Evaluation, Layer, Model, ModelInfo, formats, import_model, open_model, recipes, targets,
                     write_report)
from ._running import LoadedModel, Sequence
from ._session import ProgressBar, Session, library

load = open_model


def version() -> str:
    """The version of the library, "0.1.0"."""
    text: bytes = library().quenchVersion()
    return text.decode()


__all__ = ["Evaluation", "Function", "Layer", "LoadedModel", "Message", "Model", "ModelInfo", "ProgressBar", "QuenchArgumentError",
           "QuenchError", "Sequence", "Session", "formats", "import_model", "load", "open_model", "recipes", "targets",
           "transform", "version", "write_report"]
