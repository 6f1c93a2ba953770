"""Where words go: data to standard output, everything else to standard error."""

import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text

from sentinel.report.words import clean, loosened

if TYPE_CHECKING:
    from sentinel.logbook import Logbook

_TRAILING_SPACES = re.compile("[ \t]+$", re.MULTILINE)
PLAIN: dict[str, Any] = {"markup": False, "emoji": False, "highlight": False}


def answer(screen: RenderableType, document: dict[str, Any], *, as_json: bool) -> None:
    """The one answer of a command on standard output: for a person, or for a program."""
    with _forgiving_a_closed_pipe():
        print(json.dumps(document, indent=2) if as_json else _rendered(screen))
        sys.stdout.flush()


def _rendered(screen: RenderableType) -> str:
    """The screen as text, without the spaces Rich fills its tables with: they spoil a file and a small window."""
    console = Console(**PLAIN)
    with console.capture() as capture:
        # Plain words hold paths and lines to type: they are not broken.
        console.print(screen, soft_wrap=isinstance(screen, Text))
    return loosened(_TRAILING_SPACES.sub("", capture.get()).rstrip("\n"))


def show(screen: RenderableType, *, wraps: bool = True) -> None:
    """Something for the reader before the answer, on standard output; a command to copy must not be wrapped."""
    with _forgiving_a_closed_pipe():
        Console(**PLAIN, soft_wrap=not wraps).print(screen)
        sys.stdout.flush()


def ask(screen: RenderableType, question: str) -> str:
    """What the trader types; the words go to standard error, for the other is data. EOFError without an answer."""
    console = Console(stderr=True, **PLAIN)
    with console.capture() as capture:
        console.print(screen)
        console.print(f"{question} ", end="")
    print(loosened(capture.get()), end="", file=sys.stderr, flush=True)
    return input()


def note(*lines: str) -> None:
    """Words for the person at the terminal, on standard error, each on a line of its own however long."""
    for line in lines:
        Console(stderr=True, soft_wrap=True, **PLAIN).print(line)


@contextmanager
def _forgiving_a_closed_pipe() -> Iterator[None]:
    """A reader that has seen enough (`| head`) does not change what the run was or how it exits."""
    try:
        yield
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Progress:
    """What is going on, in the log and on one line of the terminal that vanishes; silent without a terminal."""

    def __init__(self, logbook: "Logbook | None" = None) -> None:
        self._logbook = logbook
        self._console = Console(stderr=True, **PLAIN)
        self._status: Status | None = None

    def __call__(self, text: str) -> None:
        """Say what is done now."""
        if self._logbook is not None:
            self._logbook.info(text)
        if not self._console.is_terminal:
            return
        if self._status is None:
            # As Text: what comes as a string is read as Rich's markup here, whatever the console says.
            self._status = self._console.status(Text(clean(text)), spinner="line")
            self._status.start()
        self._status.update(Text(clean(text)))

    def stop(self) -> None:
        """Clear the line, so that a question or the answer has the screen; the next word brings it back."""
        if self._status is not None:
            self._status.stop()
            self._status = None
