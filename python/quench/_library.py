# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The C interface of Quench as ctypes sees it: structures, signatures, and where the library is."""
from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_size_t, c_uint64, c_void_p
from pathlib import Path

API_VERSION = 3
SONAME = "libQuenchC.so.1"

STATUS_OK, STATUS_INVALID_ARGUMENT, STATUS_FAILED = range(3)
ELEMENT_F32, ELEMENT_I32, ELEMENT_INDEX = range(3)

DiagnosticFunction = ctypes.CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
ProgressFunction = ctypes.CFUNCTYPE(None, c_void_p, c_char_p, c_char_p, c_uint64, c_uint64, c_int32)
SampleFunction = ctypes.CFUNCTYPE(c_int32, c_void_p, c_int64, POINTER(c_int32), c_int64)


class SizedStructure(Structure):
    """A structure that begins with its size."""

    def __init__(self, *arguments: object, **members: object) -> None:
        super().__init__(*arguments, **members)
        self.structSize = ctypes.sizeof(self)


class ModelSummary(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("vocabSize", c_int64), ("maxPositions", c_int64), ("linearLayers", c_uint64),
                ("quantizedLayers", c_uint64), ("bitsPerWeight", c_double), ("bytes", c_uint64)]


class ImportOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("maxPositions", c_int64)]


class CalibrateOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("output", c_char_p), ("collect", c_char_p), ("samples", c_int64),
                ("window", c_int64)]


class QuantizeOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("archive", c_char_p), ("verifyEach", c_int32), ("measuredWindows", c_int64)]


class CompileOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("target", c_char_p), ("name", c_char_p)]


class EvaluateOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("baseline", c_char_p), ("window", c_int64), ("limit", c_int64)]


class EvaluationResult(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("perplexity", c_double), ("nll", c_double), ("kl", c_double),
                ("baselinePerplexity", c_double), ("tokens", c_uint64), ("windows", c_uint64)]


class GenerateOptions(SizedStructure):
    _fields_ = [("structSize", c_size_t), ("temperature", c_double), ("seed", c_uint64)]


class Tensor(Structure):
    _fields_ = [("data", c_void_p), ("elementType", c_int32), ("rank", c_int32), ("shape", POINTER(c_int64))]


# Result and arguments of every function that is used.
SIGNATURES = {
    "quenchApiVersion": (c_int32, []),
    "quenchVersion": (c_char_p, []),
    "quenchContextCreate": (c_void_p, []),
    "quenchContextDestroy": (None, [c_void_p]),
    "quenchContextSetDiagnosticFunction": (None, [c_void_p, DiagnosticFunction, c_void_p]),
    "quenchContextCancel": (None, [c_void_p]),
    "quenchContextSetProgressFunction": (None, [c_void_p, ProgressFunction, c_void_p]),
    "quenchContextSetRemarks": (None, [c_void_p, c_int32]),
    "quenchContextSetThreads": (c_int32, [c_void_p, c_int32]),
    "quenchContextLastError": (c_char_p, [c_void_p]),
    "quenchStringDestroy": (None, [c_void_p]),
    "quenchImport": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(ImportOptions), POINTER(ModelSummary)]),
    "quenchCalibrate": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(CalibrateOptions)]),
    "quenchCalibrateSamples": (c_int32, [c_void_p, c_char_p, SampleFunction, c_void_p, POINTER(CalibrateOptions)]),
    "quenchQuantize": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(QuantizeOptions), POINTER(ModelSummary)]),
    "quenchCompile": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(CompileOptions)]),
    "quenchExport": (c_int32, [c_void_p, c_char_p, c_char_p]),
    "quenchEvaluate": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(EvaluateOptions), POINTER(EvaluationResult)]),
    "quenchInspect": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "quenchReport": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "quenchReportPage": (c_int32, [c_void_p, POINTER(c_char_p), c_size_t, POINTER(c_void_p)]),
    "quenchFormats": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "quenchRecipes": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "quenchTargets": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "quenchModelLoad": (c_int32, [c_void_p, c_char_p, POINTER(c_void_p)]),
    "quenchModelDestroy": (None, [c_void_p]),
    "quenchModelVocabSize": (c_int64, [c_void_p]),
    "quenchModelMaxPositions": (c_int64, [c_void_p]),
    "quenchSequenceCreate": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "quenchSequenceCopy": (c_int32, [c_void_p, POINTER(c_void_p)]),
    "quenchSequenceDestroy": (None, [c_void_p]),
    "quenchSequencePosition": (c_int64, [c_void_p]),
    "quenchSequenceRewind": (c_int32, [c_void_p, c_int64]),
    "quenchModelRun": (c_int32, [c_void_p, c_void_p, POINTER(Tensor), POINTER(Tensor)]),
    "quenchTransform": (c_int32, [c_void_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "quenchFunctionCompile": (c_int32, [c_void_p, c_char_p, c_char_p, c_char_p, POINTER(c_void_p)]),
    "quenchFunctionDestroy": (None, [c_void_p]),
    "quenchFunctionCall": (c_int32, [c_void_p, POINTER(Tensor), c_size_t, POINTER(Tensor), c_size_t]),
    "quenchModelGenerate": (c_int32, [c_void_p, c_void_p, POINTER(Tensor), POINTER(Tensor), POINTER(GenerateOptions)]),
}


def candidates() -> list[str]:
    """Where the library may be: QUENCH_LIBRARY, inside of the package, or where the loader finds it."""
    named = os.environ.get("QUENCH_LIBRARY")
    if named:
        return [named]
    inside = Path(__file__).parent / "_lib" / SONAME
    return [str(inside), SONAME] if inside.exists() else [SONAME]


def load() -> ctypes.CDLL:
    """Opens the library and declares its functions."""
    failures = []
    for path in candidates():
        try:
            library = ctypes.CDLL(path)
        except OSError as error:
            failures.append(str(error))
            continue
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        found = library.quenchApiVersion()
        if found < API_VERSION:
            raise ImportError(f"{path}: expected version {API_VERSION} of the interface or later, found {found}")
        return library
    raise ImportError(f"expected {SONAME}, found none; set QUENCH_LIBRARY to its path: {'; '.join(failures)}")
