"""Keeps Ctrl-C and SIGTERM waiting while a mutation is in hand, and lets them end the run when it is done."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def finishing_what_is_in_hand() -> Iterator[None]:
    """Hold back the first signal until the block is done, then raise KeyboardInterrupt; a second one ends it at once.

    Only what would raise KeyboardInterrupt is held back: a signal that is ignored, or handled by the program Sentinel
    is part of, stays as it is.
    """
    came: list[int] = []

    def remember(number: int, _frame: object) -> None:
        # The second one is from somebody who will not wait: the intent is committed, so the next run repairs.
        if came:
            raise KeyboardInterrupt
        came.append(number)

    held = [number for number in SIGNALS if _would_interrupt(number)]
    try:
        for number in held:
            signal.signal(number, remember)
        yield
    finally:
        for number in held:
            signal.signal(number, signal.default_int_handler)
        if came:
            raise KeyboardInterrupt


def _would_interrupt(number: int) -> bool:
    is_main = threading.current_thread() is threading.main_thread()
    return is_main and signal.getsignal(number) is signal.default_int_handler
