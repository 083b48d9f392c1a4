# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What is raised, and what Quench says on the way."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence

SEVERITIES = ("note", "remark", "warning", "error")


@dataclass(frozen=True)
class Message:
    """Something that Quench said: `severity` is one of "note", "remark", "warning", "error"."""

    severity: str
    text: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.text}"


class QuenchError(RuntimeError):
    """A step failed. `diagnostics` is all that was said during it, errors and warnings, in order."""

    def __init__(self, text: str, diagnostics: Sequence[Message] = ()) -> None:
        super().__init__(text)
        self.diagnostics: tuple[Message, ...] = tuple(diagnostics)


class QuenchArgumentError(QuenchError, ValueError):
    """An argument is not what is expected; nothing was done."""


def expected(place: str, what: str, found: object) -> TypeError:
    """ "quantize: recipe: expected a name, found 3 (int)"."""
    return TypeError(f"{place}: expected {what}, found {found!r} ({type(found).__name__})")
