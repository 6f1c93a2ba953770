"""The same deed on the same evening has the same name, whoever asks; what the broker has seen is never used again."""

from sentinel.domain.names import Purpose
from sentinel.domain.orders import OrderStatus
from sentinel.execution.naming import Naming
from tests.builders import facts, named, stop


def next_name(*orders, naming=None):
    return (naming or Naming()).next("AAPL", Purpose.STOP, facts(orders=orders))


def test_two_runs_give_a_deed_the_same_name():
    assert next_name() == next_name() == named("AAPL", Purpose.STOP)


def test_a_name_the_broker_knows_is_taken_even_by_a_dead_order():
    dead = stop("AAPL 7 @ 92.00", OrderStatus.CANCELED)
    assert next_name(dead) == next_name(dead) == named("AAPL", Purpose.STOP, attempt=2)


def test_one_run_gives_no_name_twice():
    naming = Naming()
    assert [next_name(naming=naming) for _ in range(2)] == [named("AAPL", Purpose.STOP, n) for n in (1, 2)]
