"""Looks for keys in everything a run has written or said, however they are spelt there (I12)."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

from tests.torture.verdicts import Finding, Violation

SQLITE = b"SQLite format 3"


def judge_secrets(secrets: tuple[str, ...], *places: Path, without: Iterable[str] = ()) -> list[Finding]:
    """None of the secrets stands in any file, or the name of one, of the folders; files named in `without` apart."""
    left_out, found = frozenset(without), list[Finding]()
    needles = list(_needles(secrets))
    files = (file for place in places for file in ([place] if place.is_file() else sorted(place.rglob("*"))))
    for file in files:
        if file.is_file() and file.name not in left_out:
            found += _judge(needles, file.name, file.name.encode() + b"\n" + _content(file))
    return found


def judge_words(secrets: tuple[str, ...], where: str, words: str) -> list[Finding]:
    """None of the secrets stands in what was said."""
    return _judge(list(_needles(secrets)), where, words.encode("utf-8", "surrogateescape"))


def _judge(needles: list[tuple[str, bytes]], where: str, text: bytes) -> list[Finding]:
    spellings = dict.fromkeys(spelling for spelling, needle in needles if needle in text)
    return [Violation(12, None, f"a key stands in {where}, {spelling}") for spelling in spellings]


def _needles(secrets: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Each spelling of each secret with its name; of base64 the signs that hold nothing but the secret."""
    for secret in secrets:
        yield "as it is", secret.encode()
        yield "in the words of Python", repr(secret)[1:-1].encode()
        yield "in JSON", json.dumps(secret)[1:-1].encode()
        for safe in ("", "/"):
            yield "percent-encoded", quote(secret, safe=safe).encode()
        yield "backwards", secret[::-1].encode()
        yield "in hex", secret.encode().hex().encode()
        yield "in UTF-16", secret.encode("utf-16-le")
        for others in range(3):
            told = b64encode(b"." * others + secret.encode())
            core = told[(0, 2, 3)[others] : (others + len(secret.encode())) * 8 // 6]
            yield "in base64", core
            yield "in base64", core.replace(b"+", b"-").replace(b"/", b"_")


def _content(file: Path) -> bytes:
    """A file's bytes, and of a database its rows as well: a long text lies in pieces in the file."""
    content = file.read_bytes()
    if content.startswith(SQLITE):
        uri = f"file:{file}?mode=ro&immutable=1"
        # A damaged one has no rows to be read.
        with suppress(sqlite3.Error, UnicodeDecodeError), closing(sqlite3.connect(uri, uri=True)) as rows:
            content += "\n".join(rows.iterdump()).encode("utf-8", "surrogateescape")
    return content
