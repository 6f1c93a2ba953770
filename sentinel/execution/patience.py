"""How long a run waits for the broker to finish what it accepted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt, wait_fixed

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Patience:
    """So many looks, so many seconds apart."""

    looks: int = 8
    wait_s: float = 0.25

    def until(self, done: Callable[[Answer], bool], read: Callable[[], Answer]) -> Answer:
        """Read again until the answer is done or patience ends; the last answer either way."""
        retrying = Retrying(
            stop=stop_after_attempt(self.looks),
            wait=wait_fixed(self.wait_s),
            retry=retry_if_result(lambda answer: not done(answer)),
            retry_error_callback=_last_answer,
        )
        answer: Answer = retrying(read)
        return answer


def _last_answer(state: RetryCallState) -> object:
    if state.outcome is None:
        raise AssertionError("tenacity gave up before the first look")
    return state.outcome.result()
