"""Measures start-up, the simulated exchange under load and an evening, by commands and HTTP alone; prints a table."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import requests

SENTINEL = str(Path(sys.executable).with_name("sentinel"))


class Exchange:
    """A simulated exchange in a process of its own, and how long it took to be ready, in seconds."""

    def __init__(
        self, process: subprocess.Popen[str], session: requests.Session, ready: dict[str, str], start_s: float
    ) -> None:
        self.process = process
        self.session = session
        self.ready = ready
        self.start_s = start_s

    def call(self, method: str, path: str, body: object = None) -> requests.Response:
        """One request; HTTPError when it is refused."""
        answer = self.session.request(method, self.ready["url"] + path, json=body, timeout=60)
        answer.raise_for_status()
        return answer


@contextmanager
def exchange() -> Iterator[Exchange]:
    """An exchange with its state in memory, ended when the block is left."""
    start = time.perf_counter()
    process = subprocess.Popen([SENTINEL, "simulate", "serve", "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        start_s = time.perf_counter() - start
        with requests.Session() as session:
            session.trust_env = False
            session.headers.update({"APCA-API-KEY-ID": ready["key"], "APCA-API-SECRET-KEY": ready["secret"]})
            yield Exchange(process, session, ready, start_s)
    finally:
        process.terminate()
        process.wait()


def seconds(work: Callable[[], object]) -> float:
    """How long a piece of work takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def sentinel(*arguments: str, broker: dict[str, str] | None = None) -> None:
    """A command; exit code 1 (something needs the trader) is a success here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SENTINEL_", "ALPACA_", "APCA_"))}
    done = subprocess.run(
        [SENTINEL, *arguments], env=kept | (broker or {}), capture_output=True, text=True, check=False
    )
    if done.returncode not in {0, 1}:
        sys.exit(f"sentinel {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def measure_startup(runs: int, home: Path) -> Iterator[tuple[str, str]]:
    """Median seconds of the commands a trader types most, each in a new process."""
    sentinel("--home", str(home), "init")
    for arguments in (["--help"], ["--home", str(home), "status"]):
        taken = median(seconds(lambda arguments=arguments: sentinel(*arguments)) for _ in range(runs))  # type: ignore[misc]
        yield f"sentinel {arguments[-1]}", f"{taken:.3f} s"


def buy(symbol: str) -> dict[str, str]:
    """A limit order that rests far under the market."""
    return {"symbol": symbol, "qty": "1", "side": "buy", "type": "limit", "limit_price": "1.00", "time_in_force": "gtc"}


def measure_exchange(orders: int, runs: int) -> Iterator[tuple[str, str]]:
    """Start, then milliseconds a request once so many orders are in the book."""
    with exchange() as market:
        yield "exchange start", f"{market.start_s:.3f} s"
        for _ in range(orders):
            market.call("POST", "/v2/orders", buy("AAPL"))
        requests_made: dict[str, Callable[[], object]] = {
            "GET account": lambda: market.call("GET", "/v2/account"),
            "POST order": lambda: market.call("POST", "/v2/orders", buy("AAPL")),
            "GET orders, 500 of them": lambda: market.call("GET", "/v2/orders?status=open&limit=500"),
        }
        for name, work in requests_made.items():
            taken = median(seconds(work) for _ in range(runs * 10))
            yield f"{name}, after {orders} orders", f"{taken * 1000:.1f} ms"


def measure_evening(positions: int, home: Path) -> Iterator[tuple[str, str]]:
    """The first evening (every position adopted and given a stop) and the next (nothing to do)."""
    with exchange() as market:
        day = market.call("GET", "/v2/clock").json()["timestamp"][:10]
        price = {"open": "100", "high": "101", "low": "99", "close": "100", "volume": 1000000}
        symbols = [f"Z{chr(65 + number // 26)}{chr(65 + number % 26)}" for number in range(positions)]
        market.call("POST", "/_sim/bars", {"bars": [{"symbol": symbol, "date": day} | price for symbol in symbols]})
        for symbol in symbols:
            market.call("POST", "/_sim/trade", {"symbol": symbol, "qty": 7, "side": "buy", "price": "100"})
        url, key, secret = market.ready["url"], market.ready["key"], market.ready["secret"]
        broker = {
            "ALPACA_API_KEY": key,
            "ALPACA_SECRET_KEY": secret,
            "APCA_API_BASE_URL": url,
            "APCA_API_DATA_URL": url,
        }
        sentinel("--home", str(home), "init", "--mode", "paper", broker=broker)
        evening = ["--home", str(home), "evening-workflow", "--non-interactive"]
        for name in ("first", "second"):
            taken = seconds(lambda: sentinel(*evening, broker=broker))
            yield f"evening-workflow, {positions} positions, {name}", f"{taken:.2f} s"


def main() -> None:
    """Print each figure as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="repetitions a median is taken of (10)")
    parser.add_argument("--orders", type=int, default=10_000, help="orders in the exchange's book (10000)")
    parser.add_argument("--positions", type=int, default=25, help="positions of the evening (25)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homes = Path(folder)
        for part in (
            measure_startup(given.runs, homes / "startup"),
            measure_exchange(given.orders, given.runs),
            measure_evening(given.positions, homes / "evening"),
        ):
            for name, figure in part:
                print(f"{name:<48} {figure:>10}", flush=True)


if __name__ == "__main__":
    main()
