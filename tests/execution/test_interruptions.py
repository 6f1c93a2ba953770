"""What a signal does to a block that must be finished: table by table, with real signals to this process."""

import os
import signal
import threading

import pytest

from sentinel.execution.interruptions import finishing_what_is_in_hand


@pytest.fixture(autouse=True)
def _signals_interrupt():
    """As the program sets them; a job in the background starts with Ctrl-C ignored."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, signal.default_int_handler)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def raised(*numbers: int) -> None:
    for number in numbers:
        os.kill(os.getpid(), number)


def work(done: list[str], *numbers: int, error: Exception | None = None) -> None:
    """A block that must be finished, with signals in its middle and an error after them."""
    with finishing_what_is_in_hand():
        raised(*numbers)
        if error is not None:
            raise error
        done.append("the whole of it")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_waits_for_the_end_of_the_block(number):
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        work(done, number)
    assert done == ["the whole of it"]
    assert signal.getsignal(number) is signal.default_int_handler


@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_the_second_does_not_wait(second):
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        work(done, signal.SIGTERM, second)
    assert done == []


def test_an_error_in_the_block_does_not_swallow_the_signal():
    with pytest.raises(KeyboardInterrupt):
        work([], signal.SIGTERM, error=ValueError("the broker"))


def test_without_a_signal_nothing_changes():
    done: list[str] = []
    work(done)
    assert done
    with pytest.raises(ValueError, match="the broker"):
        work(done, error=ValueError("the broker"))


def test_what_the_surrounding_program_ignores_or_handles_stays_as_it_is():
    heard = []
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    with finishing_what_is_in_hand():
        raised(signal.SIGINT, signal.SIGTERM)
    assert heard == [signal.SIGTERM]


def test_in_a_thread_there_is_nothing_to_hold_back():
    done: list[str] = []
    thread = threading.Thread(target=work, args=(done,))
    thread.start()
    thread.join()
    assert done
