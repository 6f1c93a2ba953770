"""Runs the simulated exchange as a process: `python -m sentinel.simulator --port 8700`."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import date

from sentinel.simulator.errors import BadControl
from sentinel.simulator.server import serve


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sentinel.simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--bars", help="CSV of symbol,date,open,high,low,close,volume; the shipped one unless given")
    parser.add_argument("--start", type=date.fromisoformat, help="begin after the close of this day")
    parser.add_argument("--state", help="keep the state in this file, and go on from it when it exists")
    parser.add_argument("--seed", type=int, default=0, help="makes other ids")
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when standard input ends")
    return parser.parse_args()


def main() -> int:
    """Serve until told to stop; 2 when it cannot start, with the reason on standard error."""
    given = _arguments()
    try:
        serve(
            given.port,
            given.bars,
            given.start,
            given.state,
            given.seed,
            ready=lambda told: print(json.dumps(told), flush=True),
            until_eof_of=sys.stdin.buffer if given.stop_with_stdin else None,
        )
    except (BadControl, OSError) as error:
        print(f"the exchange did not start: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
