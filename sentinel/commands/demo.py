"""`sentinel demo` lives through two weeks of evenings on the embedded exchange, with the bars of April 2025."""

import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from sentinel.commands.demo_story import FIRST_DAY, STORY, CancelledByPhone, Happening, SoldByPhone, Typed
from sentinel.commands.embedded_exchange import embedded_exchange
from sentinel.commands.streams import show
from sentinel.domain.errors import UsageError

if TYPE_CHECKING:
    from sentinel.simulator import RunningExchange

CommandLine = Callable[[Sequence[str]], int]
# Where the command line leaves itself for the demo, which types commands as a trader would.
COMMAND_LINE = "sentinel.command_line"
NEEDS_A_PERSON = (0, 1)


def demo(
    context: typer.Context,
    folder: Annotated[
        Path | None, typer.Argument(help="An empty or new folder for the demo's home.  [default: a temporary one]")
    ] = None,
    pause: Annotated[float, typer.Option(min=0, help="Seconds to rest after each evening.")] = 0,
) -> int:
    """Watch twelve evenings of the crash of 2025.

    Everything is real but the exchange: the same commands, over HTTP, on the daily prices of April 2025. They take a
    few seconds.
    """
    from sentinel.simulator import RunningExchange

    main: CommandLine = context.meta[COMMAND_LINE]
    home = _home(folder)
    with redirect_stdout(StringIO()):  # its advice on what to type next is for a home of one's own
        exit_code = main(["--home", str(home), "init"])
    if exit_code:
        return exit_code
    _say(f"A home for the demo: {home}", "dim")
    with embedded_exchange(home, start=FIRST_DAY) as address:
        exchange = RunningExchange(address.url, address.key, address.secret)
        for number, evening in enumerate(STORY):
            if number:
                exchange.advance(to="close")
            day = exchange.state()["clock"]["day"]
            _say(f"\n━━ {day} ━━ {evening.title}", "bold cyan")
            for happening in evening.happenings:
                exit_code = _play(happening, home, exchange, main)
                if exit_code not in NEEDS_A_PERSON:
                    return exit_code
            time.sleep(pause)
    _say(_farewell(home), "bold")
    return exit_code


def _home(folder: Path | None) -> Path:
    if folder is None:
        return Path(tempfile.mkdtemp(prefix="sentinel-demo-"))
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", "name a new folder: sentinel demo FOLDER")
    return folder.expanduser().absolute()


def _play(happening: Happening, home: Path, exchange: "RunningExchange", main: CommandLine) -> int:
    """Let one thing happen; the exit code of what was typed, 0 for what was done by phone."""
    match happening:
        case Typed(line, is_brief):
            _say(f"\n$ sentinel {line}", "bold")
            command = ["--home", str(home), *shlex.split(line)]
            return _briefly(command, main) if is_brief else main(command)
        case CancelledByPhone(symbol):
            _say(f"\n(by phone: the stop of {symbol} is cancelled)", "yellow")
            for order in exchange.state()["orders"]:
                if order["symbol"] == symbol and order["status"] == "new":
                    exchange.action(cancel={"order_id": order["id"]})
        case SoldByPhone(symbol):
            _say(f"\n(by phone: all of {symbol} is sold)", "yellow")
            (held,) = [row for row in exchange.state()["positions"] if row["symbol"] == symbol]
            exchange.trade(symbol, held["qty"], "sell")
    return 0


def _briefly(command: Sequence[str], main: CommandLine) -> int:
    """Run a command and show of its screen the part that says what was done: the one after the heading."""
    with redirect_stdout(StringIO()) as screen:
        exit_code = main(command)
    heading, _, rest = screen.getvalue().partition("\n\n")
    show(Text((rest or heading).split("\n\n")[0]))
    return exit_code


def _farewell(home: Path) -> str:
    started_as_module = Path(sys.argv[0]).name == "__main__.py"
    by_path = f"{shlex.quote(sys.executable)} -m sentinel" if started_as_module else shlex.quote(sys.argv[0])
    program = "sentinel" if shutil.which("sentinel") else by_path
    sentinel = f"{program} --home {shlex.quote(str(home))}"
    return f"""
Every share above rests behind a stop at the exchange: switch this computer off, and they still do.
The demo's home stays where it is. Go on with it:
  {sentinel} simulate advance --sessions 1
  {sentinel} evening-workflow
  {sentinel} submit-entry-with-stop NVDA 100.00 --dry-run
  {sentinel} status"""


def _say(words: str, style: str) -> None:
    show(Text(words, style), wraps=False)
