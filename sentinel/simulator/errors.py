"""Builds the refusals of the exchange with the status, code, message and extra fields Alpaca gives them."""

from __future__ import annotations

from typing import Any

BAD_FORMAT = 40010000
BAD_PARAMETER = 40010001  # ALPACA 9.1: the one code that arrives with status 422
UNPROCESSABLE = 42210000
FORBIDDEN = 40310000  # ALPACA 9.6: overloaded, told apart by the extra fields
NOT_FOUND = 40410000


class Refusal(Exception):
    """A request the exchange declines: nothing has changed, `status` and `body` are the answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message", ""))
        self.status = status
        self.body = body


class BadControl(Exception):
    """A request to the control plane that makes no sense; its text is the answer, with status 400."""


def bad_format(message: str) -> Refusal:
    """400 40010000: the body is not what the endpoint reads."""
    return Refusal(400, {"code": BAD_FORMAT, "message": message})


def bad_parameter(message: str) -> Refusal:
    """422 40010001: one parameter is missing or malformed (ALPACA 7.3)."""
    return Refusal(422, {"code": BAD_PARAMETER, "message": message})


def unprocessable(message: str, **extra: str) -> Refusal:
    """422 42210000: well formed, against the rules of the market."""
    return Refusal(422, {"code": UNPROCESSABLE, "message": message, **extra})


def forbidden(message: str, **extra: Any) -> Refusal:
    """403 40310000: a business refusal, not a failed login (ALPACA 9.1)."""
    return Refusal(403, {"code": FORBIDDEN, "message": message, **extra})


def not_found(message: str) -> Refusal:
    """404 40410000."""
    return Refusal(404, {"code": NOT_FOUND, "message": message})


def unauthorized() -> Refusal:
    """401 without any code (ALPACA 9.1)."""
    return Refusal(401, {"message": "unauthorized."})


def rate_limited() -> Refusal:
    """429; the code is the one a mock was seen to use, no source gives Alpaca's own (ALPACA 9.2)."""
    return Refusal(429, {"code": 42910000, "message": "rate limit exceeded"})
