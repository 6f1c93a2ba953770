"""A key is found, and masked, however a text spells it."""

import base64
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, urlencode

import pytest

from sentinel.domain.secrecy import masked, spellings

KEY, SECRET = "PKCANARY0123456789AB", "abc\"def\\ghi/jkl+mno=pqr~stu%vwx'yz{0}"

#  how a program might write it down
WRITERS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: f"the secret is {secret}.",
    "repr": repr,
    "repr in a repr": lambda secret: repr({"headers": [secret]}),
    "bytes": lambda secret: repr(secret.encode()),
    "json": json.dumps,
    "json as it is": lambda secret: json.dumps({"k": [secret]}, ensure_ascii=False),
    "percent": quote,
    "every percent": lambda secret: quote(secret, safe=""),
    "query": lambda secret: urlencode({"a": 1, "key": secret}),
    "small percent": lambda secret: re.sub("%..", lambda code: code[0].lower(), quote(secret, safe="")),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "basic auth": lambda secret: "Basic " + base64.b64encode(f"{KEY}:{secret}".encode()).decode(),
    "basic auth, its user": lambda secret: "Basic " + base64.b64encode(f"{secret}:x".encode()).decode(),
    "url-safe base64": lambda secret: base64.urlsafe_b64encode(f"ab{secret}c".encode()).decode(),
    "shell": lambda secret: shlex.quote(f"k={secret}") if "'" not in secret else secret,
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("secret", [KEY, SECRET, "s3cr3t/With+Signs"])
def test_every_spelling_is_found_and_masked(writer: str, secret: str) -> None:
    text = WRITERS[writer](secret)
    assert [spelling for spelling in spellings(secret) if spelling in text], text
    hidden = masked(text, [secret])
    assert "***" in hidden
    assert not [spelling for spelling in spellings(secret) if spelling in hidden]


def test_a_key_that_begins_another_leaves_nothing_of_it() -> None:
    assert masked("PKVERY PKVERY-AND-MORE", ["PKVERY", "PKVERY-AND-MORE"]) == "*** ***"


@pytest.mark.parametrize("secret", ["", "a", "abc"])
def test_what_is_too_short_to_be_a_key_masks_nothing(secret: str) -> None:
    assert masked("a day like abc", [secret]) == "a day like abc"


def test_an_ordinary_text_is_left_alone() -> None:
    text = "stop of AAPL raised to 102.00; QUJD, %2F and \\n stay"
    assert masked(text, [KEY, SECRET]) == text
