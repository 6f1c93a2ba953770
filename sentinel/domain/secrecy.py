"""How a key may be spelt in a text, and how a text is rid of it however it is spelt."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable

MASK = "***"
# Anything shorter would mask ordinary words.
SHORTEST_SECRET = 4
# A few characters of base64 turn up in other texts by chance.
SHORTEST_ENCODED = 8


def spellings(secret: str) -> frozenset[str]:
    """A secret as it stands, escaped as JSON and Python escape it, percent-encoded, and in base64 at any place."""
    found = {secret, repr(secret)[1:-1]}
    found |= {json.dumps(secret, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    found |= {_percent_encoded(secret, plain) for plain in ("-._~", "-._~/")}
    found |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), text) for text in found}
    if len(secret) >= SHORTEST_ENCODED:
        found |= {text for offset in range(3) for text in _in_base64(secret.encode(), offset)}
    return frozenset(found)


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text without any spelling of any of the secrets."""
    for needle in needles(secrets):
        text = text.replace(needle, MASK)
    return text


def holds(text: str, secrets: Iterable[str]) -> bool:
    """Whether any spelling of any of the secrets stands in a text, broken over lines or with signs nobody sees too."""
    bare = "".join(sign for sign in text if sign.isprintable() and not sign.isspace())
    return any(needle in text or needle in bare for needle in needles(secrets))


def needles(secrets: Iterable[str]) -> list[str]:
    """Every spelling of these secrets, the longest first: a key may be the beginning of another."""
    found = {spelling for secret in secrets if len(secret) >= SHORTEST_SECRET for spelling in spellings(secret)}
    return sorted(found, key=len, reverse=True)


def _percent_encoded(secret: str, plain: str) -> str:
    is_plain = {sign: (sign.isascii() and sign.isalnum()) or sign in plain for sign in secret}
    return "".join(s if is_plain[s] else "".join(f"%{byte:02X}" for byte in s.encode()) for s in secret)


def _in_base64(secret: bytes, offset: int) -> tuple[str, str]:
    """What base64 makes of it after so many other bytes (as in `user:secret`), less the signs shared with others."""
    whole_signs = (offset + len(secret)) * 8 // 6
    text = b64encode(b"\0" * offset + secret).decode()[(0, 2, 3)[offset] : whole_signs]
    return text, text.replace("+", "-").replace("/", "_")
