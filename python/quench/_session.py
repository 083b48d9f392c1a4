# Part of the Quench project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Sessions: who sees messages and progress, and how many threads there are."""
from __future__ import annotations

import ctypes
import json
import operator
import os
import signal
import sys
import threading
from types import FrameType
from typing import Any, Callable, Optional, TextIO, Union

from . import _library
from ._errors import SEVERITIES, Message, QuenchArgumentError, QuenchError, expected

PathLike = Union[str, os.PathLike[str]]
ProgressCallback = Callable[[str, str, int, int, bool], None]

_shared: Optional[ctypes.CDLL] = None


def library() -> ctypes.CDLL:
    """The library, opened when it is first needed."""
    global _shared
    if _shared is None:
        _shared = _library.load()
    return _shared


def path_argument(place: str, value: PathLike, what: str = "a path") -> bytes:
    """A path as C takes it, or a TypeError."""
    if not isinstance(value, (str, os.PathLike)):
        raise expected(place, what, value)
    path = os.fsencode(value)
    if not path or b"\0" in path:
        raise ValueError(f"{place}: expected {what}, found {value!r}")
    return path


def text_argument(place: str, value: str, what: str = "a text") -> bytes:
    """A text as C takes it, or an exception."""
    if not isinstance(value, str):
        raise expected(place, what, value)
    if "\0" in value:
        raise ValueError(f"{place}: expected {what}, found NUL in it")
    return value.encode()


def index_of(place: str, what: str, value: Any) -> int:
    """An integer of Python or NumPy as one of Python, or a TypeError."""
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass  # Arrays have the method and refuse.
    raise expected(place, what, value)


def int_argument(place: str, value: int, least: int) -> int:
    """An integer that is at least `least`, or an exception."""
    number = index_of(place, "an integer", value)
    if not least <= number < 2**31:
        raise ValueError(f"{place}: expected {least} to {2**31 - 1}, found {number}")
    return number


class Handle:
    """Something of the library: there is one that gives it back."""

    def __reduce__(self) -> Any:
        # Copies ask for it too.
        raise TypeError(f"a {type(self).__name__} cannot be copied or pickled")


class ProgressBar:
    """A line that is redrawn: `calibrate [#####.....]  64/128 windows`."""

    WIDTH = 30

    def __init__(self, stream: Optional[TextIO] = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.drawn = ""

    def __call__(self, step: str, unit: str, done: int, total: int, finished: bool) -> None:
        filled = self.WIDTH if not total else min(self.WIDTH, self.WIDTH * done // total)
        line = f"{step} [{'#' * filled}{'.' * (self.WIDTH - filled)}] {done}{f'/{total}' if total else ''} {unit}"
        if line == self.drawn and not finished:
            return
        self.stream.write("\r" + line + " " * max(0, len(self.drawn) - len(line)) + ("\n" if finished else ""))
        self.stream.flush()
        self.drawn = "" if finished else line


class Place(threading.local):
    """Where a thread is."""

    in_caller = False  # In code of the caller that a step calls.


class Interrupt:
    """While a function of the library runs, Ctrl-C ends it and raises when it has ended: what is raised where C enters
    Python is lost. In code of the caller it raises as anywhere, and handlers of the caller stay as they are."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._previous: Any = None
        self._outer = False

    def __enter__(self) -> None:
        previous = signal.getsignal(signal.SIGINT)
        # Code of the caller may run steps too.
        if previous is signal.default_int_handler or isinstance(previous, Interrupt):
            try:
                signal.signal(signal.SIGINT, self)
                self._previous = previous
            except ValueError:
                pass  # Other threads get no signals.
        self._outer, self._session.place.in_caller = self._session.place.in_caller, False

    def __exit__(self, *_: object) -> None:
        if self._previous is not None and signal.getsignal(signal.SIGINT) is self:
            signal.signal(signal.SIGINT, self._previous)
        self._session.place.in_caller = self._outer

    def __call__(self, number: int, frame: Optional[FrameType]) -> None:
        if self._session.place.in_caller:
            signal.default_int_handler(number, frame)
        self._session.keep(KeyboardInterrupt())


class Session(Handle):
    """What steps run in. Most programs need none of their own: there is a default one.

    threads    threads of steps and models; 0 takes one for each core. No result depends on it.
    progress   True for a bar on standard error, False for none, a function of (step, unit, done, total, finished), or
               None for a bar where standard error is a terminal.
    remarks    also keep what passes decided, as messages of severity "remark".
    on_message takes each message as it comes, from any thread; warnings go to nobody without.

    A session is used by one thread at a time. Models keep it alive.
    """

    def __init__(self, *, threads: int = 0, progress: Union[bool, ProgressCallback, None] = None, remarks: bool = False,
                 on_message: Optional[Callable[[Message], None]] = None) -> None:
        self._handle: Optional[int] = None
        if on_message is not None and not callable(on_message):
            raise expected("Session: on_message", "a function", on_message)
        if progress is None:
            progress = sys.stderr is not None and sys.stderr.isatty()
        if not isinstance(progress, bool) and not callable(progress):
            raise expected("Session: progress", "True, False or a function", progress)
        self._threads = int_argument("Session: threads", threads, 0)
        self._on_message = on_message
        self._progress: Optional[ProgressCallback] = None
        if progress is not False:
            self._progress = ProgressBar() if progress is True else progress
        #: What was said during the last step.
        self.messages: list[Message] = []
        self._raised: Optional[BaseException] = None
        self.place = Place()
        self._library = library()
        self._handle = self._library.quenchContextCreate()
        if not self._handle:
            raise MemoryError
        # The functions have to live as long as the context.
        self._diagnose = _library.DiagnosticFunction(self._take_message)
        self._library.quenchContextSetDiagnosticFunction(self._handle, self._diagnose, None)
        self._show = _library.ProgressFunction(self._take_progress)
        # Also without anything to show: signals are handled where Python runs.
        self._library.quenchContextSetProgressFunction(self._handle, self._show, None)
        self._library.quenchContextSetRemarks(self._handle, int(bool(remarks)))
        self.check(self._library.quenchContextSetThreads(self._handle, threads))

    def __del__(self) -> None:
        if getattr(self, "_handle", None):
            self._library.quenchContextDestroy(self._handle)
            self._handle = None

    def __repr__(self) -> str:
        return f"<quench.Session, threads: {self._threads or 'one for each core'}>"

    def keep(self, error: BaseException) -> None:
        """Remembers what a function of the caller raised, to raise it when the step has ended, and ends the step."""
        self._raised = self._raised or error
        self.cancel()

    def cancel(self) -> None:
        """Ends the step that runs, from another thread or a function that sees progress: it raises QuenchError."""
        self._library.quenchContextCancel(self._handle)

    def guard(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls code of the caller; what that raises is kept, and the result is None."""
        try:
            self.place.in_caller = True
            result = function(*arguments)
            self.place.in_caller = False
            return result
        except BaseException as error:  # pylint: disable=broad-except
            self.place.in_caller = False
            self.keep(error)
            return None

    def _take_message(self, _: object, severity: int, text: bytes) -> None:
        message = Message(SEVERITIES[severity], text.decode(errors="replace"))
        self.messages.append(message)
        if self._on_message is not None:
            self.guard(self._on_message, message)

    def _take_progress(self, _: object, step: bytes, unit: bytes, done: int, total: int, finished: int) -> None:
        # What was kept before the step began did not end it.
        if self._raised is not None:
            self.cancel()
        elif self._progress is not None:
            self.guard(self._progress, step.decode(), unit.decode(), done, total, bool(finished))

    def call(self, name: str, *arguments: Any) -> None:
        """Calls a function of the interface that begins with a context, and raises what went wrong."""
        self.invoke(name, self._handle, *arguments)

    def invoke(self, name: str, *arguments: Any) -> None:
        """The same for a function that begins with something else of the session."""
        self.messages.clear()
        with Interrupt(self):
            status = getattr(self._library, name)(*arguments)
        self.check(status)

    def check(self, status: int) -> None:
        """Raises what a status says, or what a function of the caller raised."""
        raised, self._raised = self._raised, None
        if raised is not None:
            raise raised
        if status == _library.STATUS_OK:
            return
        text = self._library.quenchContextLastError(self._handle).decode(errors="replace")
        kind = QuenchArgumentError if status == _library.STATUS_INVALID_ARGUMENT else QuenchError
        raise kind(text, self.messages)

    def text(self, name: str, *arguments: Any) -> str:
        """The same for a function that hands out a text at the end."""
        place = ctypes.c_void_p()
        self.call(name, *arguments, ctypes.byref(place))
        assert place.value is not None
        try:
            return ctypes.string_at(place.value).decode()
        finally:
            self._library.quenchStringDestroy(place)

    def json(self, name: str, *arguments: Any) -> Any:
        return json.loads(self.text(name, *arguments))


def session_argument(place: str, session: Optional[Session]) -> Session:
    """A session, the default one for None, or a TypeError."""
    if session is None:
        return default_session()
    if not isinstance(session, Session):
        raise expected(f"{place}: session", "a Session", session)
    return session


_default: Optional[Session] = None


def default_session() -> Session:
    """The session of those who have none."""
    global _default
    if _default is None:
        _default = Session()
    return _default
